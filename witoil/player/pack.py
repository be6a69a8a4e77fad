"""A run as its page is given it: particles, layers, budget, slicks seen and coast."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import moved, turn_between, turned
from simulator import Status
from witoil.player.budget import budget_of, label_of
from witoil.player.coast import Land, coast_arrays, land_of, surroundings, within
from witoil.player.columns import MISSING, numbers_of, scales_of
from witoil.player.fields import fields_of
from witoil.player.mercator import POLEMOST, Box, northing
from witoil.player.payload import Packed, Payload, pack_array
from witoil.runs.run import Run

VERSION = 1
"""Version of the payload, which the page checks."""

MOST_POINTS = 1_000_000
"""Particles times outputs: of larger runs a random part is shown, for the speed of the page."""

MOST_BYTES = 3_500_000
"""What particles and layers take, packed: the page then has less than 5 MB."""

PLACES = 16_383
"""Steps in which positions are kept, from one side of the oil to the other."""


def pack(run: Run, land: Land | None = None) -> Payload:
    """Return what a page needs to show a run.

    Parameters
    ----------
    run : Run
    land : Land, optional
        Default: as the run had it, read again.

    Returns
    -------
    Payload

    Raises
    ------
    WitoilError
        Where the run holds nothing that can be shown in time.
    CatalogError
    """
    notes = [*run.remarks]
    times, layers, box = fields_of(run)
    arrays = {
        f"layer_{layer.name}": pack_array(layer.numbers.reshape(len(layer.numbers), -1))
        for layer in layers
    }
    particles, budget = None, None
    if run.particles is not None:
        room = MOST_BYTES - sum(len(each.content) for each in arrays.values())
        particles, columns = _that_fit(run.particles, box, room)
        arrays |= columns
        budget = budget_of(run, run.particles).as_dict()
        if particles["count"] < particles["of"]:
            notes.append(
                f"{particles['count']:,} of {particles['of']:,} particles are drawn, chosen at "
                "random; all others count in thickness and budget."
            )
    seen, box = _seen(run, box)
    view = _view(box)
    around = surroundings(view)
    if land is None:
        land, note = land_of(run, around)
        notes += [note] if note else []
    around = within(around, land.box)
    coast, coast_numbers = coast_arrays(land, view, around)
    arrays |= {name: pack_array(each) for name, each in coast_numbers.items()}
    header = {
        "version": VERSION,
        "name": run.name,
        "model": run.model,
        "command": run.command,
        "times": times.astype("M8[ms]").astype(np.int64).tolist(),
        "view": view,
        "surroundings": around,
        "particles": particles,
        "layers": [layer.as_dict() for layer in layers],
        "budget": budget,
        "seen": seen,
        "sources": _sources(run, view),
        "coast": coast,
        "notes": notes,
    }
    return Payload(header, arrays)


def _that_fit(
    particles: xr.Dataset, box: Box, room: int
) -> tuple[dict[str, Any], dict[str, Packed]]:
    """Return as many particles, chosen at random, as a page has room for; see `_columns`. [byte]"""
    whole = particles.sizes["trajectory"]
    count = min(whole, max(MOST_POINTS // particles.sizes["time"], 1))
    while True:
        shown = particles
        if count < whole:
            # not each tenth: neighbours in number are neighbours in what spread them evenly
            chosen = np.random.default_rng(0).choice(whole, count, replace=False)
            shown = particles.isel(trajectory=np.sort(chosen))
        about, arrays = _columns(shown, box)
        size = sum(len(each.content) for each in arrays.values())
        if size <= room or count == 1:
            return about | {"of": whole}, arrays
        count = max(int(0.97 * count * room / size), 1)


def _columns(particles: xr.Dataset, box: Box) -> tuple[dict[str, Any], dict[str, Packed]]:
    """Return what is said of the particles, and them as whole numbers, (times, particles)."""
    scales = scales_of(particles, box, PLACES)
    arrays = {name: pack_array(each) for name, each in numbers_of(particles, scales).items()}
    about = {
        "count": int(particles.sizes["trajectory"]),
        "missing": MISSING,
        "scales": {name: scale.as_dict() for name, scale in scales.items()},
        "statuses": [
            {
                "code": int(status),
                "name": status.name.lower(),
                "label": label_of(status.name.lower()),
            }
            for status in Status
        ],
    }
    return about, arrays


def _seen(run: Run, box: Box) -> tuple[list[dict[str, Any]], Box]:
    """Return the slicks seen, near the oil in longitude, and the box around both."""
    middle = 0.5 * (box[0] + box[2])
    rows = []
    for each in run.seen:
        if each.outline.is_empty:
            continue
        outline = moved(each.outline, turn_between(each.outline, middle))
        left, bottom, right, top = outline.bounds
        box = (min(box[0], left), min(box[1], bottom), max(box[2], right), max(box[3], top))
        rows.append((each, outline))
    tolerance = 0.3 * max(box[2] - box[0], 1e-3) / 1000.0
    return [
        {
            "time": int(each.time.astype("M8[ms]").astype(np.int64)),
            "name": each.name,
            "rings": _rings(shapely.simplify(outline, tolerance)),
        }
        for each, outline in rows
    ], box


def _rings(outline: BaseGeometry) -> list[list[list[float]]]:
    """Return the rings of polygons in Mercator's projection, to about a metre. [degrees]"""
    corners = [
        shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(outline))
    ]
    return [
        np.stack([lon, northing(lat)], axis=-1).round(5).tolist()
        for lon, lat in (points.T for points in corners)
    ]


def _sources(run: Run, view: Box) -> list[list[float]]:
    """Return the places that leaked, as the case of the run has them."""
    releases = run.summary.get("case", {}).get("release", [])
    middle = 0.5 * (view[0] + view[2])
    return [
        [float(turned(row["lon"], middle)), float(northing(row["lat"]))]
        for row in releases
        if row.get("kind") == "point"
    ]


def _view(box: Box) -> Box:
    """Return a box with a margin, and not smaller than some 500 m. [degrees]"""
    west, south, east, north = box
    across, up = max(east - west, 0.005), max(north - south, 0.005)
    margin = 0.08 * max(across, up)
    x, y = 0.5 * (west + east), 0.5 * (south + north)
    return (
        x - 0.5 * across - margin,
        max(y - 0.5 * up - margin, -POLEMOST),
        x + 0.5 * across + margin,
        min(y + 0.5 * up + margin, POLEMOST),
    )
