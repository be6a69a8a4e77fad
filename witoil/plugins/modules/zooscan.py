"""Scans of ZooScan: things found before the background of an empty scan, and measured."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from witoil.plugins.envelope import Findings

_USUAL_DPI = 2400.0
_LENGTHS = ("esd", "feret", "major", "minor", "perimeter", "width", "height")


class ZooScan:
    """Things of a whole scan."""

    card: Mapping[str, Any] = {
        "model": {
            "id": "zooscan",
            "version": "1",
            "task": "measure",
            "title": "Things in a scan of ZooScan, parted and measured",
            "licence_code": "Apache-2.0",
            "licence_weights": "none",
            "doi": "10.1093/plankt/fbp124",
        },
        "input": {"kind": "image", "resize": "none"},
        "output": {"format": "values", "unit": "pixel"},
        "geo": {"kinds": ["samples", "point", "none"]},
        "parameters": [
            {"name": "blank", "kind": "file", "description": "Scan of the empty tray."},
            {
                "name": "upper",
                "default": 243.0,
                "least": 0.0,
                "most": 254.0,
                "description": "Grey of the lightest pixel of a thing, 0 to 255.",
            },
            {
                "name": "separate",
                "kind": "text",
                "default": "no",
                "choices": ["no", "yes"],
                "description": "Whether things that touch are parted at their necks.",
            },
            {
                "name": "pixel_um",
                "least": 0.1,
                "most": 1000.0,
                "unit": "um",
                "description": "Side of a pixel; default: by the file, else that of 2400 dots per "
                "inch.",
            },
            {
                "name": "least_esd_um",
                "default": 300.0,
                "least": 0.0,
                "unit": "um",
                "description": "Diameter of the disc as large as the smallest thing that counts.",
            },
        ],
    }

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the things of a scan, with what is measured of each."""
        from aquatic.plankton.measures import Thing, measured
        from aquatic.plankton.objects import boxes, labelled, separated
        from aquatic.plankton.zooscan import things_in, without_background
        from witoil.plugins.envelope import Feature, Findings
        from witoil.plugins.heads.measure import outline

        grey, remarks = read_grey(path)
        if parameters.get("blank"):
            blank, _ = read_grey(parameters["blank"])
            grey = without_background(grey, blank)
        else:
            remarks.append("no blank scan was given: the background was taken to be white")
        dark = things_in(grey, parameters["upper"])
        labels = separated(dark) if parameters["separate"] == "yes" else labelled(dark)
        pixel_um = parameters.get("pixel_um") or _pixel_um(path, remarks)
        features, small = [], 0
        for number, box in boxes(labels):
            thing = Thing(labels[box] == number, grey[box])
            if pixel_um * thing.esd < parameters["least_esd_um"]:
                small += 1
                continue
            rows, columns = box
            place = (rows.start, columns.start)
            measures = measured(thing)
            known = {
                "measures_pixels": measures,
                "on_edge": 0 in place or rows.stop == len(grey) or columns.stop == grey.shape[1],
            }
            known |= in_um(measures, pixel_um)
            features.append(Feature(None, None, outline(thing, place), properties=known))
        if small:
            remarks.append(
                f"{small} things smaller than {parameters['least_esd_um']:g} um were left out"
            )
        return Findings(features, remarks=remarks)


def read_grey(path: Path) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Return the grey of an image, (height, width), and what was odd about it.

    Raises
    ------
    PluginError
    """
    import numpy as np
    from PIL import Image

    from witoil.plugins.images import read_photo

    photo = read_photo(path)
    return np.asarray(Image.fromarray(photo.pixels).convert("L")), list(photo.remarks)


def _pixel_um(path: Path, remarks: list[str]) -> float:
    """Return the side of a pixel that a scan tells, else the usual one, which is said. [um]."""
    from PIL import Image

    from aquatic.plankton.zooscan import MICROMETRES_PER_INCH, pixel_um_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its size, which was looked at
        with Image.open(path) as image:
            told = image.info.get("dpi")
    found = pixel_um_of(told and (float(told[0]), float(told[1])))
    if found is None:
        remarks.append(
            f"no resolution of a scanner in the file: taken to be {_USUAL_DPI:g} dots per inch; "
            "pixel_um"
        )
        return MICROMETRES_PER_INCH / _USUAL_DPI
    remarks.append(f"a pixel has {found:.4g} um by the resolution in the file")
    return found


def in_um(measures: Mapping[str, float], pixel_um: float) -> dict[str, Any]:
    """Return the lengths and areas of a thing, by the side of a pixel. [um, um2]."""
    found = {name: measures[name] * pixel_um for name in _LENGTHS}
    found |= {name: measures[name] * pixel_um**2 for name in ("area", "area_convex")}
    return {"measures_um": found, "pixel_um": pixel_um}


plugin = ZooScan()
