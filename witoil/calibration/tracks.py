"""Scores of a run against the tracks of drifters: how far the oil near one goes another way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

import optimizer
from catalog.shapes.tracks import Track
from simulator import Status
from witoil.errors import WitoilError
from witoil.runs.drifters import read_drifters
from witoil.runs.opening import open_run
from witoil.runs.run import Run
from witoil.times import second

Floats = NDArray[np.float64]
Particles = tuple[NDArray[np.datetime64], Floats]
"""Times, and places of particles at these, see `_particles`."""

FOLLOWED = 100
"""Particles that are followed, those nearest to the drifter when it is first seen."""

FARTHEST_M = 5_000.0
"""How far the oil beside a drifter may be from it when it is first seen. [m]"""

HOURS = (6, 12, 24, 48, 72)
"""Hours after the start at which separations are told."""

_HOUR = np.timedelta64(3600, "s")
_GEOD = Geod(ellps="WGS84")
_THERE = (Status.AFLOAT, Status.SUBMERGED, Status.BEACHED)


def score_tracks(path: Path, tracks: Path) -> dict[str, Any]:
    """Score a run against drifters.

    Parameters
    ----------
    path : Path
        As `witoil.runs.opening.open_run` takes it; a run with particles.
    tracks : Path
        As `witoil.runs.drifters.read_drifters` takes it.

    Returns
    -------
    dict
        ``run``, ``model``, ``tracks`` (see `score_track`), ``left_out`` (name -> why a drifter is
        not scored), and means over those that are: ``skill``, ``relative_separation``.

    Raises
    ------
    WitoilError, CatalogError
        Where no drifter can be scored, too.
    """
    run = open_run(path)
    particles = _particles(run)
    rows: list[dict[str, Any]] = []
    left_out = {}
    for name, track in read_drifters(tracks).items():
        try:
            rows.append({"name": name, **_score(particles, track)})
        except WitoilError as error:
            left_out[name] = str(error)
    if not rows:
        name, why = next(iter(left_out.items()))
        raise WitoilError(f"{tracks}: no drifter can be scored; {name}: {why}")
    means = {key: _mean([row[key] for row in rows]) for key in ("skill", "relative_separation")}
    return {
        "run": str(path),
        "model": run.model,
        "observation": str(tracks),
        **means,
        "tracks": rows,
        "left_out": left_out,
    }


def score_track(run: Run, track: Track) -> dict[str, Any]:
    """Score the oil that starts beside a drifter against it.

    The particles that are nearest to the drifter when it is first seen within the run are followed,
    along straight lines from output to output; where they are is the mean of their places, afloat,
    under water or on the shore. So the score asks for the drift alone: it does not know how much
    oil there is, nor where else.

    Parameters
    ----------
    run : Run
    track : Track

    Returns
    -------
    dict
        ``start``, ``end``, ``fixes``, ``particles`` (followed), ``start_separation_m``,
        ``travelled_m`` (by the drifter), ``mean_separation_m``, ``end_separation_m``,
        ``relative_separation`` (that at the end over what the drifter travelled),
        ``separation_m`` (hours after the start -> separation, as far as there is a fix within an
        hour), ``cumulative_separation`` and ``skill`` of Liu and Weisberg (2011).

    Raises
    ------
    WitoilError
        Where the two have no time or place in common.
    """
    return _score(_particles(run), track)


def _score(particles: Particles, track: Track) -> dict[str, Any]:
    times, places = particles
    within = (track.times >= times[0]) & (track.times <= times[-1])
    fixes = np.flatnonzero(within)
    if fixes.size < 2:
        raise WitoilError(
            f"{fixes.size} of its fixes are from {second(times[0])} to {second(times[-1])}, the "
            "time of the run; expected two at least"
        )
    start, chosen = _beside(track, fixes, times, places)
    fixes = fixes[fixes >= start]
    lon, lat = (track.longitude[fixes], track.latitude[fixes])
    simulated = np.array([_middle(places[chosen], times, track.times[k]) for k in fixes])
    separations = _distance(lon, lat, *simulated.T)
    steps = _distance(lon[:-1], lat[:-1], lon[1:], lat[1:])
    if fixes.size < 2 or not steps.sum() > 0.0:
        raise WitoilError("it does not move while there is oil beside it; expected a way")
    hours = (track.times[fixes] - track.times[start]) / _HOUR
    relative = optimizer.cumulative_separation(separations[1:], steps)
    return {
        "start": second(track.times[start]),
        "end": second(track.times[fixes[-1]]),
        "fixes": int(fixes.size),
        "particles": int(chosen.size),
        "start_separation_m": float(separations[0]),
        "travelled_m": float(steps.sum()),
        "mean_separation_m": float(separations[1:].mean()),
        "end_separation_m": float(separations[-1]),
        "relative_separation": float(separations[-1] / steps.sum()),
        "separation_m": _after(hours, separations),
        "cumulative_separation": relative,
        "skill": optimizer.liu_weisberg_skill(relative),
    }


def _particles(run: Run) -> Particles:
    """Return times, and places of particles; NaN where they are not, or not where oil can go.

    Returns
    -------
    times : ndarray, shape (n_times,)
    places : ndarray, shape (n_particles, n_times, 2)
        Longitude, latitude. [degrees]

    Raises
    ------
    WitoilError
    """
    if run.particles is None:
        raise WitoilError(f"{run.path}: a {run.command} has no particles; expected a single run")
    columns = [run.particles[name].to_numpy().astype(np.float64) for name in ("lon", "lat")]
    there = np.isin(run.particles["status"].to_numpy(), _THERE)
    places = np.where(there[..., None], np.stack(columns, axis=-1), np.nan)
    return run.particles["time"].to_numpy(), places


def _beside(
    track: Track, fixes: NDArray[np.intp], times: NDArray[np.datetime64], places: Floats
) -> tuple[int, NDArray[np.intp]]:
    """Return the first fix at which there is oil, and the particles that are nearest then.

    Raises
    ------
    WitoilError
    """
    for fix in fixes.tolist():
        at = _at(places, times, track.times[fix])
        there = np.flatnonzero(np.isfinite(at).all(axis=1))
        if not there.size:
            continue
        here = [np.full(there.size, axis[fix]) for axis in (track.longitude, track.latitude)]
        apart = _distance(*here, *at[there].T)
        order = np.argsort(apart, kind="stable")[:FOLLOWED]
        if apart[order].mean() > FARTHEST_M:
            raise WitoilError(
                f"the oil nearest to it at {second(track.times[fix])} is "
                f"{apart[order].mean() / 1e3:.1f} km off; expected {FARTHEST_M / 1e3:g} km at most"
            )
        return fix, there[order]
    raise WitoilError("there is no oil while it is seen; expected some")


def _at(places: Floats, times: NDArray[np.datetime64], moment: np.datetime64) -> Floats:
    """Return places at a moment, on straight lines from output to output; (n_particles, 2)."""
    after = int(np.searchsorted(times, moment))
    if times[after] == moment:
        return places[:, after]
    before, share = after - 1, (moment - times[after - 1]) / (times[after] - times[after - 1])
    moved: Floats = places[:, before] + share * (places[:, after] - places[:, before])
    return moved


def _middle(places: Floats, times: NDArray[np.datetime64], moment: np.datetime64) -> Floats:
    at = _at(places, times, moment)
    there = np.isfinite(at).all(axis=1)
    if not there.any():
        raise WitoilError(f"none of the oil beside it is left at {second(moment)}; expected some")
    mean: Floats = at[there].mean(axis=0)
    return mean


def _distance(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Return distances on the ellipsoid. [m]"""
    _, _, metres = _GEOD.inv(lon, lat, other_lon, other_lat)
    return np.asarray(metres, np.float64)


def _after(hours: Floats, separations: Floats) -> dict[str, float]:
    """Return separations after whole hours, between fixes that are no farther than one hour off."""
    found = {}
    for hour in HOURS:
        near = np.abs(hours - hour)
        if near.min() <= 1.0 and hours[-1] >= hour:
            found[str(hour)] = float(np.interp(hour, hours, separations))
    return found


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
