"""Spills that the operator's catalogue has: what was seen of each, and a case made of it."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.antimeridian import unbroken_box
from catalog.errors import CatalogError
from catalog.grid import Box
from web.data.catalogue import REFERENCE, Entry
from web.errors import ContentError, NotFoundError
from web.faults import Fault
from witoil.errors import CaseError
from witoil.times import exact, minute

if TYPE_CHECKING:
    from catalog import RoleName
    from catalog.slicks.event import Event
    from witoil.case.of_event import CaseForcing

_CASE = Path("/case.toml")
"""No file: the folder from which paths in a case of an event are written."""


@dataclass(frozen=True)
class Spills:
    """What was found in the catalogue.

    Attributes
    ----------
    events : tuple of Event
        In the order of their first detections; at the end those of unknown time.
    problems : tuple of str
        What could not be read, a line each.
    references : mapping
        File -> what a case has in place of it.
    """

    events: tuple[Event, ...] = ()
    problems: tuple[str, ...] = ()
    references: Mapping[str, str] | None = None

    def reference_of(self, file: str) -> str | None:
        """Return what a case has in place of a file of a detection; None: it cannot be named."""
        return (self.references or {}).get(file)

    def find(self, identifier: str) -> Event:
        """Return an event by its identifier, or by that of one of its detections.

        Raises
        ------
        NotFoundError
        """
        for event in self.events:
            if identifier in (event.identifier, *(d.identifier for d in event.detections)):
                return event
        raise NotFoundError(f"there is no event {identifier[:80]!r} in the catalogue")


class _Reader:
    """Reads events once, and again when their files have changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: Any = None
        self._found = Spills()

    def read(self, entries: Mapping[str, Entry]) -> Spills:
        with self._lock:  # whoever comes meanwhile has the same
            references = dict(_references(entries))
            state = [(file, *_state(Path(file))) for file in references]
            if state != self._state:
                self._found = _read(entries, references)
                self._state = state
            return self._found


_reader = _Reader()


def read_spills(entries: Mapping[str, Entry]) -> Spills:
    """Read the spills of a catalogue, those entries that are marked so.

    Parameters
    ----------
    entries : mapping
        From `web.data.catalogue.read_catalogue`.
    """
    marked = {name: entry for name, entry in entries.items() if entry.spills}
    return _reader.read(marked) if marked else Spills()


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return found.st_size, found.st_mtime_ns


def _references(entries: Mapping[str, Entry]) -> Iterable[tuple[str, str]]:
    """Yield the files of entries, each with what a case has in place of it.

    An entry whose files have gone has none.
    """
    for name, entry in entries.items():
        try:
            files = entry.files_by_name()
        except CatalogError:
            continue
        for file, path in files.items():
            yield str(path), f"{REFERENCE}{name}/{file}"


def _read(entries: Mapping[str, Entry], references: Mapping[str, str]) -> Spills:
    from catalog.slicks.events import read_events

    found: list[Event] = []
    problems: list[str] = []
    names = [file for entry in entries.values() for file in entry.files]
    try:
        found, problems = read_events(names)
    except CatalogError as error:
        problems = [str(error)]
    return Spills(tuple(found), tuple(_named(each, references) for each in problems), references)


def _named(problem: str, references: Mapping[str, str]) -> str:
    """Return a message with files as cases name them, in place of where they lie."""
    for file in sorted(references, key=len, reverse=True):
        problem = problem.replace(file, references[file])
    return problem


def select(
    events: Iterable[Event],
    *,
    box: Box | None = None,
    period: tuple[datetime | None, datetime | None] = (None, None),
    country: str | None = None,
    sensor: str | None = None,
    text: str | None = None,
) -> list[Event]:
    """Return the events of which something is as wanted.

    Parameters
    ----------
    events : iterable of Event
    box : tuple of float, optional
        West, south, east, north that an event has to touch. [degrees]
    period : tuple of datetime
        Within which something was seen; None: open. An event of unknown time is in none.
    country, sensor : str, optional
        As detections have them, in whichever case.
    text : str, optional
        Part of an identifier, a sensor or a cause.
    """
    tests: list[Callable[[Event], bool]] = []
    if box is not None:
        tests.append(lambda event: _touch(event.box, box))
    if period != (None, None):
        tests.append(lambda event: _seen_in(event, *period))
    if country is not None:
        tests.append(lambda event: country.lower() in _said(d.country for d in event.detections))
    if sensor is not None:
        tests.append(lambda event: sensor.lower() in _said(d.sensor for d in event.detections))
    if text is not None:
        tests.append(lambda event: any(text.lower() in word for word in _words(event)))
    return [event for event in events if all(test(event) for test in tests)]


def _touch(first: Box, other: Box) -> bool:
    west, south, east, north = unbroken_box(first)
    other_west, other_south, other_east, other_north = unbroken_box(other)
    return (
        south <= other_north
        and other_south <= north
        and any(
            west <= other_east + turn and other_west + turn <= east for turn in (-360.0, 0.0, 360.0)
        )
    )


def _seen_in(event: Event, start: datetime | None, end: datetime | None) -> bool:
    times = [d.slick.time for d in event.detections if d.slick.time is not None]
    return any((start is None or start <= time) and (end is None or time <= end) for time in times)


def _said(values: Iterable[str | None]) -> set[str]:
    return {value.lower() for value in values if value is not None}


def _words(event: Event) -> set[str]:
    told = [value for d in event.detections for value in (d.identifier, d.sensor, d.cause)]
    return _said([event.identifier, *told])


def case_of(
    event: Event,
    spills: Spills,
    given: Mapping[RoleName, Mapping[str, str]],
    entries: Mapping[str, Entry],
) -> dict[str, Any]:
    """Return a case of an event, as the inputs of a process have it.

    Parameters
    ----------
    event : Event
    spills : Spills
        Of which the event is one.
    given : mapping
        Role -> files that are to be taken, each with what a case has in place of it.
    entries : mapping
        The catalogue, in which forcing of the other roles is looked for.

    Returns
    -------
    dict
        Times as text; in place of files what stands for them.

    Raises
    ------
    ContentError
        If the event was seen but once, its files cannot be named, or currents or winds are missing.
    """
    from witoil.case.of_event import case_of_event

    if event.missing:
        raise _refused(event, event.missing)
    names = {file: spills.reference_of(file) for d in event.detections for file in d.files}
    if unnamed := [file for file, reference in names.items() if reference is None]:
        raise _refused(event, f"{unnamed[0]}: is no file of the catalogue; bring it as an upload")
    forcing, references = _forcing(event, given, entries)
    try:
        _, text = case_of_event(event, forcing, _CASE)
    except CaseError as error:
        raise ContentError([Fault("", str(error))]) from None
    return _with_references(text, {**names, **references})


def _refused(event: Event, why: str) -> ContentError:
    return ContentError([Fault("", f"event {event.identifier}: {why}")])


def _forcing(
    event: Event, given: Mapping[RoleName, Mapping[str, str]], entries: Mapping[str, Entry]
) -> tuple[dict[RoleName, CaseForcing], dict[str, str]]:
    """Return the forcing of a case by its role, and what stands for each of its files."""
    from witoil.case.of_event import OPTIONAL, REQUIRED, find_forcing

    at_hand = {
        str(path): f"{REFERENCE}{name}/{file}"
        for name, entry in entries.items()
        if not entry.spills
        for file, path in _files(entry).items()
    }
    found: dict[RoleName, CaseForcing] = {}
    references = dict(at_hand)
    for role in (*REQUIRED, *OPTIONAL):
        files = given.get(role) or at_hand
        matching = find_forcing(event, list(files), roles=(role,))
        if role in given and role not in matching:
            raise _refused(
                event,
                f"{', '.join(given[role].values())}: nothing of it covers the slicks as {role}",
            )
        found |= matching
        references |= given.get(role, {})
    if missing := [role for role in REQUIRED if role not in found]:
        raise _refused(
            event,
            f"no {' and no '.join(missing)} in the catalogue for {minute(event.start)} to "
            f"{minute(event.end)}; name files as parameters, or fetch them by the process fetch",
        )
    return found, references


def _files(entry: Entry) -> dict[str, Path]:
    try:
        return entry.files_by_name()
    except CatalogError:
        return {}


def _with_references(text: str, references: Mapping[str, str | None]) -> dict[str, Any]:
    """Return a case file as JSON has it, with what stands for files in place of their paths."""
    from witoil.case import toml

    names = {toml.path_from(_CASE.parent, file): name for file, name in references.items()}

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            items = [plain(item) for item in value]
            is_named = items and all(isinstance(item, str) for item in items)
            return list(dict.fromkeys(items)) if is_named else items  # several files of one name
        if isinstance(value, datetime):
            return exact(value)
        return names.get(value, value) if isinstance(value, str) else value

    document: dict[str, Any] = plain(tomllib.loads(text))
    return document
