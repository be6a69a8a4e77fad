"""`witoil modules ...`: what of the sciences is no model of one file: training, tables, series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
