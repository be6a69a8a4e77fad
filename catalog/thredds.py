"""Catalogues of THREDDS servers: what is in them, and by which URLs it is had."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urldefrag, urlsplit, urlunsplit

from catalog.errors import CatalogError, UnreadableFileError
from catalog.remote.download import Patience, download, refuse_foreign_url
from catalog.remote.store import default_store
from catalog.remote.thredds_xml import (
    RESOLVER,
    Catalogue,
    RemoteDataset,
    parse_catalogue,
    read_root,
)

_log = logging.getLogger(__name__)

_MOST_BYTES = 50_000_000
_MOST_CATALOGUES = 10_000
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])")
_HOUR = re.compile(r"[T _-]?([01]\d|2[0-3]):?([0-5]\d)?(?:[0-5]\d)?Z?(?!\d)")
_LISTED = 5


def read_catalogue(url: str, *, patience: Patience | None = None) -> Catalogue:
    """Read one catalogue of a THREDDS server.

    Parameters
    ----------
    url : str
        Of ``catalog.xml``, or of the page ``catalog.html`` beside it.
    patience : Patience, optional
        Default: as the environment says.

    Returns
    -------
    Catalogue

    Raises
    ------
    UnreadableFileError
        If the server cannot be reached, or what it sends is no catalogue.
    """
    refuse_foreign_url(url)
    parts = urlsplit(url)
    path = re.sub(r"\.html$", ".xml", parts.path)
    wanted = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    final, content = _fetch(wanted, patience)
    return parse_catalogue(content, final)


def walk(
    url: str,
    *,
    depth: int | None = None,
    patience: Patience | None = None,
    on_fault: Callable[[CatalogError], None] | None = None,
) -> Iterator[tuple[int, Catalogue]]:
    """Read a catalogue and those it leads to, each once.

    Parameters
    ----------
    url : str
    depth : int, optional
        How many references to follow in a row. Default: all.
    patience : Patience, optional
        For each catalogue.
    on_fault : callable, optional
        Takes what was wrong with a catalogue that another leads to, and that is left out. Default:
        it is logged as a warning.

    Yields
    ------
    int
        How many references led here.
    Catalogue

    Raises
    ------
    UnreadableFileError
        If the first one cannot be read, or there are more than 10 000.
    """
    tell = on_fault or (lambda error: _log.warning("%s; left out", error))
    seen = {url}
    waiting = [(0, url)]
    while waiting:
        level, address = waiting.pop()
        try:
            catalogue = read_catalogue(address, patience=patience)
        except CatalogError as error:
            if level == 0:
                raise
            tell(error)
            continue
        yield level, catalogue
        if level == depth:
            continue
        for _, reference in reversed(catalogue.references):
            if reference not in seen:
                seen.add(reference)
                waiting.append((level + 1, reference))
        if len(seen) > _MOST_CATALOGUES:
            raise UnreadableFileError(
                f"{url}: leads to more than {_MOST_CATALOGUES} catalogues; start further down"
            )


def find_datasets(address: str, *, patience: Patience | None = None) -> list[RemoteDataset]:
    """Return the data sets that an address of the form ``URL#PATTERN`` means.

    Parameters
    ----------
    address : str
        URL of a catalogue. ``#currents*.nc`` behind it chooses by name, ``?dataset=ID`` by
        identifier, as the pages of THREDDS have it; else all that the catalogue itself lists are
        meant, but what stands for another of them, such as the latest.
    patience : Patience, optional

    Returns
    -------
    list of RemoteDataset
        In the order of their names, each once; what stands for another is that other.

    Raises
    ------
    UnreadableFileError
        If the catalogue cannot be read, or nothing in it is meant.
    """
    url, pattern = urldefrag(address)
    parts = urlsplit(url)
    (identifier,) = parse_qs(parts.query).get("dataset", [""])[:1]
    if identifier:
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    listed = read_catalogue(url, patience=patience).datasets
    found = [
        dataset
        for dataset in listed
        if fnmatchcase(dataset.name, pattern or "*") and identifier in ("", dataset.id)
    ]
    if not (pattern or identifier):
        found = [dataset for dataset in found if RESOLVER not in dataset.access] or found
    if not found:
        names = ", ".join(dataset.name for dataset in listed[:_LISTED]) or "none"
        more = ", ..." if len(listed) > _LISTED else ""
        raise UnreadableFileError(
            f"{address}: no such data set among {len(listed)} in the catalogue ({names}{more}); "
            "`witoil catalog ls` lists them"
        )
    meant: list[RemoteDataset] = []
    faults: list[CatalogError] = []
    for dataset in found:
        try:
            meant += [each for each in _resolved(dataset, patience) if each not in meant]
        except CatalogError as error:
            faults.append(error)
    if not meant:
        raise faults[0]
    for fault in faults:
        _log.warning("%s; left out", fault)
    return sorted(meant, key=lambda dataset: dataset.name)


def within(datasets: list[RemoteDataset], start: datetime, end: datetime) -> list[RemoteDataset]:
    """Choose the data sets that may have times within a period, going by their names.

    Parameters
    ----------
    datasets : list of RemoteDataset
    start, end : datetime
        UTC.

    Returns
    -------
    list of RemoteDataset
        A name holds the first time of its data, which last until the next name, and for a day at
        least. Names without a time are kept: they may have any.
    """
    times = [time_of(dataset.name) for dataset in datasets]
    order = sorted({moment for moment in times if moment})
    following = dict(pairwise(order))
    day = timedelta(days=1)

    def may_reach(moment: datetime | None) -> bool:
        if moment is None:
            return True
        last = max(following.get(moment, moment + day), moment + day)
        return moment <= end and last >= start

    return [d for d, moment in zip(datasets, times, strict=True) if may_reach(moment)]


def time_of(name: str) -> datetime | None:
    """Return the first date in a name, with its hour if it has one, as UTC; None without one."""
    found = _DAY.search(name)
    if found is None:
        return None
    hour = _HOUR.match(name, found.end())
    try:
        hours, minutes = (int(part or 0) for part in (hour.groups() if hour else (0, 0)))
        return datetime(int(found[1]), int(found[2]), int(found[3]), hours, minutes, tzinfo=UTC)
    except ValueError:
        return None  # the 31st of February


def _resolved(dataset: RemoteDataset, patience: Patience | None) -> list[RemoteDataset]:
    """Return what a data set stands for: itself, or the one that its resolver names."""
    if RESOLVER not in dataset.access:
        return [dataset]
    url = dataset.access[RESOLVER]
    found = [d for d in read_catalogue(url, patience=patience).datasets if RESOLVER not in d.access]
    if not found:
        raise UnreadableFileError(f"{url}: names no data set; expected the one that is meant")
    return found[:1]


def _fetch(url: str, patience: Patience | None) -> tuple[str, bytes]:
    """Return where a catalogue is in the end, and its text; the last one, where this is offline."""

    def make(path: Path) -> dict[str, str]:
        facts = download(url, path, most_bytes=_MOST_BYTES, patience=patience)
        read_root(path.read_bytes(), url)
        return facts

    store = default_store()
    path = store.get(url, make, name="catalog.xml", max_age=timedelta(0))
    entry = store.find(url)
    return entry.facts["url"] if entry else url, path.read_bytes()
