"""NetCDF files for several threads: one at a time is in the library, which is made for one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

NETCDF_LOCK = threading.RLock()
"""Held by whoever is in the library: where two threads are, it ends the process.

xarray locks its reading of values, and opening and closing, but not its reading of headers.
"""


def open_netcdf(path: Path, **decoding: Any) -> xr.Dataset:
    """Open a file; `decoding` is that of `xarray.open_dataset`.

    Returns
    -------
    Dataset
        Values are read when they are used, by any thread.
    """
    with NETCDF_LOCK:
        return xr.open_dataset(path, engine="netcdf4", lock=NETCDF_LOCK, **decoding)


def write_netcdf(
    dataset: xr.Dataset, path: Path, encoding: Mapping[Any, Mapping[str, Any]] | None = None
) -> None:
    """Write a file; `encoding` is that of `Dataset.to_netcdf`."""
    with NETCDF_LOCK:
        dataset.to_netcdf(path, engine="netcdf4", encoding=encoding)
