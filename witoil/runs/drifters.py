"""Tracks of drifters, of text files and of NetCDF in the layouts that CF has for trajectories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import catalog
from catalog.antimeridian import unwrapped
from catalog.files.inputs import open_input, reading
from catalog.forcing.times import decode_times
from catalog.shapes.tracks import Track
from witoil.errors import WitoilError
from witoil.runs.trajectories import Floats, Times, positions_of, required, values_of

_TEXTS = {".csv", ".json", ".geojson"}


def read_drifters(path: Path) -> dict[str, Track]:
    """Read the tracks of drifters.

    Parameters
    ----------
    path : Path
        CSV or GeoJSON, see `catalog.read_tracks`; or NetCDF with one track, with tracks as rows
        (times of their own or in common, as trajan and models have them), or with all fixes in one
        column (CF, section H.4: contiguous or indexed ragged).

    Returns
    -------
    dict
        Name -> track. Fixes without a place or a time are left out, tracks of fewer than two, too.

    Raises
    ------
    WitoilError, CatalogError
        Where no track is found, or times do not rise along one.
    """
    if path.suffix.lower() in _TEXTS:
        return catalog.read_tracks(path)
    with open_input(path) as file:
        tracks = {name: track for name, track in _tracks(file, path) if track.times.size > 1}
    if not tracks:
        raise WitoilError(f"{path}: has no track of two fixes; expected one at least")
    return tracks


def _tracks(file: xr.Dataset, path: Path) -> Iterator[tuple[str, Track]]:
    place, lon, lat = positions_of(file, path)
    time = required(file, ["time"], ["time"], path)
    times = _times(file, time, path)
    fixes, several = file[place].dims, file[time].dims
    if len(fixes) == 1:
        rows = _column(file, str(fixes[0]), path)
        if several != fixes:
            raise _layout(file, place, time, path)
        lots = [(lon[row], lat[row], times[row]) for row in rows]
    elif len(fixes) == 2:
        along = _along(file, place, time, path)
        turned = [np.moveaxis(values, along, -1) for values in (lon, lat)]
        own = (
            np.moveaxis(times, along, -1)
            if times.ndim == 2
            else np.broadcast_to(times, turned[0].shape)
        )
        lots = list(zip(*turned, own, strict=True))
    else:
        raise _layout(file, place, time, path)
    names = _names(file, len(lots), path)
    for name, lot in zip(names, lots, strict=True):
        yield name, _track(name, *lot, path)


def _layout(file: xr.Dataset, place: str, time: str, path: Path) -> WitoilError:
    return WitoilError(
        f"{path}: found {place} {file[place].dims} and {time} {file[time].dims}; expected both "
        "along the fixes of one track, or tracks as rows"
    )


def _along(file: xr.Dataset, place: str, time: str, path: Path) -> int:
    """Return which of two dimensions runs along a track.

    Raises
    ------
    WitoilError
    """
    fixes, of_times = file[place].dims, file[time].dims
    if len(of_times) == 1 and of_times[0] in fixes:
        return fixes.index(of_times[0])
    if set(of_times) != set(fixes):
        raise _layout(file, place, time, path)
    if of_times != fixes:
        raise WitoilError(
            f"{path}: found {place} {fixes} and {time} {of_times}; expected one order"
        )
    named = _name_variable(file)
    if named is not None and file[named].dims[:1] == fixes[1:]:
        return 0
    return 1


def _column(file: xr.Dataset, fixes: str, path: Path) -> list[slice | NDArray[np.intp]]:
    """Return which fixes of one column belong to each track.

    Raises
    ------
    WitoilError
    """
    for name, variable in file.variables.items():
        if variable.attrs.get("sample_dimension") == fixes:
            counts = _whole(file, str(name), path)
            if counts.sum() != file.sizes[fixes] or (counts < 0).any():
                raise WitoilError(
                    f"{path}: {name}: found {counts.sum()} fixes in all; expected the "
                    f"{file.sizes[fixes]} of {fixes}"
                )
            ends = np.cumsum(counts)
            return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
        if "instance_dimension" in variable.attrs and variable.dims == (fixes,):
            owners = _whole(file, str(name), path)
            return [np.flatnonzero(owners == owner) for owner in np.unique(owners)]
    return [slice(None)]


def _whole(file: xr.Dataset, name: str, path: Path) -> NDArray[np.int64]:
    values = values_of(file, name, path)
    if not (np.isfinite(values) & (values == np.round(values))).all():
        raise WitoilError(f"{path}: {name}: found values that are no whole numbers")
    return values.astype(np.int64)


def _times(file: xr.Dataset, name: str, path: Path) -> Times:
    """Return times, NaT where there is none."""
    where = f"{path}: {name}"
    numbers = values_of(file, name, path)
    there = np.isfinite(numbers)
    times = np.full(numbers.shape, "NaT", "datetime64[ns]")
    attrs = file[name].attrs
    with reading(path):
        times[there] = decode_times(
            numbers[there],
            str(attrs.get("units", "")),
            str(attrs.get("calendar", "standard")).lower(),
            where,
        )
    return times


def _name_variable(file: xr.Dataset) -> str | None:
    named = [str(n) for n, v in file.variables.items() if v.attrs.get("cf_role") == "trajectory_id"]
    return named[0] if named else None


def _names(file: xr.Dataset, count: int, path: Path) -> list[str]:
    """Return the names of tracks, numbers where a file has none or the same for several."""
    named = _name_variable(file)
    numbers = [str(k + 1) for k in range(count)]
    if named is None:
        return numbers
    with reading(path):
        values = np.atleast_1d(file[named].values)
    if values.ndim == 2:  # characters
        values = np.array([b"".join(row) for row in values])
    names = [
        (value.decode(errors="replace") if isinstance(value, bytes) else str(value)).strip()
        for value in values.tolist()
    ]
    return names if len(names) == len({*names}) == count and all(names) else numbers


def _track(name: str, lon: Floats, lat: Floats, times: Times, path: Path) -> Track:
    there = np.isfinite(lon) & np.isfinite(lat) & ~np.isnat(times)
    times = times[there]
    if (np.diff(times) <= np.timedelta64(0)).any():
        raise WitoilError(
            f"{path}: the times of drifter {name} do not rise; expected them in order"
        )
    return Track(times, unwrapped(lon[there]), lat[there])
