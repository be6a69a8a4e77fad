"""Applications in front of an empty database, one after the other for many tests.

Most of what it takes to make one is to compile its addresses, which are the same for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from tests.web.databases import lay_empty
from web.app import create_app, open_service
from web.context import service_of
from web.settings import Settings

_spare: defaultdict[tuple[str, int], list[Flask]] = defaultdict(list)
"""Those that no test has just now, by the settings that they keep."""


@contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """Give an application for a test, whose database is closed afterwards."""
    if settings.database is None:
        lay_empty(settings.data / "witoil.sqlite")
    spare = _spare[settings.auth, settings.proxies]
    if spare:
        app = spare.pop()
        open_service(app, settings)
    else:
        app = create_app(settings)
    try:
        yield app
    finally:
        service_of(app).store.close()
        spare.append(app)
