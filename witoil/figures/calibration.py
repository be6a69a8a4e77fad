"""Maps and charts of the report of a calibration, as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from witoil.figures.drawing import (
    BOTH,
    INK,
    MUTED,
    OBSERVED_ONLY,
    SEA,
    SIMULATED_ONLY,
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
    rgba,
)
from witoil.lengths import distance
from witoil.scenario.verification import Mask, VerificationGrid


@dataclass(frozen=True)
class Style:
    """How one of the compared runs is drawn, in charts and in the page."""

    label: str
    colour: str
    marker: str
    line: str


STYLES = {
    "best": Style("calibrated", "#009e73", "o", "-"),
    "default": Style("default parameters", "#a8508c", "s", "--"),
    "persistence": Style("persistence (unmoved)", MUTED, "^", ":"),
}

ORIGINS = {
    "default": ("default parameters", STYLES["default"].colour, "s", True),
    "sobol": ("space-filling", MUTED, "o", False),
    "local": ("Gaussian process, near the best", "#0072b2", "v", True),
    "global": ("Gaussian process, anywhere", "#e69f00", "D", True),
    "polish": ("Gaussian process, its top", "#cc3d8f", "^", True),
    "cma": ("evolution strategy", "#e69f00", "D", True),
}
"""Rule that proposed a trial -> label, colour, marker, filled."""


def slick_map(
    grid: VerificationGrid,
    land: BaseGeometry,
    frame: Frame,
    *,
    simulated: Mask,
    observed: Mask,
    first: Mask,
    sources: NDArray[np.float64],
    title: str,
) -> bytes:
    """Draw where a simulated and an observed slick agree and where they do not.

    Parameters
    ----------
    grid : VerificationGrid
    land : BaseGeometry
        In degrees.
    frame : Frame
    simulated, observed : Mask
    first : Mask
        The slick at the start of the run, drawn as an outline.
    sources : ndarray, shape (n, 2)
        Eastings and northings of point sources. [m]
    title : str

    Returns
    -------
    bytes
        PNG.
    """
    figure, axes = new_figure(SIZE * min(frame.height / frame.width, 1.35) + 0.3)
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    draw_land(axes, land, grid, frame)
    _draw_masks(axes, grid, frame, simulated, observed)
    draw_outline(axes, grid, frame, first)
    axes.plot(*sources.T, "*", ms=13, mfc=SOURCE, mec=INK, mew=1.0, ls="", zorder=5)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    label_degrees(axes, grid, frame)
    draw_scale_bar(axes, frame)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    return as_png(figure, colours=128)


def skill_chart(
    scales: Sequence[float],
    fss: Mapping[str, Sequence[float | None]],
    useful: float | None,
    styles: Mapping[str, Style] = STYLES,
) -> bytes:
    """Draw the FSS against the scale.

    Parameters
    ----------
    scales : sequence of float
        Sides of the windows. [m]
    fss : mapping
        Key of `styles` -> score for each scale.
    useful : float, optional
        The score from which a forecast is called useful.
    styles : mapping
        How each run is drawn.
    """
    figure, axes = new_figure(3.7)
    if useful is not None:
        axes.axhline(useful, color="#aab4be", lw=1.5, zorder=1, label=f"useful skill, {useful:.2f}")
    for key, scores in fss.items():
        style = styles[key]
        # None becomes NaN, a gap in the line
        values = np.array(scores, dtype=np.float64)
        axes.plot(
            scales, values, style.line, marker=style.marker, color=style.colour, label=style.label
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(scales)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(list(scales), [distance(scale) for scale in scales])
    axes.set_xlim(scales[0] / 1.3, scales[-1] * 1.3)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("side of the window")
    axes.set_ylabel("FSS [1]")
    draw_legend(figure)
    return as_png(figure)


def search_chart(history: Sequence[Mapping[str, Any]], persistence: float | None) -> bytes:
    """Draw the score of each evaluation, and how the best one rose.

    Parameters
    ----------
    history : sequence of mapping
        Rows of a study: `number`, `penalised` (None where it failed) and `origin`.
    persistence : float, optional
        Score of the slick unmoved.
    """
    figure, axes = new_figure(3.7)
    scores = np.array([row["penalised"] for row in history], dtype=np.float64)
    numbers = np.arange(1, scores.size + 1)
    failed = np.isnan(scores)
    _draw_trials(axes, numbers, scores, [row["origin"] for row in history])
    best = np.maximum.accumulate(np.where(failed, -np.inf, scores))
    known = np.isfinite(best)
    axes.step(
        numbers[known], best[known], where="post", color=STYLES["best"].colour, label="best so far"
    )
    if persistence is not None:
        style = STYLES["persistence"]
        axes.axhline(persistence, color=style.colour, ls=style.line, label="persistence")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("evaluation")
    axes.set_ylabel("score [1]")
    draw_legend(figure)
    return as_png(figure)


def _draw_trials(
    axes: Axes, numbers: NDArray[np.int_], scores: NDArray[np.float64], origins: Sequence[str]
) -> None:
    """Draw a marker for each trial by the rule that proposed it; failed ones at the foot."""
    failed = np.isnan(scores)
    for origin, (label, colour, marker, filled) in ORIGINS.items():
        chosen = ~failed & np.array([found == origin for found in origins], dtype=bool)
        if chosen.any():
            face = colour if filled else "white"
            axes.plot(
                numbers[chosen], scores[chosen], marker, ms=4.5, mec=colour, mfc=face, label=label
            )
    if failed.any():
        foot = np.full(np.count_nonzero(failed), 0.02)
        axes.plot(
            numbers[failed],
            foot,
            "x",
            color="#d55e00",
            ms=5,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            label="failed",
        )


def _draw_masks(
    axes: Axes, grid: VerificationGrid, frame: Frame, simulated: Mask, observed: Mask
) -> None:
    rows, columns, extent = cells_in(grid, frame)
    seen, drawn = observed[rows, columns], simulated[rows, columns]
    image = np.zeros((*seen.shape, 4))
    for chosen, colour in (
        (seen & ~drawn, OBSERVED_ONLY),
        (drawn & ~seen, SIMULATED_ONLY),
        (seen & drawn, BOTH),
    ):
        image[chosen] = rgba(colour)
    axes.imshow(image, extent=extent, zorder=2, aspect="equal")
