"""Rasters of oil: GeoTIFF and NetCDF, binary, of probabilities or of thickness."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from catalog.axes import find_axis
from catalog.errors import CatalogError, UnclearError
from catalog.fills import Absence, is_customary, is_impossible
from catalog.grid import FloatArray, ascending_longitudes
from catalog.levels import choose_levels
from catalog.placement import Curvilinear, OnDegrees, OnProjection, Placement, find_placement
from catalog.sources import open_source, reading
from catalog.times import read_times

if TYPE_CHECKING:
    import affine
    import geopandas
    import rasterio
    from rasterio.control import GroundControlPoint

RASTERS = {".tif", ".tiff", ".nc", ".nc4"}

_NETCDF = {".nc", ".nc4"}
_SAME_SCENE = np.timedelta64(1, "h")
_LONGEST_EDGE = 1.0  # of an outline, before control points place it [cells]
_UNEVEN = 0.02  # of a step; float32 coordinates of fine grids are no better


@dataclass(frozen=True)
class Raster:
    """Values on a regular grid, or on one that control points place.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        Scaled, where the file has a scale.
    present : ndarray of bool, shape (rows, columns)
        Where there is a value.
    system : rasterio.crs.CRS, pyproj.CRS or None
    transform : affine.Affine
        From columns and rows to coordinates.
    tags : dict
        What the file says of itself.
    time : datetime or None
        UTC, where the file has a time axis.
    units : str or None
        Of the values.
    doubtful : ndarray of bool, shape (rows, columns), optional
        Values that are present, but are customary for no data, where the file declares none.
    control : tuple of rasterio.control.GroundControlPoint
        Where there are some, they take the place of the transform.
    meanings : dict
        Value -> what it means, where the file says so.
    name : str
        Of the band or variable, with its description.
    """

    values: npt.NDArray[Any]
    present: npt.NDArray[np.bool_]
    system: Any
    transform: affine.Affine
    tags: dict[str, Any]
    time: datetime | None = None
    units: str | None = None
    doubtful: npt.NDArray[np.bool_] | None = None
    control: tuple[GroundControlPoint, ...] = ()
    meanings: dict[float, str] = field(default_factory=dict)
    name: str = ""

    def outline(
        self, oil: npt.NDArray[np.bool_], label: str, *, by_value: bool = False
    ) -> tuple[geopandas.GeoSeries, list[float]]:
        """Outline cells, also value by value; outlines and their values.

        Raises
        ------
        CatalogError
            If control points put some of them nowhere; `label` is the file's name for people.
        """
        import affine
        import geopandas
        import rasterio.features
        from shapely.geometry import shape

        marked = self.values.astype("float32") if by_value else oil.astype("uint8")
        transform = affine.Affine.identity() if self.control else self.transform
        found = list(rasterio.features.shapes(marked, mask=oil, transform=transform))
        shapes = [shape(outline) for outline, _ in found]
        if self.control:
            shapes = _placed(shapes, self.control, label)
        outlines = geopandas.GeoSeries(shapes, crs=self.system)
        return outlines, [float(value) for _, value in found]


def _placed(
    shapes: list[BaseGeometry], control: tuple[GroundControlPoint, ...], label: str
) -> list[BaseGeometry]:
    """Bring shapes in columns and rows to where control points place them.

    By thin-plate splines, which hold each point: polynomials miss those of a radar image by tens of
    metres. Edges are cut first, since what is straight in the image is not on the ground.
    """
    from rasterio.transform import GCPTransformer

    fine = shapely.segmentize(shapes, _LONGEST_EDGE)
    points = shapely.get_coordinates(fine)
    with GCPTransformer(list(control), tps=True) as transformer:
        places = np.column_stack(transformer.xy(points[:, 1], points[:, 0], offset="ul"))
    if not np.isfinite(places).all():
        raise CatalogError(
            f"{label}: its control points put some of its pixels nowhere; correct them, or rectify "
            "it, for example by gdalwarp -tps"
        )
    placed: list[BaseGeometry] = list(shapely.set_coordinates(fine, places))
    return placed


def read_raster(
    path: Path, label: str, *, layer: str | None = None, time: datetime | None = None
) -> Raster:
    """Read a raster of one band.

    Parameters
    ----------
    path : Path
        GeoTIFF, or NetCDF on latitude and longitude or on a projection.
    label : str
        The file's name for people.
    layer : str, optional
        Variable of a NetCDF file with several, or band of a GeoTIFF, by its description or number.
    time : datetime, optional
        Which record of a NetCDF file with several.

    Raises
    ------
    UnreadableFileError
        If the file is damaged.
    CatalogError
        If it has no position, or no saying which part of it is meant.
    """
    if path.suffix.lower() in _NETCDF:
        return _read_netcdf(path, label, layer, time)
    from catalog.geotiff import read_geotiff

    return read_geotiff(path, label, layer)


def raster_variables(source: xr.Dataset) -> list[str]:
    """Names of the variables of a NetCDF file that are fields on a regular grid."""
    found = []
    for name, variable in source.data_vars.items():
        if variable.ndim < 2 or variable.dtype.kind not in "iufb" or str(name).endswith("_bnds"):
            continue
        try:
            placement = find_placement(source, variable, str(name))
        except CatalogError:
            continue
        if not isinstance(placement, Curvilinear):
            found.append(str(name))
    return found


def _read_netcdf(path: Path, label: str, layer: str | None, time: datetime | None) -> Raster:
    import affine

    with open_source(path) as source, reading(path):
        name = _choose_variable(source, layer, label)
        where = f"{label}, variable {name!r}"
        array = source[name]
        placement = find_placement(source, array, where)
        dims = list(placement.dims)
        x, columns, y, system = _nodes(placement, where)
        rows = np.argsort(-y)
        y = y[rows]
        moment, array = _choose_time(source, array, dims, time, where)
        array = array.drop_vars(list(array.coords))
        array = array.isel(choose_levels(source, array, set(dims), where).chosen)
        values = array.transpose(*dims).to_numpy()[rows][:, columns]
        tags = {str(k): v for k, v in {**source.attrs, **array.attrs}.items()}
        present, doubtful = _told_apart(values, array)
    step_x, step_y = (_even_step(axis, where) for axis in (x, y))
    # The nodes are the centres of cells.
    west, north = x[0] - step_x / 2.0, y[0] - step_y / 2.0
    return Raster(
        values,
        present,
        system,
        affine.Affine(step_x, 0.0, west, 0.0, step_y, north),
        tags,
        moment,
        units=str(array.attrs["units"]) if "units" in array.attrs else None,
        doubtful=doubtful,
        meanings=_meanings(array),
        name=f"{name} {array.attrs.get('long_name', '')}",
    )


def _nodes(
    placement: Placement, where: str
) -> tuple[FloatArray, npt.NDArray[np.intp], FloatArray, Any]:
    """Return ascending x and the columns they are in, y, and the reference system of both."""
    if isinstance(placement, OnProjection):
        columns = np.argsort(placement.x)
        return placement.x[columns], columns, placement.y, placement.projection.system
    if not isinstance(placement, OnDegrees):
        raise CatalogError(
            f"{where}: its nodes lie on curved lines, expected a regular grid; put it on one first "
            "(`cdo remapnn`)"
        )
    longitude, columns = ascending_longitudes(placement.longitude)
    return longitude, columns, placement.latitude, _wgs84()


def _told_apart(
    values: npt.NDArray[Any], array: xr.DataArray
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Say where there are values, and which of them may be fills that are not declared."""
    marked = values.astype(np.float64)
    Absence.of(array, lambda: marked.copy()).mark(marked)
    present = np.isfinite(marked) & ~is_impossible(values)
    declared = any(key in array.encoding for key in ("_FillValue", "missing_value"))
    doubtful = np.zeros(values.shape, bool) if declared else present & is_customary(values)
    return present, doubtful


def _meanings(array: xr.DataArray) -> dict[float, str]:
    """Return what the values of a variable of classes mean, as CF has it."""
    words = str(array.attrs.get("flag_meanings", "")).split()
    flags = np.ravel(array.attrs.get("flag_values", []))
    return dict(zip(map(float, flags), words, strict=False)) if flags.size == len(words) else {}


def raster_times(path: Path, label: str, layer: str | None = None) -> list[datetime]:
    """Return the times of a NetCDF file of rasters, UTC; none of other files."""
    if path.suffix.lower() not in _NETCDF:
        return []
    with open_source(path) as source, reading(path):
        name = _choose_variable(source, layer, label)
        found = _times(source, source[name], f"{label}, variable {name!r}")
    return [] if found is None else [_moment(time) for time in found[1]]


def _wgs84() -> rasterio.crs.CRS:
    import rasterio.crs

    return rasterio.crs.CRS.from_epsg(4326)


def _choose_variable(source: xr.Dataset, layer: str | None, label: str) -> str:
    found = raster_variables(source)
    if layer is not None and layer in found:
        return layer
    if layer is not None or not found:
        raise CatalogError(
            f"{label}: expected one variable on a regular grid"
            + ("" if layer is None else f" called {layer!r}")
            + f", found {', '.join(found) or 'none'}"
        )
    if len(found) > 1:
        raise UnclearError(
            f"{label}: has {len(found)} variables on a regular grid, {', '.join(found)}",
            "expected one; say which one by `layer`",
        )
    return found[0]


def _choose_time(
    source: xr.Dataset,
    array: xr.DataArray,
    dims: list[Hashable],
    wanted: datetime | None,
    where: str,
) -> tuple[datetime | None, xr.DataArray]:
    """Take the record of a time, and say of when it is."""
    found = _times(source, array, where)
    if found is None:
        return None, array
    variable, times = found
    record = 0
    if times.size > 1:
        if wanted is None:
            raise CatalogError(
                f"{where}: has {times.size} times, expected one; say which is meant by its time"
            )
        moment = np.datetime64(wanted.astimezone(UTC).replace(tzinfo=None), "ns")
        record = int(np.argmin(np.abs(times - moment)))
        if abs(times[record] - moment) > _SAME_SCENE:
            raise CatalogError(
                f"{where}: has {times.size} times from {np.datetime_as_string(times.min(), 'm')}Z "
                f"to {np.datetime_as_string(times.max(), 'm')}Z; expected one within an hour of "
                f"{np.datetime_as_string(moment, 'm')}Z"
            )
    dim = next((d for d in variable.dims if d in array.dims and d not in dims), None)
    if dim is not None:
        array = array.isel({dim: record})
    return _moment(times[record]), array


def _times(
    source: xr.Dataset, array: xr.DataArray, where: str
) -> tuple[xr.Variable, npt.NDArray[np.datetime64]] | None:
    """Return the time axis of a variable, and its times; None where it has none."""
    try:
        name = find_axis(source, array, "time", where)
    except CatalogError:
        return None
    variable = source.variables[name]
    return variable, read_times(variable, where).times


def _moment(time: np.datetime64) -> datetime:
    moment: datetime = time.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _even_step(axis: npt.NDArray[np.float64], where: str) -> float:
    steps = np.diff(axis)
    mean = float(steps.mean())
    if np.abs(steps - mean).max() > _UNEVEN * abs(mean):
        raise CatalogError(
            f"{where}: the nodes lie {steps.min():g} to {steps.max():g} apart, expected a regular "
            "grid"
        )
    return mean
