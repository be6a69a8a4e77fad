"""What commands of the service share: where its data are, and mistakes in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from witoil.errors import WitoilError

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the database and the jobs.", metavar="DIR", show_default=False),
]
Database = Annotated[
    str | None,
    typer.Option(help="sqlite:///PATH or postgresql://USER@HOST/NAME.", metavar="URL"),
]


class CommandError(WitoilError):
    """A service that cannot be started, in one line."""


@contextmanager
def said_in_a_line() -> Iterator[None]:
    """Say what is wrong as the other commands do.

    Raises
    ------
    CommandError
    """
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in ("StoreError", "CatalogueError"):
            raise
        raise CommandError(str(error)) from None
