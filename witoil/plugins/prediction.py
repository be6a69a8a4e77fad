"""What leads from a plug-in and a file to the envelope of what was found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aquatic.errors import AquaticError
from witoil.errors import WitoilError
from witoil.plugins.card import PARAMETERS, Card, Label, Output
from witoil.plugins.envelope import Envelope, Feature, Findings, Series, fault_of
from witoil.plugins.errors import PluginError
from witoil.plugins.fetching import refuse_unusable
from witoil.plugins.films import FILMS, frames
from witoil.plugins.georeference import (
    Georeference,
    Placing,
    Track,
    exif_time,
    locate,
    pixel_side,
    refuse_kind,
)
from witoil.plugins.heads.classify import classify_image, classify_tiles
from witoil.plugins.heads.detect import detect, detect_outlines, detect_turned
from witoil.plugins.heads.embed import embed, typicality
from witoil.plugins.heads.listen import classify_clips, find_events
from witoil.plugins.heads.measure import classify_measured
from witoil.plugins.heads.panoptic import part
from witoil.plugins.heads.segment import (
    classify_pixels,
    regress_pixels,
    segment_rows,
    segment_tiles,
)
from witoil.plugins.heads.video import score_film
from witoil.plugins.images import TURNED, Photo
from witoil.plugins.pins import known_weights
from witoil.plugins.rasters import PhotoReader, Reader, reading, whole
from witoil.plugins.registry import Plugin
from witoil.plugins.running import Run, Stopwatch
from witoil.plugins.sessions import Session, Sessions
from witoil.plugins.sound import Recording, opened
from witoil.plugins.tracking import tracked
from witoil.plugins.weights import read_arrays, read_weights, weights_path
from witoil.times import in_utc

SESSIONS = Sessions()
"""Those of this process."""

_MOST_SCALE = 1.5
"""Times that pixels may be larger or smaller than those of the training before it is said."""

_OF_PHOTOS: Mapping[str, Callable[[Run, Card, Photo], Findings]] = {
    "image-classify": classify_image,
    "tile-classify": classify_tiles,
    "detect": detect,
    "detect-obb": detect_turned,
    "instance-seg": detect_outlines,
    "measure-classify": classify_measured,
    "panoptic": part,
    "embed": embed,
}
"""Heads that take an image as a whole."""

_OF_SOUND: Mapping[str, Callable[[Run, Card, Recording], Findings]] = {
    "audio-classify": classify_clips,
    "audio-events": find_events,
}
"""Heads that hear a recording."""

_OF_FILMS: Mapping[str, Callable[[Run, Card, Path], Findings]] = {"video-score": score_film}
"""Heads that take a film as a whole."""

_OF_PARTS: Mapping[str, Callable[[Run, Card, Reader], Findings]] = {
    "semantic-seg": segment_tiles,
    "row-sequence": segment_rows,
    "pixel-classify": classify_pixels,
    "raster-regress": regress_pixels,
}
"""Heads that read one by parts."""


_WHICH_WAY = (
    "EXIF says that the image is turned, and the program does not say whether it counts pixels in "
    "the upright image: positions hold only if it does"
)


def predict(
    plugin: Plugin,
    path: Path,
    *,
    georeference: Georeference | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    sessions: Sessions = SESSIONS,
    most_seconds: float = math.inf,
) -> Envelope:
    """Return what a plug-in finds in a file.

    Parameters
    ----------
    plugin : Plugin
        That is not broken.
    path : Path
        Image, raster or sound, as the card says.
    georeference : Georeference, optional
        Default: that of a GeoTIFF; without one results stay in pixels, which is said.
    time : datetime, optional
        When it was taken, UTC. Default: what a table or EXIF has.
    parameters : mapping, optional
        Keys of `PARAMETERS` instead of those of the card.
    sessions : Sessions
        Where models are kept.
    most_seconds : float
        How long a file may take; it is looked at before each run of the model. [s]

    Raises
    ------
    PluginError
        Where plug-in and file do not go together; one line.
    """
    card = refuse_options(plugin, georeference, parameters)
    watch = Stopwatch(most_seconds)
    if plugin.code is None:
        session = session_of(plugin, sessions)
        card = as_loaded(plugin, card, session)
        seen = _seen_by_model(session, card, path, watch)
    else:
        seen = _seen_by_program(_of_program(plugin, card, path, parameters or {}), card, path)
    taken, doubts = _time_of(seen.exif, time)
    placing = seen.placing
    if georeference is not None:
        placing = locate(georeference, seen.file, seen.size or (0, 0), seen.exif, taken)
    places = _Places(placing, georeference, seen, taken)
    placed = _placed(seen.findings, places, taken)
    remarks = [
        *placed.remarks,
        *doubts,
        *_position_remarks(placing, seen.findings),
        *_scale_remarks(card, placing, seen.size),
    ]
    placed = dataclasses.replace(placed, remarks=remarks)
    located = placing is not None or any(it.geometry is not None for it in placed.features)
    return Envelope(card, seen.file, seen.size, placed, located, watch.timing_ms())


@dataclass(frozen=True)
class _Seen:
    """What was found in a file, in its pixels, and what the file says of itself."""

    file: str
    findings: Findings
    size: tuple[int, int] | None = None
    placing: Placing | None = None
    exif: Mapping[str, Any] = field(default_factory=dict)


def _seen_by_model(session: Session, card: Card, path: Path, watch: Stopwatch) -> _Seen:
    run = watch.timed(session, card.output.names or tuple(it.output for it in card.views))
    if card.input.kind == "audio":
        with opened(path) as recording:
            seen = _Seen(recording.name, _OF_SOUND[card.model.task](run, card, recording))
    elif card.model.task in _OF_FILMS:
        seen = _Seen(path.name, _OF_FILMS[card.model.task](run, card, path))
    elif path.suffix.lower() in FILMS:
        seen = _seen_in_film(run, card, path)
    else:
        seen = _seen_in_image(run, card, path)
    return dataclasses.replace(seen, findings=_compared(seen.findings, card, session))


def _seen_by_program(findings: Findings, card: Card, path: Path) -> _Seen:
    """Return what a program has found, and what its file says where the program does not."""
    is_placed = all(
        it.pixel is None or it.geometry is not None for it in findings.features
    ) and all(it.crs is not None for it in findings.rasters)
    if is_placed or card.input.kind == "audio" or path.suffix.lower() in FILMS:
        return _Seen(path.name, findings)
    try:
        with reading(path, card) as reader:
            exif = reader.photo.exif if isinstance(reader, PhotoReader) else {}
            if TURNED in reader.remarks and any(it.pixel is not None for it in findings.features):
                findings = dataclasses.replace(findings, remarks=[*findings.remarks, _WHICH_WAY])
            return _Seen(reader.name, findings, reader.size, reader.placing, exif)
    except WitoilError:  # a program may read what we do not
        return _Seen(path.name, findings)


def _seen_in_image(run: Run, card: Card, path: Path) -> _Seen:
    with reading(path, card) as reader:
        exif = reader.photo.exif if isinstance(reader, PhotoReader) else {}
        if card.model.task in _OF_PARTS:
            findings = _OF_PARTS[card.model.task](run, card, reader)
        else:
            photo = whole(reader)
            findings = _OF_PHOTOS[card.model.task](run, card, photo)
            findings = dataclasses.replace(findings, remarks=[*photo.remarks, *findings.remarks])
        return _Seen(reader.name, findings, reader.size, reader.placing, exif)


def _seen_in_film(run: Run, card: Card, path: Path) -> _Seen:
    """Return what is in the frames of a film; boxes and outlines of one thing have one number."""
    head = _OF_PHOTOS.get(card.model.task)
    if head is None:
        raise PluginError(
            f"{path}: is a film; expected an image for a plug-in of the task {card.model.task}"
        )
    found: list[Feature] = []
    size = None
    for frame in frames(path, card.input.every_seconds):
        size = frame.photo.size
        start = {"start_s": frame.seconds}
        found += [
            dataclasses.replace(
                feature, frame=frame.number, properties={**feature.properties, **start}
            )
            for feature in head(run, card, frame.photo).features
        ]
    series: list[Series] = []
    if card.model.task in ("detect", "detect-obb", "instance-seg"):
        found, series = tracked(found)
    remark = f"is a film, of which a frame each {card.input.every_seconds:g} s was looked at"
    return _Seen(path.name, Findings(found, series, remarks=[remark]), size)


def _compared(findings: Findings, card: Card, session: Session) -> Findings:
    """Return findings whose embeddings are compared with those of the training."""
    if card.ood is None:
        return findings
    features = []
    for feature in findings.features:
        embedding = feature.properties.get("embedding")
        if embedding is not None:
            known = typicality(embedding, session.arrays["ood"], card.model.id)
            feature = dataclasses.replace(feature, properties={**feature.properties, **known})
        features.append(feature)
    return dataclasses.replace(findings, features=features)


def refuse_options(
    plugin: Plugin, georeference: Georeference | None, parameters: Mapping[str, Any] | None
) -> Card:
    """Return the card of a plug-in with other parameters.

    Raises
    ------
    PluginError
        Where it cannot be used, or not with these options.
    """
    if plugin.card is None:
        raise PluginError(plugin.fault or f"{plugin.place}: cannot be used")
    refuse = getattr(plugin.code, "refuse_parameters", None)
    if refuse is None:
        card = with_parameters(plugin.card, parameters or {})
    else:
        card = plugin.card
        refuse(parameters or {})
    if georeference is not None:
        refuse_kind(georeference.kind, card.geo.kinds, card.model.id)
    return card


def with_parameters(card: Card, parameters: Mapping[str, Any]) -> Card:
    """Return a card with other parameters, checked as those that it came with.

    Raises
    ------
    PluginError
    """
    own = [it.name for it in card.parameters]
    unknown = sorted({*parameters} - {*PARAMETERS, *own})
    if unknown:
        raise PluginError(
            f"found the parameter {unknown[0]!r}, expected one of {', '.join((*own, *PARAMETERS))}"
        )
    if not parameters:
        return card
    told(card, {name: value for name, value in parameters.items() if name in own})
    named = {name: getattr(card.output, name) for name in card.output.model_fields_set}
    of_output = {name: value for name, value in parameters.items() if name in PARAMETERS}
    try:
        output = Output.model_validate(named | of_output)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PluginError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return card.model_copy(update={"output": output})


def session_of(plugin: Plugin, sessions: Sessions = SESSIONS) -> Session:
    """Return the session of a plug-in that is data, loaded where it is not there.

    Raises
    ------
    PluginError
        Where its weights are not those of the card, or not what the card says of them.
    """
    card, folder = plugin.card, plugin.folder
    if card is None or card.weights is None or folder is None:
        raise PluginError(plugin.fault or f"{plugin.place}: has no weights")
    at = plugin.weights_folder or folder
    refuse_unusable(plugin)
    weights = known_weights(card.weights, at)

    def load() -> Session:
        content = read_weights(weights, weights_path(at, weights.file))
        arrays = {} if card.ood is None else {"ood": read_arrays(card.ood, folder)}
        session = Session(content, card.model.id, arrays, sessions.threads)
        refuse_contradiction(card, session)
        return session

    # two cards may have the same weights with other references, or say other things of them
    said = f"{card.model.task}:{card.input.size}:{','.join(it.name for it in card.labels)}"
    key = f"{plugin.place}:{weights.sha256}:{card.ood.sha256 if card.ood else ''}:{said}"
    return sessions.get(key, load)


_TASKS = {
    "detect": "detect",
    "obb": "detect-obb",
    "segment": "instance-seg",
    "classify": "image-classify",
}
"""Tasks as Ultralytics writes them into its models -> ours."""


def refuse_contradiction(card: Card, session: Session) -> None:
    """Refuse a card that says other things than its model says of itself, where it does.

    Ultralytics writes the task, the names of the classes and the size into the metadata.
    """
    said = {
        "model.task": (_TASKS.get(session.metadata.get("task", "")), card.model.task),
        "labels": (_names(session), [label.name for label in card.labels]),
        "input.size": (_value(session, "imgsz", list), list(card.input.size or ())),
    }
    for key, (theirs, ours) in said.items():
        if theirs and ours and theirs != ours:
            raise PluginError(
                f"{card.model.id}: {key}: found {_shown(ours)} in the card, but {_shown(theirs)} "
                "in the model; expected what the model says, in its order"
            )


def as_loaded(plugin: Plugin, card: Card, session: Session) -> Card:
    """Return a card with what is known once its model is there: the checksum, and labels.

    Raises
    ------
    PluginError
        Where neither the card nor the model names the classes.
    """
    known: dict[str, Any] = {}
    if card.weights is not None and plugin.weights_folder is not None:
        known["weights"] = known_weights(card.weights, plugin.weights_folder)
    if card.has_labels_in_model:
        names = _names(session)
        if not names:
            raise PluginError(
                f"{card.model.id}: found no classes in the metadata of the model (key names, as "
                "docs/conversion.md writes it), expected them since its card has none"
            )
        known["labels"] = tuple(Label(name=name, index=k) for k, name in enumerate(names))
    return card.model_copy(update=known)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _names(session: Session) -> list[str]:
    """Return the classes that a model names in its metadata."""
    names = _value(session, "names", dict) or {}
    return [str(names.get(k)) for k in range(len(names))]


def _value(session: Session, key: str, kind: type) -> Any:
    """Return a value of the metadata, in Python's writing; None where it is none of its kind."""
    import ast

    try:
        value = ast.literal_eval(session.metadata.get(key, ""))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, kind) else None


def _of_program(plugin: Plugin, card: Card, path: Path, parameters: Mapping[str, Any]) -> Findings:
    assert plugin.code is not None
    try:
        # one that refuses parameters itself knows them; of another the card does
        knows = hasattr(plugin.code, "refuse_parameters")
        findings = plugin.code.predict(path, parameters if knows else told(card, parameters))
    except WitoilError:
        raise
    except AquaticError as error:
        raise PluginError(f"{path}: {error}") from error
    except Exception as error:  # whatever a package raises is told, and stops nothing else
        text = " ".join(str(error).split()) or "without a message"
        raise PluginError(f"{plugin.name}: {path.name}: {type(error).__name__}: {text}") from error
    if not isinstance(findings, Findings):
        raise PluginError(
            f"{plugin.name}: predict gave {type(findings).__name__}, expected Findings"
        )
    fault = fault_of(findings)
    if fault:
        raise PluginError(f"{plugin.name}: {path.name}: {fault}")
    return findings


def told(card: Card, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a program is told: what was given, checked, and the defaults of its card.

    Raises
    ------
    PluginError
        Where a value is none of its parameter.
    """
    values: dict[str, Any] = {
        name: getattr(card.output, name) for name in PARAMETERS if name in parameters
    }
    for parameter in card.parameters:
        given = parameters.get(parameter.name, parameter.default)
        if given is not None:
            values[parameter.name] = parameter.value_of(given)
    return values


def _time_of(exif: Mapping[str, Any], time: datetime | None) -> tuple[datetime | None, list[str]]:
    if time is not None:
        return in_utc(time), []
    found, doubt = exif_time(exif)
    return found, [doubt] if doubt else []


def _position_remarks(placing: Placing | None, findings: Findings) -> tuple[str, ...]:
    if placing is None:
        found = [it.geometry is not None for it in findings.features]
        found += [it.crs is not None for it in findings.rasters]
        if found and all(found):
            return ()
        return ("no georeference: positions are in pixels, not on the map",)
    return placing.remarks


def _scale_remarks(
    card: Card, placing: Placing | None, size: tuple[int, int] | None
) -> tuple[str, ...]:
    """Return what is to be said where pixels have another size than the model was made for."""
    made_for = card.geo.gsd_m
    if made_for is None:
        return ()
    side = pixel_side(placing, size) if placing is not None and size is not None else None
    if side is None:
        return (f"the size of a pixel is not known; the model was made for {made_for:g} m",)
    if 1.0 / _MOST_SCALE <= side / made_for <= _MOST_SCALE:
        return ()
    return (
        f"a pixel is {side:.3g} m wide, but the model was made for {made_for:g} m: resample the "
        "image first, or doubt what is found",
    )


class _Places:
    """Where the parts of a file are: all in one place, or each where a ship was at its time."""

    def __init__(
        self,
        placing: Placing | None,
        georeference: Georeference | None,
        seen: _Seen,
        time: datetime | None,
    ) -> None:
        self.whole = placing
        self._track = georeference if isinstance(georeference, Track) else None
        self._seen, self._time = seen, time

    def of(self, feature: Feature) -> Placing | None:
        """Return where what was found is."""
        if self._track is None or not feature.properties.get("start_s"):
            return self.whole
        time = _time_within(self._time, feature)
        return locate(self._track, self._seen.file, self._seen.size or (0, 0), {}, time)


def _placed(findings: Findings, places: _Places, time: datetime | None) -> Findings:
    """Return findings on the map, where there is one, and with their time."""
    placing = places.whole
    time = time or (placing.time if placing else None)
    features = []
    for feature in findings.features:
        place = places.of(feature)
        features.append(
            dataclasses.replace(
                feature,
                time=feature.time or _time_within(time, feature),
                geometry=feature.geometry or (place.place(feature.pixel) if place else None),
                properties={**(place.properties if place else {}), **feature.properties},
            )
        )
    rasters = [
        dataclasses.replace(raster, crs=placing.crs, transform=_coarser(placing, raster.pixels))
        if placing and placing.transform and raster.crs is None
        else raster
        for raster in findings.rasters
    ]
    return dataclasses.replace(findings, features=features, rasters=rasters)


def _time_within(time: datetime | None, feature: Feature) -> datetime | None:
    """Return when a part of a recording began."""
    start_s = feature.properties.get("start_s", 0.0)
    return None if time is None else time + timedelta(seconds=start_s)


def _coarser(placing: Placing, pixels: int) -> Any:
    assert placing.transform is not None
    a, b, c, d, e, f = placing.transform
    return (a * pixels, b * pixels, c, d * pixels, e * pixels, f)
