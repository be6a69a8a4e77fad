"""Forcing files for tests: uniform, small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr


def write_field(path: Path, names: tuple[str, str], bounds: Any, times: Any) -> None:
    """Write a uniform field whose grid holds some bounds."""
    west, south, east, north = bounds
    latitude, longitude = np.linspace(south, north, 6), np.linspace(west, east, 7)
    shape = (len(times), 6, 7)
    units = {"units": "m s-1"}
    xr.Dataset(
        {
            name: (("time", "latitude", "longitude"), np.full(shape, 0.1, "f4"), units)
            for name in names
        },
        coords={
            "time": times,
            "latitude": ("latitude", latitude, {"units": "degrees_north"}),
            "longitude": ("longitude", longitude, {"units": "degrees_east"}),
        },
    ).to_netcdf(path, engine="netcdf4")
