"""Charts and maps of a walk forward through slicks, as PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

import optimizer
from witoil.case.tunables import TUNABLES
from witoil.figures.calibration import STYLES as CALIBRATION_STYLES
from witoil.figures.calibration import Style
from witoil.figures.drawing import (
    INK,
    MUTED,
    SEA,
    SIZE,
    SOURCE,
    Frame,
    as_png,
    cells_in,
    draw_land,
    draw_legend,
    draw_outline,
    draw_scale_bar,
    label_degrees,
    new_figure,
    style_axes,
)
from witoil.forecast.reliability import Reliability
from witoil.forecast.walk import Posterior, Trial
from witoil.scenario.verification import Mask, VerificationGrid

STYLES = {
    "forecast": Style("forecast", "#009e73", "o", "-"),
    "ensemble": Style("ensemble, likely parameters", "#0072b2", "D", "-"),
    "prior": Style("ensemble, priors only", "#56b4e9", "v", "--"),
    "best": Style("best fit, all slicks so far", "#e69f00", "P", "-."),
    "latest": Style("best fit, last slick", "#d55e00", "X", "-."),
    "default": CALIBRATION_STYLES["default"],
    "persistence": CALIBRATION_STYLES["persistence"],
    "grown": Style("persistence, grown as before", "#8c7b6b", "<", ":"),
    "without_currents": Style("drift without currents", "#cc79a7", "1", ":"),
    "without_wind": Style("drift without wind", "#b59f00", "2", ":"),
    "without_drift": Style("sources and spreading alone", "#7f6fb0", "3", ":"),
}
"""Columns of the table of forecasts -> how they are drawn, in this order."""

CHARTED = ("forecast", "ensemble", "prior", "best", "latest", "default", "persistence", "grown")
"""Those whose lines can be told apart in one chart."""

_ORIGINS = {
    "default": ("default parameters", STYLES["default"].colour, "s"),
    "prior": ("drawn from the priors", MUTED, "o"),
    "posterior": ("drawn from what was likely", "#0072b2", "v"),
}

_PERCENT = (0.0, 5.0, 15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 75.0, 85.0, 95.0, 100.0)


def probability_map(
    grid: VerificationGrid,
    land: BaseGeometry,
    frame: Frame,
    *,
    probability: NDArray[np.float32],
    observed: Mask,
    sources: NDArray[np.float64],
    title: str,
) -> bytes:
    """Draw the probability of oil, and the outline of the slick that was seen then."""
    figure, axes = new_figure(SIZE * min(frame.height / frame.width, 1.35) + 0.9)
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    draw_land(axes, land, grid, frame)
    colours = ListedColormap(colormaps["viridis_r"](np.linspace(0.0, 1.0, len(_PERCENT) - 1)))
    norm = BoundaryNorm(_PERCENT, len(_PERCENT) - 1)
    rows, columns, extent = cells_in(grid, frame)
    part = probability[rows, columns]
    axes.imshow(
        np.ma.masked_where(part <= 0.0, 100.0 * part),
        extent=extent,
        cmap=colours,
        norm=norm,
        interpolation="nearest",
        zorder=2,
        aspect="equal",
    )
    draw_outline(axes, grid, frame, observed)
    axes.plot(*sources.T, "*", ms=13, mfc=SOURCE, mec=INK, mew=1.0, ls="", zorder=5)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    label_degrees(axes, grid, frame)
    draw_scale_bar(axes, frame)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=axes, location="bottom", pad=0.02, aspect=40
    )
    bar.ax.tick_params(labelsize=8.5)
    bar.set_label("probability of oil [%]", fontsize=9, color=INK)
    return as_png(figure, colours=128)


def styles_of(columns: Iterable[str]) -> dict[str, Style]:
    """Return how each column of a table of forecasts is drawn; products of forcing come last."""
    names = [*columns]
    products = {
        name: Style(f"forcing product {name.removeprefix('product_')}", "#56707f", "4", ":")
        for name in names
        if name not in STYLES
    }
    return {name: style for name, style in STYLES.items() if name in names} | products


def reliability_chart(found: Reliability, before: Reliability) -> bytes:
    """Draw how often oil was seen against its probability, and how many cells tell so.

    Parameters
    ----------
    found : Reliability
        Of the forecasts.
    before : Reliability
        Of the same before they were corrected by those earlier.
    """
    figure = Figure(figsize=(SIZE, 4.6), layout="constrained", facecolor="white")
    axes, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    for each in (axes, below):
        style_axes(each)
    axes.plot([0.0, 100.0], [0.0, 100.0], color="#aab4be", lw=1.5, label="perfectly reliable")
    axes.plot(
        100.0 * before.forecast,
        100.0 * before.observed,
        ":",
        marker=".",
        color=MUTED,
        label="before correction",
    )
    style = STYLES["forecast"]
    axes.plot(
        100.0 * found.forecast,
        100.0 * found.observed,
        style.line,
        marker=style.marker,
        color=style.colour,
        label="forecast",
    )
    axes.set_ylabel("oil seen [% of cells]")
    axes.set_ylim(-2.0, 102.0)
    known = found.cells > 0
    below.bar(100.0 * found.forecast[known], found.cells[known], width=5.0, color=MUTED)
    below.set_yscale("log")
    below.yaxis.set_minor_formatter(NullFormatter())
    below.set_ylabel("cells")
    below.set_xlabel("forecast probability of oil [%]")
    below.set_xlim(-2.0, 102.0)
    draw_legend(figure)
    return as_png(figure)


def learning_chart(trials: Sequence[Trial], legs: int) -> bytes:
    """Draw the score of every set of parameters on the slicks seen when it was proposed."""
    figure, axes = new_figure(3.7)
    numbers = np.array([trial.number + 1 for trial in trials])
    scores = np.array([_first_score(trial) for trial in trials])
    for origin, (label, colour, marker) in _ORIGINS.items():
        chosen = np.array([trial.origin == origin for trial in trials])
        axes.plot(numbers[chosen], scores[chosen], marker, ms=4.5, color=colour, label=label)
    steps = np.array([max(trial.step, 1) for trial in trials])
    for step in range(1, legs + 1):
        of_step = (steps == step) & np.isfinite(scores)
        if of_step.any():
            best = np.maximum.accumulate(scores[of_step])
            label = "best of those so far" if step == 1 else "_"
            axes.step(
                numbers[of_step], best, where="post", color=STYLES["forecast"].colour, label=label
            )
            if step > 1:
                axes.axvline(numbers[of_step][0] - 0.5, color="#aab4be", lw=1.0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("set of parameters; a line where one more slick was seen")
    axes.set_ylabel("mean score [1]")
    draw_legend(figure)
    return as_png(figure)


def _first_score(trial: Trial) -> float:
    """Mean score on the slicks seen when a trial was proposed; NaN where a run failed."""
    found = [trial.outcomes[k].get("score") for k in range(max(trial.step, 1))]
    return float(np.mean(np.array(found, dtype=np.float64)))


def parameter_chart(space: optimizer.Space, posteriors: Mapping[str, Posterior]) -> bytes:
    """Draw the range of each parameter, before any slick was seen and after each.

    Parameters
    ----------
    space : optimizer.Space
    posteriors : mapping
        Label -> what was likely then, the oldest first.
    """
    ranges = [{row["name"]: row for row in each.marginals()} for each in posteriors.values()]
    rows = (len(space.parameters) + 1) // 2
    height = (0.75 + 0.16 * len(posteriors)) * rows + 0.5
    figure = Figure(figsize=(2.0 * SIZE, height), layout="constrained", facecolor="white")
    grid = np.atleast_2d(figure.subplots(rows, 2))
    for axes, parameter in zip(grid.T.ravel(), space.parameters, strict=False):
        style_axes(axes)
        for k, row in enumerate(each[parameter.name] for each in ranges):
            colour = MUTED if k == 0 else STYLES["ensemble"].colour
            axes.plot([row["p5"], row["p95"]], [k, k], color=colour, lw=3.0, solid_capstyle="butt")
            axes.plot(row["p50"], k, "o", ms=5, color=colour, mec="white")
        axes.axvline(parameter.default, color=STYLES["default"].colour, lw=1.2, ls="--")
        if parameter.scale == "log":
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(parameter.low, parameter.high)
        axes.set_ylim(len(posteriors) - 0.5, -0.5)
        axes.set_yticks(range(len(posteriors)), list(posteriors), fontsize=8.5)
        units = TUNABLES[parameter.name].units
        title = parameter.name + ("" if units == "1" else f" [{units}]")
        axes.set_title(title, loc="left", fontsize=9.5, color=INK)
    for axes in grid.T.ravel()[len(space.parameters) :]:
        axes.set_axis_off()
    return as_png(figure)
