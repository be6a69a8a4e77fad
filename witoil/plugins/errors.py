"""What is wrong with a plug-in or with what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aquatic.errors import AquaticError
from witoil.errors import WitoilError


class PluginError(WitoilError):
    """A plug-in that cannot be used, or an input that it cannot take; one line."""


@contextmanager
def told_by(path: Path) -> Iterator[None]:
    """Tell what a method finds wrong as what is wrong with a file."""
    try:
        yield
    except AquaticError as error:
        raise PluginError(f"{path}: {error}") from None
