"""When the steps of a run start and end, and where it has to halt between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.grid import FloatArray

SHORE_INTERVAL = 3600.0
"""How often beached oil is looked after. [s]"""


@dataclass(frozen=True)
class Steps:
    """When the steps of a run start and end.

    Attributes
    ----------
    edges : ndarray, shape (steps + 1,)
        Seconds since the start of the run. [s]
    """

    edges: FloatArray

    @classmethod
    def regular(cls, duration: float, time_step: float, stops: FloatArray) -> Steps:
        """Return steps of `time_step`, cut where an output is wanted in between. [s]"""
        whole = np.arange(0.0, duration, time_step)
        return cls(np.unique(np.concatenate([whole, stops, [duration]])))

    @property
    def durations(self) -> FloatArray:
        """Length of each step. [s]"""
        return np.diff(self.edges)

    @property
    def moments(self) -> NDArray[np.int64]:
        """When each step starts, in milliseconds: what keys its random numbers."""
        return np.round(1e3 * self.edges).astype(np.int64)

    def visits(self) -> dict[int, float]:
        """Return the edges at which the shore is looked after, and the time since the last. [s]"""
        hours = np.floor(self.edges / SHORE_INTERVAL)
        due = np.flatnonzero(np.diff(hours) > 0.0) + 1
        since = np.diff(self.edges[due], prepend=0.0)
        return dict(zip(due.tolist(), since.tolist(), strict=True))

    def spans(
        self, done: float, stops: set[float], visits: set[int], most: int
    ) -> Iterator[tuple[int, int]]:
        """Cut the steps to come at outputs, at visits to the shore, and where memory ends.

        Parameters
        ----------
        done : float
            Where the run has gone already. [s]
        stops : set of float
            Times of outputs. [s]
        visits : set of int
            Edges at which the shore is visited.
        most : int
            Steps that memory is for.

        Yields
        ------
        first, last : int
            Edges between which a span lies.
        """
        first = int(np.searchsorted(self.edges, done))
        count = self.durations.size
        for last in range(first + 1, count + 1):
            full = last - first == most
            if last == count or full or self.edges[last] in stops or last in visits:
                yield first, last
                first = last
