"""Pictures of what became of the oil: the mass balance, and the coast, as PNG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from witoil.figures.drawing import (
    BOTH,
    INK,
    MUTED,
    SEA,
    SIZE,
    TICK_TEXT,
    TIME_AXIS_ROOM,
    TITLE_ROOM,
    Frame,
    as_png,
    draw_bar,
    draw_land,
    draw_legend,
    draw_scale_bar,
    fix_y_label,
    label_degrees,
    label_times,
    legend_height,
    place,
    set_title,
    style_axes,
)
from witoil.figures.release_marks import draw_release_marks, marks_of
from witoil.scenario.coast import OiledCoast
from witoil.scenario.scenario import Scenario
from witoil.times import to_datetime

_Scaling = Callable[[Any], Any]


@dataclass(frozen=True)
class Look:
    """How a part of the oil is drawn."""

    label: str
    colour: str
    hatch: str = ""


# From the sea over the shore to what has left both. Colours of Okabe and Ito, which the
# colour-blind can tell apart; neighbours also differ in lightness, for black and white print.
FATE_LOOKS = {
    "floating": Look("floating", BOTH),
    "dispersed": Look("dispersed", "#0072b2"),
    "sunk": Look("sunk", "#56b4e9"),
    "beached": Look("beached", "#d55e00"),
    "evaporated": Look("evaporated", "#c3ccd4"),
    "left_domain": Look("left the area", "#ffffff", "////"),
}

COAST_LOOKS = {
    "absorbed": Look("absorbed by the shore", "#8a5300"),
    "loose": Look("loose on the shore", "#e69f00"),
}

PER_KM_COLOURS = "viridis_r"
"""Colours from light for little to dark for much oil, alike for the colour-blind."""

SHORTEST_SIDE = 5e3
"""A map of the coast shows no less. [m]"""

PANEL_HEIGHT = 1.5
"""Height of the chart under the map. [inch]"""

BAR_ROOM = 0.85
"""What the bar of colours takes right of the map, with its labels. [inch]"""

MAP_LABELS = 0.4
"""Height between map and chart, for the longitudes. [inch]"""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def budget_chart(result: xr.Dataset) -> bytes:
    """Draw the mass of each fate over time, one on the other: together what was released.

    Parameters
    ----------
    result : Dataset
        From `witoil.scenario.run.run`.

    Returns
    -------
    bytes
        PNG.
    """
    figure = Figure(figsize=(SIZE, 4.2), facecolor="white")
    axes = figure.add_subplot()
    style_axes(axes)
    tonnes = {name: 1e-3 * result[f"{name}_mass"].values for name in FATE_LOOKS}
    released = 1e-3 * float(result["released_mass"].values[-1])
    looks = {
        name: Look(f"{look.label} {_share(tonnes[name][-1], released)}", look.colour, look.hatch)
        for name, look in FATE_LOOKS.items()
    }
    _stack(axes, result["time"].values, tonnes, looks)
    whole = max(released, 1e-9)
    axes.set_ylim(0.0, whole)
    percent: Any = axes.secondary_yaxis("right", functions=_percent_of(whole))
    percent.set_ylabel("share of all oil released [%]", color=INK)
    percent.tick_params(colors=MUTED, labelsize=TICK_TEXT)
    set_title(axes, f"{_amount(released)} t of oil released")
    title = "Where the oil is at the end of the run"
    top = legend_height(figure, title) + TITLE_ROOM
    height = 4.2 - TIME_AXIS_ROOM - top
    place(axes, 0.0, TIME_AXIS_ROOM, SIZE, height)
    left, right = fix_y_label(axes), fix_y_label(percent, ["100"], right=True)
    place(axes, left, TIME_AXIS_ROOM, SIZE - left - right, height)
    draw_legend(figure, title=title, placed=True)
    return as_png(figure, colours=64)


def coast_map(scenario: Scenario, coast: OiledCoast) -> bytes:
    """Draw the oil by kilometre of coast at the end of a run, and the oil ashore over time.

    Parameters
    ----------
    scenario : Scenario
    coast : OiledCoast

    Returns
    -------
    bytes
        PNG.
    """
    marks = marks_of(scenario)
    middles = scenario.grid.to_metres.transform(coast.longitude, coast.latitude)
    places = np.concatenate([np.stack(middles, axis=-1), marks.places])
    frame = Frame.holding(places, SHORTEST_SIDE)
    figure = Figure(facecolor="white")
    upper, lower = figure.add_subplot(), figure.add_subplot()
    bar = figure.add_subplot()
    style_axes(upper)
    upper.set_aspect("equal")
    upper.set_facecolor(SEA)
    draw_land(upper, scenario.coast.land, scenario.grid, frame)
    drawn = _draw_stretches(upper, scenario, coast)
    draw_release_marks(upper, marks, frame)
    upper.set_xlim(frame.left, frame.right)
    upper.set_ylim(frame.bottom, frame.top)
    draw_scale_bar(upper, frame)
    end = f"{to_datetime(coast.times[-1]):%Y-%m-%d %H:%M}"
    set_title(upper, f"Oil on the coast, {end} UTC")
    style_axes(lower)
    _draw_ashore(lower, coast)
    map_width, map_height = _place_parts(figure, upper, lower, bar, frame)
    most = round(1.3 * map_width), round(1.5 * map_height)
    label_degrees(upper, scenario.grid, frame, most)
    draw_bar(bar, drawn, "oil by length of coast [kg km⁻¹]", _power_of_ten)
    draw_legend(figure, placed=True)
    return as_png(figure, colours=256)


def _place_parts(
    figure: Figure, upper: Axes, lower: Axes, bar: Axes, frame: Frame
) -> tuple[float, float]:
    """Place map, chart and bar of colours; return width and height of the map. [inch]"""
    place(lower, 0.0, TIME_AXIS_ROOM, SIZE, PANEL_HEIGHT)
    left = fix_y_label(lower)
    width = SIZE - left - BAR_ROOM
    ratio = min(frame.height / frame.width, 1.35)
    foot = TIME_AXIS_ROOM + PANEL_HEIGHT + MAP_LABELS
    height = width * ratio
    figure.set_size_inches(SIZE, foot + height + TITLE_ROOM + legend_height(figure))
    place(upper, left, foot, width, height)
    place(lower, left, TIME_AXIS_ROOM, width, PANEL_HEIGHT)
    place(bar, left + width + 0.1, foot + 0.125 * height, 0.13, 0.75 * height)
    return height * frame.width / frame.height, height


def _power_of_ten(number: float, place: int | None = None) -> str:
    """Return a power of ten with its exponent raised."""
    return "10" + str(round(math.log10(number))).translate(_RAISED)


def _draw_stretches(axes: Axes, scenario: Scenario, coast: OiledCoast) -> LineCollection:
    """Draw the oiled stretches in the colour of their load."""
    parts, stretch = shapely.get_parts(coast.lines(scenario), return_index=True)
    lines = [
        np.stack(scenario.grid.to_metres.transform(*shapely.get_coordinates(part).T), axis=-1)
        for part in parts
    ]
    load = coast.per_km[stretch, -1]
    # the most oiled last, above the others
    order = np.argsort(load, kind="stable")
    lines, load = [lines[k] for k in order], load[order]
    style = {"capstyle": "round", "joinstyle": "round"}
    axes.add_collection(
        LineCollection(lines, colors=[INK], linewidths=6.0, zorder=4, **style), autolim=False
    )
    # what was oiled before and is clean at the end is drawn white
    colours = colormaps[PER_KM_COLOURS].with_extremes(bad="white")
    drawn = LineCollection(
        lines, linewidths=4.4, zorder=5, cmap=colours, norm=_scale(load), **style
    )
    drawn.set_array(np.ma.masked_less_equal(load, 0.0))
    axes.add_collection(drawn, autolim=False)
    return drawn


def _scale(load: NDArray[np.float64]) -> LogNorm:
    """Return a scale of whole decades that holds what is positive, four at most."""
    positive = load[load > 0.0]
    top = math.ceil(math.log10(positive.max())) if positive.size else 3
    foot = math.floor(math.log10(positive.min())) if positive.size else 0
    return LogNorm(10.0 ** max(min(foot, top - 1), top - 4), 10.0**top)


def _draw_ashore(axes: Axes, coast: OiledCoast) -> None:
    """Draw the oil on the whole coast over time."""
    absorbed = 1e-3 * coast.total_absorbed
    loose = np.maximum(1e-3 * coast.total_mass - absorbed, 0.0)
    _stack(axes, coast.times, {"absorbed": absorbed, "loose": loose}, COAST_LOOKS)
    axes.set_ylim(0.0, 1.05e-3 * coast.total_mass.max())


def _stack(
    axes: Axes,
    times: NDArray[np.datetime64],
    tonnes: Mapping[str, NDArray[np.float64]],
    looks: Mapping[str, Look],
) -> None:
    """Draw masses over time one on the other. [t]"""
    colours = [look.colour for look in looks.values()]
    areas = axes.stackplot(times, *tonnes.values(), colors=colours)
    for area, look in zip(areas, looks.values(), strict=True):
        area.set(label=look.label, edgecolor="white", linewidth=0.4)
        if look.hatch:
            area.set(hatch=look.hatch, edgecolor=MUTED, linewidth=0.0)
    label_times(axes, times[0], max(times[-1], times[0] + np.timedelta64(1, "h")))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    axes.set_xlabel("time [UTC]")
    axes.set_ylabel("mass of oil [t]")


def _percent_of(whole: float) -> tuple[_Scaling, _Scaling]:
    """Return the way from a mass to its percentage of the whole, and back."""
    return lambda mass: mass * (100.0 / whole), lambda percent: percent * (0.01 * whole)


def _amount(number: float, digits: int = 3) -> str:
    """Return a number of few digits, thousands set apart."""
    if number < 10.0**digits:
        return f"{number:.{digits}g}" if number >= 1e-3 or number == 0.0 else "<0.001"
    return f"{number:,.0f}"


def _share(part: float, whole: float) -> str:
    """Return a mass [t], and its share of the whole."""
    if part == 0.0:
        return "0 t"
    percent = 100.0 * part / whole
    return f"{_amount(part)} t ({'<0.1' if percent < 0.05 else f'{percent:.1f}'} %)"
