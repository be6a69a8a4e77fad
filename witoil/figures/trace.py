"""The picture of a trace: where the source may be, and how fast that widens back in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from witoil.figures.drawing import (
    FIRST,
    INK,
    MUTED,
    SEA,
    SIZE,
    Frame,
    as_png,
    cells_in,
    draw_land,
    draw_scale_bar,
    label_degrees,
    rgba,
)
from witoil.scenario.verification import Mask
from witoil.times import to_datetime
from witoil.trace.backward import BackwardScenario
from witoil.trace.source_map import SourceMap

# A light and a dark blue, told apart by lightness in print too.
COLOURS = {90: "#9ecae8", 50: "#2f7fb8"}
TRACK = "#d55e00"
MAP_WIDTH = 4.35
"""What the labels of the axes leave of the figure's width. [inch]"""

LABELS = 6
"""Labels of hours along the track, about."""


def draw_trace(
    scenario: BackwardScenario,
    found: SourceMap,
    regions: Mapping[int, Mask],
    by_time: Mapping[int, Sequence[Mask]],
) -> bytes:
    """Draw the regions that may hold the source, on a map and as areas against time back.

    Parameters
    ----------
    scenario : BackwardScenario
    found : SourceMap
    regions : mapping
        Level [%] -> the cells that hold it, of the whole time traced.
    by_time : mapping
        The same at each time.

    Returns
    -------
    bytes
        PNG.
    """
    grid = found.grid
    seen = grid.cells_touched(scenario.slick.geometry)
    frame = Frame.around(grid, [seen, *regions.values()], np.empty((0, 2)))
    map_height = MAP_WIDTH * min(frame.height / frame.width, 1.35)
    figure = Figure(figsize=(SIZE, map_height + 3.3), layout="constrained", facecolor="white")
    upper, lower = figure.subplots(2, 1, height_ratios=[map_height, 1.6])
    _draw_map(upper, scenario, found, regions, frame)
    _draw_areas(lower, found, by_time)
    figure.legend(
        handles=_handles(),
        loc="outside upper left",
        ncols=2,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        borderpad=0.0,
    )
    return as_png(figure)


def _draw_map(
    axes: Axes,
    scenario: BackwardScenario,
    found: SourceMap,
    regions: Mapping[int, Mask],
    frame: Frame,
) -> None:
    grid = found.grid
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    draw_land(axes, scenario.coast.land, grid, frame)
    rows, columns, extent = cells_in(grid, frame)
    shape = regions[90][rows, columns].shape
    image = np.zeros((*shape, 4))
    for level in (90, 50):
        image[regions[level][rows, columns]] = rgba(COLOURS[level])
    axes.imshow(image, extent=extent, zorder=2, aspect="equal", interpolation="nearest")
    for polygon in shapely.get_parts(scenario.slick.geometry):
        ring = np.stack(grid.to_metres.transform(*shapely.get_coordinates(polygon.exterior).T))
        axes.plot(*ring, color=FIRST, lw=0.9, zorder=4)
    _draw_track(axes, found)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    label_degrees(axes, grid, frame)
    axes.tick_params(colors=MUTED, labelsize=9.5)
    draw_scale_bar(axes, frame)
    axes.set_title(
        f"Where the oil may have been released\n{to_datetime(found.times[-1]):%Y-%m-%d %H:%M} to "
        f"{to_datetime(scenario.first_seen):%Y-%m-%d %H:%M} UTC",
        loc="left",
        fontsize=10.5,
        fontweight="bold",
        color=INK,
    )


def _draw_track(axes: Axes, found: SourceMap) -> None:
    """Draw how the centre of the probability moves, with hours back at round numbers."""
    centres = np.array([found.centre(k) for k in range(found.times.size)])
    halo = [withStroke(linewidth=3.5, foreground="white")]
    axes.plot(*centres.T, color=TRACK, lw=1.6, path_effects=halo, zorder=5)
    for age, k in _labelled(found.ages):
        axes.plot(*centres[k], "o", ms=4.5, mfc="white", mec=TRACK, mew=1.4, zorder=6)
        axes.annotate(
            f"{age:g} h",
            centres[k],
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            path_effects=halo,
            zorder=7,
        )


def _labelled(ages: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Return round ages [h] that are output times, and their numbers."""
    ticks = MaxNLocator(LABELS, steps=[1, 2, 3, 6, 10]).tick_values(0.0, float(ages[-1]))
    nearest = [int(np.argmin(np.abs(ages - tick))) for tick in ticks]
    return [
        (float(ages[k]), k)
        for k, tick in zip(nearest, ticks, strict=True)
        if abs(ages[k] - tick) < 1e-6
    ]


def _draw_areas(axes: Axes, found: SourceMap, by_time: Mapping[int, Sequence[Mask]]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=9.5)
    for level, style in ((90, "-"), (50, "--")):
        areas = np.array([found.grid.area_km2(mask) for mask in by_time[level]])
        areas[areas == 0.0] = np.nan
        axes.plot(found.ages, areas, style, color=COLOURS[50], lw=1.8)
        last = int(np.flatnonzero(np.isfinite(areas))[-1])
        axes.annotate(
            f"{level} %",
            (found.ages[last], areas[last]),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=9,
            color=INK,
        )
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(0.0, float(found.ages[-1]))
    axes.set_xlabel("time before the slick was seen [h]", color=INK)
    axes.set_ylabel("area that holds\nthe source [km²]", color=INK)


def _handles() -> list[Patch | Line2D]:
    return [
        Patch(color=COLOURS[50], label="holds the source with 50 %"),
        Patch(color=COLOURS[90], label="with 90 %"),
        Line2D([], [], color=FIRST, lw=1.2, label="slick seen"),
        Line2D([], [], color=TRACK, lw=1.6, marker="o", mfc="white", label="centre, hours before"),
    ]
