"""`witoil modules ...`: what of the sciences is no model of one file: training, tables, series."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from witoil.cli.exports import parse_time
from witoil.cli.plugins import modules_app


@modules_app.command("train")
def train_module(
    images: Annotated[
        Path, typer.Argument(help="Folder with a folder of images for each class.", metavar="DIR")
    ],
    name: Annotated[str, typer.Option(help="Name of the plug-in that is made.")],
    licence: Annotated[str, typer.Option(help="Licence of its weights, as MIT or CC-BY-4.0.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the plug-in.", metavar="DIR")
    ],
    version: Annotated[str, typer.Option(help="Version of the plug-in.")] = "1",
) -> None:
    """Train a linear model of size, shape and grey; write it as a plug-in."""
    from witoil.plugins.training import train_measured

    found = train_measured(images, out, name=name, licence=licence, version=version)
    for line in found["left_out"]:
        print(f"left out: {line}")
    for label, count in found["images"].items():
        print(f"{count:>6}  {label}")
    print(f"macro-F1 {found['macro_f1']:.3f} (cross-validated); written to {out}")


@modules_app.command("ship-distances")
def write_ship_distances(
    table: Annotated[
        Path, typer.Argument(help="AIS: time, mmsi, longitude, latitude.", metavar="AIS.csv")
    ],
    station: Annotated[
        str, typer.Option(help="Place of the hydrophone, degrees.", metavar="LON,LAT")
    ],
    start: Annotated[
        datetime,
        typer.Option("--from", help="Start of the sound, UTC.", parser=parse_time, metavar="TIME"),
    ],
    end: Annotated[
        datetime, typer.Option("--to", help="Its end.", parser=parse_time, metavar="TIME")
    ],
    every: Annotated[float, typer.Option(help="Length of a clip, s.", min=1.0)] = 10.0,
    gap: Annotated[
        float, typer.Option(help="Longest gap between fixes that is bridged, s.", min=1.0)
    ] = 300.0,
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write.", metavar="CSV")] = Path(
        "distances.csv"
    ),
) -> None:
    """Write how far the nearest ship was for each clip of sound; what is not known is left out."""
    from witoil.plugins.ships import label_distances

    found = label_distances(table, _lonlat(station), start, end, out, every_s=every, most_gap_s=gap)
    for remark in found["remarks"]:
        print(remark)
    for label, count in found["labels"].items():
        print(f"{count:>6}  {label} km")
    print(f"{found['left_out']} clips were left out; written to {out}")


def _lonlat(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        lon, lat = 0.0, 91.0
    if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
        raise typer.BadParameter(
            f"found {text!r}, expected longitude and latitude, as 1.7525,41.1822",
            param_hint="--station",
        )
    return lon, lat
