"""`witoil features`: what the service lists on maps and in catalogues, read anew."""

from __future__ import annotations

from typing import Annotated

import typer

from web.cli.parts import Data, Database, said_in_a_line


def features(
    only_events: Annotated[
        bool, typer.Option("--events", help="Only the events of the catalogue.")
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Take what was seen and computed into the database of a service anew.

    After a change of the operator's catalogue, and where features were lost. What analysts have
    said of observations stays.
    """
    with said_in_a_line():
        from web.settings import read_settings
        from web.store.base import Store
        from web.work.rebuild import rebuild_all, rebuild_events

        settings = read_settings(data=data, database=database)
        store = Store.open(settings.database_url)
        try:
            (rebuild_events if only_events else rebuild_all)(store, settings, print)
        finally:
            store.close()
