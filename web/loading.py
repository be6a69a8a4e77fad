"""What a fork server has loaded when it forks: once, for all processes that come of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

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
    gc.collect()
    gc.freeze()  # so that no collection touches, and copies, what is shared
    gc.enable()
