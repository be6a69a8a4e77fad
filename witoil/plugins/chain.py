"""What a model found on the sea becomes a slick of a case, to run it or to trace it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from pydantic import ValidationError
from pyproj import Geod
from shapely import Point
from shapely.geometry.base import BaseGeometry

from witoil.case import Case
from witoil.case.loading import mistakes
from witoil.case.releases import AreaRelease
from witoil.files import read_json, write_json
from witoil.geojson import geojson_of
from witoil.plugins.errors import PluginError
from witoil.times import minute, second

Step = Literal["simulate", "trace"]
NAME = "slick.geojson"

_CORNERS = 64  # of a disc

_AMOUNTS = ("mass_tonnes", "thickness_um", "thickness_class", "bonn_estimate", "age_hours")


def case_of_features(
    case: Case,
    features: Path,
    label: str | None,
    step: Step,
    path: Path,
    *,
    radius_m: float | None = None,
) -> Case:
    """Return a case whose areas of oil are what a model found.

    Parameters
    ----------
    case : Case
        With forcing, oil and the amount of the area that is replaced; other releases stay.
    features : Path
        ``features.geojson`` of a prediction.
    label : str, optional
        Which of them are oil. Default: all, where there is one label.
    step : {"simulate", "trace"}
        A run starts when the oil was seen, a trace ends then.
    path : Path
        Takes the polygons.
    radius_m : float, optional
        Of the oil round a place without an extent; without it such places are refused. [m]

    Raises
    ------
    PluginError
        Where nothing on the map is oil, it has no extent, or no time; where the case has not one
        area, whose amount it could have.
    """
    shapes, moment = _found(features, label, radius_m)
    amounts = _amounts_of(case)
    collection = [
        {
            "type": "Feature",
            "geometry": geojson_of(shapely.make_valid(shape)),
            "properties": {"time": second(moment)},
        }
        for shape in shapes
    ]
    write_json(path, {"type": "FeatureCollection", "features": collection})
    changes = {
        "release": [
            {"kind": "area", "geometry": _named(path, case), "time": moment, **amounts},
            *(it for it in case.release if not isinstance(it, AreaRelease)),
        ]
    }
    return _changed(case, changes, step, moment)


def _named(path: Path, case: Case) -> str:
    """Return a path as a case has it: relative where paths of the case start here."""
    return str(path if case.folder == Path() else path.resolve())


def _amounts_of(case: Case) -> dict[str, Any]:
    """Return the amount of the one area of a case."""
    areas = [it for it in case.release if isinstance(it, AreaRelease)]
    if len(areas) > 1:
        raise PluginError(
            f"{case.name}: found {len(areas)} areas, expected one, in whose place comes the oil "
            "that was found"
        )
    amounts: dict[str, Any] = {}
    for area in areas:
        amounts = {k: getattr(area, k) for k in _AMOUNTS if k in area.model_fields_set}
    if not {*amounts} & {*AreaRelease.amounts} or isinstance(amounts.get("thickness_um"), list):
        raise PluginError(
            f"{case.name}: has no area whose amount the oil that was found could have; expected "
            "[[release]] with kind = 'area' and mass_tonnes, thickness_um or thickness_class"
        )
    return amounts


def _changed(case: Case, changes: dict[str, Any], step: Step, moment: datetime) -> Case:
    named = {name: getattr(case, name) for name in case.model_fields_set}
    if step == "simulate":
        changes["time"] = {"start": moment, "end": case.time.end}
    else:
        asked = {*case.trace.model_fields_set} if case.trace else set()
        trace = {name: getattr(case.trace, name) for name in asked}
        changes["trace"] = trace | {"slick": "release.0"}
    try:
        return Case(**named | changes)
    except ValidationError as error:
        text = "; ".join(mistakes(error))
        raise PluginError(
            f"{case.name}: with what was seen at {minute(moment)} it cannot be run: {text}"
        ) from None


def _found(
    path: Path, label: str | None, radius_m: float | None
) -> tuple[list[BaseGeometry], datetime]:
    """Return the areas of a label, and when they were seen."""
    document = read_json(path)["features"] if path.is_file() else []
    features: list[dict[str, Any]] = [it for it in document if it["properties"]["label"]]
    labels = sorted({str(it["properties"]["label"]) for it in features})
    if label is None and len(labels) > 1:
        raise PluginError(
            f"found the labels {', '.join(labels)}, expected one; say by `label` which is the oil"
        )
    chosen = [it for it in features if label in (None, it["properties"]["label"])]
    if not chosen:
        known = f"{', '.join(labels)} on the map" if labels else "nothing on the map"
        raise PluginError(f"found {known}, expected {label or 'an area'} to start from")
    shapes = [shapely.geometry.shape(it["geometry"]) for it in chosen]
    if radius_m is not None:
        shapes = [disc(it, radius_m) if isinstance(it, Point) else it for it in shapes]
    areas = [shape for shape in shapes if shape.area > 0.0]
    if not areas:
        raise PluginError(
            "found places without an extent, expected areas; give a georeference with an extent "
            "(affine, nadir, homography), or radius_m, of the oil round each place"
        )
    return areas, _one_moment(chosen)


def disc(centre: Point, radius_m: float) -> BaseGeometry:
    """Return what lies round a place, in longitudes without a break.

    Parameters
    ----------
    centre : Point
        Longitude and latitude. [degrees]
    radius_m : float
        On the ellipsoid of WGS 84. [m]
    """
    azimuths = np.linspace(0.0, 360.0, _CORNERS, endpoint=False)
    west, south, far = (np.full(_CORNERS, each) for each in (centre.x, centre.y, radius_m))
    lon, lat, _ = Geod(ellps="WGS84").fwd(west, south, azimuths, far)
    lon = centre.x + (np.asarray(lon) - centre.x + 180.0) % 360.0 - 180.0
    return shapely.Polygon(np.column_stack([lon, lat]))


def _one_moment(features: Sequence[dict[str, Any]]) -> datetime:
    moments = sorted({str(it["properties"]["time"]) for it in features})
    if moments == ["None"]:
        raise PluginError(
            "nothing says when this was seen, expected a time; give it by `time`, such as "
            "2021-08-24T03:43Z"
        )
    if len(moments) > 1:
        raise PluginError(
            f"found what was seen from {moments[0]} to {moments[-1]}, expected one time; give one "
            "file, or a time by `time`"
        )
    return datetime.fromisoformat(moments[0])
