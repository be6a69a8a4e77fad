"""Catalogues of THREDDS servers: what is in them, and by which URLs it is had."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlsplit, urlunsplit

from catalog.download import Patience, download, is_url, refuse_foreign_url
from catalog.errors import CatalogError, UnreadableFileError
from catalog.store import default_store

OPENDAP, HTTP, SUBSET = "opendap", "httpserver", "netcdfsubset"
"""Services of THREDDS that data are had by: values, whole files, parts of them as files."""

_OTHER_NAMES = {"dods": OPENDAP, "http": HTTP, "file": HTTP, "netcdfserver": SUBSET}
_MOST_BYTES = 50_000_000
_MOST_CATALOGUES = 10_000
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])")
_HOUR = re.compile(r"[T _-]?([01]\d|2[0-3]):?([0-5]\d)?(?:[0-5]\d)?Z?(?!\d)")
_LISTED = 5

# siphon has one session manager for all its catalogues.
_SIPHON = threading.Lock()


@dataclass(frozen=True)
class RemoteDataset:
    """One data set of a catalogue.

    Attributes
    ----------
    name : str
    id : str
        Empty where the catalogue has none.
    access : dict
        Service, in lower case (``opendap``, ``httpserver``, ``netcdfsubset``, ``wms`` ...) -> URL.
    """

    name: str
    id: str
    access: dict[str, str]


@dataclass(frozen=True)
class Catalogue:
    """What one catalogue lists.

    Attributes
    ----------
    url, name : str
    datasets : tuple of RemoteDataset
    references : tuple of (str, str)
        Titles and URLs of the catalogues it leads to, which include its dataset scans.
    """

    url: str
    name: str
    datasets: tuple[RemoteDataset, ...]
    references: tuple[tuple[str, str], ...]


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
    parts = urlsplit(url)
    path = re.sub(r"\.html$", ".xml", parts.path)
    wanted = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    try:
        found = _parse(wanted, patience)
        return _catalogue(found)
    except CatalogError:
        raise
    except Exception as error:  # siphon takes catalogues to be valid, and raises what comes
        raise UnreadableFileError(
            f"{url}: is no catalogue of THREDDS ({type(error).__name__}: {error}); expected "
            "catalog.xml, version 1.0"
        ) from error


def walk(
    url: str, *, depth: int | None = None, patience: Patience | None = None
) -> Iterator[tuple[int, Catalogue]]:
    """Read a catalogue and those it leads to, each once.

    Parameters
    ----------
    url : str
    depth : int, optional
        How many references to follow in a row. Default: all.
    patience : Patience, optional
        For each catalogue.

    Yields
    ------
    int
        How many references led here.
    Catalogue

    Raises
    ------
    UnreadableFileError
        If one of them cannot be read, or there are more than 10 000.
    """
    seen = {url}
    waiting = [(0, url)]
    while waiting:
        level, address = waiting.pop()
        catalogue = read_catalogue(address, patience=patience)
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
        meant.
    patience : Patience, optional

    Returns
    -------
    list of RemoteDataset
        In the order of their names.

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
    if not found:
        names = ", ".join(dataset.name for dataset in listed[:_LISTED]) or "none"
        more = ", ..." if len(listed) > _LISTED else ""
        raise UnreadableFileError(
            f"{address}: no such data set among {len(listed)} in the catalogue ({names}{more}); "
            "`witoil catalog ls` lists them"
        )
    return sorted(found, key=lambda dataset: dataset.name)


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


def _parse(url: str, patience: Patience | None) -> Any:
    """Have siphon parse a catalogue, which it fetches through our own transport."""
    from siphon.catalog import TDSCatalog
    from siphon.http_util import session_manager

    def get(address: str, **_: Any) -> SimpleNamespace:
        final, content = _fetch(address, patience)
        headers = {"content-type": "application/xml"}
        return SimpleNamespace(
            url=final, content=content, headers=headers, raise_for_status=lambda: None
        )

    refuse_foreign_url(url)
    with _SIPHON:
        options = session_manager.options
        session_manager.set_session_options(get=get)
        try:
            return TDSCatalog(url)
        finally:
            session_manager.options = options


def _fetch(url: str, patience: Patience | None) -> tuple[str, bytes]:
    """Return where a catalogue is in the end, and its text; the last one, where this is offline."""

    def make(path: Path) -> dict[str, str]:
        facts = download(url, path, most_bytes=_MOST_BYTES, patience=patience)
        _refuse_bad_xml(url, path.read_bytes())
        return facts

    store = default_store()
    path = store.get(url, make, name="catalog.xml", max_age=timedelta(0))
    entry = store.find(url)
    return entry.facts["url"] if entry else url, path.read_bytes()


def _refuse_bad_xml(url: str, content: bytes) -> None:
    from xml.etree.ElementTree import ParseError

    import defusedxml
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(content, forbid_dtd=True)
    except defusedxml.DefusedXmlException:
        raise UnreadableFileError(
            f"{url}: the XML declares entities or a document type, which can be a trap; expected "
            "a plain catalogue of THREDDS"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableFileError(
            f"{url}: is not XML ({error}); expected a catalogue of THREDDS, catalog.xml"
        ) from None
    if root.tag.rpartition("}")[2] != "catalog":
        raise UnreadableFileError(
            f"{url}: is XML with the root <{root.tag[:100]}>; expected <catalog>, of THREDDS"
        )


def _catalogue(found: Any) -> Catalogue:
    datasets = [_dataset(dataset) for dataset in found.datasets.values()]
    references = {
        str(title): str(reference.href)
        for title, reference in found.catalog_refs.items()
        if is_url(reference.href)
    }
    return Catalogue(
        str(found.catalog_url),
        str(found.catalog_name),
        tuple(datasets),
        tuple((title, href) for title, href in references.items()),
    )


def _dataset(found: Any) -> RemoteDataset:
    access: dict[str, str] = {}
    for service, url in found.access_urls.items():
        name = str(service).lower()
        if is_url(str(url)):
            access[_OTHER_NAMES.get(name, name)] = str(url)
    return RemoteDataset(str(found.name).strip(), str(found.id or ""), access)
