"""Oil slicks in radar scenes: dark spots of the sea, and whether they are oil or only look so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import OIL, Card
from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    from aquatic.slicks.dark_areas import Segment
    from aquatic.slicks.detector import Detected
    from witoil.plugins.envelope import Findings

BANDS = ("contrast_db",)
"""Input of a segmenter: contrast of each cell with the sea around. [dB]"""


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
                    "name": "wind_speed",
                    "unit": "m s-1",
                    "least": 0.0,
                    "most": 50.0,
                    "description": "Wind at 10 m. Default: what the brightness of the sea tells.",
                },
                {
                    "name": "segmenter",
                    "kind": "text",
                    "description": "Plug-in that finds dark areas in the place of the threshold.",
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
        from aquatic.slicks.opening import opened_scene

        with opened_scene(path) as scene:
            coastline = str(parameters.get("land", parameters["coastline"]))
            found = detect(
                scene,
                _land(scene.box(), coastline),
                parameters.get("wind_speed"),
                _segmenter(parameters.get("segmenter")),
            )
        return _findings(found)


def _segmenter(name: str | None) -> Segment | None:
    """Return a plug-in of segmentation as a function from contrasts to probabilities of oil."""
    if name is None:
        return None
    import numpy as np

    from witoil.plugins.heads.segment import tile_scores
    from witoil.plugins.prediction import session_of
    from witoil.plugins.rasters import ArrayReader
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(name)
    card = plugin.card
    if card is None or (card.model.task, card.input.bands) != ("semantic-seg", BANDS):
        raise PluginError(
            f'segmenter: {name} is no plug-in of the task semantic-seg with input.kind = "raster" '
            f"and bands = {[*BANDS]}, expected one"
        )
    session = session_of(plugin)
    oil = [k for k, label in enumerate(card.labels) if label.group == OIL]
    if len(oil) != 1:
        raise PluginError(f'segmenter: {name}: expected one label with group = "oil"')

    def segment(contrast_db: Any) -> Any:
        def run(tensor: Any) -> Any:
            return session.run(tensor, card.output.names)

        reader = ArrayReader(name, contrast_db[:, :, None])
        parts = [scores[oil[0]] for _, scores in tile_scores(run, card, reader)]
        return np.concatenate(parts)

    return segment


def _land(box: tuple[float, float, float, float], coastline: str) -> Any:
    from catalog.shapes.coastline import read_land

    return read_land(box, coastline)


def _findings(found: Detected) -> Findings:
    from aquatic.slicks.detector import NODATA
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
        NODATA,
        unit="%",
        transform=found.transform,
        crs=found.crs,
    )
    return Findings(features, rasters=[raster], remarks=found.remarks)


plugin = SlickDetection()
