"""The XML of a THREDDS catalogue: the data sets it lists with their URLs, and where it leads."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urldefrag, urljoin
from xml.etree.ElementTree import Element, ParseError

from catalog.errors import UnreadableFileError
from catalog.remote.download import is_url

_log = logging.getLogger(__name__)

OPENDAP, HTTP, SUBSET = "opendap", "httpserver", "netcdfsubset"
"""Services of THREDDS that data are had by: values, whole files, parts of them as files."""

RESOLVER = "resolver"
"""Service that names another data set of the catalogue: mostly the latest one."""

_COMPOUND = "compound"
_OTHER_NAMES = {"dods": OPENDAP, "http": HTTP, "file": HTTP, "netcdfserver": SUBSET}
_LATEST = "latest.xml"
_MOST_SERVICES = 1_000
# All that a URL may hold but "#", which in the path of a data set begins no fragment.
_URL_CHARACTERS = "/:%?=&;,+@!$'()*~"


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
        With ``resolver`` it stands for another data set, which the catalogue at that URL names.
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
        In the order of the catalogue; names and identifiers need not be unique.
    references : tuple of (str, str)
        Titles and URLs of the catalogues it leads to, which include its dataset scans. Titles need
        not be unique either.
    """

    url: str
    name: str
    datasets: tuple[RemoteDataset, ...]
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Service:
    kind: str
    base: str
    suffix: str


def parse_catalogue(content: bytes, url: str) -> Catalogue:
    """Return what the XML of a catalogue says.

    Parameters
    ----------
    content : bytes
    url : str
        Where it comes from; what is relative in it starts from there.

    Returns
    -------
    Catalogue
        A data set is what has a ``urlPath`` or ``access`` elements. One with neither only holds
        others.

    Raises
    ------
    UnreadableFileError
        If it is no XML, no catalogue, or defines more than 1000 services.

    Notes
    -----
    The service of a data set is that of its ``access`` element, else the ``serviceName`` that is
    its own (attribute, element, or in ``metadata``), else the one inherited. Where nothing is
    inherited in the words of the standard, that of the nearest data set around it is taken: it can
    have no other purpose there. URLs are base + path + suffix, from the URL of the catalogue on.
    Elements that lack what the standard requires are left out, with a warning.

    References
    ----------
    .. [1] Unidata, THREDDS Dataset Inventory Catalog Specification, version 1.0.7.
    """
    root = read_root(content, url)
    reader = _Reader(root, url)
    datasets: list[RemoteDataset] = []
    references: list[tuple[str, str]] = []
    for element, service in _listed(root):
        if _tag(element) == "catalogRef":
            references += reader.reference(element)
        else:
            datasets += reader.dataset(element, service)
    return Catalogue(url, root.get("name", ""), tuple(datasets), tuple(references))


class _Reader:
    """Elements of one catalogue into data sets and references."""

    def __init__(self, root: Element, url: str) -> None:
        self._url = url
        self._services = _services(root, url)
        # names that differ in case only are told apart; others need not be exact
        self._any_case = {name.lower(): found for name, found in self._services.items()}

    def reference(self, element: Element) -> Iterator[tuple[str, str]]:
        """Yield title and URL of a reference, unless it leads nowhere."""
        href = _attribute(element, "href").strip()
        link = self._link(urldefrag(href).url)
        if link:
            title = _attribute(element, "title").strip() or element.get("name", "").strip()
            yield title or href, link
        else:
            _log.warning("%s: a catalogRef leads to %r; left out", self._url, href)

    def dataset(self, element: Element, service: str) -> Iterator[RemoteDataset]:
        """Yield a data set, unless it only holds others."""
        path = element.get("urlPath")
        accesses = [child for child in element if _tag(child) == "access"]
        if path is None and not accesses:
            return
        places = [(e.get("serviceName") or service, e.get("urlPath", "")) for e in accesses]
        places += [] if path is None else [(service, path)]
        access: dict[str, str] = {}
        for name, where in places:
            for found in self._find_services(name):
                file = quote(where.strip(), safe=_URL_CHARACTERS)
                link = self._link(f"{found.base}{file}{found.suffix}")
                if link:
                    access.setdefault(found.kind, link)
        if path == _LATEST and RESOLVER not in access:
            # what servers call it, whatever service they say it has
            access = {RESOLVER: urljoin(self._url, _LATEST)}
        identifier = element.get("ID", "")
        fallback = (path or "").rstrip("/").rpartition("/")[2] or identifier
        yield RemoteDataset(element.get("name", "").strip() or fallback, identifier, access)

    def _find_services(self, name: str) -> list[_Service]:
        found = self._services.get(name) or self._any_case.get(name.lower(), [])
        # one among others is of the catalogue, not of each data set
        return found if len(found) == 1 else [s for s in found if s.kind != RESOLVER]

    def _link(self, reference: str) -> str:
        """Return a reference as a URL of a web server, or nothing where it is none."""
        try:
            link = urljoin(self._url, reference)
        except ValueError:
            return ""
        return link if reference and is_url(link) else ""


def read_root(content: bytes, url: str) -> Element:
    """Return the outermost element of a catalogue.

    Raises
    ------
    UnreadableFileError
        If it is no XML, more than plain XML, or no catalogue.
    """
    import defusedxml
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except defusedxml.DefusedXmlException:
        raise UnreadableFileError(
            f"{url}: the XML declares entities or a document type, which can be a trap; expected "
            "a plain catalogue of THREDDS"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableFileError(
            f"{url}: is not XML ({error}); expected a catalogue of THREDDS, catalog.xml"
        ) from None
    if _tag(root) != "catalog":
        raise UnreadableFileError(
            f"{url}: is XML with the root <{_tag(root)[:100]}>; expected <catalog>, of THREDDS"
        )
    return root


def _listed(root: Element) -> Iterator[tuple[Element, str]]:
    """Yield data sets and references in the order of the catalogue, and the service of each."""
    # no recursion: how deep they are nested is up to the server
    waiting = [(root, "", "")]
    while waiting:
        element, inherited, around = waiting.pop()
        own, handed_down = _service_names(element)
        inherited = handed_down or inherited
        service = own or inherited or around
        if element is not root:
            yield element, service
        inside = [child for child in element if _tag(child) in ("dataset", "catalogRef")]
        waiting += [(child, inherited, service) for child in reversed(inside)]


def _service_names(element: Element) -> tuple[str, str]:
    """Return the services that an element names: for itself, and for all within it."""
    own, inherited = element.get("serviceName", "").strip(), ""
    for child in element:
        if _tag(child) == "serviceName":
            own = own or _text(child)
        elif _tag(child) == "metadata":
            named = next((_text(e) for e in child if _tag(e) == "serviceName"), "")
            if child.get("inherited", "").lower() == "true":
                inherited = inherited or named
            else:
                own = own or named
    return own, inherited


def _services(root: Element, url: str) -> dict[str, list[_Service]]:
    """Return all services by name: a plain one alone, of a compound one those within it."""
    elements = [element for element in root.iter() if _tag(element) == "service"]
    if len(elements) > _MOST_SERVICES:
        raise UnreadableFileError(
            f"{url}: defines {len(elements)} services; expected at most {_MOST_SERVICES}"
        )
    found: dict[str, list[_Service]] = {}
    for element in elements:
        within = [_service(e) for e in element.iter() if _tag(e) == "service"]
        usable = [service for service in within if service.kind not in ("", _COMPOUND)]
        name = element.get("name", "").strip()
        if not usable:
            _log.warning("%s: the service %r has no type; left out", url, name)
        found.setdefault(name, []).extend(usable)
    return found


def _service(element: Element) -> _Service:
    kind = element.get("serviceType", "").strip().lower()
    return _Service(
        _OTHER_NAMES.get(kind, kind), element.get("base", "").strip(), element.get("suffix", "")
    )


def _tag(element: Element) -> str:
    """Return the name of an element without its namespace, which servers do not agree on."""
    return element.tag.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    """Return an attribute, whatever its namespace."""
    found = (value for key, value in element.items() if key.rpartition("}")[2] == name)
    return next(found, "")


def _text(element: Element) -> str:
    return (element.text or "").strip()
