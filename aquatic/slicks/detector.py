"""What on a radar scene is oil: cells, dark areas, spots, classes, outlines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from aquatic.errors import AquaticError
from aquatic.slicks.bonn import volume_m3
from aquatic.slicks.dark_areas import DarkAreas, Segment, find_dark
from aquatic.slicks.flattening import flattened, wind_by_range
from aquatic.slicks.lookalikes import CLASSES, probabilities_of
from aquatic.slicks.scene import Cells, RadarScene, land_cells, multilooked
from aquatic.slicks.spots import Spot, find_spots

Floats = npt.NDArray[np.floating[Any]]
Six = tuple[float, float, float, float, float, float]

LEAST_SEA = 0.01
"""Share of a scene that has to be sea."""

LEAST_WIND, MOST_WIND = 2.0, 12.0
"""Wind at which slicks are seen: below it all sea is dark, above it waves hide them. [m s-1]

Brekke and Solberg (2005), https://doi.org/10.1016/j.rse.2004.11.015.
"""

SURE = 0.8
"""Probability of oil from which a detection is of class A."""

CODES = (1, 2)
"""Appearance that is assumed where only radar has seen oil: sheen to rainbow."""

NODATA = 255
_EDGE = 50.0  # longest side of an outline that is straight on the map, too [cell]
_DEGREE_M = 111_195.0  # of latitude
_KNOT = 16  # cells between places that are computed
_NEAR_NOISE = 2.0  # times the noise: a sea that bright has hardly any slicks


@dataclass(frozen=True)
class DetectedSlick:
    """A dark spot with what is said of it.

    Attributes
    ----------
    label : str
        The likeliest class.
    probability : float
        Of that class.
    outline : BaseGeometry
        In pixels of the scene.
    geometry : BaseGeometry
        In longitude and latitude. [degrees]
    properties : mapping
    """

    label: str
    probability: float
    outline: Any
    geometry: Any
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
    transform : tuple of float
        Affine, from cells to `crs`.
    crs : str
    time : datetime or None
    remarks : sequence of str
    """

    slicks: Sequence[DetectedSlick]
    probability: npt.NDArray[np.uint8]
    transform: Six
    crs: str
    time: datetime | None
    remarks: Sequence[str] = ()


def detect(
    scene: RadarScene,
    land: Any,
    wind_speed: float | None = None,
    segment: Segment | None = None,
) -> Detected:
    """Return the slicks of a scene.

    Parameters
    ----------
    scene : RadarScene
    land : Geometry
        In longitude and latitude. [degrees]
    wind_speed : float, optional
        Default: what makes the sea as bright as it is, where angles are known. [m s-1]
    segment : callable, optional
        A model that finds dark areas in the place of the likelihood.

    Raises
    ------
    AquaticError
        Where there is hardly any sea on it.
    """
    cells = multilooked(scene)
    sea = _at_sea(cells, land_cells(scene, cells, land))
    angles = _incidence(scene, cells)
    wind = wind_speed
    if wind is None and angles is not None and scene.polarisation == "VV":
        wind = wind_by_range(sea, angles)
    level = float(np.nanmedian(sea))
    if angles is not None and wind is not None:
        sea = flattened(sea, angles, wind)
    found = find_dark(sea, cells.cell_m, segment)
    numbers, spots = find_spots(sea, found, cells.cell_m)
    remarks = [*scene.remarks, *_wind_remarks(wind)]
    if scene.noise is not None and level < _NEAR_NOISE * scene.noise:
        remarks.append("the sea is hardly brighter than the instrument's noise: slicks are missed")
    slicks = list(_slicks(scene, cells, numbers, spots, wind))
    chances = {spot.number: probabilities_of(spot)["oil"] for spot in spots}
    probability, transform, crs = _mapped(scene, cells, _probability(numbers, found, chances, sea))
    return Detected(slicks, probability, transform, crs, scene.time, remarks)


def _at_sea(cells: Cells, on_land: npt.NDArray[np.bool_]) -> Floats:
    """Return the cells of a scene that are sea."""
    known = np.isfinite(cells.sigma0)
    if (known & ~on_land).mean() < LEAST_SEA:
        raise AquaticError(
            f"has sea on {100.0 * (known & ~on_land).mean():.1f} % of its area (land on "
            f"{100.0 * (known & on_land).mean():.1f} %, no value on {100.0 * (~known).mean():.1f} "
            "%); expected a scene of the sea"
        )
    return np.where(on_land, np.float32(np.nan), cells.sigma0)


def _incidence(scene: RadarScene, cells: Cells) -> Floats | None:
    if scene.incidence_deg is None:
        return None
    rows, columns = (
        (np.arange(count) + 0.5) * side
        for count, side in zip(cells.sigma0.shape, cells.pixels, strict=True)
    )
    # along a track angles hardly change: those of a few rows do
    some = np.linspace(0, len(rows) - 1, min(len(rows), 20)).astype(int)
    grid = np.meshgrid(rows[some], columns, indexing="ij")
    angles = scene.incidence_deg(grid[0].ravel(), grid[1].ravel()).reshape(grid[0].shape)
    return np.asarray(angles[np.searchsorted(some, np.arange(len(rows)))], np.float32)


def _wind_remarks(wind: float | None) -> list[str]:
    if wind is None:
        return ["no wind is known: whether it lets slicks be seen is not (wind_speed)"]
    said = f"the wind is about {wind:.0f} m/s"
    if not LEAST_WIND <= wind <= MOST_WIND:
        return [
            f"{said}, outside {LEAST_WIND:g} to {MOST_WIND:g} m/s at which slicks are seen: "
            "what is found may be anything, what is not may be there"
        ]
    return [said]


def _probability(
    numbers: npt.NDArray[np.int32],
    found: DarkAreas,
    chances: Mapping[int, float],
    sea: Floats,
) -> npt.NDArray[np.uint8]:
    """Return how likely cells are of oil: of the spot, times that of being dark. [%]"""
    by_number = np.zeros(int(numbers.max()) + 1, np.float32)
    for number, chance in chances.items():
        by_number[number] = 100.0 * chance
    dark = 1.0 / (1.0 + np.exp(-np.clip(found.evidence, -30.0, 30.0)))
    likely = np.rint(by_number[numbers] * dark).astype(np.uint8)
    likely[~np.isfinite(sea)] = NODATA
    return likely


def _slicks(
    scene: RadarScene,
    cells: Cells,
    numbers: npt.NDArray[np.int32],
    spots: Sequence[Spot],
    wind: float | None,
) -> Iterator[DetectedSlick]:
    outlines = _outlines(numbers, cells, scene.size)
    for spot in spots:
        outline = outlines[spot.number]
        fine = shapely.segmentize(outline, _EDGE * max(cells.pixels))
        geometry = shapely.transform(fine, scene.to_lonlat)
        chances = probabilities_of(spot)
        label = max(CLASSES, key=lambda name: chances[name])
        said = {"satellite": scene.platform, "polarisation": scene.polarisation}
        said |= _properties(spot, geometry, chances, wind)
        yield DetectedSlick(label, chances[label], outline, geometry, said)


def _properties(
    spot: Spot, geometry: Any, chances: Mapping[str, float], wind: float | None
) -> dict[str, Any]:
    """Return what is said of a spot, by names with units."""
    from pyproj import Geod

    area, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.orient_polygons(geometry))
    area_km2 = 1e-6 * abs(area)
    least, most = volume_m3(area_km2, CODES)
    centre = geometry.centroid
    return {
        "area_km2": round(area_km2, 4),
        "centre_lon": round((centre.x + 180.0) % 360.0 - 180.0, 5),
        "centre_lat": round(centre.y, 5),
        "quality": "A" if chances["oil"] >= SURE else "B",
        "min_volume_m3": round(least, 4),
        "max_volume_m3": round(most, 4),
        "thickness": f"not seen by radar: codes {CODES[0]} to {CODES[1]} of Bonn are assumed",
        **{f"p_{name.replace('-', '_')}": round(chance, 4) for name, chance in chances.items()},
        "contrast_db": round(spot.contrast_db, 2),
        "border_share": round(spot.border_share, 3),
        "sharp_share": round(spot.sharp_share, 3),
        "length_km": round(spot.length_km, 3),
        "width_m": round(spot.width_m, 1),
        "complexity": round(spot.complexity, 2),
        "wind_speed": None if wind is None else round(wind, 1),
        "is_cut": spot.is_cut,
    }


def _outlines(
    numbers: npt.NDArray[np.int32], cells: Cells, size: tuple[int, int]
) -> dict[int, Any]:
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


def _mapped(
    scene: RadarScene, cells: Cells, values: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], Six, str]:
    """Return a raster of cells on a map: its own, else degrees, each from the cell it lies in."""
    from scipy.ndimage import map_coordinates

    rows, columns = cells.pixels
    if scene.transform is not None and scene.crs is not None:
        a, b, c, d, e, f = scene.transform
        return values, (a * columns, b * rows, c, d * columns, e * rows, f), scene.crs
    west, south, east, north = scene.box()
    down = cells.cell_m[0] / _DEGREE_M
    across = cells.cell_m[1] / _DEGREE_M / math.cos(math.radians(0.5 * (south + north)))
    shape = math.ceil((north - south) / down), math.ceil((east - west) / across)
    # places are nearly linear: exact on a coarse grid, interpolated between
    knots = [np.linspace(0.5, n - 0.5, max(2, n // _KNOT)) for n in shape]
    y, x = np.meshgrid(*knots, indexing="ij")
    lonlat = np.column_stack([west + across * x.ravel(), north - down * y.ravel()])
    places = (scene.to_pixel(lonlat) / [columns, rows]).reshape(*y.shape, 2)
    steps = [np.linspace(0.0, len(it) - 1.0, n) for it, n in zip(knots, shape, strict=True)]
    grid = np.meshgrid(*steps, indexing="ij", copy=False)
    column, row = (
        np.floor(map_coordinates(places[:, :, k], grid, order=1)).astype(np.intp) for k in (0, 1)
    )
    inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
    found = np.full(shape, NODATA, np.uint8)
    found[inside] = values[row[inside], column[inside]]
    return found, (across, 0.0, west, 0.0, -down, north), "EPSG:4326"
