"""Pictures of a batch of predictions: where things were found, and how sure the model was, PNG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from catalog.antimeridian import turn_between
from catalog.shapes.coarse_land import TOLERANCES, read_coarse_land
from witoil.figures.drawing import (
    COASTLINE,
    LAND,
    MUTED,
    SEA,
    SIZE,
    as_png,
    degree_ticks,
    draw_legend,
    new_figure,
)

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc3d8f", "#56b4e9")
"""Those of the labels found most often; all others are grey."""

OTHER = "#7b8794"

_LEAST_DEGREES = 0.05
_COASTS_ACROSS = 400.0
"""Width of a map, counted in what its coast may lie off."""


def draw_places(
    lon: NDArray[np.float64], lat: NDArray[np.float64], labels: Sequence[str], ranked: Sequence[str]
) -> bytes:
    """Draw where things were found, coloured by label, over the coarse coast of the world.

    Parameters
    ----------
    lon, lat : ndarray, shape (n,)
        Longitudes have no break at 180. [degrees]
    labels : sequence of str
        Of each.
    ranked : sequence of str
        All labels, the one found most often first.

    Returns
    -------
    bytes
        PNG.
    """
    west, east, south, north = _box(lon, lat)
    stretch = np.cos(np.radians(0.5 * (south + north)))
    height = SIZE * (north - south) / ((east - west) * max(stretch, 0.05))
    figure, axes = new_figure(float(np.clip(height, 2.0, 1.6 * SIZE)) + 0.8)
    axes.set_aspect(1.0 / max(stretch, 0.05))
    axes.set_facecolor(SEA)
    _draw_coast(axes, west, east, south, north)
    labels_of = np.array(labels)
    named = ranked[: len(COLOURS)]
    groups = {name: labels_of == name for name in named}
    if len(ranked) > len(named):
        groups["others"] = ~np.isin(labels_of, named)
    for (name, chosen), colour in zip(groups.items(), (*COLOURS, OTHER), strict=False):
        axes.plot(lon[chosen], lat[chosen], "o", ms=3.5, mew=0.3, mec="white", color=colour,
                  zorder=4, label=f"{name} ({int(chosen.sum()):,})")  # fmt: skip
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks(*degree_ticks(np.array([west, east]), "EW"))
    axes.set_yticks(*degree_ticks(np.array([south, north]), "NS"))
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED)
    draw_legend(figure)
    return as_png(figure, colours=256)


def _box(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return west, east, south and north of places with a margin, neither slim nor flat."""
    span = max(float(np.ptp(lon)), float(np.ptp(lat)), _LEAST_DEGREES)
    width = 0.5 * max(float(np.ptp(lon)), 0.7 * span) + 0.1 * span
    height = 0.5 * max(float(np.ptp(lat)), 0.5 * span) + 0.1 * span
    middle, level = 0.5 * (lon.min() + lon.max()), 0.5 * (lat.min() + lat.max())
    return (
        float(middle - width),
        float(middle + width),
        float(max(level - height, -90.0)),
        float(min(level + height, 90.0)),
    )


def _draw_coast(axes: Axes, west: float, east: float, south: float, north: float) -> None:
    finest = min(TOLERANCES)
    land = read_coarse_land(max(finest, (east - west) / _COASTS_ACROSS))
    turn = turn_between(land, 0.5 * (west + east))
    for shift in (turn - 360.0, turn, turn + 360.0):
        clipped = shapely.clip_by_rect(
            shapely.get_parts(land), west - shift, south, east - shift, north
        )
        for part in shapely.get_parts(clipped):
            if isinstance(part, shapely.Polygon) and not part.is_empty:
                _draw_part(axes, shapely.normalize(part), shift)


def _draw_part(axes: Axes, part: shapely.Polygon, shift: float) -> None:
    # shells and holes run in opposite directions, or the holes would be filled
    rings = [
        shapely.get_coordinates(ring) + np.array([shift, 0.0])
        for ring in (part.exterior, *part.interiors)
    ]
    path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
    axes.add_patch(PathPatch(path, facecolor=LAND, edgecolor=COASTLINE, lw=0.6, zorder=1))


def draw_scores(scores: NDArray[np.float64], reference: NDArray[np.float64] | None = None) -> bytes:
    """Draw how often which scores were found, beside those of the data of training.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    reference : ndarray, shape (m,), optional

    Returns
    -------
    bytes
        PNG.
    """
    figure, axes = new_figure(2.6)
    both = scores if reference is None else np.concatenate([scores, reference])
    bins = np.linspace(min(float(both.min()), 0.0), max(float(both.max()), 1.0), 41).tolist()
    axes.hist(scores, bins, weights=np.full(scores.size, 1.0 / scores.size), color=COLOURS[0],
              alpha=0.75, label=f"here ({scores.size:,})")  # fmt: skip
    if reference is not None:
        axes.hist(reference, bins, weights=np.full(reference.size, 1.0 / reference.size),
                  histtype="step", lw=1.4, color=COLOURS[1],
                  label=f"in training ({reference.size:,})")  # fmt: skip
    axes.set_xlabel("score")
    axes.set_ylabel("share")
    draw_legend(figure)
    return as_png(figure, colours=256)
