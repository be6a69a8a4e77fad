"""The particles of a run that are exported, and their columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from catalog.antimeridian import wrapped
from simulator import Status
from witoil.errors import WitoilError
from witoil.exports.layers import Batch, Column, Layer, to_seconds
from witoil.times import second

COLUMNS = (
    Column("particle", "whole", "Number of the particle, as in `trajectory` of `particles.nc`."),
    Column("time", "time", "Of the output, UTC.", 20),
    Column("status", "text", "What the particle is doing, in a word of `flag_meanings`.", 12),
    Column("mass_kg", "real", "Oil that it stands for [kg]."),
    Column("depth_m", "real", "Depth under the surface [m], 0 on it."),
    Column("thick_um", "real", "Thickness of the oil in its slick [µm]."),
    Column("release", "whole", "Number of the `[[release]]`, from 0."),
)
"""Those that a run does not know are left out."""

_WORDS = {status.value: status.name.lower() for status in Status}
_USED = {"lon", "lat", "status", "mass", "z", "thickness", "release", "time", "trajectory"}


def choose(
    particles: xr.Dataset, *, time: np.datetime64 | None = None, every: int = 1
) -> xr.Dataset:
    """Return particles at the outputs to export; what all formats use of them is read.

    Parameters
    ----------
    particles : Dataset
        As `witoil.runs.run.Run` has them.
    time : datetime64, optional
        The one output to take. UTC
    every : int
        Take every so many outputs, from the first on.

    Returns
    -------
    Dataset
        Longitudes within -180 to 180.

    Raises
    ------
    WitoilError
        Where the run has no output at the time, or a status that has no meaning.
    """
    times = particles["time"].values
    if time is None:
        chosen = particles.isel(time=slice(None, None, every))
    else:
        chosen = particles.isel(time=[_output_at(times, time)])
    for name in _USED & set(chosen.variables):
        chosen[name].load()
    unknown = set(np.unique(chosen["status"].values).tolist()) - _WORDS.keys()
    if unknown:
        raise WitoilError(
            f"status: found {', '.join(map(str, sorted(unknown)))} among the particles; expected "
            f"{min(_WORDS)} to {max(_WORDS)}"
        )
    return chosen.assign(lon=chosen["lon"].copy(data=wrapped(chosen["lon"].values)))


def _output_at(times: NDArray[np.datetime64], time: np.datetime64) -> int:
    # times in files have parts of seconds that nobody can type
    distance = np.abs(times - time)
    nearest = int(np.argmin(distance))
    if distance[nearest] >= np.timedelta64(1, "s"):
        first, last, near = (second(times[k]) for k in (0, -1, nearest))
        raise WitoilError(
            f"--time: the run has no output at {second(time)}; expected one of its {times.size} "
            f"from {first} to {last}, the nearest is {near}"
        )
    return nearest


def placed(chosen: xr.Dataset) -> NDArray[np.bool_]:
    """Tell which particles are somewhere, shape (trajectory, time)."""
    there = np.isfinite(chosen["lon"].values) & np.isfinite(chosen["lat"].values)
    found: NDArray[np.bool_] = there & (chosen["status"].values != Status.UNRELEASED)
    return found


def numbers(chosen: xr.Dataset) -> NDArray[np.int64]:
    """Return the number of each particle, shape (trajectory,)."""
    if "trajectory" in chosen.coords and chosen["trajectory"].dtype.kind in "iu":
        given = chosen["trajectory"].values.astype(np.int64)
        if np.unique(given).size == given.size and np.abs(given).max() < 2**31:
            return given
    return np.arange(chosen.sizes["trajectory"])


def words(status: NDArray[np.integer]) -> NDArray[np.object_]:
    """Return codes of a status as words."""
    table = np.empty(max(_WORDS) + 1, object)
    for code, word in _WORDS.items():
        table[code] = word
    found: NDArray[np.object_] = table[status]
    return found


def releases(chosen: xr.Dataset) -> NDArray[np.int32] | None:
    """Return the number of the release of each particle, shape (trajectory,), where it is known."""
    if "release" not in chosen or chosen["release"].dtype.kind not in "iu":
        return None
    found: NDArray[np.int32] = chosen["release"].values.astype(np.int32)
    return found


def values_of(chosen: xr.Dataset) -> dict[str, NDArray[np.float32]]:
    """Return what is known of each particle at each output as the columns have it.

    Returns
    -------
    dict
        Of ``mass_kg`` [kg], ``depth_m`` [m] and ``thick_um`` [µm] those that the run knows, shape
        (trajectory, time), NaN where missing.
    """
    known = {}
    if "mass" in chosen:
        known["mass_kg"] = chosen["mass"].values.astype(np.float32)
    if "z" in chosen:
        known["depth_m"] = 0.0 - chosen["z"].values.astype(np.float32)
    if "thickness" in chosen:
        known["thick_um"] = (1e6 * chosen["thickness"].values).astype(np.float32)
    return known


def _digits(numbers: NDArray[np.integer]) -> int:
    """Return how many characters the longest of some numbers has, 9 at least, as tables have it."""
    return max(9, len(str(numbers.min(initial=0))), len(str(numbers.max(initial=0))))


def layer_of(chosen: xr.Dataset) -> Layer:
    """Return the particles as points, output by output.

    Parameters
    ----------
    chosen : Dataset
        From `choose`.
    """
    there, known, number = placed(chosen), values_of(chosen), numbers(chosen)
    lon, lat = chosen["lon"].values, chosen["lat"].values
    status, times = chosen["status"].values, to_seconds(chosen["time"].values)
    release = releases(chosen)

    def batches() -> Iterator[Batch]:
        for k, time in enumerate(times):
            rows = np.flatnonzero(there[:, k])
            columns = {
                "particle": number[rows].astype(np.int32),
                "time": np.full(rows.size, time),
                "status": words(status[rows, k]),
                **{name: values[rows, k] for name, values in known.items()},
            }
            if release is not None:
                columns["release"] = release[rows]
            points = np.column_stack([lon[rows, k], lat[rows, k]]).astype(np.float64)
            yield Batch(points, columns)

    held = {"particle", "time", "status", *known} | ({"release"} if release is not None else set())
    wide = {"particle": _digits(number)} | (
        {} if release is None else {"release": _digits(release)}
    )
    columns = tuple(
        replace(column, width=wide.get(column.name, column.width))
        for column in COLUMNS
        if column.name in held
    )
    return Layer("particles", "Particles of oil", "Point", columns, int(there.sum()), batches)
