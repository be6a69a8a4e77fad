"""The map of a run: the oil at its end by thickness, its slicks before, paths, source and coast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from simulator import Status
from witoil.figures.drawing import (
    OBSERVED_ONLY,
    SEA,
    SIZE,
    TITLE_ROOM,
    Frame,
    as_png,
    cells_in,
    draw_bar,
    draw_contour,
    draw_land,
    draw_legend,
    draw_north,
    draw_scale_bar,
    label_degrees,
    legend_height,
    place,
    set_title,
    style_axes,
)
from witoil.figures.release_marks import draw_release_marks, marks_of
from witoil.scenario.afloat import slick_of
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask

MOST_PATHS = 60
"""Particles whose paths are drawn."""

MOST_DOTS = 4000
"""Particles on the coast that are drawn."""

ASHORE = "#8a5300"
PATH = "#7b8794"
THICKNESS = "viridis_r"
"""Colours from light for thin to dark for thick oil, alike for the colour-blind."""

MOST_OVERLAP = 0.3
"""Outlines of slicks that share more than this of their cells could not be told apart."""

EARLIER_COLOUR = "#0072b2"
LINES = ("dotted", "dashed", "dashdot")
"""Lines of the slicks before the last, the earliest first: they are told apart in grey, too."""

THINNEST_UM = 0.04
"""Thinner oil is no sheen by the code of the Bonn Agreement. [um]"""

LEFT, FOOT, BAR_ROOM = 0.45, 0.4, 0.85
"""What the labels beside and under the map take, and the bar of colours. [inch]"""


def run_map(
    scenario: Scenario,
    result: xr.Dataset,
    thickness: Mapping[np.datetime64, NDArray[np.float64]],
    detection_limit_um: float,
) -> bytes:
    """Draw where the oil of a run is at its end, how thick, and how it came there.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.scenario.run.run`.
    thickness : mapping
        Time -> thickness of the oil on the verification grid, the last output last. Of those
        before the slicks are outlined. [m]
    detection_limit_um : float
        Oil that is thinner is not seen: it bounds the slicks of earlier times. A sensor may need
        oil some times as thick. [um]

    Returns
    -------
    bytes
        PNG.
    """
    *_, end = thickness
    slicks = {
        time: slick_of(scenario, field, scenario.times_as_thick(time) * detection_limit_um)
        for time, field in thickness.items()
    }
    marks = marks_of(scenario)
    ashore = _ashore(scenario, result)
    shown = [*slicks.values(), *(seen.mask for seen in scenario.observations)]
    frame = _frame(scenario, shown, np.concatenate([marks.places, ashore]))
    figure = Figure(facecolor="white")
    axes, bar = figure.add_subplot(), figure.add_subplot()
    style_axes(axes)
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    draw_land(axes, scenario.coast.land, scenario.grid, frame)
    _draw_paths(axes, scenario, result)
    drawn = _draw_thickness(axes, scenario, frame, thickness[end])
    _draw_earlier(axes, scenario, frame, slicks)
    _draw_observed(axes, scenario, frame)
    draw_release_marks(axes, marks, frame)
    if ashore.size:
        axes.plot(*ashore.T, ".", ms=3.0, color=ASHORE, zorder=6, label="oil ashore")
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    draw_scale_bar(axes, frame)
    set_title(axes, f"Oil at {_when(end)} UTC")
    _lay_out(figure, axes, bar, frame)
    label_degrees(axes, scenario.grid, frame)
    draw_north(axes, scenario.grid, frame)
    draw_bar(bar, drawn, "thickness of the oil afloat [µm]", lambda value, _: f"{value:,g}")
    draw_legend(figure, placed=True)
    return as_png(figure, colours=256)


def _frame(scenario: Scenario, masks: Sequence[Mask], points: NDArray[np.float64]) -> Frame:
    """Return the part of the grid that holds masks and points."""
    cells = scenario.grid.middles(np.any(masks, axis=0))
    places = np.concatenate([cells, points])
    if not places.size:  # all oil is gone, and its sources are slicks without cells
        whole = scenario.particles
        places = np.stack(scenario.grid.to_metres.transform(whole.longitude, whole.latitude), -1)
    return Frame.holding(places, 20.0 * scenario.grid.resolution)


def _positions(
    scenario: Scenario, result: xr.Dataset, chosen: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return eastings and northings of some particles, shape (particles, times, 2). [m]"""
    lon, lat = (result[name].values[chosen] for name in ("lon", "lat"))
    return np.stack(scenario.grid.to_metres.transform(lon, lat), axis=-1)


def _ashore(scenario: Scenario, result: xr.Dataset) -> NDArray[np.float64]:
    """Return where oil lies on the coast at the end, shape (n, 2). [m]"""
    beached = np.flatnonzero(result["status"].values[:, -1] == Status.BEACHED)
    beached = beached[:: max(beached.size // MOST_DOTS, 1)]
    return _positions(scenario, result.isel(time=[-1]), beached)[:, 0]


def _draw_paths(axes: Axes, scenario: Scenario, result: xr.Dataset) -> None:
    """Draw the ways of some particles, evenly taken over all releases."""
    count = result.sizes["trajectory"]
    chosen = np.unique(np.linspace(0, count - 1, min(MOST_PATHS, count)).astype(np.intp))
    lines = [line[np.isfinite(line).all(axis=1)] for line in _positions(scenario, result, chosen)]
    lines = [line for line in lines if len(line) > 1]
    axes.add_collection(
        LineCollection(lines, colors=[PATH], linewidths=0.5, alpha=0.7, zorder=3), autolim=False
    )
    axes.plot([], [], color=PATH, lw=0.8, label="paths of particles")


def _draw_thickness(
    axes: Axes, scenario: Scenario, frame: Frame, thickness: NDArray[np.float64]
) -> AxesImage:
    rows, columns, extent = cells_in(scenario.grid, frame)
    microns = 1e6 * thickness[rows, columns]
    hidden = (microns < THINNEST_UM) | scenario.land[rows, columns]
    top = max(float(microns.max(initial=0.0)), 10.0 * THINNEST_UM)
    return axes.imshow(
        np.ma.masked_where(hidden, microns),
        extent=extent,
        zorder=2,
        aspect="equal",
        interpolation="nearest",
        cmap=colormaps[THICKNESS],
        norm=LogNorm(THINNEST_UM, top),
    )


def _draw_earlier(
    axes: Axes, scenario: Scenario, frame: Frame, masks: Mapping[np.datetime64, Mask]
) -> None:
    """Draw the slicks before the last that can be told from it, from the first and each other."""
    *earlier, last = masks
    drawn = [masks[last], scenario.seen_first]
    lines = iter(LINES)
    for time in earlier:
        mask = masks[time]
        if not mask.any() or any(_overlap(mask, other) > MOST_OVERLAP for other in drawn):
            continue
        drawn.append(mask)
        line = next(lines)
        draw_contour(axes, scenario.grid, frame, mask, EARLIER_COLOUR, line)
        label = f"slick at {_when(time, last)}"
        axes.plot([], [], color=EARLIER_COLOUR, ls=line, label=label)


def _overlap(one: Mask, other: Mask) -> float:
    """Return the share of the cells of either that are of both."""
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0


def _draw_observed(axes: Axes, scenario: Scenario, frame: Frame) -> None:
    for seen in scenario.observations:
        draw_contour(axes, scenario.grid, frame, seen.mask, OBSERVED_ONLY, "solid")
    if scenario.observations:
        axes.plot([], [], color=OBSERVED_ONLY, label="slicks observed")


def _lay_out(figure: Figure, axes: Axes, bar: Axes, frame: Frame) -> None:
    """Place map and bar of colours, as wide as the figure allows. [inch]"""
    width = SIZE - LEFT - BAR_ROOM
    height = width * frame.height / frame.width
    figure.set_size_inches(SIZE, FOOT + height + TITLE_ROOM + legend_height(figure))
    place(axes, LEFT, FOOT, width, height)
    place(bar, LEFT + width + 0.1, FOOT + 0.125 * height, 0.13, 0.75 * height)


def _when(time: np.datetime64, last: np.datetime64 | None = None) -> str:
    """Return a time to the minute; without its day where that is the day of the last."""
    day, hour = np.datetime_as_string(time, unit="m").split("T")
    same = last is not None and time.astype("datetime64[D]") == last.astype("datetime64[D]")
    return hour if same else f"{day} {hour}"
