"""Single moments of a run as pictures: particles or a field on a map, for films and prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
import xarray as xr
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import moved, turn_between
from simulator import FATES, Status, metres_per_degree
from witoil.errors import WitoilError
from witoil.figures.drawing import (
    DOTS_PER_INCH,
    FIRST,
    SEA,
    SIZE,
    TITLE_ROOM,
    Frame,
    as_png,
    draw_land,
    draw_legend,
    draw_north,
    draw_scale_bar,
    label_degrees,
    legend_height,
    new_figure,
    place,
    set_title,
)
from witoil.figures.fate import FATE_LOOKS, budget_chart
from witoil.player.budget import budget_of, label_of
from witoil.player.coast import Land, land_of, surroundings
from witoil.player.fields import fields_of
from witoil.player.layers import FieldLayer
from witoil.player.mercator import Box, northing
from witoil.runs.run import Run
from witoil.scenario.verification import VerificationGrid, transformed
from witoil.times import minute

PARTICLES = "particles"

_LOOKS = {
    Status.SUNK: FATE_LOOKS["sunk"].colour,
    Status.SUBMERGED: FATE_LOOKS["dispersed"].colour,
    Status.AFLOAT: FATE_LOOKS["floating"].colour,
    Status.BEACHED: FATE_LOOKS["beached"].colour,
}
"""Statuses that are drawn, and their colours; the uppermost last."""

_ACROSS = 700
"""Dots of a field from west to east."""

_LEFT, _FOOT = 0.45, 0.4
"""What the labels of a map take. [inch]"""


BUDGET = "budget"
DRAWN = ("map", "coast", "driving", "ensemble", "trace", "source", "reliability")
"""Pictures that runs draw of themselves, as far as there is something to draw."""


def draw_still(
    run: Run,
    what: str | None = None,
    time: np.datetime64 | None = None,
    *,
    land: Land | None = None,
) -> bytes:
    """Draw a picture of a run.

    Parameters
    ----------
    run : Run
    what : str, optional
        ``budget``, one of `DRAWN` as it lies in the folder, or as for `Stills`.
    time : datetime64, optional
        The output nearest to it is shown. Default: the last.
    land : Land, optional
        Default: as the run had it, read again.

    Returns
    -------
    bytes
        PNG.

    Raises
    ------
    WitoilError, CatalogError
    """
    if what in (BUDGET, *DRAWN):
        if time is not None:
            raise WitoilError(f"--time: the {what} is of no single time; expected none beside it")
        return _budget_chart(run) if what == BUDGET else _drawn(run, what)
    stills = Stills(run, what, land, besides=_besides(run))
    return stills.png(len(stills.times) - 1 if time is None else stills.step_at(time))


def _drawn(run: Run, what: str) -> bytes:
    """Return a picture that the run drew of itself."""
    pictures = _pictures(run)
    if what not in pictures:
        raise WitoilError(
            f"{run.path}: has no {what}.png; expected a run that drew one: without --no-pictures, "
            "and where there is something to draw"
        )
    return pictures[what].read_bytes()


def _pictures(run: Run) -> dict[str, Path]:
    """Return those pictures that a run drew of itself; a search those of its best parameters."""
    folders = (run.path, run.path / "best")
    places = [folder / f"{name}.png" for name in DRAWN for folder in folders]
    return {path.stem: path for path in places if path.is_file()}


def _besides(run: Run) -> list[str]:
    """Return what a picture can show that is no map of a moment."""
    return [*([BUDGET] if run.particles is not None else []), *_pictures(run)]


def _budget_chart(run: Run) -> bytes:
    if run.particles is None:
        raise WitoilError(f"{run.path}: has no budget of oil; expected a single simulation")
    found = budget_of(run, run.particles)
    if found.unit != "kg":
        raise WitoilError(f"{run.path}: its particles have no mass; expected some for a budget")
    nothing = np.zeros(run.particles.sizes["time"])
    masses = {name: found.parts.get(name, nothing) for name in FATES}
    masses["released"] = sum(masses.values(), nothing)
    return budget_chart(
        xr.Dataset(
            {f"{name}_mass": ("time", values) for name, values in masses.items()},
            {"time": run.particles["time"].values},
        )
    )


class Stills:
    """Pictures of a run at its times, all of one map.

    Parameters
    ----------
    run : Run
    what : str, optional
        ``particles``, or the name of a layer such as ``thickness`` or ``probability``. Default:
        the first that the run has.
    land : Land, optional
        Default: as the run had it, read again.
    besides : sequence of str
        Names that whoever asks would have taken, too.

    Raises
    ------
    WitoilError
        Where the run has no such thing.
    CatalogError
    """

    def __init__(
        self,
        run: Run,
        what: str | None = None,
        land: Land | None = None,
        *,
        besides: Sequence[str] = (),
    ) -> None:
        self._run = run
        self.times, layers, box = fields_of(run)
        named: dict[str, FieldLayer | None] = {PARTICLES: None} if run.particles is not None else {}
        named |= {layer.name: layer for layer in layers}
        what = next(iter(named)) if what is None else what
        if what not in named:
            raise WitoilError(
                f"{run.path}: found nothing called {what!r} in it; expected "
                f"{', '.join([*named, *besides])}"
            )
        self._layer = named[what]
        self._seen = [
            (each, moved(each.outline, turn_between(each.outline, 0.5 * (box[0] + box[2]))))
            for each in run.seen
        ]
        self._draw_map(box, land)

    def png(self, step: int) -> bytes:
        """Return the picture of a time as PNG."""
        self._show(step)
        return as_png(self._figure, colours=256)

    def pixels(self, step: int) -> NDArray[np.uint8]:
        """Return the picture of a time, shape (rows, columns, 3), both even as films want it."""
        self._show(step)
        self._figure.set_dpi(0.75 * DOTS_PER_INCH)
        canvas = FigureCanvasAgg(self._figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        rows, columns = (n - n % 2 for n in drawn.shape[:2])
        return np.ascontiguousarray(drawn[:rows, :columns, :3])

    def step_at(self, time: np.datetime64) -> int:
        """Return the number of the output nearest to a time.

        Raises
        ------
        WitoilError
            Where the time is not within the run.
        """
        if not self.times[0] <= time <= self.times[-1]:
            raise WitoilError(
                f"--time {minute(time)}: the run goes from {minute(self.times[0])} to "
                f"{minute(self.times[-1])}; expected a time within"
            )
        return int(np.abs(self.times - time).argmin())

    def _draw_map(self, box: Box, land: Land | None) -> None:
        """Draw what stays: land, degrees, scale, north and legend."""
        # for its projection alone: it needs no cells, and few are never too many
        degree = max(metres_per_degree(0.5 * (box[1] + box[3])))
        extent = degree * max(box[2] - box[0], box[3] - box[1])
        grid = VerificationGrid.covering(box, max(0.01 * extent, self._run.resolution))
        outlines = [outline.bounds for _, outline in self._seen]
        corners = [(x, y) for w, s, e, n in (box, *outlines) for x in (w, e) for y in (s, n)]
        places = np.stack(grid.to_metres.transform(*np.array(corners).T), axis=-1)
        frame = Frame.holding(places, 20.0 * self._run.resolution)
        self._grid, self._frame = grid, frame
        self._figure, axes = new_figure(SIZE)
        self._figure.set_layout_engine("none")
        self._axes = axes
        axes.set_aspect("equal")
        axes.set_facecolor(SEA)
        known = land_of(self._run, surroundings(box))[0] if land is None else land
        draw_land(axes, known.polygons, grid, frame)
        axes.set_xlim(frame.left, frame.right)
        axes.set_ylim(frame.bottom, frame.top)
        draw_scale_bar(axes, frame)
        set_title(axes, " ")
        if self._layer is None:
            self._prepare_particles()
        else:
            self._prepare_layer(self._layer)
        if self._seen:
            axes.plot([], [], color=FIRST, lw=1.3, label="slick observed, at its time")
        self._lay_out()
        label_degrees(axes, grid, frame)
        draw_north(axes, grid, frame)
        heading = self._run.name if self._layer is None else _heading(self._layer)
        draw_legend(self._figure, title=heading.replace("$", r"\$"), placed=True)

    def _lay_out(self) -> None:
        width = SIZE - _LEFT - 0.15
        height = width * self._frame.height / self._frame.width
        above = TITLE_ROOM + legend_height(self._figure, "title")
        self._figure.set_size_inches(SIZE, _FOOT + height + above)
        place(self._axes, _LEFT, _FOOT, width, height)

    def _prepare_particles(self) -> None:
        assert self._run.particles is not None
        self._status = self._run.particles["status"].values
        self._lon, self._lat = (self._run.particles[name].values for name in ("lon", "lat"))
        self._dots: dict[Status, Line2D] = {}
        for code, colour in _LOOKS.items():
            if (self._status == code).any():
                size = 2.0 if code == Status.BEACHED else 1.0
                (self._dots[code],) = self._axes.plot(
                    [], [], "o", ls="", ms=size, mew=0.0, color=colour, zorder=4.0 + 0.1 * code
                )
                self._axes.plot([], [], "o", ls="", color=colour, label=label_of(code.name.lower()))

    def _prepare_layer(self, layer: FieldLayer) -> None:
        """Find which cell of the layer each dot of the picture lies in."""
        frame = self._frame
        down = max(round(_ACROSS * frame.height / frame.width), 1)
        x = np.linspace(frame.left, frame.right, 2 * _ACROSS + 1)[1::2]
        y = np.linspace(frame.top, frame.bottom, 2 * down + 1)[1::2]
        lon, lat = self._grid.to_degrees.transform(*np.meshgrid(x, y))
        _, rows, columns = layer.numbers.shape
        west = layer.grid.west
        lon = lon + 360.0 * np.round((west + 0.5 * columns * layer.grid.cell - lon) / 360.0)
        column = np.floor((lon - west) / layer.grid.cell).astype(int)
        row = np.floor((layer.grid.north - northing(lat)) / layer.grid.cell).astype(int)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        self._cells = np.where(inside, row * columns + column, -1)
        firsts = np.array([*layer.classes])
        self._class_of = np.searchsorted(firsts, np.arange(int(layer.numbers.max()) + 1), "right")
        colours = colormaps["viridis_r"](np.linspace(0.1, 1.0, firsts.size))
        self._colours = np.concatenate([np.zeros((1, 4)), colours])
        self._image: AxesImage = self._axes.imshow(
            np.zeros((down, _ACROSS, 4)),
            extent=(frame.left, frame.right, frame.bottom, frame.top),
            interpolation="nearest",
            zorder=0.5,  # under land, as oil afloat ends at it
            aspect="equal",
        )
        for colour, label in zip(colours, layer.classes.values(), strict=True):
            self._axes.plot([], [], "s", ls="", ms=7.0, color=colour, label=label)

    def _show(self, step: int) -> None:
        self._axes.set_title(f"{minute(self.times[step])[:-1].replace('T', ' ')} UTC", loc="left")
        if self._layer is None:
            for code, dots in self._dots.items():
                chosen = self._status[:, step] == code
                places = self._lon[chosen, step], self._lat[chosen, step]
                dots.set_data(*self._grid.to_metres.transform(*places))
        else:
            frames = self._layer.numbers
            numbers = frames[step if len(frames) > 1 else 0].ravel()
            taken = np.where(self._cells >= 0, numbers[self._cells], 0)
            self._image.set_data(self._colours[self._class_of[taken]])
        self._show_seen(step)

    def _show_seen(self, step: int) -> None:
        """Draw the slicks seen at a time, and take away those of another."""
        for line in [line for line in self._axes.lines if line.get_gid() == "seen"]:
            line.remove()
        apart = max(np.diff(self.times), default=np.timedelta64(0, "ns")) / 2
        for each, outline in self._seen:
            nearest = int(np.abs(self.times - each.time).argmin())
            if nearest != step or np.abs(self.times[step] - each.time) > apart:
                continue
            metres = transformed(outline, self._grid.to_metres)
            for ring in _rings(metres):
                self._axes.plot(*ring.T, color="white", lw=2.4, zorder=6, gid="seen")
                self._axes.plot(*ring.T, color=FIRST, lw=1.3, zorder=6, gid="seen")


def _heading(layer: FieldLayer) -> str:
    unit = f" [{layer.unit}]" if layer.unit else ""
    return f"{layer.label[:1].upper()}{layer.label[1:]}{unit}"


def _rings(polygons: BaseGeometry) -> list[NDArray[np.float64]]:
    return [
        shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(polygons))
    ]
