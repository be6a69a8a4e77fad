"""Which of the files at hand are forcing that covers a place and a period."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from catalog.antimeridian import turned, unbroken_box
from catalog.errors import CatalogError
from catalog.files.zarr import is_zarr
from catalog.forcing.files import ForcingFiles
from catalog.forcing.names import ROLES, RoleName
from catalog.forcing.normalise import ForcingFile
from catalog.forcing.times import Times
from catalog.grid import TOLERANCE_DEG, Box, format_box

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
    names: Sequence[str], role: RoleName, box: Box, period: tuple[datetime, datetime]
) -> list[MatchingFiles]:
    """Find forcing among folders, files and URLs.

    Parameters
    ----------
    names : sequence of str
        Folders, which are searched with all below them, files and URLs.
    role : {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        West, south, east, north that the grid must hold. [degrees]
    period : tuple of datetime
        UTC.

    Returns
    -------
    list of MatchingFiles
        Those that cover some of the period, the best first: by how much of it, then by
        resolution, then by step. Files beside each other with one grid are taken together.
    """
    start, end = (np.datetime64(moment.replace(tzinfo=None), "ns") for moment in period)
    found = []
    for paths in _groups(names, role):
        try:
            with ForcingFiles(paths, role) as files:
                matching = _match(files, paths, box, start, end)
        except CatalogError as error:
            _log.info("%s", error)
            continue
        if matching is not None:
            found.append(matching)
    return sorted(found, key=lambda m: (-round(m.share, 6), m.resolution_deg, m.step_hours))


def _groups(names: Sequence[str], role: RoleName) -> Iterator[list[str]]:
    """Put files of one folder that have the same grid together."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in names:
        for path in _candidates(name):
            try:
                key = _grid_key(path, role)
            except CatalogError as error:
                _log.info("%s", error)
                continue
            if key is not None:
                groups.setdefault((str(Path(path).parent), *key), []).append(path)
    yield from groups.values()


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


def _grid_key(path: str, role: RoleName) -> tuple[object, ...] | None:
    """Return what tells grids apart; None where a file has nothing for the role."""
    file = Path(path)
    if file.suffix.lower() != ".zip" and ":/" not in path:
        with ForcingFile(file, ROLES[role]) as opened:
            grids = [field.grid for field in opened.fields.values()]
        if not grids:
            return None
        grid = grids[0]
        return (grid.shape, *(round(side / (10.0 * TOLERANCE_DEG)) for side in grid.box))
    return (path,)


def _match(
    files: ForcingFiles, paths: list[str], box: Box, start: np.datetime64, end: np.datetime64
) -> MatchingFiles | None:
    times: Times = files.times
    first, last = max(times[0], start), min(times[-1], end)
    if not _holds(files, box) or first > last:
        return None
    share = float((last - first) / (end - start)) if end > start else 1.0
    return MatchingFiles(
        paths=tuple(paths),
        resolution_deg=float(np.median(np.diff(files.latitude))),
        step_hours=float(files.step / np.timedelta64(1, "h")),
        covered=(first, last),
        share=share,
    )


def _holds(files: ForcingFiles, box: Box) -> bool:
    west, south, east, north = unbroken_box(box)
    middle = 0.5 * (west + east)
    longitude = turned(files.longitude, middle)
    held = (
        longitude.min() <= west
        and longitude.max() >= east
        and files.latitude[0] <= south
        and files.latitude[-1] >= north
    )
    if not held:
        _log.info("the grid of %s does not hold %s", files.role, format_box(box))
    return bool(held)
