"""The player of a run whose files are just being written, for its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import xarray as xr
from shapely.geometry.base import BaseGeometry

from simulator.oil import TEMPERATURE_15C
from witoil.player.coast import Land
from witoil.player.mercator import Box
from witoil.player.page import embedded, script_policy
from witoil.report.page import Player
from witoil.runs.run import Run, Seen
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.surroundings import box_of_land


def player_of_run(
    scenario: Scenario, result: xr.Dataset, summary: Mapping[str, Any], folder: Path
) -> Player:
    """Return the player of a simulation whose budget lies in the folder already."""
    run = Run(
        path=folder,
        model="witoil",
        command="simulate",
        name=scenario.case.name,
        particles=result,
        resolution=scenario.grid.resolution,
        summary=summary,
        seen=seen_in(scenario.observations),
        density=scenario.oil.density(TEMPERATURE_15C),
    )
    return _player(run, scenario.coast.land, box_of_land(scenario.forcing.grid.box))


def player_of_fields(
    command: str,
    folder: Path,
    record: Mapping[str, Any],
    resolution: float,
    seen: Sequence[Seen],
    land: tuple[BaseGeometry, Box],
) -> Player:
    """Return the player of an ensemble, a forecast or a trace whose rasters lie in the folder.

    Parameters
    ----------
    command : {"ensemble", "forecast", "trace"}
    folder : Path
    record : mapping
        What the run says of itself.
    resolution : float
        [m]
    seen : sequence of Seen
    land : tuple of BaseGeometry and Box
        Polygons, and the box in which all land is among them. [degrees]
    """
    run = Run(folder, "witoil", command, str(record["name"]), None, resolution, record, (*seen,))
    return _player(run, *land)


def seen_in(observations: Sequence[Observation]) -> tuple[Seen, ...]:
    """Return slicks that were seen as a run that was made before has them."""
    return tuple(
        Seen(each.time, each.slick.geometry, ", ".join(PurePath(f).name for f in each.slick.files))
        for each in observations
    )


def _player(run: Run, land: BaseGeometry, box: Box) -> Player:
    return Player(embedded(run, Land(land, box)), f"; {script_policy()}")
