"""Large libraries that others load only to look whether they are there, kept out of a command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ASKED_FOR_BY = {"boto3": "rasterio", "dask": "xarray", "pyarrow": "pandas"}
"""Libraries of which no use is made in one process -> what loads them if they are there."""


@contextmanager
def lean() -> Iterator[None]:
    """Run a block as where the libraries are not installed; those already loaded stay.

    Ensembles and calibrations run on Dask, and services are asked with boto3: not for them.
    """
    loaded = sys.modules
    # what was loaded before knows already that they are there, and may load them at any time
    hidden = [n for n, by in _ASKED_FOR_BY.items() if n not in loaded and by not in loaded]
    # Python's own way to say that a module is not there: importing it raises ModuleNotFoundError
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
