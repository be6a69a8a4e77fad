"""GeoTIFFs of oil: bands, scale, what stands for nothing, and where they lie."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.antimeridian import turned
from catalog.errors import CatalogError, UnclearError, UnreadableFileError
from catalog.forcing.fills import is_customary, is_impossible
from catalog.slicks.raster import Raster

if TYPE_CHECKING:
    import numpy.typing as npt
    import rasterio
    from rasterio.control import GroundControlPoint

_LEAST_POINTS = 3
_UNIT_TAGS = ("units", "unit", "unittype")
_FARTHEST = 1e9  # in any unit of a reference system


def read_geotiff(path: Path, label: str, layer: str | None = None) -> Raster:
    """Read a band of a GeoTIFF.

    Parameters
    ----------
    path : Path
    label : str
        The file's name for people.
    layer : str, optional
        Description or number of a band, where there are several.

    Raises
    ------
    UnreadableFileError
        If the file is damaged.
    CatalogError
        If it has no position, is a picture, or there is no saying which band is meant.
    """
    import rasterio
    import rasterio.errors

    try:
        with warnings.catch_warnings():
            # where it lies is looked at below
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            # of another format a file may be one that names others, whatever its own name says
            with rasterio.open(path, driver="GTiff") as dataset:
                return _read(dataset, label, layer)
    except CatalogError:
        raise
    except Exception as error:  # some of what GDAL finds has a class that rasterio keeps private
        raise UnreadableFileError(
            f"{label}: cannot be read as a GeoTIFF ({error}); get it again"
        ) from error


def _read(dataset: rasterio.DatasetReader, label: str, layer: str | None) -> Raster:
    from rasterio.enums import MaskFlags

    number = _choose_band(dataset, label, layer)
    control, system = _placed_by(dataset, label)
    raw = dataset.read(number)
    if raw.dtype.kind not in "biuf":
        raise CatalogError(f"{label}: its values are {raw.dtype}, expected real numbers")
    present = (dataset.read_masks(number) != 0) & ~is_impossible(raw)
    declared = MaskFlags.all_valid not in dataset.mask_flag_enums[number - 1]
    # TIFF's own tags tell of the file: its DateTime is when it was written.
    tags = {
        key: value
        for key, value in {**dataset.tags(), **dataset.tags(number)}.items()
        if not key.startswith(("TIFFTAG", "AREA_OR", "STATISTICS_"))
    }
    return Raster(
        _scaled(raw, dataset.scales[number - 1], dataset.offsets[number - 1], label),
        present,
        system,
        dataset.transform,
        tags,
        units=_unit(dataset, number),
        doubtful=np.zeros(raw.shape, bool) if declared else present & is_customary(raw),
        control=control,
        name=dataset.descriptions[number - 1] or "",
    )


def _unit(dataset: rasterio.DatasetReader, number: int) -> str | None:
    """Return the unit of a band, by its own word, its tags, or those of the file."""
    if dataset.units[number - 1]:
        return str(dataset.units[number - 1])
    tags = {key.lower(): value for key, value in (dataset.tags() | dataset.tags(number)).items()}
    return next((tags[key] for key in _UNIT_TAGS if tags.get(key)), None)


def _choose_band(dataset: rasterio.DatasetReader, label: str, layer: str | None) -> int:
    """Return the number of the band that is meant: the only one beside alpha, or the one named."""
    from rasterio.enums import ColorInterp

    kinds = dataset.colorinterp
    numbers = [k + 1 for k, kind in enumerate(kinds) if kind != ColorInterp.alpha]
    names = {k: dataset.descriptions[k - 1] or str(k) for k in numbers}
    if layer is not None:
        meant = [k for k, name in names.items() if layer in (name, str(k))]
        if len(meant) != 1:
            raise CatalogError(
                f"{label}: no band {layer!r}, only {', '.join(names.values()) or 'alpha'}"
            )
        return meant[0]
    if len(numbers) != 1:
        raise UnclearError(
            f"{label}: has {len(numbers)} bands ({', '.join(names.values())})",
            "expected one; a picture is not a mask, of several masks say which one by `layer`",
        )
    if kinds[numbers[0] - 1] == ColorInterp.palette:
        raise UnclearError(
            f"{label}: its numbers stand for colours of a palette, not for oil",
            "expected a mask or values, or name the band by `layer` if they are categories with "
            "colours",
        )
    return numbers[0]


def _placed_by(
    dataset: rasterio.DatasetReader, label: str
) -> tuple[tuple[GroundControlPoint, ...], Any]:
    """Return the control points that place it, if a transform does not; its reference system."""
    if not dataset.transform.is_identity:
        _refuse_no_place(dataset, label)
        return (), dataset.crs
    points, system = dataset.gcps
    if not points:
        how = (
            "is placed by rational polynomials (RPC), which need heights; rectify it, for example "
            "by gdalwarp -rpc"
            if dataset.rpcs
            else "is not georeferenced; expected a GeoTIFF with its position"
        )
        raise CatalogError(f"{label}: the mask {how}")
    if system is None or system.is_geographic:
        points = _across_180(points)
    return _refuse_unfit(points, label), system


def _refuse_unfit(points: list[GroundControlPoint], label: str) -> tuple[GroundControlPoint, ...]:
    """Return control points, each once; refuse those that place nothing."""
    ground = {(p.col, p.row): (p.x, p.y) for p in points}
    image = np.array([[1.0, *place] for place in ground])
    fault = ""
    if not np.isfinite([[p.col, p.row, p.x, p.y] for p in points]).all():
        fault = "has a control point that is NaN or infinite"
    elif any(ground[p.col, p.row] != (p.x, p.y) for p in points):
        fault = "has control points that put one pixel in two places"
    elif np.linalg.matrix_rank(image) < _LEAST_POINTS:
        fault = f"has {len(points)} control points on a line"
    if fault:
        raise CatalogError(f"{label}: {fault}; expected three that are not on one line, at least")
    return tuple({(p.col, p.row): p for p in points}.values())


def _refuse_no_place(dataset: rasterio.DatasetReader, label: str) -> None:
    """Refuse a raster whose cells have no size, or lie nowhere on Earth in any unit."""
    place = np.reshape(tuple(dataset.transform)[:6], (2, 3))
    corners = place @ [[0.0, dataset.width], [0.0, dataset.height], [1.0, 1.0]]
    if not (np.abs(corners) < _FARTHEST).all() or np.linalg.det(place[:, :2]) == 0.0:
        raise CatalogError(
            f"{label}: is placed from {corners[:, 0]} to {corners[:, 1]}, expected cells on Earth; "
            "get it again"
        )


def _across_180(points: list[GroundControlPoint]) -> list[GroundControlPoint]:
    """Return control points in longitudes without a break."""
    from rasterio.control import GroundControlPoint

    return [
        GroundControlPoint(p.row, p.col, float(turned(p.x, points[0].x)), p.y, p.z) for p in points
    ]


def _scaled(raw: npt.NDArray[Any], scale: float, offset: float, label: str) -> npt.NDArray[Any]:
    if (scale, offset) == (1.0, 0.0):
        return raw
    if scale == 0.0 or not np.isfinite([scale, offset]).all():
        raise CatalogError(
            f"{label}: has the scale {scale:g} and the offset {offset:g}; expected a scale that is "
            "not 0"
        )
    values: npt.NDArray[Any] = raw * np.float64(scale) + offset
    return values
