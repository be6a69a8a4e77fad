"""A quick look at a run with other parameters: its slick, how that scores, and its particles.

It is the run of `simulate` with these parameters, particles and seed, of which nothing is written:
scores are the same to the bit.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.status import Status
from witoil.calibration.evaluation import combined_scores
from witoil.files import plain
from witoil.geojson import geojson_of
from witoil.player.quantise import Linear
from witoil.scenario.run import masks_at, run
from witoil.scenario.scenario import Scenario
from witoil.times import second

MOST = 2**16 - 1
"""Greatest number of a position."""

_SHOWN = (Status.AFLOAT, Status.SUBMERGED, Status.BEACHED)


def preview(
    scenario: Scenario,
    changed: Mapping[str, float],
    *,
    time: np.datetime64 | None = None,
    polygons: bool = False,
    between: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Run a scenario, score it, and return what a map shows of it at one time, as JSON has it.

    Parameters
    ----------
    scenario : Scenario
    changed : mapping
        Tunable parameters that differ from the case.
    time : datetime64, optional
        The output nearest to it is shown; default: the last observation, else the end. UTC.
    polygons : bool
        Whether to return the outline of the slick, too.
    between : callable, optional
        Called now and then while the run goes on; to end it early, it raises.

    Returns
    -------
    dict
        ``time`` and ``area_m2`` (of the cells with oil) of the slick that is shown, ``positions``,
        and ``polygons`` where wanted. ``score``, ``fss`` (window -> mean over observations) and
        ``scores`` (all scores of each observation): those of `witoil.calibration.evaluation`; None
        and an empty list where nothing was observed.

    Raises
    ------
    CaseError, SimulatorError
    """
    result = run(scenario, changed, on_halt=None if between is None else lambda _: between())
    limit = changed.get("detection_limit_um")
    shown = _nearest(result, time, scenario)
    slick = masks_at(scenario, result, shown, limit).oil
    found: dict[str, Any] = {
        "time": second(shown),
        "area_m2": 1e6 * scenario.grid.area_km2(slick),
        **_scores(scenario, result, limit),
        "positions": positions_of(result.sel(time=shown), scenario.forcing.grid.box),
    }
    if polygons:
        found["polygons"] = geojson_of(scenario.grid.outline(slick))
    document: dict[str, Any] = plain(found)
    return document


def _nearest(result: xr.Dataset, time: np.datetime64 | None, scenario: Scenario) -> np.datetime64:
    """Return the output time that is shown."""
    times: NDArray[np.datetime64] = result["time"].values
    if time is None:
        time = scenario.observations[-1].time if scenario.observations else times[-1]
    nearest: np.datetime64 = times[np.argmin(np.abs(times - time))]
    return nearest


def _scores(scenario: Scenario, result: xr.Dataset, limit: float | None) -> dict[str, Any]:
    seen = scenario.observations
    if not seen:
        return {"score": None, "fss": None, "scores": []}
    slicks = [masks_at(scenario, result, each.time, limit) for each in seen]
    found = combined_scores([scenario], slicks)
    rows = zip(seen, found["observations"], strict=True)
    return {
        "score": found["score"],
        "fss": found["fss"],
        "scores": [{"time": second(each.time), **row} for each, row in rows],
    }


def positions_of(at: xr.Dataset, box: tuple[float, float, float, float]) -> dict[str, Any]:
    """Return where particles are at one time, in a few bytes.

    Parameters
    ----------
    at : Dataset
        Particles at one time: `status`, `lon`, `lat` [degrees].
    box : tuple of float
        West, south, east, north, for where there are none. [degrees]

    Returns
    -------
    dict
        ``count``, ``bounds`` (west, south, east, north; longitudes without a break, so that east
        may be beyond 180) [degrees], ``encoding``, ``data`` (x and y of each particle in turn,
        0 in the west and south, 65535 in the east and north) and ``statuses`` (a byte for each,
        numbers of `simulator.Status`). What has evaporated, left or was not released is left out.
    """
    status = at["status"].values
    shown = np.isin(status, _SHOWN)
    lon, lat = at["lon"].values[shown], at["lat"].values[shown]
    west, south, east, north = (lon.min(), lat.min(), lon.max(), lat.max()) if lon.size else box
    x = Linear.over(west, east, MOST).encode(lon, MOST)
    y = Linear.over(south, north, MOST).encode(lat, MOST)
    return {
        "count": int(lon.size),
        "bounds": [float(v) for v in (west, south, east, north)],
        "encoding": "uint16le-base64",
        "data": _base64(np.stack([x, y], axis=-1).astype("<u2")),
        "statuses": _base64(status[shown].astype(np.uint8)),
    }


def _base64(numbers: NDArray[Any]) -> str:
    return base64.b64encode(numbers.tobytes()).decode()
