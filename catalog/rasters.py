"""Rasters of oil: GeoTIFF and NetCDF, binary, of probabilities or of thickness."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.axes import find_axis, horizontal_axis
from catalog.errors import CatalogError, UnreadableFileError
from catalog.grid import ascending_longitudes
from catalog.levels import drop_other_dimensions
from catalog.sources import open_source, reading
from catalog.times import read_times

if TYPE_CHECKING:
    import affine
    import geopandas
    import rasterio

_log = logging.getLogger(__name__)

RASTERS = {".tif", ".tiff", ".nc", ".nc4"}

PROBABLE = 0.5
"""Least probability that counts as oil, where the caller does not say."""

_NETCDF = {".nc", ".nc4"}
_FARTHEST = 1e9  # in any unit of a reference system
_UNEVEN = 0.02  # of a step; float32 coordinates of fine grids are no better


@dataclass(frozen=True)
class Raster:
    """Values on a regular grid.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
    present : ndarray of bool, shape (rows, columns)
        Where there is a value.
    system : rasterio.crs.CRS or None
    transform : affine.Affine
        From columns and rows to coordinates.
    tags : dict
        What the file says of itself.
    time : datetime or None
        UTC, where the file has a time axis.
    """

    values: npt.NDArray[Any]
    present: npt.NDArray[np.bool_]
    system: rasterio.crs.CRS | None
    transform: affine.Affine
    tags: dict[str, Any]
    time: datetime | None = None

    def oil(self, label: str, threshold: float | None = None) -> npt.NDArray[np.bool_]:
        """Say which cells hold oil.

        Parameters
        ----------
        label : str
            The file's name for people.
        threshold : float, optional
            Least value that is oil. By default anything but 0 is, unless the values are
            probabilities (fractions from 0 to 1): then from `PROBABLE` on.

        Raises
        ------
        CatalogError
            If none does.
        """
        if threshold is None and self._are_probabilities():
            _log.info("%s: probabilities, from %g on counts as oil", label, PROBABLE)
            threshold = PROBABLE
        if threshold is None:
            oil = self.present & (self.values != 0)
            wanted = "other than 0 and no-data"
        else:
            oil = self.present & (self.values >= threshold)
            wanted = f"of {threshold:g} or more"
        if not oil.any():
            raise CatalogError(f"{label}: the mask is empty, no cell is {wanted}")
        return np.asarray(oil)

    def outline(
        self, oil: npt.NDArray[np.bool_], *, by_value: bool = False
    ) -> tuple[geopandas.GeoSeries, list[float]]:
        """Outline cells, also value by value; outlines and their values."""
        import geopandas
        import rasterio.features
        from shapely.geometry import shape

        marked = self.values.astype("float32") if by_value else oil.astype("uint8")
        found = list(rasterio.features.shapes(marked, mask=oil, transform=self.transform))
        outlines = geopandas.GeoSeries([shape(outline) for outline, _ in found], crs=self.system)
        return outlines, [float(value) for _, value in found]

    def _are_probabilities(self) -> bool:
        values = self.values[self.present]
        if self.values.dtype.kind != "f" or not values.size:
            return False
        in_range = values.min() >= 0.0 and values.max() <= 1.0
        return bool(in_range and ((values > 0.0) & (values < 1.0)).any())


def read_raster(
    path: Path, label: str, *, layer: str | None = None, time: datetime | None = None
) -> Raster:
    """Read a raster of one band.

    Parameters
    ----------
    path : Path
        GeoTIFF, or NetCDF on latitude and longitude.
    label : str
        The file's name for people.
    layer : str, optional
        Variable of a NetCDF file with several.
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
    import rasterio.errors

    try:
        return _read_geotiff(path, label)
    except rasterio.errors.NotGeoreferencedWarning:
        raise CatalogError(
            f"{label}: the mask is not georeferenced; expected a GeoTIFF with its position"
        ) from None
    except (rasterio.errors.RasterioError, ValueError, MemoryError) as error:
        if isinstance(error, CatalogError):
            raise
        raise UnreadableFileError(
            f"{label}: cannot be read as a GeoTIFF ({error}); get it again"
        ) from error


def raster_variables(source: xr.Dataset) -> list[str]:
    """Names of the variables of a NetCDF file that are fields on latitude and longitude."""
    found = []
    for name, variable in source.data_vars.items():
        if variable.ndim < 2 or variable.dtype.kind not in "iufb" or str(name).endswith("_bnds"):
            continue
        try:
            axes = [find_axis(source, variable, axis, "") for axis in ("latitude", "longitude")]
        except CatalogError:
            continue
        if all(source.variables[axis].ndim == 1 for axis in axes) and len(set(axes)) == 2:
            found.append(str(name))
    return found


def _read_geotiff(path: Path, label: str) -> Raster:
    import rasterio
    import rasterio.errors

    with warnings.catch_warnings():
        warnings.simplefilter("error", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path) as source:
            if source.count > 2:
                raise CatalogError(
                    f"{label}: has {source.count} bands, expected a mask of one; "
                    "a picture is not a mask"
                )
            _refuse_no_place(source.transform, source.shape, label)
            band = source.read(1)
            present = (source.dataset_mask() != 0) & np.isfinite(band)
            # TIFF's own tags tell of the file: its DateTime is when it was written.
            tags = {
                key: value
                for key, value in source.tags().items()
                if not key.startswith(("TIFFTAG", "AREA_OR"))
            }
            return Raster(band, present, source.crs, source.transform, tags)


def _refuse_no_place(transform: affine.Affine, shape: tuple[int, int], label: str) -> None:
    """Refuse a raster whose cells have no size, or lie nowhere on Earth in any unit."""
    place = np.reshape(tuple(transform)[:6], (2, 3))
    corners = place @ [[0.0, shape[1]], [0.0, shape[0]], [1.0, 1.0]]
    if not (np.abs(corners) < _FARTHEST).all() or np.linalg.det(place[:, :2]) == 0.0:
        raise CatalogError(
            f"{label}: is placed from {corners[:, 0]} to {corners[:, 1]}, expected cells on Earth; "
            "get it again"
        )


def _read_netcdf(path: Path, label: str, layer: str | None, time: datetime | None) -> Raster:
    import affine

    with open_source(path) as source, reading(path):
        name = _choose_variable(source, layer, label)
        where = f"{label}, variable {name!r}"
        array = source[name]
        axes = [find_axis(source, array, axis, where) for axis in ("latitude", "longitude")]
        latitude, longitude = (horizontal_axis(source, axis, where) for axis in axes)
        dims: list[Hashable] = [source.variables[axis].dims[0] for axis in axes]
        longitude, columns = ascending_longitudes(longitude)
        rows = np.argsort(-latitude)
        latitude = latitude[rows]
        moment, array = _choose_time(source, array, dims, time, where)
        array = array.drop_vars(list(array.coords))
        array, _ = drop_other_dimensions(source, array, set(dims), where)
        values = array.transpose(*dims).to_numpy()[rows][:, columns]
        tags = {str(k): v for k, v in {**source.attrs, **array.attrs}.items()}
    step_x, step_y = (_even_step(axis, where) for axis in (longitude, latitude))
    # The nodes are the centres of cells.
    west, north = longitude[0] - step_x / 2.0, latitude[0] - step_y / 2.0
    return Raster(
        values,
        np.isfinite(values),
        _wgs84(),
        affine.Affine(step_x, 0.0, west, 0.0, step_y, north),
        tags,
        moment,
    )


def _wgs84() -> rasterio.crs.CRS:
    import rasterio.crs

    return rasterio.crs.CRS.from_epsg(4326)


def _choose_variable(source: xr.Dataset, layer: str | None, label: str) -> str:
    found = raster_variables(source)
    if layer is not None and layer in found:
        return layer
    if layer is not None or len(found) != 1:
        raise CatalogError(
            f"{label}: expected one variable on latitude and longitude"
            + ("" if layer is None else f" called {layer!r}")
            + f", found {', '.join(found) or 'none'}; name one of them as the layer"
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
    try:
        name = find_axis(source, array, "time", where)
    except CatalogError:
        return None, array
    variable = source.variables[name]
    times = read_times(variable, where).times
    record = 0
    if times.size > 1:
        if wanted is None:
            raise CatalogError(
                f"{where}: has {times.size} times, expected one; say which is meant by its time"
            )
        moment = np.datetime64(wanted.astimezone(UTC).replace(tzinfo=None), "ns")
        record = int(np.argmin(np.abs(times - moment)))
    dim = next((d for d in variable.dims if d in array.dims and d not in dims), None)
    if dim is not None:
        array = array.isel({dim: record})
    return times[record].astype("datetime64[us]").item().replace(tzinfo=UTC), array


def _even_step(axis: npt.NDArray[np.float64], where: str) -> float:
    steps = np.diff(axis)
    mean = float(steps.mean())
    if np.abs(steps - mean).max() > _UNEVEN * abs(mean):
        raise CatalogError(
            f"{where}: the nodes lie {steps.min():g} to {steps.max():g} degrees apart, expected a "
            "regular grid"
        )
    return mean
