"""Large libraries that others load only to look whether they are there, kept out of a command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("boto3", "dask", "pyarrow")
"""Asked for by rasterio, by xarray and by pandas; no use is made of them in one process."""


@contextmanager
def lean() -> Iterator[None]:
    """Run a block as where the libraries are not installed; those already loaded stay.

    Ensembles and calibrations run on Dask, and services are asked with boto3: not for them.
    """
    hidden = [name for name in _UNUSED if name not in sys.modules]
    # Python's own way to say that a module is not there: importing it raises ModuleNotFoundError
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
