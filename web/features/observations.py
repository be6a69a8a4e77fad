"""Detections of slicks as features: those of the operator's events, and those of people's masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shapely.geometry import shape

from web.features.collections import OBSERVATIONS
from web.features.found import Found
from web.features.seen import document_of

if TYPE_CHECKING:
    from catalog.slicks.event import Event


def observation(
    seen: Mapping[str, Any], feature_id: str, told: Mapping[str, Any], assets: Mapping[str, str]
) -> Found:
    """Return a detection as a feature that no analyst has looked at.

    Parameters
    ----------
    seen : mapping
        From `web.features.seen.document_of`.
    feature_id : str
    told : mapping
        More properties of it.
    assets : mapping
        Its files, see `web.store.features.Feature`.
    """
    time = None if seen["time"] is None else datetime.fromisoformat(seen["time"])
    properties = {**seen["properties"], **told}
    geometry = shape(seen["geometry"])
    return Found(OBSERVATIONS, feature_id, geometry, time, time, properties, dict(assets))


def of_upload(seen: Sequence[Mapping[str, Any]], upload_id: str, name: str) -> list[Found]:
    """Return what a mask holds that somebody has brought, as features called by its id."""
    told = {"origin": "upload"}
    return [
        observation(each, f"{upload_id}-{number}", told, {"mask": name})
        for number, each in enumerate(seen, 1)
    ]


def of_events(events: Iterable[Event]) -> list[Found]:
    """Return the detections of events as features; no two have one id."""
    found: dict[str, Found] = {}
    for event in events:
        for detection in event.detections:
            number, feature_id = 1, detection.identifier
            while feature_id in found:
                number += 1
                feature_id = f"{detection.identifier}-{number}"
            told = {"origin": "catalogue", "event": event.identifier}
            assets = dict(_files(detection.files))
            found[feature_id] = observation(document_of(detection), feature_id, told, assets)
    return list(found.values())


def _files(files: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield the files of a detection that are here, by their names."""
    for file in files:
        if "://" not in file:
            yield file.rpartition("/")[2], file
