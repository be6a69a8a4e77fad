"""How long and wide the valve of a diatom is, and how dense its striae are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from witoil.plugins.envelope import Findings


class DiatomMorphometry:
    """The valve in an image of one."""

    card: Mapping[str, Any] = {
        "model": {
            "id": "diatom-morphometry",
            "version": "1",
            "task": "measure",
            "title": "Length, width and striae of a diatom's valve",
            "licence_code": "Apache-2.0",
            "licence_weights": "none",
        },
        "input": {"kind": "image", "resize": "none"},
        "output": {"format": "values"},
        "geo": {"kinds": ["station", "samples", "point", "none"]},
        "parameters": [
            {
                "name": "pixel_um",
                "least": 0.001,
                "most": 100.0,
                "unit": "um",
                "description": "Side of a pixel.",
            },
        ],
    }

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the valve, with what is measured of it."""
        from aquatic.diatoms import measure_valve, valve_of
        from witoil.plugins.envelope import Feature, Findings
        from witoil.plugins.modules.zooscan import read_grey
        from witoil.plugins.polygons import polygon_of

        grey, remarks = read_grey(path)
        inside, on_edge = valve_of(grey)
        valve = measure_valve(inside, grey)
        if on_edge:
            remarks.append(
                "the valve reaches the edge of the image: it may be longer than measured"
            )
        known: dict[str, Any] = {"measures_pixels": asdict(valve), "on_edge": on_edge}
        pixel_um = parameters.get("pixel_um")
        if pixel_um is None:
            remarks.append("measures are in pixels; give pixel_um for those in micrometres")
        else:
            pitch = valve.striae_pitch
            known["measures_um"] = {
                "length": valve.length * pixel_um,
                "width": valve.width * pixel_um,
                "perimeter": valve.perimeter * pixel_um,
                "area": valve.area * pixel_um**2,
                "striae_in_10_um": None if pitch is None else 10.0 / (pitch * pixel_um),
            }
        return Findings([Feature(pixel=polygon_of(inside), properties=known)], remarks=remarks)


plugin = DiatomMorphometry()
