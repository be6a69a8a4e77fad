"""Commands that show a run: a page that plays it, a film, single pictures."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from witoil.cli.progress import Quiet, Voice, shown
from witoil.lean import lean

pictures_app = typer.Typer()

RunPath = Annotated[
    Path,
    typer.Argument(
        help="Folder of a run, or a file of particles, of another model too.", metavar="RUN"
    ),
]
What = Annotated[
    str | None,
    typer.Option(
        help="particles, thickness, probability or what else the run has; default: the first.",
        metavar="NAME",
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


@pictures_app.command()
@lean()
def animate(
    run: RunPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="MP4 or GIF.", metavar="FILM.mp4")
    ] = Path("run.mp4"),
    what: What = None,
    pictures_per_second: Annotated[
        float | None,
        typer.Option("--fps", help="Outputs a second; default: as for 8 s.", min=0.1, max=60.0),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a film of a run."""
    from witoil import jobs

    voice = Voice(quiet=quiet)
    with shown("drawing", voice) as told:
        told["on_coverage"](())  # the bar is there from the start
        jobs.animate(
            run, out, what, pictures_per_second=pictures_per_second, progress=told["progress"]
        )
    voice.say(f"written to {out}")


@pictures_app.command()
@lean()
def plot(
    run: RunPath,
    what: What = None,
    time: Annotated[
        datetime | None, typer.Option(help="UTC; the nearest output is drawn. Default: the last.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="PNG file.", metavar="PICTURE.png")
    ] = Path("run.png"),
) -> None:
    """Write a picture of a run at one of its times; --what budget, map or coast is of all of it."""
    from witoil import jobs

    jobs.plot(run, out, what, time)
    print(f"written to {out}")
