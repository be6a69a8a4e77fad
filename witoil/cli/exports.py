"""The command that writes runs in the formats of other tools."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

exports_app = typer.Typer()


def parse_time(text: str) -> datetime:
    """Return the time of an option, ISO 8601."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"found {text!r}, expected a time like 2021-08-24T08:10:00Z"
        ) from None


@exports_app.command()
def export(
    run: Annotated[
        Path, typer.Argument(help="Folder of a run, or a file of particles.", metavar="RUN")
    ],
    to: Annotated[
        str, typer.Option(help="kmz, gpkg, shp, csv, geojson, covjson or zarr.", metavar="FORMAT")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="File to write; default: beside RUN, by its name.", metavar="FILE"
        ),
    ] = None,
    time: Annotated[
        datetime | None,
        typer.Option(
            help="Only the output of this time; UTC where it names no zone.",
            metavar="2021-08-24T08:10:00Z",
            parser=parse_time,
        ),
    ] = None,
    every: Annotated[int, typer.Option(help="Every so many outputs of the particles.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a run in the format of another tool."""
    from witoil import jobs

    written = jobs.export(run, to, out, time=time, every=every)
    if as_json:
        print(json.dumps(written, indent=2))
        return
    for name, count in written["layers"].items():
        print(f"{name}: {count:,}")
    for remark in written["remarks"]:
        print(remark)
    print(f"written to {written['file']}")
