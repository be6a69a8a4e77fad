"""All that the check of a file needs, loaded once by the fork server, before it forks."""

import gc
from importlib import import_module

from witoil.cli.lean import lean
from witoil.workers import forgo_dask

forgo_dask()
with lean():  # pandas would load pyarrow, which begins a thread: processes are forked without it
    for _name in (
        *("web.data.checking", "catalog.slicks.geotiff", "filelock"),
        *("geopandas", "netCDF4", "scipy.io", "xarray"),
    ):
        import_module(_name)
gc.collect()
gc.freeze()  # so that no collection touches, and copies, what all processes share
