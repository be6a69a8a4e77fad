"""Which of the files at hand are forcing that covers a place and a period."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from catalog.antimeridian import turned, unbroken_box
from catalog.errors import CatalogError
from catalog.files.inputs import open_input, reading
from catalog.files.zarr import is_zarr
from catalog.forcing.files import ForcingFiles
from catalog.forcing.names import ROLES, RoleName
from catalog.forcing.normalise import find_fields
from catalog.forcing.times import Times
from catalog.grid import TOLERANCE_DEG, Box, RegularGrid, format_box

_log = logging.getLogger(__name__)

_SUFFIXES = {".nc", ".nc4", ".cdf", ".zip"}


@dataclass(frozen=True)
class MatchingFiles:
    """Files of one grid that hold a box.

    Attributes
    ----------
    paths : tuple of str
        Files or URLs.
    resolution_deg : float
        Of latitude. [degrees]
    step_hours : float
        Median step; NaN of a single time. [h]
    covered : tuple of datetime64 or None
        What of the period lies between their first and last time.
    share : float
        Share of the period that this is.
    """

    paths: tuple[str, ...]
    resolution_deg: float
    step_hours: float
    covered: tuple[np.datetime64, np.datetime64] | None
    share: float


def find_files(
    names: Sequence[str], roles: Sequence[RoleName], box: Box, period: tuple[datetime, datetime]
) -> dict[RoleName, list[MatchingFiles]]:
    """Find forcing among folders, files and URLs.

    Parameters
    ----------
    names : sequence of str
        Folders, which are searched with all below them, files and URLs.
    roles : sequence of {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        West, south, east, north that the grid must hold. [degrees]
    period : tuple of datetime
        UTC.

    Returns
    -------
    dict
        Role -> those that cover some of the period, the best first: by how much of it, then by
        resolution, then by step. Files beside each other with one grid are taken together.
    """
    start, end = (np.datetime64(moment.replace(tzinfo=None), "ns") for moment in period)
    found: dict[RoleName, list[MatchingFiles]] = {role: [] for role in roles}
    for role, paths in _groups(names, roles, box):
        with _faults_logged(), ForcingFiles(paths, role) as files:
            matching = _match(files, paths, box, start, end)
            found[role] += [] if matching is None else [matching]
    for matches in found.values():
        matches.sort(key=lambda m: (-round(m.share, 6), m.resolution_deg, m.step_hours))
    return found


def _groups(
    names: Sequence[str], roles: Sequence[RoleName], box: Box
) -> Iterator[tuple[RoleName, list[str]]]:
    """Put files of one folder that have the same grid together, for each role.

    Those whose grid does not hold the box are left out, as far as that is known.
    """
    groups: dict[tuple[object, ...], tuple[RoleName, RegularGrid | None, list[str]]] = {}
    for name in names:
        for path in _candidates(name):
            for role, grid in _grids(path, roles).items():
                kind = path if grid is None else (grid.shape, *_rounded(grid.box))
                group = groups.setdefault((role, Path(path).parent, kind), (role, grid, []))
                group[-1].append(path)
    for role, grid, paths in groups.values():
        if grid is None or _holds(grid, role, box):
            yield role, paths


def _candidates(name: str) -> Iterator[str]:
    folder = Path(name).expanduser()
    if ":/" in name or not folder.is_dir() or is_zarr(folder):
        yield name
        return
    for path in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue  # of a Zarr store, or not whole yet
        inside_store = any(is_zarr(parent) for parent in path.parents if parent != folder.parent)
        if not inside_store and (path.suffix.lower() in _SUFFIXES or is_zarr(path)):
            yield str(path)


def _grids(path: str, roles: Sequence[RoleName]) -> dict[RoleName, RegularGrid | None]:
    """Return the roles that a file may have something for, each with its grid, if that is known."""
    file = Path(path)
    if file.suffix.lower() == ".zip" or ":/" in path:
        return dict.fromkeys(roles)
    grids: dict[RoleName, RegularGrid | None] = {}
    with _faults_logged(), open_input(file) as dataset:
        for role in roles:
            with _faults_logged(), reading(file):
                fields = find_fields(dataset, ROLES[role], file)
                if fields:
                    grids[role] = next(iter(fields.values())).grid
    return grids


@contextmanager
def _faults_logged() -> Iterator[None]:
    try:
        yield
    except CatalogError as error:
        _log.info("%s", error)


def _rounded(box: Box) -> Iterator[int]:
    return (round(side / (10.0 * TOLERANCE_DEG)) for side in box)


def _match(
    files: ForcingFiles, paths: list[str], box: Box, start: np.datetime64, end: np.datetime64
) -> MatchingFiles | None:
    times: Times = files.times
    first, last = max(times[0], start), min(times[-1], end)
    if not _holds(files, files.role, box) or first > last:
        return None
    share = float((last - first) / (end - start)) if end > start else 1.0
    return MatchingFiles(
        paths=tuple(paths),
        resolution_deg=float(np.median(np.diff(files.latitude))),
        step_hours=float(files.step / np.timedelta64(1, "h")),
        covered=(first, last),
        share=share,
    )


def _holds(grid: RegularGrid | ForcingFiles, role: RoleName, box: Box) -> bool:
    west, south, east, north = unbroken_box(box)
    middle = 0.5 * (west + east)
    longitude = turned(grid.longitude, middle)
    held = (
        longitude.min() <= west
        and longitude.max() >= east
        and grid.latitude[0] <= south
        and grid.latitude[-1] >= north
    )
    if not held:
        _log.info("the grid of %s does not hold %s", role, format_box(box))
    return bool(held)
