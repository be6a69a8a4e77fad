"""Large libraries that others load only to look whether they are there, kept out of a command."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ASKED_FOR_BY = {
    "boto3": "rasterio",
    "cffi": "numba",
    "dask": "xarray",
    "mpl_toolkits.mplot3d": "matplotlib",
    "pyarrow": "pandas",
    "yaml": "numba",
}
"""Libraries of which no use is made in one process -> what loads them if they are there."""

_ASKED_FOR_BY_FILE = {"yaml": ".numba_config.yaml"}
"""Libraries of which use is made where a file lies in the folder that one works in."""


@contextmanager
def lean() -> Iterator[None]:
    """Run a block as where the libraries are not installed; those already loaded stay.

    Ensembles and calibrations run on Dask, and services are asked with boto3: not for them.
    """
    loaded = sys.modules
    # what was loaded before knows already that they are there, and may load them at any time
    hidden = [n for n, by in _ASKED_FOR_BY.items() if n not in loaded and by not in loaded]
    hidden = [n for n in hidden if n not in _ASKED_FOR_BY_FILE or not _lies(_ASKED_FOR_BY_FILE[n])]
    # Matplotlib would have told of more than one version of itself
    warnings.filterwarnings("ignore", "Unable to import Axes3D", UserWarning)
    # Python's own way to say that a module is not there: importing it raises ModuleNotFoundError
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _lies(file: str) -> bool:
    return Path(file).is_file()
