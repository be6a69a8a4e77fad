"""One run of a model for one request: which outputs it wants, and how long they took."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from witoil.plugins.errors import PluginError
from witoil.plugins.sessions import Session

Feed = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
Run = Callable[[Feed], list[npt.NDArray[np.float32]]]
"""What a head calls with a tensor, or with some by name, to get the outputs that the card names."""


class Stopwatch:
    """How long a request took before, in and after the model; it ends one that takes too long.

    Parameters
    ----------
    most_seconds : float
        Until the model is run for the last time. [s]
    """

    def __init__(self, most_seconds: float = math.inf) -> None:
        self._most_seconds = most_seconds
        self._began = time.perf_counter()
        self._first: float | None = None
        self._run_s = 0.0

    def timed(self, session: Session, outputs: tuple[str, ...]) -> Run:
        """Return a function that runs a session and is timed."""

        def run(tensor: Feed) -> list[npt.NDArray[np.float32]]:
            start = time.perf_counter()
            if start - self._began > self._most_seconds:
                raise PluginError(
                    f"{session.name}: took longer than {self._most_seconds:.0f} s; expected a "
                    "smaller input"
                )
            self._first = self._first or start
            found = session.run(tensor, outputs)
            self._run_s += time.perf_counter() - start
            return found

        return run

    def timing_ms(self) -> dict[str, float]:
        """Return the three times until now; what is done between two runs counts as after."""
        total = time.perf_counter() - self._began
        before = total if self._first is None else self._first - self._began
        parts = {"pre": before, "run": self._run_s, "post": total - before - self._run_s}
        return {name: 1e3 * seconds for name, seconds in parts.items()}
