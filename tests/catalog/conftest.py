from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

FileMaker = Callable[..., Path]


@pytest.fixture
def write_currents(tmp_path: Path) -> FileMaker:
    """Write a small well-behaved currents file, changed by what a test hands in.

    ``change`` takes and returns the raw dataset; u is 0.1 and v is -0.2 but where noted.
    """

    def write(
        name: str = "currents.nc",
        *,
        times: np.ndarray | None = None,
        units: str = "hours since 2021-08-24",
        calendar: str = "standard",
        latitude: np.ndarray | None = None,
        longitude: np.ndarray | None = None,
        change: Callable[[xr.Dataset], xr.Dataset] = lambda ds: ds,
        format: str = "NETCDF4",
    ) -> Path:
        times = np.arange(4.0) if times is None else times
        latitude = np.array([35.0, 35.5, 36.0]) if latitude is None else latitude
        longitude = np.array([34.0, 34.5, 35.0, 35.5]) if longitude is None else longitude
        shape = (len(times), len(latitude), len(longitude))
        ds = xr.Dataset(
            {
                "uo": (("time", "lat", "lon"), np.full(shape, 0.1, "f4"), {"units": "m s-1"}),
                "vo": (("time", "lat", "lon"), np.full(shape, -0.2, "f4"), {"units": "m s-1"}),
            },
            coords={
                "time": ("time", times, {"units": units, "calendar": calendar}),
                "lat": ("lat", latitude, {"units": "degrees_north"}),
                "lon": ("lon", longitude, {"units": "degrees_east"}),
            },
        )
        path = tmp_path / name
        change(ds).to_netcdf(path, engine="netcdf4", format=format)
        return path

    return write
