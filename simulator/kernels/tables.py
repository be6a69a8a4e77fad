"""Properties tabulated over temperature."""

import numpy as np

from simulator.kernels._jit import law


@law
def table_place(temperature, coldest, per_kelvin, rows):
    """Return the row of a table below a temperature [K], and the weight of the next one."""
    place = min(max((temperature - coldest) * per_kelvin, 0.0), rows - 1.000001)
    row = np.int64(place)
    return row, place - row
