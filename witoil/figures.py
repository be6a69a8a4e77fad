"""Maps and charts of the report, as PNG.

Drawn with matplotlib's figure objects and not with pyplot, whose global state no two threads may
share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry

from witoil.verification import Mask, VerificationGrid

# Colours of Okabe and Ito, which the colour-blind can tell apart; those of one figure also differ
# in lightness, for black and white print.
OBSERVED_ONLY = "#e69f00"
SIMULATED_ONLY = "#0072b2"
BOTH = "#2b3743"
FIRST = "#cc3d8f"
SOURCE = "#f0e442"
SEA = "#f3f7fa"
LAND = "#ddd8cc"
COASTLINE = "#9b917c"
INK = "#1f2933"
MUTED = "#5b6673"

SIZE = 5.0
"""Width of every figure, so that the text of all has one size on the page. [inch]"""

DOTS_PER_INCH = 192
"""Twice what a screen of common density shows."""


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
}
"""Rule that proposed a trial -> label, colour, marker, filled."""


@dataclass(frozen=True)
class Frame:
    """The part of the verification grid that a map shows. [m]"""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(
        cls, grid: VerificationGrid, masks: Iterable[Mask], points: NDArray[np.float64]
    ) -> Frame:
        """Return a frame that holds masks and points with a margin, neither slim nor flat.

        Parameters
        ----------
        grid : VerificationGrid
        masks : iterable of Mask
            With oil in at least one of them.
        points : ndarray, shape (n, 2)
            Eastings and northings. [m]
        """
        rows, columns = np.nonzero(np.any([*masks], axis=0))
        x = np.concatenate([grid.west + grid.resolution * (columns + 0.5), points[:, 0]])
        y = np.concatenate([grid.north - grid.resolution * (rows + 0.5), points[:, 1]])
        span = max(np.ptp(x), np.ptp(y), 10.0 * grid.resolution)
        width = max(np.ptp(x), 0.7 * span) + 0.2 * span
        height = max(np.ptp(y), 0.7 * span) + 0.2 * span
        east, north = 0.5 * (x.min() + x.max()), 0.5 * (y.min() + y.max())
        # the scale bar stands at the bottom
        low = north - 0.5 * height - 0.06 * span
        return cls(
            float(east - 0.5 * width), float(east + 0.5 * width), float(low), float(low + height)
        )

    @property
    def width(self) -> float:
        """West to east. [m]"""
        return self.right - self.left

    @property
    def height(self) -> float:
        """South to north. [m]"""
        return self.top - self.bottom


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
    figure, axes = _figure(SIZE * min(frame.height / frame.width, 1.35) + 0.3)
    axes.set_aspect("equal")
    axes.set_facecolor(SEA)
    _draw_land(axes, land, grid, frame)
    _draw_masks(axes, grid, frame, simulated, observed)
    _draw_outline(axes, grid, frame, first)
    axes.plot(*sources.T, "*", ms=13, mfc=SOURCE, mec=INK, mew=1.0, ls="", zorder=5)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    _label_degrees(axes, grid, frame)
    _draw_scale_bar(axes, frame)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    return _png(figure, colours=128)


def skill_chart(
    scales: Sequence[float], fss: Mapping[str, Sequence[float | None]], useful: float | None
) -> bytes:
    """Draw the FSS against the scale.

    Parameters
    ----------
    scales : sequence of float
        Sides of the windows. [m]
    fss : mapping
        Key of `STYLES` -> score for each scale.
    useful : float, optional
        The score from which a forecast is called useful.
    """
    figure, axes = _figure(3.7)
    if useful is not None:
        axes.axhline(useful, color="#aab4be", lw=1.5, zorder=1, label=f"useful skill, {useful:.2f}")
    for key, scores in fss.items():
        style = STYLES[key]
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
    _legend(figure)
    return _png(figure)


def search_chart(history: Sequence[Mapping[str, Any]], persistence: float | None) -> bytes:
    """Draw the score of each evaluation, and how the best one rose.

    Parameters
    ----------
    history : sequence of mapping
        Rows of a study: `number`, `score` (None where it failed) and `origin`.
    persistence : float, optional
        Score of the slick unmoved.
    """
    figure, axes = _figure(3.7)
    scores = np.array([row["score"] for row in history], dtype=np.float64)
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
    _legend(figure)
    return _png(figure)


def distance(metres: float) -> str:
    """Return a distance as text with its unit."""
    number, unit = (metres, "m") if metres < 1000.0 else (metres / 1000.0, "km")
    return f"{number:.3g}\N{NO-BREAK SPACE}{unit}"


def _figure(height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of the report's width and look."""
    figure = Figure(figsize=(SIZE, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=9.5)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    return figure, axes


def _legend(figure: Figure) -> None:
    figure.legend(
        loc="outside upper left",
        ncols=2,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        columnspacing=1.2,
        handlelength=2.2,
        borderpad=0.0,
    )


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


def _png(figure: Figure, colours: int | None = None) -> bytes:
    """Render a figure, with a palette of few colours where that is enough."""
    plain = BytesIO()
    figure.savefig(plain, format="png", dpi=DOTS_PER_INCH)
    if colours is None:
        return plain.getvalue()
    small = BytesIO()
    with Image.open(plain) as image:
        image.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(
            small, "png", optimize=True
        )
    return small.getvalue()


def _draw_land(axes: Axes, land: BaseGeometry, grid: VerificationGrid, frame: Frame) -> None:
    box = grid.to_degrees.transform_bounds(
        frame.left, frame.bottom, frame.right, frame.top, densify_pts=21
    )
    for part in shapely.get_parts(shapely.clip_by_rect(shapely.get_parts(land), *box)):
        if not isinstance(part, shapely.Polygon) or part.is_empty:
            continue
        # shells and holes run in opposite directions, or the holes would be filled
        part = shapely.normalize(part)
        rings = [shapely.get_coordinates(ring).T for ring in (part.exterior, *part.interiors)]
        path = Path.make_compound_path(
            *(
                Path(np.stack(grid.to_metres.transform(*ring), axis=-1), closed=True)
                for ring in rings
            )
        )
        axes.add_patch(PathPatch(path, facecolor=LAND, lw=0.0, zorder=1))
        # the coastline again, above the slicks: cells are coarser than it is
        axes.add_patch(PathPatch(path, fill=False, edgecolor=COASTLINE, lw=0.8, zorder=3))


def _draw_masks(
    axes: Axes, grid: VerificationGrid, frame: Frame, simulated: Mask, observed: Mask
) -> None:
    rows, columns, extent = _cells(grid, frame)
    seen, drawn = observed[rows, columns], simulated[rows, columns]
    image = np.zeros((*seen.shape, 4))
    for chosen, colour in (
        (seen & ~drawn, OBSERVED_ONLY),
        (drawn & ~seen, SIMULATED_ONLY),
        (seen & drawn, BOTH),
    ):
        image[chosen] = _rgba(colour)
    axes.imshow(image, extent=extent, zorder=2, aspect="equal")


def _draw_outline(axes: Axes, grid: VerificationGrid, frame: Frame, mask: Mask) -> None:
    rows, columns, (left, right, bottom, top) = _cells(grid, frame)
    part = mask[rows, columns]
    if not part.any() or min(part.shape) < 2:
        return
    half = 0.5 * grid.resolution
    x = np.linspace(left + half, right - half, part.shape[1])
    y = np.linspace(top - half, bottom + half, part.shape[0])
    axes.contour(x, y, part, levels=[0.5], colors=["white"], linewidths=2.4, zorder=4)
    axes.contour(x, y, part, levels=[0.5], colors=[FIRST], linewidths=1.3, zorder=4)


def _cells(
    grid: VerificationGrid, frame: Frame
) -> tuple[slice, slice, tuple[float, float, float, float]]:
    """Return rows and columns of the grid in a frame, and their left, right, bottom, top. [m]"""
    h = grid.resolution
    first_row = max(math.floor((grid.north - frame.top) / h), 0)
    last_row = min(math.ceil((grid.north - frame.bottom) / h), grid.shape[0])
    first = max(math.floor((frame.left - grid.west) / h), 0)
    last = min(math.ceil((frame.right - grid.west) / h), grid.shape[1])
    extent = (
        grid.west + h * first,
        grid.west + h * last,
        grid.north - h * last_row,
        grid.north - h * first_row,
    )
    return slice(first_row, last_row), slice(first, last), extent


def _rgba(colour: str) -> tuple[float, float, float, float]:
    red, green, blue = (int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    return red, green, blue, 1.0


def _label_degrees(axes: Axes, grid: VerificationGrid, frame: Frame) -> None:
    """Put ticks at round longitudes and latitudes, where they cross the lower and left edge."""
    to_degrees = grid.to_degrees.transform
    x = np.linspace(frame.left, frame.right, 33)
    y = np.linspace(frame.bottom, frame.top, 33)
    longitude = np.unwrap(to_degrees(x, np.full(x.size, frame.bottom))[0], period=360.0)
    latitude = to_degrees(np.full(y.size, frame.left), y)[1]
    ticks, labels = _degree_ticks(longitude, "EW")
    axes.set_xticks(np.interp(ticks, longitude, x), labels)
    ticks, labels = _degree_ticks(latitude, "NS")
    axes.set_yticks(np.interp(ticks, latitude, y), labels, rotation=90, va="center")
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED)


def _degree_ticks(along: NDArray[np.float64], signs: str) -> tuple[NDArray[np.float64], list[str]]:
    """Return round values within a rising series of degrees, and their labels."""
    ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(along[0], along[-1])
    decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-6))
    # a label at the very end would be cut off, or meet that of the other axis
    edge = 0.05 * (along[-1] - along[0])
    ticks = ticks[(ticks >= along[0] + edge) & (ticks <= along[-1] - edge)]
    turned = (ticks + 180.0) % 360.0 - 180.0
    labels = [f"{abs(t):.{decimals}f}°{signs[0] if t >= 0 else signs[1]}" for t in turned]
    return ticks, labels


def _draw_scale_bar(axes: Axes, frame: Frame) -> None:
    """Draw a bar of a round length, about a quarter of the map."""
    wanted = 0.3 * frame.width
    power = 10.0 ** math.floor(math.log10(wanted))
    length = power * max(n for n in (1, 2, 5) if n * power <= wanted)
    x, y = frame.left + 0.04 * frame.width, frame.bottom + 0.035 * frame.width
    halo = [withStroke(linewidth=4, foreground="white")]
    axes.plot([x, x + length], [y, y], color=INK, lw=2.5, path_effects=halo, zorder=6)
    axes.annotate(
        distance(length),
        (x + 0.5 * length, y),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9.5,
        color=INK,
        path_effects=halo,
        zorder=6,
    )
