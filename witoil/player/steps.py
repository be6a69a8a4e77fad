"""Particles by output step, for pages that load some steps of a run at a time.

A file of steps has a record for each output step, all of one length. A record has a column for
each variable, one after the other, and zeros up to a multiple of four bytes. A column has a number
for each particle, lowest byte first. Particles stand in one random order, the same in all records:
the first so many of them are a fair sample of all, and what stands at one place of two records is
the same particle.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import Status
from witoil.errors import WitoilError
from witoil.player.columns import MISSING, MOST, numbers_of, scales_of
from witoil.player.fields import box_of_particles
from witoil.player.quantise import Linear
from witoil.runs.run import Run
from witoil.times import exact, to_datetime

if TYPE_CHECKING:
    import xarray as xr

_ALIGNED = 4  # bytes


def write_steps(run: Run, path: Path) -> dict[str, Any]:
    """Write the particles of a run as a file of steps.

    Parameters
    ----------
    run : Run
    path : Path

    Returns
    -------
    dict
        What is needed to read it: ``times``, ``count`` of particles, ``statuses`` by their codes,
        ``bounds`` (west, south, east, north; east may be beyond 180) [degrees], and ``layout``
        with the ``columns`` of a record: name, type and scale.

    Raises
    ------
    WitoilError
        Where the run has no particles, or none that can be shown.
    """
    if run.particles is None:
        raise WitoilError(
            f"{run.path}: a run of {run.command} has no particles of its own; expected a "
            "simulation, or a search over one window"
        )
    bounds = box_of_particles(run)
    ages = _ages_of(run.particles)
    scales = scales_of(run.particles, bounds, MOST)
    scales["age"] = Linear.over(0.0, float(np.nanmax(ages, initial=0.0)) or 1.0, MOST)
    count, steps = run.particles.sizes["trajectory"], run.particles.sizes["time"]
    order = np.random.default_rng(0).permutation(count)
    types: dict[str, str] = {}
    with path.open("wb") as file:
        for step in range(steps):
            here = run.particles.isel(time=[step]).assign(
                age=(("trajectory", "time"), ages[[step]].T)
            )
            columns = numbers_of(here, scales)
            types = {name: column.dtype.name for name, column in columns.items()}
            file.write(_record([column[0, order] for column in columns.values()]))
    return {
        "times": [exact(to_datetime(time)) for time in run.particles["time"].values],
        "count": int(count),
        "statuses": {str(int(status)): status.name.lower() for status in Status},
        "bounds": list(bounds),
        "layout": {
            "missing": MISSING,
            "align": _ALIGNED,
            "columns": [
                {"name": name, "type": kind, "scale": _scale(scales.get(name))}
                for name, kind in types.items()
            ],
        },
    }


def _ages_of(particles: xr.Dataset) -> NDArray[np.float64]:
    """Return for how long particles are out, from the first output at which they were. [h]

    NaN before that; shape (times, particles).
    """
    out = particles["status"].transpose("time", "trajectory").values != Status.UNRELEASED
    times = particles["time"].values
    hours = (times - times[0]) / np.timedelta64(1, "h")
    since = np.where(out.any(axis=0), hours[out.argmax(axis=0)], np.nan)
    ages: NDArray[np.float64] = hours[:, np.newaxis] - since
    ages[ages < 0.0] = np.nan
    return ages


def _scale(scale: Any) -> dict[str, Any] | None:
    return None if scale is None else dict(scale.as_dict())


def _record(columns: list[NDArray[Any]]) -> bytes:
    content = b"".join(
        column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes() for column in columns
    )
    return content + bytes(-len(content) % _ALIGNED)


def record_bytes(header: dict[str, Any], count: int) -> int:
    """Return how long a record of so many particles is. [byte]"""
    sizes = [np.dtype(column["type"]).itemsize for column in header["layout"]["columns"]]
    content: int = count * sum(sizes)
    return content + -content % _ALIGNED


def sampled_count(header: dict[str, Any], thin: int) -> int:
    """Return how many particles there are where one in `thin` is wanted."""
    return -(-int(header["count"]) // thin)


def read_steps(header: dict[str, Any], path: Path, first: int, last: int, thin: int) -> bytes:
    """Return records of a file of steps, with all particles or a fair sample of them.

    Parameters
    ----------
    header : dict
        From `write_steps`.
    path : Path
        The file that it wrote.
    first, last : int
        Of the output steps, from 0; both are among those returned.
    thin : int
        One particle in so many is wanted, 1: all.

    Returns
    -------
    bytes
        In the layout of the file, but for fewer particles.
    """
    whole, count = int(header["count"]), sampled_count(header, thin)
    length = record_bytes(header, whole)
    with path.open("rb") as file:
        file.seek(first * length)
        content = file.read((last - first + 1) * length)
    if count == whole:
        return content
    records = []
    for start in range(0, len(content), length):
        columns = []
        for column in header["layout"]["columns"]:
            kind = np.dtype(column["type"]).newbyteorder("<")
            columns.append(np.frombuffer(content, kind, count, start))
            start += whole * kind.itemsize
        records.append(_record(columns))
    return b"".join(records)
