"""Data for cases: slicks on grids, forcing that is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.claim import claimed, need_room
from witoil.jobs.working import Progress, silent
from witoil.times import datetime64

if TYPE_CHECKING:
    from catalog import RoleName
    from catalog.grid import Box
    from catalog.services.registry import Choice, Registry


def rasterise(
    observation: Path,
    folder: Path,
    *,
    time: datetime | None = None,
    resolution: float = 150.0,
    margin: int = 0,
    coastline: str = "osm",
) -> dict[str, Any]:
    """Put a slick that was seen on a grid, as runs are compared with it.

    The folder takes ``mask.tif`` and ``mask.geojson``.

    Parameters
    ----------
    observation : Path
        Outlines or a mask.
    folder : Path
    time : datetime, optional
        When it was seen, UTC; by default as its file says.
    resolution : float
        Cells of the grid. [m]
    margin : int
        Cells beyond the slick on every side.
    coastline : str
        Of the land that is masked out, see `catalog.read_land`.

    Returns
    -------
    dict
        ``time``, ``resolution_m``, ``shape`` (rows and columns), ``cells`` with oil at sea, and
        ``areas_km2``: of the ``polygons``, and of these ``cells``.

    Raises
    ------
    WitoilError, CatalogError
    """
    import catalog
    from catalog.errors import without_keys
    from witoil.errors import WitoilError
    from witoil.outputs.run import write_mask, write_outline
    from witoil.runs.slick import grid_over, land_on
    from witoil.times import second

    with without_keys("expected polygons of one layer and time, or one band of 0 and 1"):
        slick = catalog.read_slick(observation, time)
    if slick.time is None:
        raise WitoilError(f"{observation}: does not say when the slick was seen; expected its time")
    grid = grid_over([slick.geometry], resolution, margin)
    land, _ = land_on(grid, coastline)
    mask = grid.cells_touched(slick.geometry) & ~land
    if not mask.any():
        raise WitoilError(
            f"{observation}: has no cell at sea with the coastline {coastline}; expected one at "
            "least, choose another"
        )
    moment = datetime64(slick.time)
    with claimed(folder):
        need_room(folder)
        write_mask(mask, grid, moment, folder / "mask.tif", land)
        write_outline(mask, grid, moment, folder / "mask.geojson")
    return {
        "time": second(moment),
        "resolution_m": grid.resolution,
        "shape": list(grid.shape),
        "cells": int(mask.sum()),
        "areas_km2": {"polygons": slick.area_km2, "cells": grid.area_km2(mask)},
    }


def chosen_datasets(
    registry: Registry,
    roles: Sequence[RoleName],
    dataset: str | None,
    box: Box,
    period: tuple[datetime, datetime],
) -> list[Choice]:
    """Return the data sets of a registry that are to be fetched, one for each role.

    Parameters
    ----------
    registry : Registry
    roles : sequence of {"currents", "winds", "waves", "temperature"}
        Default: all that the data set is for.
    dataset : str, optional
        Its id; by default the best for each role.
    box : tuple of float
        West, south, east, north. [degrees]
    period : tuple of datetime
        UTC.

    Raises
    ------
    CatalogError
        If there is none, or it covers nothing of what is wanted.
    """
    if dataset is None:
        return [registry.choose(role, box, period) for role in dict.fromkeys(roles)]
    chosen = registry.find(dataset)
    return [
        registry.choice_of(chosen, role, box, period)
        for role in dict.fromkeys(roles or chosen.roles)
    ]


def fetch_forcing(
    folder: Path, choices: Sequence[Choice], *, progress: Progress = silent
) -> dict[str, Any]:
    """Fetch forcing from services.

    Parameters
    ----------
    folder : Path
        Takes a file for each choice.
    choices : sequence of Choice
        From `chosen_datasets`.
    progress : callable
        See `Progress`.

    Returns
    -------
    dict
        ``files``: of each its ``name``, ``role``, ``dataset``, and what of the period the service
        says that it has, ``covered``, and has not, ``missing``.

    Raises
    ------
    CatalogError, OutputError
    """
    from datetime import UTC

    from catalog.services.fetching import fetch_forcing as fetched
    from witoil.files import copy_into
    from witoil.times import second

    taken: set[str] = set()
    told = []
    with claimed(folder):
        for number, choice in enumerate(choices):
            progress(number / len(choices), f"fetching {choice.role} of {choice.dataset.id}")
            file = copy_into(folder, fetched(choice, now=datetime.now(UTC)), taken)
            covered = [] if choice.covered is None else [choice.covered]
            told.append(
                {
                    "name": file.name,
                    "role": choice.role,
                    "dataset": choice.dataset.id,
                    "covered": [[second(end) for end in span] for span in covered],
                    "missing": [[second(end) for end in span] for span in choice.gaps],
                }
            )
    return {"files": told}


def fetch(
    folder: Path,
    names: Sequence[str],
    box: Box | None = None,
    period: tuple[datetime, datetime] | None = None,
    variables: Sequence[str] = (),
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Fetch data of servers, or parts of them, into a folder.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        URLs of files, ``opendap:URL`` or ``thredds:URL#PATTERN``.
    box : tuple of float, optional
        West, south, east, north. [degrees]
    period : tuple of datetime, optional
        UTC.
    variables : sequence of str
        Of OPeNDAP; default: all.
    progress : callable
        See `Progress`.

    Returns
    -------
    dict
        ``files``: of each its ``name``, ``bytes`` and ``sha256``.

    Raises
    ------
    CatalogError, OutputError
    """
    from catalog.services.subset import Part, fetch_parts
    from witoil.files import copy_into

    part = Part(box, period, tuple(variables))
    seen: set[str] = set()
    taken: set[str] = set()
    told = []
    with claimed(folder):
        for number, name in enumerate(names):
            progress(number / len(names), f"fetching {name}")
            for entry in fetch_parts(name, part):
                if entry.identifier not in seen:
                    seen.add(entry.identifier)
                    file = copy_into(folder, entry.path, taken)
                    told.append({"name": file.name, "bytes": entry.size, "sha256": entry.sha256})
    return {"files": told}
