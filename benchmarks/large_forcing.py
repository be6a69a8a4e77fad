"""Peak memory of a run whose currents, 20 GB in twelve files, are larger than memory."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import netCDF4
import numpy as np
import xarray as xr

SHAPE = (24, 2041, 4320)  # a day of hours on the global grid of 1/12 degree
DAYS = 12

CASE = """name = "large"

[time]
start = 2021-08-03T06:00:00Z
end = 2021-08-08T06:00:00Z

[forcing]
currents = "currents-*.nc"
winds = "winds.nc"
coastline = "none"

[[release]]
kind = "point"
lon = -30.0
lat = 40.0
rate_tonnes_per_hour = 10

[score]
resolution_m = 1000
"""


def run() -> dict[str, float]:
    """Return sizes [GB], the time of a run of five days [s] and its peak memory [MB]."""
    with TemporaryDirectory(prefix="witoil-benchmark-") as name:
        folder = Path(name)
        stored = write_currents(folder, SHAPE, DAYS)
        write_winds(folder / "winds.nc", DAYS)
        (folder / "case.toml").write_text(CASE)
        command = [sys.executable, "-m", "witoil", "simulate", "case.toml", "--out", "out"]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        return {
            "logical_gb": 2 * 4 * DAYS * np.prod(SHAPE, dtype=float) / 1e9,
            "on_disk_gb": stored / 1e9,
            "simulate_s": time.perf_counter() - start,
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0,
        }


def write_currents(folder: Path, shape: tuple[int, int, int], days: int) -> int:
    """Write a file for each day, all with the same compressible eddies; return the bytes."""
    times, rows, columns = shape
    first = folder / "currents-01.nc"
    lat, lon = np.linspace(-80.0, 90.0, rows), np.linspace(-180.0, 180.0, columns, endpoint=False)
    with netCDF4.Dataset(first, "w") as file:
        for name, values in (("time", np.arange(times)), ("lat", lat), ("lon", lon)):
            file.createDimension(name, values.size)
            file.createVariable(name, "f8", (name,))[:] = values
        file["time"].units = "hours since 2021-08-01"
        file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
        for name, phase in (("uo", 0.0), ("vo", 90.0)):
            options = {
                "zlib": True,
                "complevel": 1,
                "chunksizes": (1, min(rows, 512), min(columns, 512)),
            }
            variable = file.createVariable(name, "f4", ("time", "lat", "lon"), **options)
            variable.units = "m s-1"
            eddies = np.sin(np.radians(20.0 * lat))[:, None] * np.cos(
                np.radians(20.0 * lon + phase)
            )
            for k in range(times):
                variable[k] = np.round(0.3 * eddies + 0.01 * k, 1).astype("f4")
    for day in range(1, days):
        path = folder / f"currents-{day + 1:02}.nc"
        shutil.copyfile(first, path)
        with netCDF4.Dataset(path, "a") as file:
            file["time"][:] = 24.0 * day + np.arange(times)
    return sum(path.stat().st_size for path in folder.glob("currents-*.nc"))


def write_winds(path: Path, days: int) -> None:
    """Write a steady wind over the North Atlantic."""
    lat, lon = np.arange(20.0, 61.0), np.arange(-60.0, 1.0)
    times = np.arange(0, 24 * days, 6)
    fields = {
        name: (
            ("time", "lat", "lon"),
            np.full((times.size, lat.size, lon.size), value, "f4"),
            {"units": "m s-1"},
        )
        for name, value in (("u10", 6.0), ("v10", 2.0))
    }
    coords = {
        "time": ("time", times, {"units": "hours since 2021-08-01"}),
        "lat": ("lat", lat, {"units": "degrees_north"}),
        "lon": ("lon", lon, {"units": "degrees_east"}),
    }
    xr.Dataset(fields, coords=coords).to_netcdf(path, engine="netcdf4")
