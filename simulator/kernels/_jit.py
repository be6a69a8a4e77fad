"""How every kernel is compiled, decided in one place."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
from numba.core import config

_FOLDER = Path(__file__).parent


def _cache_folder() -> Path:
    """Name a cache folder after the text of all kernels.

    Numba renews a cached kernel only when the file of that kernel changes. Kernels call one
    another across files, so an edit of a callee would otherwise leave stale machine code behind.
    """
    text = b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))
    return _FOLDER / "__pycache__" / hashlib.sha256(text).hexdigest()[:16]


_CACHE_FOLDER = str(_cache_folder())


def kernel(function: Callable[..., Any], inline: str = "never") -> Any:
    """Compile a loop: free of the GIL, cached on disk, strict IEEE arithmetic.

    No `fastmath`: missing values are NaN and must stay so, and fused or reordered operations
    would make the last bits depend on where in a vector a particle happens to sit.
    Threads come from the caller, who hands out chunks of particles (see `simulator.model`).
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = before or _CACHE_FOLDER
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy", inline=inline)(function)
    finally:
        config.CACHE_DIR = before


law = partial(kernel, inline="always")
"""Compile a scalar law, merged into the loops that call it; cached for those who call it alone."""
