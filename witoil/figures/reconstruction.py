"""A picture of where and since when a source leaked."""

from __future__ import annotations

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from witoil.calibration.reconstruction import LEVELS, Reconstruction
from witoil.figures.drawing import (
    FIRST,
    INK,
    MUTED,
    SEA,
    SIZE,
    SOURCE,
    Frame,
    as_png,
    draw_land,
    draw_outline,
    draw_scale_bar,
    label_degrees,
    style_axes,
)
from witoil.figures.trace import COLOURS
from witoil.scenario.scenario import Scenario

_BINS = 40


def draw_reconstruction(scenario: Scenario, found: Reconstruction) -> bytes:
    """Draw the ellipses on a map, and how likely each time of the start is.

    Parameters
    ----------
    scenario : Scenario
    found : Reconstruction

    Returns
    -------
    bytes
        PNG.
    """
    heights = []
    frame = _frame(scenario, found)
    if found.ellipses:
        heights.append(SIZE * min(frame.height / frame.width, 1.2))
    if found.starts.size:
        heights.append(1.7)
    figure = Figure(figsize=(SIZE, sum(heights) + 1.3), layout="constrained", facecolor="white")
    panels = iter(np.atleast_1d(figure.subplots(len(heights), 1, height_ratios=heights)))
    if found.ellipses:
        _draw_map(next(panels), scenario, found, frame)
    if found.starts.size:
        _draw_starts(next(panels), found)
    handles = [Patch(color=COLOURS[k], label=f"holds the source with {k} %") for k in LEVELS]
    drawn, _ = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles=[*handles, *drawn],
        loc="outside upper left",
        ncols=2,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        borderpad=0.0,
    )
    return as_png(figure)


def _frame(scenario: Scenario, found: Reconstruction) -> Frame:
    """Return a frame round the ellipses, the places and the slick seen first."""
    outlines = [shapely.get_coordinates(shape) for shape in found.outlines().values()]
    places = np.concatenate([np.array([found.given, found.best]), *outlines])
    points = np.stack(scenario.grid.to_metres.transform(*places.T), axis=-1)
    seen = scenario.grid.middles(scenario.observations[0].mask)
    return Frame.holding(np.concatenate([points, seen]), 10.0 * scenario.grid.resolution)


def _draw_map(axes: Axes, scenario: Scenario, found: Reconstruction, frame: Frame) -> None:
    grid = scenario.grid
    style_axes(axes)
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    draw_land(axes, scenario.coast.land, grid, frame)
    for level, outline in sorted(found.outlines().items(), reverse=True):
        ring = grid.to_metres.transform(*np.array(outline.exterior.coords).T)
        axes.fill(*ring, color=COLOURS[level], alpha=0.85, lw=0.0, zorder=2)
        axes.plot(*ring, color=COLOURS[50], lw=1.2, zorder=5)
    draw_outline(axes, grid, frame, scenario.observations[0].mask)
    axes.plot([], [], color=FIRST, label="slick seen first")
    for place, marker, size, colour, label in (
        (found.given, "x", 8, MUTED, "where the search began"),
        (found.best, "*", 13, SOURCE, "best place"),
    ):
        at = grid.to_metres.transform(*place)
        edge = INK if marker == "*" else colour
        axes.plot(
            *at, marker, ms=size, mfc=colour, mec=edge, mew=1.0 + (marker == "x"), label=label,
            zorder=7,
        )  # fmt: skip
    middle = grid.to_metres.transform(*found.middle)
    axes.plot(*middle, "+", ms=10, mec=INK, mew=1.8, label="mean of the posterior", zorder=6)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    label_degrees(axes, grid, frame, (4, 5))
    axes.tick_params(colors=MUTED, labelsize=9.5)
    draw_scale_bar(axes, frame)
    axes.set_title("Where it leaked", loc="left", fontsize=10.5, fontweight="bold", color=INK)


def _draw_starts(axes: Axes, found: Reconstruction) -> None:
    """Draw a histogram of the start, over the time that was searched."""
    style_axes(axes)
    first, last = found.bounds
    since = (found.starts - first) / np.timedelta64(1, "h")
    edges = np.linspace(0.0, float((last - first) / np.timedelta64(1, "h")), _BINS + 1)
    counts, _ = np.histogram(since, edges)
    times = first + (3600e9 * edges).astype("timedelta64[ns]")
    axes.step(
        times.astype("datetime64[us]"),
        np.append(counts, counts[-1]) * 100.0 / since.size,
        where="post",
        color=INK,
        lw=1.4,
        zorder=4,
    )
    for level, ends in sorted(found.intervals.items(), reverse=True):
        axes.axvspan(
            *(end.astype("datetime64[us]") for end in ends), color=COLOURS[level], lw=0, zorder=2
        )
    halo = [withStroke(linewidth=3.5, foreground="white")]
    best = found.best_start.astype("datetime64[us]")
    axes.axvline(best, color=INK, lw=1.2, ls="--", path_effects=halo, zorder=5)
    axes.annotate(
        "best",
        (best, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, -10),
        textcoords="offset points",
        fontsize=8.5,
        color=INK,
        path_effects=halo,
        zorder=6,
    )
    locator = AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlim(*(end.astype("datetime64[us]") for end in found.bounds))
    # room for the label at the top
    axes.set_ylim(0.0, 120.0 * counts.max() / since.size)
    axes.set_xlabel("start of the leak [UTC]")
    axes.set_ylabel("probability\n[% per bar]")
    axes.set_title("Since when", loc="left", fontsize=10.5, fontweight="bold", color=INK)
