"""Pictures of a run, drawn in a copy of the process: what draws is loaded while the model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import xarray as xr

from witoil.beside import beside
from witoil.scenario.coast import OiledCoast
from witoil.scenario.scenario import Scenario

Draw = Callable[[xr.Dataset, OiledCoast | None], Callable[[], dict[str, bytes]]]
"""Begins to draw a run and its oiled coast; what it returns waits for PNGs, by their names."""

_OF_PARTICLES = {"status", "lon", "lat", "mass"}
"""What pictures show of particles."""


@contextmanager
def drawing(scenario: Scenario, detection_limit_um: float) -> Iterator[Draw]:
    """Return what draws the run that comes now.

    Parameters
    ----------
    scenario : Scenario
    detection_limit_um : float
        Thinner oil is not seen. [um]
    """

    def draw(result: xr.Dataset, coast: OiledCoast | None) -> dict[str, bytes]:
        from witoil.figures.run import draw_run

        return draw_run(seen_during(result, scenario), result, coast, detection_limit_um)

    with beside(draw, loads="witoil.figures.run") as begin:
        yield lambda result, coast: begin(_drawn_of(result), coast)


def seen_during(result: xr.Dataset, scenario: Scenario) -> Scenario:
    """Return a scenario without the observations before a run that goes on from another."""
    seen = [o for o in scenario.observations if o.time in result["time"].values]
    return replace(scenario, observations=tuple(seen))


def _drawn_of(result: xr.Dataset) -> xr.Dataset:
    return result[
        [name for name, of in result.items() if name in _OF_PARTICLES or of.dims == ("time",)]
    ]
