"""NetCDF files that several threads open, read, forget and write at once."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

# in a process of its own: where two threads are in the library, that process ends
_USE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from catalog.files.inputs import open_input
from catalog.files.netcdf import open_netcdf, write_netcdf

path = Path(sys.argv[1])

def use(number):
    if number % 9 == 0:
        with open_netcdf(path) as file:
            write_netcdf(file, path.with_name(f"{number}.nc"))
    file = open_input(path)
    total = sum(float(file[name].values.sum()) for name in ("uo", "vo"))
    if number % 2:
        file.close()
    return total

with ThreadPoolExecutor(4) as pool:
    print(*{*pool.map(use, range(200))})
"""


@pytest.mark.slow
def test_threads_that_open_read_forget_and_write_at_once(tmp_path):
    ones = (("time", "y", "x"), np.ones((30, 20, 10)), {"units": "m s-1", "long_name": "ones"})
    xr.Dataset({"uo": ones, "vo": ones}).to_netcdf(tmp_path / "sea.nc", engine="netcdf4")
    done = subprocess.run(
        [sys.executable, "-c", _USE, tmp_path / "sea.nc"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "12000.0"), done.stderr
