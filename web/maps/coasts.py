"""The coast as vector tiles, fine, as a run had it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

import catalog
from web.maps.kept import kept_with_header
from web.maps.vector_tiles import Layer, projected
from web.maps.world import COARSEST, COAST, LAND
from witoil.errors import WitoilError
from witoil.files import read_json
from witoil.player.coast import surroundings
from witoil.player.fields import fields_of
from witoil.player.mercator import Box
from witoil.runs.run import Run
from witoil.scenario.surroundings import box_of_land

_CUT = 1e-9  # how near a side of the box a line lies that is no coast [degrees]


def coast_of(run: Run, folder: Path, coastline: str) -> tuple[dict[str, Any], Sequence[Layer]]:
    """Return the coast that a run had.

    Parameters
    ----------
    run : Run
    folder : Path
        Of its job.
    coastline : str
        As for `catalog.read_land`.

    Returns
    -------
    header : dict
        ``bounds``: west, south, east, north, within which all land is there; east may be beyond
        180. [degrees]
    layers : sequence of Layer

    Raises
    ------
    WitoilError, CatalogError
    """

    def make(path: Path) -> dict[str, Any]:
        box = _box(run, folder)
        land = projected(catalog.read_land(box, coastline))
        lines = _coast_lines(land, projected(shapely.box(*box)))
        path.write_bytes(shapely.to_wkb(shapely.geometrycollections([land, lines])))
        return {"bounds": list(box), "coastline": _named(coastline)}

    header, path = kept_with_header(folder, "coast.wkb", make)
    return header, _layers(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _layers(path: Path, _: int) -> Sequence[Layer]:
    land, lines = shapely.get_parts(shapely.from_wkb(path.read_bytes()))
    return Layer(LAND, land, COARSEST), Layer(COAST, lines, COARSEST)


def _named(coastline: str) -> str:
    return coastline if coastline in ("osm", "gshhg", "none") else Path(coastline).name


def _coast_lines(land: BaseGeometry, box: BaseGeometry) -> BaseGeometry:
    """Return the lines between land and sea, without those where land was cut off at the box."""
    lines = shapely.get_parts(shapely.boundary(land))
    if not lines.size:
        return shapely.MultiLineString()
    edge = shapely.buffer(shapely.boundary(box), _CUT, cap_style="flat")
    shapely.prepare(edge)
    is_cut = shapely.intersects(edge, lines)
    at_sea = shapely.get_parts(shapely.difference(lines[is_cut], edge))
    both = [*lines[~is_cut], *at_sea]
    found: BaseGeometry = shapely.multilinestrings([line for line in both if not line.is_empty])
    return found


def _box(run: Run, folder: Path) -> Box:
    """Return the box for which a run read its land, or one around its oil. [degrees]"""
    for summary in (folder / "summary.json", folder / "best" / "summary.json"):
        if summary.is_file():
            area = read_json(summary).get("area")
            if area is not None:
                return box_of_land(_checked(area, summary))
    west, south, east, north = surroundings(fields_of(run).box)
    low, high = np.floor((west, south)), np.ceil((east, north))
    return box_of_land((float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def _checked(area: Any, path: Path) -> Box:
    try:
        west, south, east, north = map(float, area)
    except (TypeError, ValueError):
        raise WitoilError(
            f"{path}: found the area {json.dumps(area)[:80]}; expected west, south, east, north as "
            "a run writes them"
        ) from None
    return west, south, east, north
