"""`witoil catalog ...`: finding, fetching and serving data."""

from __future__ import annotations

import typer

catalog_app = typer.Typer(no_args_is_help=True, help="Find, fetch and serve data.")
