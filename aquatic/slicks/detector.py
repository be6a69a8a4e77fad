"""From a radar scene to what on it is oil: cells, dark areas, spots, classes, outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from aquatic.errors import AquaticError
from aquatic.slicks.dark_areas import find_dark
from aquatic.slicks.scene import Cells, RadarScene, land_cells, multilooked
from aquatic.slicks.spots import Spot, find_spots

LEAST_SEA = 0.01
"""Share of a scene that has to be sea."""

NODATA = 255
_EDGE = 50.0  # longest side of an outline that is straight on the map, too [cell]


@dataclass(frozen=True)
class DetectedSlick:
    """A dark spot with what is said of it.

    Attributes
    ----------
    label : str
    probability : float
        Of the label.
    outline : BaseGeometry
        In pixels of the scene.
    geometry : BaseGeometry
        In longitude and latitude. [degrees]
    properties : mapping
    """

    label: str
    probability: float
    outline: shapely.Geometry
    geometry: shapely.Geometry
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Detected:
    """What is found in a scene.

    Attributes
    ----------
    slicks : sequence of DetectedSlick
        The largest first.
    probability : ndarray of uint8, shape (height, width)
        That a cell is of oil; `NODATA` where there is no sea. [%]
    transform, crs
        Of the cells.
    time : datetime or None
    remarks : sequence of str
    """

    slicks: Sequence[DetectedSlick]
    probability: npt.NDArray[np.uint8]
    transform: tuple[float, ...]
    crs: str
    time: datetime | None
    remarks: Sequence[str] = field(default=())
    nodata: int = NODATA


def detect(scene: RadarScene, land: shapely.Geometry) -> Detected:
    """Return the slicks of a scene.

    Parameters
    ----------
    scene : RadarScene
    land : Geometry
        In longitude and latitude. [degrees]

    Raises
    ------
    AquaticError
        Where there is hardly any sea on it.
    """
    cells = multilooked(scene)
    on_land = land_cells(scene, cells, land)
    sigma0 = np.where(on_land, np.nan, cells.sigma0)
    sea = np.isfinite(sigma0)
    if sea.mean() < LEAST_SEA:
        known = np.isfinite(cells.sigma0)
        raise AquaticError(
            f"has sea on {100.0 * sea.mean():.1f} % of its area (land on "
            f"{100.0 * (known & on_land).mean():.1f} %, nothing on {100.0 * (~known).mean():.1f} "
            "%); expected a scene of the sea"
        )
    found = find_dark(sigma0, cells.cell_m)
    numbers, spots = find_spots(sigma0, found, cells.cell_m)
    probability = np.where(numbers > 0, 100, 0).astype(np.uint8)
    probability[~sea] = NODATA
    slicks = list(_slicks(scene, cells, numbers, spots))
    assert scene.transform is not None
    assert scene.crs is not None
    a, b, c, d, e, f = scene.transform
    rows, columns = cells.pixels
    transform = (a * columns, b * rows, c, d * columns, e * rows, f)
    return Detected(slicks, probability, transform, scene.crs, scene.time, scene.remarks)


def _slicks(
    scene: RadarScene, cells: Cells, numbers: npt.NDArray[np.int32], spots: Sequence[Spot]
) -> Any:
    outlines = _outlines(numbers, cells, scene.size)
    for spot in spots:
        outline = outlines[spot.number]
        fine = shapely.segmentize(outline, _EDGE * max(cells.pixels))
        geometry = shapely.transform(fine, scene.to_lonlat)
        properties = {
            "area_km2": spot.area_km2,
            "contrast_db": spot.contrast_db,
            "border_share": spot.border_share,
        }
        label = "oil" if spot.border_share > 0.6 else "low-wind"
        yield DetectedSlick(label, 1.0, outline, geometry, properties)


def _outlines(
    numbers: npt.NDArray[np.int32], cells: Cells, size: tuple[int, int]
) -> dict[int, shapely.Geometry]:
    """Return the outline of each spot, along the borders of cells. [pixel]"""
    from rasterio.features import shapes

    parts: dict[int, list[Any]] = {}
    for shape, value in shapes(numbers, mask=numbers > 0, connectivity=4):
        parts.setdefault(int(value), []).append(shapely.geometry.shape(shape))
    rows, columns = cells.pixels
    frame = shapely.box(0.0, 0.0, size[1], size[0])
    return {
        number: shapely.intersection(
            shapely.transform(shapely.multipolygons(found), lambda xy: xy * [columns, rows]), frame
        )
        for number, found in parts.items()
    }
