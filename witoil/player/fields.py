"""What a run tells over time in fields, whichever command or model made it."""

from __future__ import annotations

import numpy as np

from witoil.errors import WitoilError
from witoil.player.layers import Fields, thickness_layer
from witoil.player.mercator import POLEMOST, Box, box_of
from witoil.runs.run import Run


def fields_of(run: Run) -> Fields:
    """Return the layers of a run, or of its particles.

    Raises
    ------
    WitoilError
        Where there is nothing to show, or what cannot be shown.
    """
    if run.particles is None:
        from witoil.player.probabilities import read_fields  # loads what no simulation needs

        return read_fields(run)
    box = box_of_particles(run)
    found = None
    if "mass" in run.particles:
        found = thickness_layer(run.particles, run.resolution, run.density)
    layers = [] if found is None else [found]
    return Fields(run.particles["time"].values, layers, box)


def box_of_particles(run: Run) -> Box:
    """Return the box around the particles of a run at all times.

    Parameters
    ----------
    run : Run
        With particles.

    Returns
    -------
    tuple of float
        West, south, east, north, in longitudes without a break. [degrees]

    Raises
    ------
    WitoilError
        Where there is none to show, or one is where nothing can be shown.
    """
    assert run.particles is not None
    lon, lat = run.particles["lon"].values, run.particles["lat"].values
    there = np.isfinite(lon) & np.isfinite(lat)
    if not there.any():
        raise WitoilError(f"{run.path}: found no particle with a position; expected some")
    if np.abs(lat[there]).max() > POLEMOST:
        raise WitoilError(
            f"{run.path}: found particles within {90.0 - POLEMOST:.2f} degrees of a pole, of which "
            "Mercator's projection can show nothing; expected none"
        )
    return box_of(lon[there], lat[there])
