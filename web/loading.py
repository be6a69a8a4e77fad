"""What a fork server has loaded when it forks: once, for all processes that come of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from witoil.lean import lean
from witoil.workers import forgo_dask


@contextmanager
def shared() -> Iterator[None]:
    """Load in a block what all these processes share.

    Libraries that others only look for are not loaded: they take time and memory, and one of them
    (pyarrow, for pandas) begins a thread, without which its processes would be forked.
    """
    forgo_dask()
    gc.disable()  # nearly all that is made stays
    with lean():
        yield
    _begin_blas()
    gc.collect()
    gc.freeze()  # so that no collection touches, and copies, what is shared
    gc.enable()


def _begin_blas() -> None:
    """Have numpy's BLAS and scipy's take the room that they keep.

    Each does so with its first product of large matrices; where memory is limited by then, it
    tries without end, or ends the process.
    """
    from scipy.linalg.blas import dgemm

    large = np.eye(400)
    np.dot(large, large)
    dgemm(1.0, large, large)
