"""The picture of an ensemble: where oil is likely, and how soon it may be there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import Stroke
from numpy.typing import NDArray

from witoil.ensemble.runs import EnsembleResult
from witoil.figures.drawing import (
    INK,
    MUTED,
    SEA,
    Frame,
    as_png,
    cells_in,
    draw_land,
    draw_legend,
    draw_scale_bar,
    label_degrees,
)
from witoil.figures.release_marks import draw_release_marks, marks_of
from witoil.scenario.verification import VerificationGrid

FloatArray = NDArray[np.float64]

PERCENT_BOUNDS = (0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 100.0)
"""Levels of the probability. [%]"""

MASS_BOUNDS = (0.0, 100.0, 1e3, 1e4, 1e5, 1e6)
"""Levels of the oil on the coast. [kg km-1]"""

HOURS = (0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0)
"""What the bins of the arrival time may be wide. [h]"""

PANEL = 5.6
"""Width of each map. [inch]"""


def ensemble_map(result: EnsembleResult) -> bytes:
    """Draw probability and oil on the coast, and beside them the earliest arrival.

    Parameters
    ----------
    result : EnsembleResult

    Returns
    -------
    bytes
        PNG.
    """
    frame = _frame(result)
    height = PANEL * min(frame.height / frame.width, 1.3) + 1.8
    figure = Figure(figsize=(2.0 * PANEL, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    counted = len(result.members) - len(result.failures)
    _base(left, result, frame, f"Probability of oil, {counted} members", True)
    _base(right, result, frame, "Earliest arrival of oil", False)
    _draw_probability(figure, left, result, frame)
    _draw_arrival(figure, right, result, frame)
    draw_legend(figure, columns=3)
    return as_png(figure, colours=192)


def _frame(result: EnsembleResult) -> Frame:
    """Return the part of the grid with oil in it, at sea or on the coast, and the sources."""
    coast = np.stack(
        result.grid.to_metres.transform(result.coast.longitude, result.coast.latitude), axis=-1
    )
    points = np.concatenate([coast.reshape(-1, 2), marks_of(result.scenarios[0]).places])
    return Frame.around(result.grid, [result.probability > 0.0], points)


def _base(axes: Axes, result: EnsembleResult, frame: Frame, title: str, named: bool) -> None:
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    draw_land(axes, result.land, result.grid, frame)
    draw_release_marks(axes, marks_of(result.scenarios[0]), frame, named=named)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    label_degrees(axes, result.grid, frame)
    axes.tick_params(colors=MUTED, labelsize=9.5)
    draw_scale_bar(axes, frame)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)


def _draw_probability(figure: Figure, axes: Axes, result: EnsembleResult, frame: Frame) -> None:
    # blue at sea and orange to brown ashore: two scales that the colour-blind can tell apart
    colours, norm = _bins("GnBu", PERCENT_BOUNDS)
    drawn = np.where(result.probability > 0.0, 100.0 * result.probability, np.nan)
    _draw_field(axes, result.grid, frame, drawn, colours, norm)
    label = "share of members with a slick there at any time [%]"
    _colour_bar(figure, axes, colours, norm, label)
    colours, norm = _bins("YlOrBr", MASS_BOUNDS)
    per_km = result.coast.greatest_where_oiled / (1e-3 * result.coast.length)
    _draw_coast(axes, result, per_km, colours, norm)
    label = "oil on the coast, median of the members that oil it [kg/km]"
    _colour_bar(figure, axes, colours, norm, label)


def _draw_arrival(figure: Figure, axes: Axes, result: EnsembleResult, frame: Frame) -> None:
    start, duration = result.scenarios[0].case.time.start, float(result.hours[-1])
    width = next((h for h in HOURS if duration / h <= 9.0), 24.0 * np.ceil(duration / 216.0))
    bounds = np.arange(0.0, duration + width, width)
    # soon is dark, as what is urgent should stand out
    colours, norm = _bins("viridis", bounds)
    _draw_field(axes, result.grid, frame, result.first_arrival_earliest, colours, norm)
    _draw_coast(axes, result, result.coast.first_arrival_earliest, colours, norm)
    label = f"in the quickest member, since {start:%d %B %Y %H:%M} UTC [h]"
    _colour_bar(figure, axes, colours, norm, label)


def _colour_bar(
    figure: Figure, axes: Axes, colours: Colormap, norm: BoundaryNorm, label: str
) -> None:
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=axes, location="bottom", pad=0.02, aspect=40
    )
    bar.ax.set_xticks(norm.boundaries, [f"{bound:,.9g}" for bound in norm.boundaries])
    bar.ax.tick_params(labelsize=8.5)
    bar.set_label(label, fontsize=9, color=INK)


def _bins(name: str, bounds: Sequence[float] | FloatArray) -> tuple[Colormap, BoundaryNorm]:
    """Return one colour for each bin between bounds, without the palest of a map."""
    count = len(bounds) - 1
    start = 0.0 if name == "viridis" else 0.2
    colours = ListedColormap(colormaps[name](np.linspace(start, 1.0, count)))
    return colours, BoundaryNorm(bounds, count)


def _draw_field(
    axes: Axes,
    grid: VerificationGrid,
    frame: Frame,
    values: NDArray[np.floating],
    colours: Colormap,
    norm: BoundaryNorm,
) -> None:
    rows, columns, extent = cells_in(grid, frame)
    part = np.ma.masked_invalid(values[rows, columns])
    axes.imshow(
        part,
        extent=extent,
        cmap=colours,
        norm=norm,
        interpolation="nearest",
        zorder=2,
        aspect="equal",
    )


def _draw_coast(
    axes: Axes, result: EnsembleResult, values: FloatArray, colours: Colormap, norm: BoundaryNorm
) -> None:
    parts, stretch = shapely.get_parts(result.coast.line, return_index=True)
    lines = [
        np.stack(result.grid.to_metres.transform(*shapely.get_coordinates(p).T), axis=-1)
        for p in parts
    ]
    axes.add_collection(
        LineCollection(
            lines,
            array=values[stretch],
            cmap=colours,
            norm=norm,
            linewidths=3.4,
            capstyle="round",
            path_effects=[Stroke(linewidth=4.6, foreground=INK), Stroke(linewidth=3.4)],
            zorder=5,
        ),
        autolim=False,
    )
