"""The versions that a result depends on."""

from __future__ import annotations

from importlib.metadata import version

LIBRARIES = ("witoil", "numba", "numpy", "scikit-optimize", "scikit-learn", "xarray")


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {name: version(name) for name in LIBRARIES}
