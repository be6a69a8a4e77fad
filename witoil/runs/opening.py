"""Runs opened by what they are: a folder of ours, or a file of particles of any model we know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray as xr

from catalog.files.inputs import open_input
from witoil.case import Score
from witoil.errors import WitoilError
from witoil.runs import medslik, opendrift, pygnome
from witoil.runs.folder import open_folder
from witoil.runs.particles import is_ours, read_run, without_break
from witoil.runs.run import Run


class _Model(Protocol):
    MODEL: str

    def is_of(self, file: xr.Dataset, /) -> bool: ...

    def read(self, file: xr.Dataset, path: Path, resolution: float, /) -> Run: ...


_OTHERS: tuple[_Model, ...] = (opendrift, pygnome, medslik)
"""Models whose files are known; the one whose files do not name it comes last."""

_MOST_NAMES = 8
"""Variables that a message names at most."""


def open_run(path: Path) -> Run:
    """Open a run that was made before.

    Parameters
    ----------
    path : Path
        The folder of a run of witoil, or one within it such as ``best``; or a NetCDF file of
        particles: ``particles.nc``, or that of another model.

    Returns
    -------
    Run
        Values of particles are read when they are used.

    Raises
    ------
    WitoilError
        Where it is no run, not a whole one, of a later version of witoil, or of an unknown model.
    CatalogError
        Where a file is damaged or contradicts itself.
    """
    if path.is_dir():
        return open_folder(path)
    if not path.exists():
        raise WitoilError(f"{path}: no such file; expected the folder of a run, or its particles")
    file = open_input(path)
    if is_ours(file):
        return read_run(file, path)
    with file:
        return _read_other(file, path)


def _read_other(file: xr.Dataset, path: Path) -> Run:
    for model in _OTHERS:
        if model.is_of(file):
            run = model.read(file, path, Score().resolution_m)
            assert run.particles is not None
            if not np.isfinite(run.particles["lon"]).any():
                raise WitoilError(f"{path}: has no particle with a place; expected one at least")
            return replace(run, particles=without_break(run.particles, path))
    known = ", ".join(model.MODEL for model in _OTHERS)
    told = [f"{key} {file.attrs[key]!r}" for key in ("title", "source") if key in file.attrs]
    names = [*map(str, file.variables)]
    if len(names) > _MOST_NAMES:
        names[_MOST_NAMES:] = ["..."]
    raise WitoilError(
        f"{path}: is of an unknown model ({', '.join(told) or 'no title, no source'}; variables "
        f"{', '.join(names) or 'none'}); expected particles of witoil, {known}"
    )
