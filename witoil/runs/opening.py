"""Runs opened by what they are: a folder of ours, or a file of particles of any model we know."""

from __future__ import annotations

from pathlib import Path

from witoil.errors import WitoilError
from witoil.runs.folder import open_folder
from witoil.runs.particles import open_particles
from witoil.runs.run import Run


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
    return open_particles(path)
