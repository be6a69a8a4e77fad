"""What the inputs of a process name: stored uploads, results of jobs, the catalogue, known hosts.

Each text of the inputs that `web.data.names` finds has to be one of these.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from catalog.errors import CatalogError
from catalog.paths import expand_inputs, expand_paths
from web.data.catalogue import REFERENCE as CATALOGUE
from web.data.catalogue import Entry, read_catalogue
from web.data.names import Location, Named, is_word, keys_of, names_in
from web.data.uploads import REFERENCE, file_of, get_upload, is_id
from web.errors import ContentError, NotFoundError
from web.faults import Fault, pointer_to
from web.jobs import queue
from web.store.jobs import State
from witoil.errors import WitoilError

if TYPE_CHECKING:
    from web.settings import Settings
    from web.store.jobs import Job

log = logging.getLogger(__name__)

_ONE_FILE = frozenset(("run", "observation", "track", "name", "coastline"))
"""Keys of one file where it may not be a list."""

_FOLDERS = frozenset(("run", "runs"))
"""Keys of a run, which may be all that a job has made."""

_JOB = "job:"
_SERVERS = ("http://", "https://", "thredds:", "opendap:")
_PLAIN_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII without a backslash

EXPECTED = (
    f"expected a stored file, {REFERENCE}ID, a result, {_JOB}ID/FILE, an entry of the catalogue, "
    f"{CATALOGUE}NAME, or a URL of a host that the operator allows"
)


class MissingInputError(WitoilError):
    """What a job names is there no more."""


@dataclass(frozen=True)
class Source:
    """What a name stands for.

    Attributes
    ----------
    files : tuple of str
        Paths or URLs.
    identity : str
        The same where the content is; empty where it may change at any time.
    """

    files: tuple[str, ...]
    identity: str


def admit(
    session: Session,
    owner: str,
    inputs: Mapping[str, Any],
    settings: Settings,
    *,
    within: Location = ("inputs",),
) -> dict[str, str]:
    """Refuse inputs that name what somebody may not have.

    Parameters
    ----------
    session : Session
    owner : str
    inputs : mapping
        As JSON has them, checked by the model of the process.
    settings : Settings
    within : tuple of str
        Where the inputs stand in the body of the request.

    Returns
    -------
    dict
        Name -> what tells its content, for `web.jobs.queue.key_of`; empty where that may change.

    Raises
    ------
    ContentError
        Naming every field at fault.
    """
    faults: list[Fault] = []
    found: dict[str, str] = {}
    for named in names_in(inputs):
        try:
            source = _source(session, owner, named, settings)
            found[named.text] = source.identity
        except (NotFoundError, ValueError) as error:
            keys = ".".join(map(str, named.location))
            faults.append(Fault(pointer_to((*within, *named.location)), f"{keys}: {error}"))
    if faults:
        raise ContentError(faults)
    return found


def resolve(
    session: Session, owner: str, inputs: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    """Return inputs that were admitted, or some of them, with files in place of names.

    Raises
    ------
    MissingInputError
        If something has gone since.
    """

    def replaced(value: Any, location: Location) -> Any:
        if isinstance(value, Mapping):
            return {key: replaced(item, (*location, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return list(_flat(replaced(item, (*location, k)) for k, item in enumerate(value)))
        if not isinstance(value, str) or is_word(location, value):
            return value
        try:
            files = _source(session, owner, Named(location, value), settings).files
        except (NotFoundError, ValueError) as error:
            keys = ".".join(map(str, location))
            raise MissingInputError(f"{keys}: {error}") from None
        return files[0] if len(files) == 1 else list(files)

    resolved: dict[str, Any] = replaced(inputs, ())
    return resolved


def files_named(
    session: Session, owner: str, names: Sequence[str], settings: Settings
) -> dict[str, str]:
    """Return the files at hand that names stand for, each with its name.

    Parameters
    ----------
    session : Session
    owner : str
    names : sequence of str
        As cases have them.
    settings : Settings

    Raises
    ------
    ContentError
        If there is none, or it is another's, or on a server.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for number, name in enumerate(names):
        try:
            files = _source(session, owner, Named(("files", number), name), settings).files
            if any("://" in file for file in files):
                raise ValueError(f"found {_shown(name)}, on a server; expected files at hand")
            found |= dict.fromkeys(map(str, expand_paths(files)), name)
        except (NotFoundError, ValueError) as error:
            faults.append(Fault("", str(error)))
    if faults:
        raise ContentError(faults)
    return found


def resolver(settings: Settings) -> Callable[[Session, Job], dict[str, Any]]:
    """Return `resolve` with the settings of a service, as runners take it."""

    def resolve_job(session: Session, job: Job) -> dict[str, Any]:
        return resolve(session, job.owner, job.inputs, settings)

    return resolve_job


def _flat(items: Iterator[Any]) -> Iterator[Any]:
    """Yield items; of an entry that stands for several files, each."""
    for item in items:
        if isinstance(item, list) and item and all(isinstance(each, str) for each in item):
            yield from item
        else:
            yield item


def _source(session: Session, owner: str, named: Named, settings: Settings) -> Source:
    """Return what a name stands for.

    Raises
    ------
    NotFoundError
        If there is none, or it is another's.
    ValueError
        If it is no such name.
    """
    text = named.text
    if text.startswith(REFERENCE):
        return _of_upload(session, owner, text.removeprefix(REFERENCE), settings)
    if text.startswith(_JOB):
        return _of_job(session, owner, named, settings)
    if text.startswith(CATALOGUE):
        return _of_catalogue(named, settings)
    if text.lower().startswith(_SERVERS):
        return _of_host(text, settings)
    raise ValueError(f"found {_shown(text)}, {EXPECTED}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}...")


def _of_upload(session: Session, owner: str, upload_id: str, settings: Settings) -> Source:
    upload = get_upload(session, owner, upload_id)
    file = file_of(settings.uploads.resolve(), upload)
    # readers take times and classes from the name
    return Source((str(file),), f"{upload.sha256} {upload.name}")


def _of_job(session: Session, owner: str, named: Named, settings: Settings) -> Source:
    job_id, _, name = named.text.removeprefix(_JOB).partition("/")
    try:
        if not is_id(job_id):
            raise queue.NoSuchJobError(job_id)
        job = queue.get(session, owner, job_id)
    except queue.NoSuchJobError:
        raise NotFoundError(f"there is no job {_shown(job_id)} of yours") from None
    if job.state != State.SUCCESSFUL or job.folder is None:
        raise ValueError(f"job {job.id} is {job.state}, expected one that was successful")
    folder = settings.jobs.resolve() / job.folder
    path = Path(os.path.realpath(folder / name))
    is_hidden = any(part.startswith(".") for part in Path(name).parts)
    if is_hidden or not path.is_relative_to(folder) or not path.exists():
        raise NotFoundError(f"job {job.id} has no file {_shown(name)}")
    if path.is_dir() and keys_of(named.location)[-1] not in _FOLDERS:
        raise ValueError(f"found {_shown(named.text)}, a folder; expected {_JOB}ID/FILE")
    return Source((str(path),), f"{job.folder}/{path.relative_to(folder).as_posix()}")


def _of_catalogue(named: Named, settings: Settings) -> Source:
    name, _, file = named.text.removeprefix(CATALOGUE).partition("/")
    entries = read_catalogue(settings.catalogue)
    if name not in entries:
        raise NotFoundError(
            f"found no entry {_shown(name)} in the catalogue, expected one of "
            f"{', '.join(entries) or 'none'}"
        )
    try:
        files = _files_of(entries[name], name, file)
        if len(files) > 1 and keys_of(named.location)[-1] in _ONE_FILE:
            raise ValueError(f"the entry {name} of the catalogue has several files, expected one")
        return Source(files, _states(files))
    except CatalogError as error:
        log.error("catalogue: %s: %s", name, error)
        raise ValueError(f"the entry {name} has lost its files; tell whoever runs this") from None


def _files_of(entry: Entry, name: str, file: str) -> tuple[str, ...]:
    """Return all files of an entry, or the one that is named."""
    if file:
        path = entry.files_by_name().get(file)
        if path is None:
            raise NotFoundError(f"the entry {name} of the catalogue has no file {_shown(file)}")
        return (str(path),)
    if entry.spills:
        raise ValueError(
            f"the entry {name} of the catalogue is a list of spills; expected one of its files, "
            f"{CATALOGUE}{name}/FILE"
        )
    return entry.files


def _states(files: tuple[str, ...]) -> str:
    """Return what tells whether files are as they were; those of servers never are."""
    if any("://" in file for file in files):
        return ""
    paths = [path for path in expand_inputs(files) if isinstance(path, Path)]
    states = [(path, path.stat()) for path in paths]
    return " ".join(f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states)


def _of_host(text: str, settings: Settings) -> Source:
    """Return a URL of a host that the operator allows.

    Two parsers have to agree on the host, since the one that looks is not the one that connects.
    """
    url = re.sub(r"^(thredds|opendap):", "", text, flags=re.IGNORECASE)
    try:
        parts, other = urlsplit(url), parse_url(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except (ValueError, LocationParseError):
        raise ValueError(f"found {_shown(text)}, expected a URL, https://host/path") from None
    is_plain = _PLAIN_URL.fullmatch(text) and not parts.username and not parts.password
    if not is_plain or (other.host or "").rstrip(".").lower() != host or other.port != port:
        raise ValueError(f"found {_shown(text)}, expected a plain URL, https://host/path")
    if not {host, f"{host}:{port}"} & set(settings.allowed_hosts):
        raise ValueError(
            f"found the host {_shown(host)}, expected one that the operator allows: "
            f"{', '.join(settings.allowed_hosts) or 'there is none'}"
        )
    # what a server has may have changed since
    return Source((text,), "")
