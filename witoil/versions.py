"""The versions that a result depends on."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

LIBRARIES = ("witoil", "numba", "numpy", "scikit-optimize", "scikit-learn", "xarray")

_version = cache(version)  # each reads a file, and a process asks again and again


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {name: _version(name) for name in LIBRARIES}
