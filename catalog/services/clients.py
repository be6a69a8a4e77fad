"""What the clients of services need, and how what they fetch is kept."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import xarray as xr

from catalog.errors import CatalogError
from catalog.files.netcdf import write_netcdf


def write_forcing(forcing: xr.Dataset, path: Path) -> None:
    """Write forcing that has been read, which `open_forcing` reads to the same numbers."""
    kept = forcing.drop_vars([name for name in forcing.coords if str(name).startswith("file_of")])
    kept["latitude"].attrs.update(standard_name="latitude", units="degrees_north")
    kept["longitude"].attrs.update(standard_name="longitude", units="degrees_east")
    kept["time"].attrs["standard_name"] = "time"
    kept.attrs["Conventions"] = "CF-1.10"
    encoding: dict[Hashable, dict[str, Any]] = {
        name: {"zlib": True, "complevel": 1} for name in kept.data_vars
    }
    encoding["time"] = {"units": "seconds since 1970-01-01", "dtype": "int64"}
    write_netcdf(kept, path, encoding)


def need_client(module: str, extra: str) -> None:
    """Refuse to go on without the client of a service.

    Raises
    ------
    CatalogError
    """
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise CatalogError(
            f"the client {module} is not installed; expected it: pip install 'witoil[{extra}]'"
        )


def need_credentials(variables: tuple[str, ...], file: Path, how: str) -> None:
    """Refuse to go on without credentials, which are looked for and never read here.

    Raises
    ------
    CatalogError
    """
    if not all(os.environ.get(name) for name in variables) and not file.expanduser().is_file():
        raise CatalogError(
            f"no credentials: {' and '.join(variables)} not set, and no {file}; set them, or {how}"
        )
