"""Mistakes of a case, noted one after the other where the first need not end all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import CatalogError, cause_of
from simulator.errors import SimulatorError
from witoil.errors import WitoilError

FAULTS = (CatalogError, SimulatorError, WitoilError)
"""What is wrong with a case or its files, in words for people."""


class Faults:
    """What was wrong, each with the key of the case that it is of.

    Attributes
    ----------
    found : list of tuple
        Key, error.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, Exception]] = []

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Note a mistake within the block, which ends there, and go on after it.

        Where memory ran out, nobody knows what is wrong with a file: that ends all.
        """
        try:
            yield
        except FAULTS as error:
            if cause_of(error, MemoryError) is not None:
                raise
            self.found.append((key, error))
