"""Where a straight path first meets the coast: a raster in front of exact geometry."""

import numpy as np

from simulator.kernels._jit import kernel, law, loop, part

NO_CROSSING = 2.0
FARTHEST = 255  # what a clearance may be, which fits into a byte
_MARGIN = 1e-6  # cells; a segment on a cell border belongs to both cells
_TOUCH = 1e-9  # of a segment; a path through the joint of two segments meets one of them


@law
def row_span(x0, y0, x1, y1, row):
    """Return the first and last raster column that a path touches within a raster row."""
    if y0 == y1:
        a, b = 0.0, 1.0
    else:
        a = (row - _MARGIN - y0) / (y1 - y0)
        b = (row + 1 + _MARGIN - y0) / (y1 - y0)
        if a > b:
            a, b = b, a
        a = max(a, 0.0)
        b = min(b, 1.0)
    xa = x0 + a * (x1 - x0)
    xb = x0 + b * (x1 - x0)
    return int(np.floor(min(xa, xb) - _MARGIN)), int(np.floor(max(xa, xb) + _MARGIN))


@law
def crossing(x0, y0, x1, y1, ax, ay, bx, by):
    """Return how far along path 0 -> 1, in [0, 1], it meets segment a - b, else NO_CROSSING."""
    dx = x1 - x0
    dy = y1 - y0
    ex = bx - ax
    ey = by - ay
    det = dx * ey - dy * ex
    if det == 0.0:
        return NO_CROSSING
    t = ((ax - x0) * ey - (ay - y0) * ex) / det
    s = ((ax - x0) * dy - (ay - y0) * dx) / det
    if 0.0 <= t <= 1.0 and -_TOUCH <= s <= 1.0 + _TOUCH:
        return t
    return NO_CROSSING


@loop
def first_crossing(x0, y0, x1, y1, scale_x, scale_y, cell_start, cell_segments, segments):
    """Return the fraction of the path 0 -> 1 at which it first meets the coast.

    Parameters
    ----------
    x0, y0, x1, y1 : float
        Ends of the path. [grid cells]
    scale_x, scale_y : float
        Raster cells per grid cell.
    cell_start : ndarray, shape (rows, columns + 1)
        Where the segments of each raster cell start and end in `cell_segments`.
    cell_segments : ndarray of int
        Indices into `segments`, cell after cell.
    segments : ndarray, shape (n, 4)
        Ends ax, ay, bx, by of the coast's segments. [grid cells]

    Returns
    -------
    fraction : float
        In [0, 1], or NO_CROSSING.
    segment : int
        The one that is met, or -1.
    """
    rows = cell_start.shape[0]
    columns = cell_start.shape[1] - 1
    rx0, ry0, rx1, ry1 = x0 * scale_x, y0 * scale_y, x1 * scale_x, y1 * scale_y
    first = NO_CROSSING
    met = -1
    low = max(int(np.floor(min(ry0, ry1) - _MARGIN)), 0)
    high = min(int(np.floor(max(ry0, ry1) + _MARGIN)), rows - 1)
    west = max(int(np.floor(min(rx0, rx1) - _MARGIN)), 0)
    east = min(int(np.floor(max(rx0, rx1) + _MARGIN)), columns - 1)
    for row in range(low, high + 1):
        if west > east or cell_start[row, west] == cell_start[row, east + 1]:
            continue  # no coast in this row of the box round the path
        left, right = row_span(rx0, ry0, rx1, ry1, row)
        left = max(left, west)
        right = min(right, east)
        if left > right:
            continue
        # the cells of a row lie one after the other, and so do their segments
        for k in range(cell_start[row, left], cell_start[row, right + 1]):
            s = cell_segments[k]
            t = crossing(
                x0, y0, x1, y1, segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            )
            # of two that meet in a joint the lower number, whichever cell is looked at first
            if t < first or (t == first and t < NO_CROSSING and s < met):
                first = t
                met = s
    return first, met


@kernel
def rasterise_segments(segments, scale_x, scale_y, rows, columns):
    """Sort the coast's segments into raster cells.

    Returns
    -------
    cell_start : ndarray of int32, shape (rows, columns + 1)
    cell_segments : ndarray of int32
    """
    counts = np.zeros(rows * columns + 1, np.int32)
    for fill in range(2):
        if fill == 1:
            starts = np.zeros(rows * columns + 1, np.int32)
            for cell in range(rows * columns):
                starts[cell + 1] = starts[cell] + counts[cell]
                counts[cell] = 0
            members = np.empty(starts[rows * columns], np.int32)
        for s in range(segments.shape[0]):
            x0, y0 = segments[s, 0] * scale_x, segments[s, 1] * scale_y
            x1, y1 = segments[s, 2] * scale_x, segments[s, 3] * scale_y
            low = max(int(np.floor(min(y0, y1) - _MARGIN)), 0)
            high = min(int(np.floor(max(y0, y1) + _MARGIN)), rows - 1)
            for row in range(low, high + 1):
                left, right = row_span(x0, y0, x1, y1, row)
                for column in range(max(left, 0), min(right, columns - 1) + 1):
                    cell = row * columns + column
                    if fill == 1:
                        members[starts[cell] + counts[cell]] = s
                    counts[cell] += 1
    cell_start = np.empty((rows, columns + 1), np.int32)
    for row in range(rows):
        for column in range(columns + 1):
            cell_start[row, column] = starts[row * columns + column]
    return cell_start, members


@kernel
def clearance(cell_start):
    """Return how far each raster cell is from the next one with a segment, 255 at most.

    Parameters
    ----------
    cell_start : ndarray, shape (rows, columns + 1)
        See `rasterise_segments`.

    Returns
    -------
    ndarray of uint8, shape (rows, columns)
        Steps to a neighbour, one of eight. [cells]

    References
    ----------
    Rosenfeld and Pfaltz (1968), Pattern Recognition 1, 33-61, doi:10.1016/0031-3203(68)90013-7:
    two passes over the raster give this distance everywhere.
    """
    rows, columns = cell_start.shape[0], cell_start.shape[1] - 1
    # with cells all round, so that none is without neighbours
    found = np.full((rows + 2, columns + 2), FARTHEST, np.uint8)
    for j in range(rows):
        for i in range(columns):
            if cell_start[j, i + 1] > cell_start[j, i]:
                found[j + 1, i + 1] = 0
    for j in range(1, rows + 1):
        step_across(found[j - 1], found[j])
        for i in range(1, columns + 1):
            found[j, i] = min(found[j, i], one_more(found[j, i - 1]))
    for j in range(rows, 0, -1):
        step_across(found[j + 1], found[j])
        for i in range(columns, 0, -1):
            found[j, i] = min(found[j, i], one_more(found[j, i + 1]))
    return found[1:-1, 1:-1].copy()


@part
def step_across(beside, row):
    """Let a row of cells be a step from those of the row beside: many at once, in vectors."""
    for i in range(1, row.size - 1):
        least = min(min(beside[i - 1], beside[i]), beside[i + 1])
        row[i] = min(row[i], one_more(least))


@law
def one_more(cells):
    """Return a step more, as far as it can be counted."""
    return np.uint8(min(cells, np.uint8(FARTHEST - 1)) + 1)
