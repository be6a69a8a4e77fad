"""Commands that show a run: a page that plays it, a film, single pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from witoil.cli.lean import lean

pictures_app = typer.Typer()

RunPath = Annotated[
    Path,
    typer.Argument(
        help="Folder of a run, or a file of particles, of another model too.", metavar="RUN"
    ),
]


@pictures_app.command()
@lean()
def view(
    run: RunPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="HTML file.", metavar="PAGE.html")
    ] = Path("run.html"),
) -> None:
    """Write a page that plays a run: one file that needs no server and no network."""
    from witoil import jobs

    jobs.view(run, out)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, to open in a browser")
