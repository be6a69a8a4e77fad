"""Pictures of a run, drawn in a copy of the process: what draws is loaded while the model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import xarray as xr

from witoil.beside import beside
from witoil.scenario.coast import OiledCoast
from witoil.scenario.scenario import Scenario

Drawn = Callable[[], dict[str, bytes]]
"""Waits for pictures that are being drawn: PNGs by their names."""

_OF_PARTICLES = {"status", "lon", "lat", "mass"}
"""What pictures show of particles."""


@contextmanager
def drawing(
    scenario: Scenario, detection_limit_um: float, *, pictures: bool = True
) -> Iterator[Callable[[xr.Dataset], Drawn | None]]:
    """Return what begins to draw the run that comes now.

    Parameters
    ----------
    scenario : Scenario
    detection_limit_um : float
        Thinner oil is not seen. [um]
    pictures : bool
        Whether there are any to draw.
    """
    if not pictures:
        yield lambda result: None
        return

    def draw(result: xr.Dataset) -> dict[str, bytes]:
        from witoil.figures.run import draw_run

        coast = OiledCoast.of_run(scenario, result)
        return draw_run(seen_during(result, scenario), result, coast, detection_limit_um)

    with beside(draw, loads="witoil.figures.run") as begin:
        yield lambda result: begin(_shown_of(result))


def seen_during(result: xr.Dataset, scenario: Scenario) -> Scenario:
    """Return a scenario without the observations before a run that goes on from another."""
    seen = tuple(o for o in scenario.observations if o.time in result["time"].values)
    return (
        replace(scenario, observations=seen) if len(seen) < len(scenario.observations) else scenario
    )


def _shown_of(result: xr.Dataset) -> xr.Dataset:
    """Return a run without what pictures do not show of particles, which is most of it."""
    hidden = [name for name, values in result.items() if "trajectory" in values.dims]
    return result.drop_vars([name for name in hidden if name not in _OF_PARTICLES])
