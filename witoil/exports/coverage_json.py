"""CoverageJSON (OGC 21-069r2): the particles as a collection of trajectories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import xarray as xr
from numpy.typing import NDArray

from simulator import Status
from witoil.exports.content import Content
from witoil.exports.geojson import DECIMALS
from witoil.exports.layers import iso, to_seconds
from witoil.exports.particles import numbers, placed, releases, values_of

_REFERENCING = [
    {
        "coordinates": ["x", "y"],
        "system": {
            "type": "GeographicCRS",
            "id": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
    },
    {"coordinates": ["t"], "system": {"type": "TemporalRS", "calendar": "Gregorian"}},
]

_STATUS = "urn:witoil:status:"
_PARAMETERS = {
    "mass_kg": ("Mass of oil", "kg"),
    "depth_m": ("Depth under the surface", "m"),
    "thick_um": ("Thickness of the oil in its slick", "um"),
}


def write(content: Content, path: Path) -> list[str]:
    """Write a trajectory for each particle, from its release on."""
    particles = content.particles
    assert particles is not None
    known = values_of(particles)
    parameters = {"status": _status(), **{name: _parameter(name) for name in known}}
    if releases(particles) is not None:
        parameters["release"] = _observed("Number of the release")
    head = {
        "type": "CoverageCollection",
        "domainType": "Trajectory",
        "title": content.name,
        "parameters": parameters,
        "referencing": _REFERENCING,
    }
    with path.open("wb") as file:
        file.write(orjson.dumps(head)[:-1] + b',"coverages":[\n')
        for k, coverage in enumerate(_coverages(particles)):
            file.write(b",\n" if k else b"")
            file.write(orjson.dumps(coverage, option=orjson.OPT_SERIALIZE_NUMPY))
        file.write(b"\n]}\n")
    return []


def _coverages(particles: xr.Dataset) -> Iterator[dict[str, Any]]:
    release = releases(particles)
    there, known, number = placed(particles), values_of(particles), numbers(particles)
    times = iso(to_seconds(particles["time"].values))
    status = particles["status"].values.astype(np.int32)
    lon, lat = (particles[name].values.round(DECIMALS) for name in ("lon", "lat"))
    for row in np.flatnonzero(there.any(axis=1)):
        at = there[row]
        where = zip(times[at].tolist(), lon[row, at].tolist(), lat[row, at].tolist(), strict=True)
        ranges = {"status": ("integer", status[row, at])}
        ranges |= {name: ("float", values[row, at]) for name, values in known.items()}
        yield {
            "type": "Coverage",
            "id": str(number[row]),
            "domain": {
                "type": "Domain",
                "axes": {
                    "composite": {
                        "dataType": "tuple",
                        "coordinates": ["t", "x", "y"],
                        "values": list(where),
                    }
                },
            },
            "ranges": {
                **{name: _along(kind, values) for name, (kind, values) in ranges.items()},
                **_of_all_times(release, int(row)),
            },
        }


def _along(kind: str, values: NDArray[Any]) -> dict[str, Any]:
    axes = {"axisNames": ["composite"], "shape": [values.size]}
    return {"type": "NdArray", "dataType": kind, **axes, "values": values}


def _of_all_times(release: NDArray[np.int32] | None, row: int) -> dict[str, Any]:
    if release is None:
        return {}
    axes: dict[str, list[Any]] = {"axisNames": [], "shape": []}
    return {
        "release": {"type": "NdArray", "dataType": "integer", **axes, "values": [int(release[row])]}
    }


def _parameter(name: str) -> dict[str, Any]:
    label, symbol = _PARAMETERS[name]
    unit = {"value": symbol, "type": "http://www.opengis.net/def/uom/UCUM/"}
    return {**_observed(label), "unit": {"symbol": unit}}


def _observed(label: str) -> dict[str, Any]:
    return {"type": "Parameter", "observedProperty": {"label": {"en": label}}}


def _status() -> dict[str, Any]:
    """Return the parameter that tells what a particle is doing, by the codes of `particles.nc`."""
    released = [status for status in Status if status != Status.UNRELEASED]
    return {
        "type": "Parameter",
        "observedProperty": {
            "label": {"en": "What the particle is doing"},
            "categories": [
                {"id": _STATUS + status.name.lower(), "label": {"en": status.name.lower()}}
                for status in released
            ],
        },
        "categoryEncoding": {_STATUS + status.name.lower(): status.value for status in released},
    }
