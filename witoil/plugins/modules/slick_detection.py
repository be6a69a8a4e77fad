"""Oil slicks in radar scenes: dark spots of the sea, and whether they are oil or only look so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import Card

if TYPE_CHECKING:
    import shapely

    from aquatic.slicks.detector import Detected
    from witoil.plugins.envelope import Findings


class SlickDetection:
    """The module of slick detection; see ``docs/slick-detection.md``."""

    card = Card.model_validate(
        {
            "model": {
                "id": "slick-detection",
                "version": "1",
                "task": "semantic-seg",
                "title": "Oil slicks in radar scenes (Sentinel-1 and alike)",
                "licence_code": "Apache-2.0",
                "licence_weights": "none: a classical method",
            },
            "input": {"kind": "raster", "bands": ["sigma0"]},
            "output": {"format": "probs"},
            "parameters": [
                {
                    "name": "coastline",
                    "kind": "text",
                    "default": "osm",
                    "choices": ["osm", "gshhg", "none"],
                    "description": "Land that is left out.",
                },
                {
                    "name": "land",
                    "kind": "file",
                    "description": "Polygons of land instead of a coastline.",
                },
            ],
            "labels": [
                {"name": "oil", "group": "oil"},
                {"name": "biogenic"},
                {"name": "low-wind"},
            ],
            "geo": {"kinds": ["none"]},
        }
    )

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the dark spots of a scene, and how likely each cell is of oil.

        Raises
        ------
        AquaticError
            Where the file is no calibrated radar scene of a sea.
        """
        from aquatic.slicks.detector import detect
        from aquatic.slicks.geotiff import opened_geotiff

        with opened_geotiff(path) as scene:
            found = detect(
                scene, _land(scene.box(), str(parameters.get("land", parameters["coastline"])))
            )
        return _findings(found)


def _land(box: tuple[float, float, float, float], coastline: str) -> shapely.Geometry:
    from catalog.shapes.coastline import read_land

    return read_land(box, coastline)


def _findings(found: Detected) -> Findings:
    from witoil.plugins.envelope import Feature, Findings, Grid

    features = [
        Feature(
            it.label,
            it.probability,
            it.outline,
            time=found.time,
            properties=it.properties,
            geometry=it.geometry,
        )
        for it in found.slicks
    ]
    raster = Grid(
        "probability",
        found.probability,
        found.nodata,
        pixels=1,
        unit="%",
        transform=found.transform,
        crs=found.crs,
    )
    return Findings(features, rasters=[raster], remarks=found.remarks)


plugin = SlickDetection()
