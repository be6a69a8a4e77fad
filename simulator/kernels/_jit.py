"""How every kernel is compiled, decided in one place."""

import hashlib
from collections.abc import Callable
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
    text += numba.__version__.encode()
    return _FOLDER / "__pycache__" / hashlib.sha256(text).hexdigest()[:16]


_CACHE_FOLDER = str(_cache_folder())


def _compiler(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles: cached on disk, strict IEEE arithmetic.

    No `fastmath`: missing values are NaN and must stay so, and fused or reordered operations
    would make the last bits depend on where in a vector a particle happens to sit.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        before = config.CACHE_DIR
        config.CACHE_DIR = before or _CACHE_FOLDER
        try:
            return numba.njit(cache=True, error_model="numpy", **options)(function)
        finally:
            config.CACHE_DIR = before

    return decorate


_NOT_FROM_PYTHON = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel = _compiler(nogil=True)
"""Compile what Python calls, free of the GIL.

Threads come from the caller, who hands out chunks of particles (see `simulator.model`).
"""

loop = _compiler(**_NOT_FROM_PYTHON)
"""Compile a loop that only kernels call. The way in from Python takes as long to compile."""

merged = _compiler(forceinline=True, **_NOT_FROM_PYTHON)
"""Compile a law that loops call several times: once, and merged into them then."""

law = _compiler(inline="always")
"""Compile a scalar law, merged into the loops that call it before these are compiled."""

part = law
"""Merge what a kernel is cut into, so that it can be read, before the whole is compiled.

Whatever is called by what is called is optimised once more on each level.
"""
