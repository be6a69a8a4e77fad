"""Where the oil of a case came from, on a map: slicks seen, points, lines and tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from witoil.case import AreaRelease, PointRelease
from witoil.figures.drawing import FIRST, INK, SOURCE, Frame, draw_outline
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, VerificationGrid

MOST_DOTS = 200
"""Dots along a line or a ship's track that oil comes from."""


@dataclass(frozen=True)
class ReleaseMarks:
    """Where oil is when the run starts, or comes out; eastings and northings, shape (n, 2) [m]."""

    grid: VerificationGrid
    seen: Mask
    points: NDArray[np.float64]
    ways: NDArray[np.float64]

    @property
    def places(self) -> NDArray[np.float64]:
        """What a map of it should hold, shape (n, 2). [m]"""
        return np.concatenate([self.points, self.ways, self.grid.middles(self.seen)])


def marks_of(scenario: Scenario) -> ReleaseMarks:
    """Return the slick seen first, point sources, and dots along the other fresh releases."""
    releases, particles = scenario.case.release, scenario.particles
    points = [(r.lon, r.lat) for r in releases if isinstance(r, PointRelease)]
    along = [k for k, r in enumerate(releases) if not isinstance(r, AreaRelease | PointRelease)]
    chosen = np.flatnonzero(np.isin(particles.release_number, along))
    chosen = chosen[:: max(chosen.size // MOST_DOTS, 1)]
    dots = np.stack([particles.longitude[chosen], particles.latitude[chosen]], axis=-1)
    in_degrees = np.array(points, np.float64).reshape(-1, 2), dots
    to_metres = scenario.grid.to_metres.transform
    points_in_metres, dots_in_metres = (
        np.stack(to_metres(*positions.T), axis=-1) for positions in in_degrees
    )
    return ReleaseMarks(scenario.grid, scenario.seen_first, points_in_metres, dots_in_metres)


def draw_release_marks(
    axes: Axes, marks: ReleaseMarks, frame: Frame, *, named: bool = True
) -> None:
    """Draw where the oil came from, with names for a legend or without."""
    if marks.seen.any():
        draw_outline(axes, marks.grid, frame, marks.seen)
        axes.plot([], [], color=FIRST, label="slick at the start" if named else None)
    if marks.ways.size:
        label = "line or ship" if named else None
        axes.plot(*marks.ways.T, ".", ms=3, color=INK, ls="", zorder=6, label=label)
    if marks.points.size:
        label = "source" if named else None
        style: dict[str, Any] = {"ms": 13.0, "mfc": SOURCE, "mec": INK, "mew": 1.0}
        axes.plot(*marks.points.T, "*", ls="", zorder=7, label=label, **style)
