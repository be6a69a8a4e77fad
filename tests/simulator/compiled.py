"""What only kernels call, made to be called from Python."""

import numba


def from_python(function):
    """Compile a call of a loop, which has no entry for Python of its own."""
    return numba.njit(lambda *arguments: function(*arguments), error_model="numpy")
