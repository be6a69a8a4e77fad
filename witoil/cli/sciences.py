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


@modules_app.command("clean-annotations")
def clean_annotations(
    table: Annotated[
        Path,
        typer.Argument(
            help="name_img, name_sp, and lines, points or boxes of many people.", metavar="CSV"
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write.", metavar="CSV")],
    species: Annotated[
        list[str] | None, typer.Option(help="One to keep; may be repeated. Default: all.")
    ] = None,
    size: Annotated[
        str, typer.Option(help="Of the images, pixels.", metavar="WIDTHxHEIGHT")
    ] = "1920x1080",
    pad: Annotated[float, typer.Option(help="Room about lines, pixels.", min=0.0)] = 0.0,
    iou: Annotated[float, typer.Option(help="Of boxes that are of one thing.")] = 0.6,
    share: Annotated[
        float, typer.Option(help="Of the smaller one, that two of these have in common.")
    ] = 0.4,
) -> None:
    """Write one box for each thing that many people have annotated."""
    from witoil.plugins.cleaning import clean_annotations

    found = clean_annotations(
        table,
        out,
        size=_size(size),
        species=species or (),
        pad=pad,
        least_iou=iou,
        least_share=share,
    )
    for name, (before, after) in found["species"].items():
        print(f"{before:>7} -> {after:>6}  {name}")
    print(f"{found['left_out']} rows of other species were left out; written to {out}")


@modules_app.command("litter-totals")
def write_litter_totals(
    envelopes: Annotated[
        list[Path], typer.Argument(help="NAME.json, as predict writes them.", metavar="JSON...")
    ],
    gsd_cm: Annotated[float, typer.Option(help="Side of a pixel on the ground, cm.")],
    codes: Annotated[
        Path | None,
        typer.Option(help="Table of label and code in place of the Joint List.", metavar="CSV"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write.", metavar="CSV")] = Path(
        "litter.csv"
    ),
) -> None:
    """Write how many items, square and cubic metres of litter were found in photos."""
    from witoil.plugins.litter import litter_totals

    found = litter_totals(envelopes, out, gsd_cm=gsd_cm, codes=codes)
    for name, value in found["total"].items():
        if name != "file":
            print(f"{value:>12.4g}  {name}")
    for label, count, code, reason in found["codes"]:
        print(f"{count:>6}  {label}: {code}{f' ({reason})' if reason else ''}")
    print(f"written to {out}")


@modules_app.command("black-out")
def black_out_boxes(
    images: Annotated[list[Path], typer.Argument(help="Images.", metavar="IMAGE...")],
    predicted: Annotated[
        Path, typer.Option(help="Folder with NAME.json of each, of predict.", metavar="DIR")
    ],
    label: Annotated[str, typer.Option(help="What is made black, as the model calls a face.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the images.", metavar="DIR")],
) -> None:
    """Write images in which what a model found, as faces, is black."""
    from witoil.plugins.litter import black_out

    found = black_out(images, predicted, out, label=label)
    for remark in found["remarks"]:
        print(remark)
    print(f"{found['boxes']} boxes in {found['images']} images are black; written to {out}")


@modules_app.command("diatom-scenes")
def write_diatom_scenes(
    cutouts: Annotated[
        Path,
        typer.Argument(help="Folder of images of one valve each, or of folders.", metavar="DIR"),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for scenes and labels.", metavar="DIR")
    ],
    count: Annotated[int, typer.Option(help="How many scenes.", min=1)] = 10,
    each: Annotated[int, typer.Option(help="Valves in each.", min=0)] = 8,
    size: Annotated[
        str, typer.Option(help="Of a scene, pixels.", metavar="WIDTHxHEIGHT")
    ] = "512x512",
    seed: Annotated[int, typer.Option(help="Of chance.", min=0)] = 0,
    to: Annotated[str, typer.Option(help="Format of the annotations.")] = "yolo",
) -> None:
    """Make scenes of diatoms with their boxes, to train a detector on."""
    from witoil.plugins.scenes import write_diatom_scenes

    found = write_diatom_scenes(
        cutouts, out, scenes=count, each=each, size=_size(size), seed=seed, form=to
    )
    for remark in found["remarks"]:
        print(remark)
    print(f"{found['things']} valves in {found['scenes']} scenes; written to {out}")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise typer.BadParameter(f"found {text!r}, expected as 1920x1080", param_hint="--size")
    return int(width), int(height)
