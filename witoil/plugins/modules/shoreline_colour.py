"""Shoreline in a picture of a beach by colour: sea, land and the line between them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import Card

if TYPE_CHECKING:
    from witoil.plugins.envelope import Findings

_LABELS = ("land", "sea")
_NOTHING = 255


class ShorelineByColour:
    """Sea and land by blueness; see `aquatic.shoreline.colour`."""

    card = Card.model_validate(
        {
            "model": {
                "id": "shoreline-colour",
                "version": "1",
                "task": "semantic-seg",
                "title": "Shoreline of a rectified or oblique picture, by colour",
                "licence_code": "Apache-2.0",
                "licence_weights": "no weights",
                "doi": "10.1109/TSMC.1979.4310076",
            },
            "input": {"kind": "image", "resize": "none"},
            "output": {"format": "probs", "labels": list(_LABELS), "line": ["land", "sea"]},
            "geo": {"kinds": ["affine", "nadir", "exif", "homography", "none"]},
        }
    )

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the shoreline, the sea and a raster of both; see `CodePlugin`."""
        import numpy as np
        import shapely
        from rasterio.features import shapes

        from aquatic.shoreline.colour import find_sea
        from witoil.plugins.envelope import Feature, Findings, Grid
        from witoil.plugins.rasters import read_whole

        photo = read_whole(path, self.card)
        found = find_sea(photo.pixels, photo.opaque)
        classes = np.where(found.valid, found.sea, _NOTHING).astype(np.uint8)
        lines = [
            Feature("land-sea", None, line, properties={"length_pixels": line.length})
            for line in map(shapely.LineString, found.lines)
        ]
        areas = [
            Feature("sea", None, area, properties={"area_pixels": area.area})
            for area in (
                shapely.geometry.shape(shape) for shape, _ in shapes(classes, mask=found.sea)
            )
        ]
        remarks = [
            *photo.remarks,
            f"the sea is bluer than the land by {found.contrast:.0f} in b*; look at the line",
        ]
        raster = Grid("classes", classes, _NOTHING, _LABELS)
        return Findings([*lines, *areas], rasters=[raster], remarks=remarks)


plugin = ShorelineByColour()
