"""Properties tabulated over temperature or wind speed."""

import numpy as np

from simulator.kernels._jit import law, loop


@law
def table_place(value, first, per_unit, rows):
    """Return the row of a table below a value, and the weight of the next one.

    The row is without a sign: an index that may be negative takes longer.
    """
    place = min(max((value - first) * per_unit, 0.0), rows - 1.000001)
    row = np.int32(place)  # processors turn floating-point numbers into these best
    return np.uint32(row), place - row


@loop
def look_up(count, table, row, weight, out):
    """Write the entries of a table at some places, linear in between.

    Loops that read at places strewn over memory do not run in vector registers. This is kept apart
    from those that compute with what was read, so that these do.
    """
    for k in range(count):
        entry = table[row[k]]
        out[k] = entry + weight[k] * (table[row[k] + np.uint32(1)] - entry)
