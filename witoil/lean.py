"""Large libraries that others load only to look whether they are there, kept out of a process."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
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

_ASKED_FOR_IN_VAIN = {"scipy.linalg": "numba"}
"""Libraries of which use is made -> what loads them if they are there, and makes none."""


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
    sys.meta_path.insert(0, finder := _NotForAll())
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in hidden:
            sys.modules.pop(name, None)


class _NotForAll(MetaPathFinder):
    """Leaves modules to those who find them, but for those that ask in vain."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Find nothing, like all finders that do not know a module.

        Raises
        ------
        ModuleNotFoundError
            As where it is not installed.
        """
        if name in _ASKED_FOR_IN_VAIN and _importer() == _ASKED_FOR_IN_VAIN[name]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _importer() -> str:
    """Return the library whose line asks a finder for a module."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("importlib."):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _lies(file: str) -> bool:
    return Path(file).is_file()
