"""Radar scenes by what their files are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aquatic.errors import AquaticError
from aquatic.slicks.geotiff import opened_geotiff
from aquatic.slicks.safe import is_safe, opened_safe
from aquatic.slicks.scene import RadarScene

GEOTIFF = (".tif", ".tiff")


@contextmanager
def opened_scene(path: Path) -> Iterator[RadarScene]:
    """Open a Sentinel-1 product or a calibrated GeoTIFF.

    Raises
    ------
    AquaticError
        Where it is neither, or not what can be worked with.
    """
    if is_safe(path):
        with opened_safe(path) as scene:
            yield scene
    elif path.suffix.lower() in GEOTIFF:
        with opened_geotiff(path) as scene:
            yield scene
    else:
        raise AquaticError(
            "expected a Sentinel-1 GRD product (SAFE, or a zip of it) or a GeoTIFF of sigma0"
        )
