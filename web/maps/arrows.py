"""Currents and winds of a run for the arrows of a map: few vectors, at one time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import simulator
from catalog.antimeridian import unbroken_box
from catalog.forcing.files import ForcingFiles
from catalog.forcing.gaps import prepare_forcing
from witoil.case.forcing import FieldFiles, Forcing
from witoil.player.mercator import Box

Name = Literal["currents", "winds"]

_COMPONENTS: Mapping[Name, Sequence[str]] = {
    "currents": simulator.CURRENT,
    "winds": simulator.WIND,
}


class Vectors(NamedTuple):
    """Velocities at nodes of a field, each of shape (vectors,).

    Attributes
    ----------
    lon, lat : ndarray
        [degrees]
    east, north : ndarray
        [m s-1]
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    east: NDArray[np.float64]
    north: NDArray[np.float64]


def vectors_of(
    forcing: Forcing, name: Name, box: Box, time: np.datetime64, count: int
) -> Vectors | None:
    """Return velocities of a run's field at a time, at nodes of the field that are evenly chosen.

    Parameters
    ----------
    forcing : Forcing
        Of a case, with files in place of names.
    name : {"currents", "winds"}
    box : tuple of float
        West, south, east, north. [degrees]
    time : datetime64
        UTC; between two times of the files values are on the line between them, as in the run.
    count : int
        So many vectors at most.

    Returns
    -------
    Vectors or None
        Of the first product that has any there, as in the run; None where the run had no such
        field.

    Raises
    ------
    CatalogError
        If the files do not cover the time, or cannot be read.
    """
    products = forcing.products(name)
    if not products:
        return None
    found = Vectors(*(np.empty(0) for _ in Vectors._fields))
    for product in products:
        found = _of_product(forcing, product, name, box, time, count)
        if found.lon.size:
            break
    return found


def _of_product(
    forcing: Forcing, product: FieldFiles, name: Name, box: Box, time: np.datetime64, count: int
) -> Vectors:
    with ForcingFiles(
        product.files, name, zeros=product.zeros or forcing.zeros, means=product.means
    ) as files:
        there = _within(box, files)
        if there is None:
            return Vectors(*(np.empty(0) for _ in Vectors._fields))
        data = files.read(box=there, period=(time, time))
    data, _ = prepare_forcing(data, start=time, end=time, box=None, gap_policy=forcing.gap_policy)
    return _thinned(_at(data[list(_COMPONENTS[name])], time), name, there, count)


def _within(box: Box, files: ForcingFiles) -> Box | None:
    """Return the part of a box that files have, in their longitudes; None where they have none."""
    west, south, east, north = unbroken_box(box)
    lon, lat = files.longitude, files.latitude
    turn = 360.0 * round((0.5 * (lon[0] + lon[-1]) - 0.5 * (west + east)) / 360.0)
    west, east = max(west + turn, float(lon[0])), min(east + turn, float(lon[-1]))
    south, north = max(south, float(lat[0])), min(north, float(lat[-1]))
    return (west, south, east, north) if west < east and south < north else None


def _at(data: xr.Dataset, time: np.datetime64) -> xr.Dataset:
    """Return fields at a time, on the line between those before and after."""
    times = data["time"].values
    if times.size == 1 or not times[0] <= time <= times[-1]:
        # held beyond the ends, as the gap policy let it be
        return data.isel(time=0 if time <= times[0] else -1)
    return data.interp(time=time)


def _thinned(data: xr.Dataset, name: Name, box: Box, count: int) -> Vectors:
    west, south, east, north = box
    data = data.sel(longitude=slice(west, east), latitude=slice(south, north))
    rows, columns = data.sizes["latitude"], data.sizes["longitude"]
    stride = max(math.ceil(math.sqrt(rows * columns / count)), 1)
    while -(-rows // stride) * -(-columns // stride) > count:
        stride += 1
    some = data.isel(latitude=slice(None, None, stride), longitude=slice(None, None, stride))
    east_of, north_of = (some[each].values.astype(np.float64) for each in _COMPONENTS[name])
    lon, lat = np.meshgrid(some["longitude"].values, some["latitude"].values)
    known = np.isfinite(east_of) & np.isfinite(north_of)
    columns_of: list[Any] = [lon[known], lat[known], east_of[known], north_of[known]]
    return Vectors(*columns_of)
