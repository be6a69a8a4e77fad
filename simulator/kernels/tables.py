"""Properties tabulated over temperature."""

import numpy as np

from simulator.kernels._jit import law


@law
def table_row(oil, temperature):
    """Return the row of the tables below a temperature [K], and the weight of the next one."""
    place = (temperature - oil.coldest) * oil.per_kelvin
    place = min(max(place, 0.0), oil.expansion.size - 1.000001)
    row = np.int64(place)
    return row, place - row
