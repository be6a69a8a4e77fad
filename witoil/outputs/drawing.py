"""Pictures of runs, drawn in copies of the process: what draws is loaded while data are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from witoil.beside import beside
from witoil.scenario.afloat import thickness_at
from witoil.scenario.scenario import Scenario

Drawn = Callable[[], dict[str, bytes]]
"""Waits for pictures that are being drawn: PNGs by their names."""

EARLIER = 3
"""Slicks of earlier times that are drawn as outlines."""

_PARTS = (("map",), ("budget", "driving", "coast"))
"""What the copies draw, each about half of the work."""

_OF_PARTICLES = {"status", "lon", "lat", "mass"}
"""What pictures show of particles."""


@contextmanager
def drawing(
    *, pictures: bool = True
) -> Iterator[Callable[[Scenario, xr.Dataset, float], Drawn | None]]:
    """Return what begins to draw a run, one after the other.

    The copies that draw have only what is loaded when the block begins. Begin it before data are
    read, and they are ready when there is something to draw.

    Parameters
    ----------
    pictures : bool
        Whether there are any to draw.

    Yields
    ------
    callable
        Takes a scenario, its run, and the thickness that is seen [um]; returns what waits for the
        pictures, or None where there are none.
    """
    if not pictures:
        yield lambda scenario, result, detection_limit_um: None
        return
    with beside(
        _draw,
        loads=("witoil.figures.run", "catalog.slicks.slick"),
        shares="witoil.scenario.prepare",
        copies=len(_PARTS),
    ) as begin:

        def draw(scenario: Scenario, result: xr.Dataset, detection_limit_um: float) -> Drawn:
            scenario = seen_during(result, scenario)
            thickness = thickness_shown(scenario, result)  # here, where kernels are loaded
            given = scenario, _shown_of(result), thickness, detection_limit_um
            begun = [begin(*given, names) for names in _PARTS]

            def drawn() -> dict[str, bytes]:
                return {name: png for each in begun for name, png in each().items()}

            return drawn

        yield draw


def seen_during(result: xr.Dataset, scenario: Scenario) -> Scenario:
    """Return a scenario without the observations before a run that goes on from another."""
    seen = tuple(o for o in scenario.observations if o.time in result["time"].values)
    return (
        replace(scenario, observations=seen) if len(seen) < len(scenario.observations) else scenario
    )


def thickness_shown(
    scenario: Scenario, result: xr.Dataset
) -> dict[np.datetime64, NDArray[np.float64]]:
    """Return the thickness of the oil at the times whose slicks are drawn, in order. [m]"""
    observed = [seen.time for seen in scenario.observations]
    times = slick_times(result["time"].values, observed)
    return {time: thickness_at(scenario, result, time) for time in times}


def slick_times(
    outputs: NDArray[np.datetime64], observed: Sequence[np.datetime64]
) -> list[np.datetime64]:
    """Return the times whose slicks are drawn: the last output, and some before.

    Those at which slicks were observed, where there are any, else at even spaces.
    """
    before = [time for time in observed if outputs[0] <= time < outputs[-1]]
    if not before and outputs.size > 1:
        even = np.linspace(0, outputs.size - 1, EARLIER + 2).round().astype(int)[1:-1]
        before = [outputs[k] for k in np.unique(even) if 0 < k < outputs.size - 1]
    if len(before) > EARLIER:
        chosen = np.linspace(0, len(before) - 1, EARLIER).round().astype(int)
        before = [before[k] for k in chosen]
    return [*before, outputs[-1]]


def _draw(*given: Any) -> dict[str, bytes]:
    from witoil.figures.run import draw_run

    return draw_run(*given)


def _shown_of(result: xr.Dataset) -> xr.Dataset:
    """Return a run without what pictures do not show of particles, which is most of it."""
    hidden = [name for name, values in result.items() if "trajectory" in values.dims]
    return result.drop_vars([name for name in hidden if name not in _OF_PARTICLES])
