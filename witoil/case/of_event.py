"""A case file made of a spill event: its first slick released, the others observed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog import RoleName
from catalog.forcing.matching import MatchingFiles, find_files
from catalog.slicks.bonn import BONN_THICKNESS_UM
from catalog.slicks.detection import Detection
from catalog.slicks.event import Event
from catalog.slicks.time_keys import NO_KEYS
from witoil.case import Case, toml
from witoil.case.loading import parse_text
from witoil.errors import CaseError
from witoil.times import minute, second

THINNEST_UM = BONN_THICKNESS_UM["sheen"][0]

REQUIRED: tuple[RoleName, ...] = ("currents", "winds")
OPTIONAL: tuple[RoleName, ...] = ("waves", "temperature")


@dataclass(frozen=True)
class CaseForcing:
    """Files of one role, and a remark on them for people."""

    paths: tuple[str, ...]
    remark: str
    complete: bool = True


def find_event(events: Sequence[Event], name: str) -> Event:
    """Return an event by its identifier, or by that of one of its detections.

    Raises
    ------
    CaseError
        If there is none, or its time is not known.
    """
    for event in events:
        if name in (event.identifier, *(d.identifier for d in event.detections)):
            if event.missing:
                files = ", ".join(event.detections[0].files)
                raise CaseError(f"event {name!r}: {files}: {event.missing}")
            return event
    known = ", ".join(event.identifier for event in events[:10])
    more = ", ..." if len(events) > 10 else ""
    raise CaseError(f"event {name!r}: not found; expected one of {known or 'none'}{more}")


def find_forcing(
    event: Event, names: Sequence[str], roles: Sequence[RoleName] = (*REQUIRED, *OPTIONAL)
) -> dict[RoleName, CaseForcing]:
    """Find forcing of an event among folders, files and URLs.

    Parameters
    ----------
    event : Event
    names : sequence of str
    roles : sequence of {"currents", "winds", "waves", "temperature"}

    Returns
    -------
    dict
        Those roles of which there is something; the best files of each.
    """
    found = find_files(names, roles, event.box, (event.start, event.end))
    return {
        role: CaseForcing(files[0].paths, _remark(files[0]), files[0].share >= 1.0)
        for role, files in found.items()
        if files
    }


def case_of_event(
    event: Event, forcing: Mapping[RoleName, CaseForcing], path: Path
) -> tuple[Case, str]:
    """Return a case that is ready to run, and the text of its file.

    Parameters
    ----------
    event : Event
        Seen at two times at least.
    forcing : mapping
        Role -> files.
    path : Path
        TOML file that the text is for; its relative paths start from there.

    Returns
    -------
    case : Case
    text : str
        TOML.

    Raises
    ------
    CaseError
        If there is nothing to compare with, or currents or winds are missing.
    """
    scenes = event.scenes()
    if len(scenes) < 2:
        raise CaseError(
            f"event {event.identifier}: seen at {minute(event.start)} only; expected two times at "
            "least, to release one slick and compare with the next"
        )
    missing = [role for role in REQUIRED if role not in forcing]
    if missing:
        raise CaseError(
            f"event {event.identifier}: no {' and no '.join(missing)} found for "
            f"{minute(event.start)} to {minute(event.end)}; give folders or files by --forcing, or "
            "fetch them by --fetch (`witoil catalog forcing` says what that takes)"
        )
    text = _document(event, scenes, forcing, path.resolve().parent)
    return parse_text(text, path), text


def _document(
    event: Event,
    scenes: Sequence[tuple[Detection, ...]],
    forcing: Mapping[RoleName, CaseForcing],
    folder: Path,
) -> str:
    lines = [
        f"# {len(event.detections)} detections; volumes by the Bonn code, weights all the same.",
        f"name = {toml.value(event.identifier)}",
        "",
        "[time]",
        f"start = {second(event.start)}",
        f"end = {second(event.end)}",
        "",
        "[forcing]",
    ]
    for role in (*REQUIRED, *OPTIONAL):
        if role in forcing:
            paths = [toml.path_from(folder, name) for name in forcing[role].paths]
            lines.append(f"{role} = {toml.value(paths)} {toml.comment(forcing[role].remark)}")
    if not all(found.complete for found in forcing.values()):
        lines.append('gap_policy = "hold" # some forcing does not reach over the whole period')
    lines += ["", *_release(scenes[0], folder)]
    for scene in scenes[1:]:
        lines += ["", f"[[observation]] {toml.comment(_describe(scene))}", *_slick(scene, folder)]
    lines += ["", "[score]", f"detection_limit_um = {THINNEST_UM} # where sheen begins"]
    return "\n".join([*lines, ""])


def _release(scene: tuple[Detection, ...], folder: Path) -> list[str]:
    by_name = any(detection.slick.thickness_class for detection in scene)
    lines = [
        f"[[release]] {toml.comment(_describe(scene))}",
        'kind = "area"',
        *_slick(scene, folder),
        f'thickness_class = "{"by-name" if by_name else "sheen"}"',
    ]
    if not by_name:
        lines.append('bonn_estimate = "maximum" # thick oil was not told apart')
    for detection in scene:
        if detection.source is not None:
            lon, lat = detection.source
            lines += [
                f"# The source was seen at {lon:.4f} E {lat:.4f} N; if it goes on leaking, add",
                f'# [[release]] kind = "point", lon = {lon:.4f}, lat = {lat:.4f} and a rate.',
            ]
    return lines


def _slick(scene: tuple[Detection, ...], folder: Path) -> list[str]:
    paths = [toml.path_from(folder, name) for detection in scene for name in _layers(detection)]
    geometry = paths[0] if len(paths) == 1 else paths
    lines = [f"geometry = {toml.value(geometry)}", f"time = {second(scene[0].time)}"]
    keys = next((d.slick.time_keys for d in scene if d.slick.time_keys != NO_KEYS), NO_KEYS)
    if keys.fields:
        lines.append(f"time_field = {toml.value(list(keys.fields))}")
    if keys.format is not None:
        lines.append(f"time_format = {toml.value(keys.format)}")
    if keys.zone is not None:
        lines.append(f"time_zone = {toml.value(keys.zone)}")
    return lines


def _layers(detection: Detection) -> list[str]:
    """Files with the oil: the classes where there are some, and not the point of the source."""
    stems = {name: Path(name).stem.lower() for name in detection.files}
    layers = [name for name, stem in stems.items() if not stem.endswith("_source")]
    classes = [name for name in layers if stems[name].endswith(("_sheen", "_thick"))]
    return classes or layers


def _describe(scene: tuple[Detection, ...]) -> str:
    sensors = " and ".join(dict.fromkeys(d.sensor or "unknown sensor" for d in scene))
    classes = ", ".join(dict.fromkeys(d.quality for d in scene if d.quality))
    area = math.fsum(detection.area_km2 for detection in scene)
    return f"{sensors}{f', class {classes}' if classes else ''}, {area:,.4g} km2"


def _remark(files: MatchingFiles) -> str:
    step = "once" if math.isnan(files.step_hours) else f"every {files.step_hours:g} h"
    remark = f"{files.resolution_deg:.3g} degrees, {step}"
    if files.share < 1.0 and files.covered is not None:
        first, last = map(minute, files.covered)
        remark += f"; covers {files.share:.0%} of the period, {first} to {last}"
    return remark
