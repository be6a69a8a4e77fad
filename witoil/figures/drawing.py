"""What maps and charts have in common: palette, size, frame, land, axes in degrees, PNG.

Drawn with matplotlib's figure objects and not with pyplot, whose global state no two threads may
share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, DateLocator, DayLocator
from matplotlib.figure import Figure
from matplotlib.markers import TICKRIGHT
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import turn_between, unbroken_box
from witoil.lengths import distance
from witoil.scenario.verification import Mask, VerificationGrid

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

EXACT = 32
"""Colours that a picture of few keeps as they are: those of areas, lines and their legend."""

LEGEND_LINE = 13.5 / 72.0
"""Height of a line of a legend. [inch]"""

TITLE_ROOM = 0.3
"""What the title over axes takes. [inch]"""

TICK_ROOM = 0.1
"""Distance from an edge of axes to the labels of its ticks. [inch]"""

TICK_TEXT = 9.5
"""Size of the labels of ticks. [point]"""

TIME_AXIS_ROOM = 0.5
"""What ticks, dates and label take under a chart over time. [inch]"""


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
        cells = grid.middles(np.any([*masks], axis=0))
        return cls.holding(np.concatenate([cells, points]), 10.0 * grid.resolution)

    @classmethod
    def holding(cls, points: NDArray[np.float64], least: float) -> Frame:
        """Return a frame that holds points with a margin, neither slim nor flat.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            One or more eastings and northings. [m]
        least : float
            Shorter than this is no side. [m]
        """
        x, y = points.T
        span = max(np.ptp(x), np.ptp(y), least)
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


def new_figure(height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of the report's width and look."""
    figure = Figure(figsize=(SIZE, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    style_axes(axes)
    return figure, axes


def style_axes(axes: Axes) -> None:
    """Give axes the look of the report."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=TICK_TEXT)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def place(axes: Axes, left: float, bottom: float, width: float, height: float) -> None:
    """Put axes so far from the left and the bottom of their figure. [inch]"""
    assert axes.figure is not None
    across, up = axes.figure.get_size_inches()  # type: ignore[union-attr]
    axes.set_position((left / across, bottom / up, width / across, height / up))


def fix_y_label(axes: Axes, numbers: Iterable[str] | None = None, *, right: bool = False) -> float:
    """Put the label of the y axis beside its numbers, and return what both take. [inch]

    Parameters
    ----------
    axes : Axes
        As high as they stay.
    numbers : iterable of str, optional
        Default: those that are drawn at the ticks.
    right : bool
        They stand right of the axes.
    """
    if numbers is None:
        low, high = sorted(axes.get_ylim())
        ticks = [tick for tick in axes.yaxis.get_majorticklocs() if low <= tick <= high]
        numbers = axes.yaxis.get_major_formatter().format_ticks(ticks)
    # of the typeface: a digit is 0.636 of its size wide, and a comma or point half of that
    widths = [sum(0.318 if sign in ",." else 0.636 for sign in number) for number in numbers]
    beside = TICK_ROOM + max(widths, default=0.0) * TICK_TEXT / 72.0 + 0.04
    edge, outwards = (1.0, beside) if right else (0.0, -beside)
    assert axes.figure is not None
    at_edge = ScaledTranslation(edge, 0.5, axes.transAxes)  # type: ignore[arg-type]
    in_inches = axes.figure.dpi_scale_trans + at_edge
    axes.yaxis.set_label_coords(outwards, 0.0, in_inches)
    return beside + 0.2


def legend_height(figure: Figure, title: str | None = None, columns: int = 2) -> float:
    """Return what the legend above the axes takes. [inch]"""
    count = sum(len(axes.get_legend_handles_labels()[1]) for axes in figure.axes)
    return LEGEND_LINE * (math.ceil(count / columns) + (title is not None))


def draw_legend(
    figure: Figure, title: str | None = None, columns: int = 2, *, placed: bool = False
) -> None:
    """Draw a legend in columns above the axes, which are placed already or laid out later."""
    where = {"loc": "upper left", "borderaxespad": 0.3} if placed else {"loc": "outside upper left"}
    figure.legend(
        **where,
        title=title,
        title_fontsize=9,
        alignment="left",
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        columnspacing=1.2,
        handlelength=2.2,
        borderpad=0.0,
    )


def as_png(figure: Figure, colours: int | None = None) -> bytes:
    """Render a figure, with a palette of few colours where that is enough."""
    figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(drawn).convert("RGB") if colours is None else _few(drawn, colours)
    content = BytesIO()
    image.save(content, "png")
    return content.getvalue()


def _few(drawn: NDArray[np.uint8], colours: int) -> Image.Image:
    """Return a drawing in few colours, those of its largest areas as they are.

    Parameters
    ----------
    drawn : ndarray, shape (height, width, 4)
        Red, green, blue and alpha, which does not count.
    colours : int
        More than `EXACT`.
    """
    pixels = drawn.reshape(-1, 4)
    packed = pixels.view(np.uint32)[:, 0]
    # most pixels are as their neighbour: some of each run are enough to choose colours by
    starts = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
    lengths = np.diff(starts, append=packed.size)
    some = np.minimum(lengths, 8)
    sample = Image.fromarray(pixels[np.newaxis, np.repeat(starts, some), :3])
    chosen = sample.quantize(colours - EXACT, dither=Image.Dither.NONE)
    numbers = np.array(chosen)[0, np.cumsum(some) - 1]
    palette = np.array(chosen.getpalette(), np.uint8).reshape(-1, 3)[: colours - EXACT]
    for colour in _most_common(packed[starts], lengths):
        same = packed[starts] == colour
        numbers[same] = len(palette)
        palette = np.vstack([palette, pixels[starts[np.argmax(same)], :3]])
    image = Image.fromarray(np.repeat(numbers, lengths).reshape(drawn.shape[:2]))
    image.putpalette(palette.tobytes())
    return image


def _most_common(values: NDArray[np.uint32], counts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the `EXACT` values that count most in all."""
    different, number = np.unique(values, return_inverse=True)
    return different[np.argsort(-np.bincount(number, counts), kind="stable")[:EXACT]]


def draw_land(axes: Axes, land: BaseGeometry, grid: VerificationGrid, frame: Frame) -> None:
    """Draw land, given in degrees, and its outline."""
    if land.is_empty:
        return
    west, south, east, north = unbroken_box(
        grid.to_degrees.transform_bounds(
            frame.left, frame.bottom, frame.right, frame.top, densify_pts=21
        )
    )
    turn = turn_between(land, 0.5 * (west + east))
    box = west - turn, south, east - turn, north
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


def draw_outline(axes: Axes, grid: VerificationGrid, frame: Frame, mask: Mask) -> None:
    """Draw the outline of the slick at the start."""
    draw_contour(axes, grid, frame, mask, FIRST, "solid")


def draw_contour(
    axes: Axes, grid: VerificationGrid, frame: Frame, mask: Mask, colour: str, line: str
) -> None:
    """Draw the outline of a slick in a colour and a style of line, on a white halo."""
    rows, columns, (left, right, bottom, top) = cells_in(grid, frame)
    part = mask[rows, columns]
    if not part.any() or min(part.shape) < 2:
        return
    half = 0.5 * grid.resolution
    x = np.linspace(left + half, right - half, part.shape[1])
    y = np.linspace(top - half, bottom + half, part.shape[0])
    axes.contour(x, y, part, levels=[0.5], colors=["white"], linewidths=2.4, zorder=4)
    axes.contour(
        x, y, part, levels=[0.5], colors=[colour], linewidths=1.3, linestyles=line, zorder=4
    )


def cells_in(
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


def rgba(colour: str) -> tuple[float, float, float, float]:
    """Return a colour like #e69f00 as numbers from 0 to 1, opaque."""
    red, green, blue = (int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    return red, green, blue, 1.0


def label_degrees(
    axes: Axes, grid: VerificationGrid, frame: Frame, most: tuple[int, int] = (6, 6)
) -> None:
    """Put ticks at round longitudes and latitudes, where they cross the lower and left edge.

    There are at most so many intervals between the ticks of the lower and of the left edge as
    `most` says.
    """
    to_degrees = grid.to_degrees.transform
    x = np.linspace(frame.left, frame.right, 33)
    y = np.linspace(frame.bottom, frame.top, 33)
    longitude = np.unwrap(to_degrees(x, np.full(x.size, frame.bottom))[0], period=360.0)
    latitude = to_degrees(np.full(y.size, frame.left), y)[1]
    ticks, labels = degree_ticks(longitude, "EW", most[0])
    axes.set_xticks(np.interp(ticks, longitude, x), labels)
    if (np.diff(latitude) > 0.0).all():
        ticks, labels = degree_ticks(latitude, "NS", most[1])
        axes.set_yticks(np.interp(ticks, latitude, y), labels, rotation=90, va="center")
    else:
        axes.set_yticks([])  # the edge runs past the pole
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED)


def degree_ticks(
    along: NDArray[np.float64], signs: str, most: int = 6
) -> tuple[NDArray[np.float64], list[str]]:
    """Return round values within a rising series of degrees, and their labels."""
    ticks = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(along[0], along[-1])
    decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-6))
    # a label at the very end would be cut off, or meet that of the other axis
    edge = 0.05 * (along[-1] - along[0])
    ticks = ticks[(ticks >= along[0] + edge) & (ticks <= along[-1] - edge)]
    turned = (ticks + 180.0) % 360.0 - 180.0
    labels = [f"{abs(t):.{decimals}f}°{signs[0] if t >= 0 else signs[1]}" for t in turned]
    return ticks, labels


def draw_scale_bar(axes: Axes, frame: Frame) -> None:
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


def draw_bar(
    axes: Axes, drawn: ScalarMappable, label: str, written: Callable[[float, int | None], str]
) -> None:
    """Say in axes of their own what the colours of a logarithmic scale mean.

    Parameters
    ----------
    axes : Axes
    drawn : ScalarMappable
        What has the colours.
    label : str
        With the unit.
    written : callable
        Takes a number of the scale and the place of its tick.
    """
    assert axes.figure is not None
    bar = axes.figure.colorbar(drawn, cax=axes)
    bar.set_label(label, color=INK)
    # as text: to set it as a formula takes as long as the rest of the picture
    axes.yaxis.set_major_formatter(FuncFormatter(written))
    axes.tick_params(colors=MUTED, labelsize=TICK_TEXT)
    # ticks between are markers of one line: each tick takes a millisecond
    bar.minorticks_off()
    low, high = axes.get_ylim()
    ticks = LogLocator(subs=range(2, 10)).tick_values(low, high)
    # one at the very end may be off by a rounding
    between = [tick for tick in ticks if (1.0 - 1e-9) * low <= tick <= (1.0 + 1e-9) * high]
    axes.plot(
        np.ones(len(between)),
        between,
        linestyle="",
        marker=TICKRIGHT,
        markersize=2.0,
        markeredgewidth=0.6,
        color="black",
        transform=axes.get_yaxis_transform(),
        scalex=False,
        scaley=False,
        clip_on=False,
    )


def draw_north(axes: Axes, grid: VerificationGrid, frame: Frame) -> None:
    """Draw an arrow to true north in the upper right corner."""
    x = frame.right - 0.07 * frame.width
    y = frame.top - 0.13 * frame.width
    lon, lat = grid.to_degrees.transform(x, y)
    ahead = np.array(grid.to_metres.transform(lon, lat + 1e-3)) - (x, y)
    tip = (x, y) + 0.08 * frame.width * ahead / np.hypot(*ahead)
    halo = [withStroke(linewidth=3, foreground="white")]
    axes.annotate(
        "N",
        tip,
        (x, y),
        ha="center",
        va="center",
        fontsize=9.5,
        color=INK,
        path_effects=halo,
        arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 5, "lw": 1.2},
        zorder=6,
    )


def set_title(axes: Axes, text: str) -> None:
    """Set a title over axes, at a place of its own: else it would be looked for."""
    axes.set_title(text, loc="left", y=1.0, fontsize=11, fontweight="bold", color=INK)


def label_times(axes: Axes, first: np.datetime64, last: np.datetime64) -> None:
    """Let a time axis go from `first` to `last`, with ticks at round hours, or at whole days."""
    axes.set_xlim(first, last)  # type: ignore[arg-type]
    days = (last - first) / np.timedelta64(1, "D")
    locator: DateLocator
    if days > 3.0:
        locator = DayLocator(interval=math.ceil(days / 8.0))  # type: ignore[no-untyped-call]
        axes.xaxis.set_minor_locator(DayLocator())  # type: ignore[no-untyped-call]
    else:
        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set_color(MUTED)
