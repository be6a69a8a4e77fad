"""What drove the oil: wind, current and Stokes drift along its way, as PNG."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from witoil.figures.drawing import (
    INK,
    SIZE,
    TIME_AXIS_ROOM,
    as_png,
    fix_y_label,
    label_times,
    place,
    set_title,
    style_axes,
)
from witoil.scenario.afloat import middles_of
from witoil.scenario.scenario import Scenario

COLOURS = {"wind": "#d55e00", "current": "#0072b2", "Stokes drift": "#009e73"}
TITLES = {
    "wind": "Wind at 10 m, where it blows to",
    "current": "Current",
    "Stokes drift": "Stokes drift at the surface",
}

PANEL, BETWEEN = 1.05, 0.42
"""Height of a panel, and what its title takes. [inch]"""

MOST_ARROWS = 16


def driving_chart(scenario: Scenario, result: xr.Dataset) -> bytes | None:
    """Draw speed and direction of all that moved the oil, at the middle of the oil afloat.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.scenario.run.run`.

    Returns
    -------
    bytes or None
        PNG; None where nothing is ever afloat at an output time.
    """
    middles = middles_of(scenario, result)
    known = np.isfinite(middles).all(axis=1)
    if not known.any():
        return None
    times = result["time"].values[known]
    seconds = (times - scenario.forcing.start) / np.timedelta64(1, "s")
    moved_by = scenario.forcing.along(seconds, *middles[known].T)
    rows = [name for name in COLOURS if name in moved_by]
    height = TIME_AXIS_ROOM + len(rows) * (PANEL + BETWEEN)
    figure = Figure(figsize=(SIZE, height), facecolor="white")
    left = 0.0
    panels = [figure.add_subplot() for _ in rows]
    for k, (axes, name) in enumerate(zip(panels, rows, strict=True)):
        style_axes(axes)
        last = k == len(rows) - 1
        foot = TIME_AXIS_ROOM + (len(rows) - 1 - k) * (PANEL + BETWEEN)
        place(axes, 0.0, foot, SIZE, PANEL)
        _draw_series(axes, times, moved_by[name], COLOURS[name])
        set_title(axes, TITLES[name])
        label_times(axes, times[0], max(times[-1], times[0] + np.timedelta64(1, "h")))
        if not last:
            axes.tick_params(labelbottom=False)
            axes.xaxis.get_offset_text().set_visible(False)
        left = max(left, fix_y_label(axes))
    panels[-1].set_xlabel("time [UTC]")
    for k, axes in enumerate(panels):
        foot = TIME_AXIS_ROOM + (len(rows) - 1 - k) * (PANEL + BETWEEN)
        place(axes, left, foot, SIZE - left - 0.25, PANEL)
    return as_png(figure, colours=64)


def _draw_series(
    axes: Axes, times: NDArray[np.datetime64], vectors: NDArray[np.float64], colour: str
) -> None:
    """Draw a speed over time, and arrows where it goes to: up is north."""
    speed = np.hypot(*vectors.T)
    axes.plot(times, speed, color=colour, lw=1.6)
    top = max(1.25 * float(speed.max()), 1e-3)
    axes.set_ylim(0.0, top)
    axes.set_ylabel("[m s⁻¹]", color=INK)
    chosen = np.unique(np.linspace(0, times.size - 1, min(MOST_ARROWS, times.size)).astype(int))
    chosen = chosen[speed[chosen] > 0.0]
    along = vectors[chosen] / speed[chosen, np.newaxis]
    axes.quiver(
        times[chosen],
        speed[chosen],
        *along.T,
        color=INK,
        units="inches",
        scale=4.5,
        width=0.018,
        headwidth=5,
        pivot="mid",
        clip_on=False,
        zorder=3,
    )
