"""Files over HTTP: whole, verified, within a time limit, and with patience for bad servers."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import requests.adapters
import tenacity
import urllib3

from catalog.errors import CatalogError, UnreadableFileError, cause_of
from catalog.remote.addresses import address_of, only_public
from catalog.remote.tls import refuse_distrust

_log = logging.getLogger(__name__)

_BLOCK = 1 << 16
_REDIRECTS = {301, 302, 303, 307, 308}
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_LOGIN = {401, 403, 407}
_LONGEST_PAUSE_SECONDS = 60.0

_NUMBERS: dict[str, Callable[[str], float]] = {"int": int, "float": float}


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often to ask it again.

    Attributes
    ----------
    silence_seconds : float
        Longest time without a byte.
    total_seconds : float
        Longest time for one file, with all attempts.
    attempts : int
        Most requests for one file; those that follow redirects and verify the size count with
        the one they belong to.
    pause_seconds : float
        Before the second attempt, on average; twice as long before each further one.
    redirects : int
        Most of them in a row.
    """

    silence_seconds: float = 60.0
    total_seconds: float = 3600.0
    attempts: int = 6
    pause_seconds: float = 1.0
    redirects: int = 5

    @classmethod
    def from_environment(cls) -> Patience:
        """Return the defaults, as changed by ``WITOIL_HTTP_SILENCE_SECONDS`` and the like."""
        changed: dict[str, Any] = {}
        for item in fields(cls):
            variable = f"WITOIL_HTTP_{item.name.upper()}"
            text = os.environ.get(variable)
            if text:
                try:
                    changed[item.name] = _NUMBERS[str(item.type)](text)
                except ValueError:
                    raise CatalogError(f"{variable}: found {text!r}, expected a number") from None
        return cls(**changed)


class NotFoundError(UnreadableFileError):
    """A file that the server does not have."""


class _TransientError(Exception):
    """What may go away when the server is asked again."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def is_url(name: str) -> bool:
    """Return whether a name is that of something on an HTTP server."""
    return name.lower().startswith(("http://", "https://"))


def download(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    most_bytes: float = float("inf"),
    check: Callable[[Path], object] | None = None,
    patience: Patience | None = None,
) -> dict[str, str]:
    """Fetch a file, or go on with a part of it that an interrupted call left beside `path`.

    Parameters
    ----------
    url : str
        ``http`` or ``https``, without user and password: these are taken from the environment
        or netrc, see `credentials`.
    path : Path
        Where to write it; appears when it is whole.
    sha256 : str, optional
        Expected of the content, hexadecimal.
    most_bytes : float
        A longer file is refused.
    check : callable, optional
        Raises `CatalogError` where the content at a path is not what is expected, which counts
        as a failed attempt.
    patience : Patience, optional
        Default: as the environment says.

    Returns
    -------
    dict
        ``url`` in the end, and ``etag``, ``last_modified``, where the server tells them.

    Raises
    ------
    UnreadableFileError
        If it could not be had in time; nothing is then left beside `path`.
    CatalogError
        If the URL is none, or carries a password.

    Notes
    -----
    The size is held against ``Content-Length`` and, where the server gives ranges of bytes,
    against what it answers to a request for more; the content against ``Repr-Digest``,
    ``Digest`` and ``Content-MD5``.
    """
    refuse_foreign_url(url)
    transfer = _Transfer(
        url, path, patience or Patience.from_environment(), most_bytes, sha256, check
    )
    try:
        return transfer.run()
    except Exception:
        transfer.discard()
        raise


def credentials(url: str) -> requests.auth.AuthBase | None:
    """Return what identifies the user to a server.

    ``WITOIL_TOKEN_<HOST>`` is a bearer token, ``WITOIL_USER_<HOST>`` and ``WITOIL_PASSWORD_<HOST>``
    are for basic authentication, <HOST> in capitals with ``_`` for all that is no letter or
    digit. Else the entry of the host in ``~/.netrc`` or the file that ``NETRC`` names.
    """
    host = re.sub(r"\W", "_", urlsplit(url).hostname or "").upper()
    token = os.environ.get(f"WITOIL_TOKEN_{host}")
    if token:
        return _Bearer(token)
    user = os.environ.get(f"WITOIL_USER_{host}")
    if user:
        return requests.auth.HTTPBasicAuth(user, os.environ.get(f"WITOIL_PASSWORD_{host}", ""))
    found = requests.utils.get_netrc_auth(url)
    return requests.auth.HTTPBasicAuth(*found) if found else None


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def refuse_foreign_url(url: str) -> None:
    """Refuse what is no URL of an HTTP server, or carries a password.

    Raises
    ------
    CatalogError
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise CatalogError(f"{url!r}: not a URL ({error}); expected https://host/path") from None
    if not is_url(url) or not host:
        raise CatalogError(f"{url!r}: not a URL; expected https://host/path")
    if parts.username or parts.password:
        raise CatalogError(
            f"{parts.scheme}://...@{parts.hostname}{parts.path}: carries a user or password, which "
            "end up in logs; put them into ~/.netrc"
        )


class _Transfer:
    """One file on its way."""

    def __init__(
        self,
        url: str,
        path: Path,
        patience: Patience,
        most_bytes: float,
        sha256: str | None,
        check: Callable[[Path], object] | None,
    ) -> None:
        self._url = url
        self._path = path
        self._patience = patience
        self._most_bytes = most_bytes
        self._sha256 = sha256
        self._check = check
        self._part = path.with_name(f"{path.name}.part")
        self._validator_file = path.with_name(f"{path.name}.validator")
        self._deadline = time.monotonic() + patience.total_seconds

    def run(self) -> dict[str, str]:
        """Ask until the whole file is there."""
        patience = self._patience
        backoff = tenacity.wait_random_exponential(
            multiplier=2.0 * patience.pause_seconds, max=_LONGEST_PAUSE_SECONDS
        )

        def pause(state: tenacity.RetryCallState) -> float:
            fault = state.outcome.exception() if state.outcome else None
            asked = min(getattr(fault, "retry_after", 0.0), _LONGEST_PAUSE_SECONDS)
            wanted = max(backoff(state), asked)
            return max(0.0, min(wanted, self._deadline - time.monotonic()))

        def report(state: tenacity.RetryCallState) -> None:
            fault = state.outcome.exception() if state.outcome else None
            _log.warning(
                "%s: %s; attempt %d failed, asking again", self._url, fault, state.attempt_number
            )

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TransientError),
            stop=lambda state: (
                state.attempt_number >= patience.attempts or time.monotonic() >= self._deadline
            ),
            wait=pause,
            before_sleep=report,
            reraise=True,
        )
        try:
            return retrying(self._attempt)
        except _TransientError as error:
            attempts = retrying.statistics["attempt_number"]
            spent = "in time" if time.monotonic() >= self._deadline else "in the end"
            raise UnreadableFileError(
                f"{self._url}: could not be fetched {spent}, after {attempts} "
                f"attempt{'s' if attempts > 1 else ''} ({error}); try again later, or give a file"
            ) from error

    def discard(self) -> None:
        """Remove all that is not whole."""
        for path in (self._path, self._part, self._validator_file):
            path.unlink(missing_ok=True)

    def _attempt(self) -> dict[str, str]:
        with _session(self._patience, self._deadline) as session:
            try:
                return self._fetch(session)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if time.monotonic() >= self._deadline:
                    seconds = self._patience.total_seconds
                    raise _TransientError(f"not done within {seconds:g} s") from error
                raise _TransientError(_in_words(error, self._patience)) from error

    def _fetch(self, session: requests.Session) -> dict[str, str]:
        offset, validator = self._held()
        headers = {"Range": f"bytes={offset}-", "If-Range": validator} if offset else {}
        with self._request(session, headers) as response:
            self._refuse_status(response)
            total = self._receive(response, offset)
            size = self._part.stat().st_size
            if total is not None and size != total:
                raise _TransientError(f"{size} bytes came, {total} were announced")
            facts = _facts_of(response)
            ranges = response.headers.get("Accept-Ranges", "") == "bytes"
        if ranges:
            self._refuse_more(session, facts)
        self._refuse_content(response)
        self._part.replace(self._path)
        self._validator_file.unlink(missing_ok=True)
        return facts

    def _held(self) -> tuple[int, str]:
        """Return how much is there already, and what tells whether it is still of the same file."""
        try:
            validator = json.loads(self._validator_file.read_text())
            return self._part.stat().st_size, str(validator)
        except (FileNotFoundError, ValueError):
            return 0, ""

    def _request(self, session: requests.Session, headers: dict[str, str]) -> requests.Response:
        """Send a request and follow where it leads, with the credentials of each host."""
        url = self._url
        for _ in range(self._patience.redirects + 1):
            if time.monotonic() >= self._deadline:
                raise _TransientError(f"not done within {self._patience.total_seconds:g} s")
            try:
                response = session.get(
                    url,
                    headers={"Accept-Encoding": "identity", **headers},
                    auth=credentials(url) or _anonymous,
                    timeout=self._patience.silence_seconds,
                    stream=True,
                    allow_redirects=False,
                )
            except OSError as error:  # as all errors of requests are
                refuse_distrust(self._url, urlsplit(url).hostname or "", error)
                raise
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not target:
                return response
            response.close()
            before, url = url, urljoin(url, target)
            refuse_foreign_url(url)
            if urlsplit(before).scheme == "https" and urlsplit(url).scheme != "https":
                raise UnreadableFileError(
                    f"{self._url}: leads from https to {url}, which is not encrypted; "
                    "expected https throughout"
                )
        raise UnreadableFileError(
            f"{self._url}: leads on to another place {self._patience.redirects + 1} times, at last "
            f"to {url}; expected a file, check the address"
        )

    def _refuse_status(self, response: requests.Response) -> None:
        status, reason = response.status_code, response.reason or ""
        if status in (200, 206):
            return
        if status == 416:  # what is held is not of this file
            self._part.unlink(missing_ok=True)
            self._validator_file.unlink(missing_ok=True)
            raise _TransientError("the server has less than is held already")
        if status in _TRANSIENT:
            after = response.headers.get("Retry-After", "")
            raise _TransientError(
                f"the server answers {status} {reason}".rstrip(),
                float(after) if after.isdigit() else 0.0,
            )
        host = re.sub(r"\W", "_", urlsplit(response.url).hostname or "").upper()
        advice = (
            f"expected a login: in ~/.netrc, WITOIL_USER_{host} and WITOIL_PASSWORD_{host}, or "
            f"WITOIL_TOKEN_{host}"
            if status in _LOGIN
            else "check the address"
        )
        kind = NotFoundError if status in (404, 410) else UnreadableFileError
        raise kind(f"{self._url}: the server answers {status} {reason}; {advice}")

    def _receive(self, response: requests.Response, offset: int) -> int | None:
        """Append what comes to what is held; return the size announced of the whole file."""
        coding = response.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            raise _TransientError(f"the server sends {coding} although not asked to")
        start = 0
        if response.status_code == 206:
            start, total = _content_range(response.headers.get("Content-Range", ""))
            if start != offset:
                raise _TransientError(f"the server answers from byte {start}, not {offset}")
        else:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
        if total is not None and total > self._most_bytes:
            self._refuse_size(total)
        self._note_validator(response)
        with self._part.open("ab") as file:
            file.truncate(start)
            # What has come is kept to the byte, should the next read fail.
            while block := response.raw.read1(_BLOCK, decode_content=False):
                start += len(block)
                if start > self._most_bytes:
                    self._refuse_size(start)
                file.write(block)
        return total

    def _refuse_size(self, size: int) -> None:
        raise UnreadableFileError(
            f"{self._url}: has {size / 1e6:.0f} MB or more, expected at most "
            f"{self._most_bytes / 1e6:g} MB"
        )

    def _note_validator(self, response: requests.Response) -> None:
        """Keep what a later request can ask for the rest of the same file by."""
        etag = response.headers.get("ETag", "")
        validator = response.headers.get("Last-Modified", "") if etag[:2] in ("", "W/") else etag
        if validator:
            self._validator_file.write_text(json.dumps(validator))
        else:
            self._validator_file.unlink(missing_ok=True)

    def _refuse_more(self, session: requests.Session, facts: dict[str, str]) -> None:
        """Ask for what comes after the end: a wrong length may have been announced."""
        size = self._part.stat().st_size
        headers = {"Range": f"bytes={size}-", "If-Range": facts.get("etag", "")}
        with self._request(session, {k: v for k, v in headers.items() if v}) as response:
            status = response.status_code
            if status == 206:
                raise _TransientError(f"there is more than the {size} bytes announced")
            if status not in (200, 416):
                raise _TransientError(f"the server answers {status} when asked for the end")
            total = (
                response.headers.get("Content-Length", "")
                if status == 200
                else response.headers.get("Content-Range", "").rpartition("/")[2]
            )
            if total.isdigit() and int(total) != size:
                raise _TransientError(f"{size} bytes came, {total} were announced")

    def _refuse_content(self, response: requests.Response) -> None:
        """Hold the content against all that is known of it; begin anew where it differs."""
        try:
            with self._part.open("rb") as file:
                head = file.read(1024).lstrip().lower()
            if head.startswith((b"<!doctype html", b"<html")):
                raise UnreadableFileError(
                    f"{self._url}: the server sent an HTML page instead of data, as servers do "
                    "when a login or a request fails; open the address in a browser"
                )
            for name, expected in _digests(response.headers, self._sha256):
                with self._part.open("rb") as file:
                    found = hashlib.file_digest(file, name).digest()
                if found != expected:
                    raise _TransientError(f"the {name} is {found.hex()}, not {expected.hex()}")
            if self._check is not None:
                try:
                    self._check(self._part)
                except CatalogError as error:
                    raise _TransientError(str(error)) from error
        except _TransientError:
            self._part.unlink()
            raise


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from looking for credentials by itself."""
    return request


def _facts_of(response: requests.Response) -> dict[str, str]:
    facts = {
        "url": response.url,
        "etag": response.headers.get("ETag", ""),
        "last_modified": response.headers.get("Last-Modified", ""),
    }
    return {key: value for key, value in facts.items() if value}


def _content_range(text: str) -> tuple[int, int | None]:
    """Return first byte and whole size of ``bytes 5-9/10``."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", text.strip())
    if match is None:
        raise _TransientError(f"the server answers with the range {text!r}")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _digests(headers: Any, sha256: str | None) -> Iterator[tuple[str, bytes]]:
    """Yield the digests that a file is to have: algorithm and value."""
    if sha256 is not None:
        yield "sha256", bytes.fromhex(sha256)
    texts = {"md5": headers.get("Content-MD5")}
    for header in ("Digest", "Repr-Digest"):
        for name, value in re.findall(r"([\w-]+)=:?([\w+/]+=*):?", headers.get(header, "")):
            texts[name.lower().replace("sha-", "sha")] = value
    for name, text in texts.items():
        if text and name in ("md5", "sha256", "sha512"):
            try:
                yield name, base64.b64decode(text, validate=True)
            except ValueError:
                raise _TransientError(f"the server announces the {name} {text!r}") from None


def _in_words(error: Exception, patience: Patience) -> str:
    """Return what happened to a connection, without the insides of libraries."""
    text = str(error)
    tls = cause_of(error, ssl.SSLError)
    if tls is not None and tls.reason:
        return f"no connection by TLS: {tls.reason.lower().replace('_', ' ')}"
    if isinstance(error, requests.Timeout) or "timed out" in text:
        return f"no answer for {patience.silence_seconds:g} s"
    if "IncompleteRead" in text or "Connection broken" in text:
        return "the connection was cut"
    if isinstance(error, requests.ConnectionError):
        reason = re.search(r"(?:\[Errno -?\d+\] )([^'\")]+)", text)
        return f"no connection: {reason[1]}" if reason else "the connection failed"
    return text


@contextmanager
def _session(patience: Patience, deadline: float) -> Iterator[requests.Session]:
    """Open a session whose connections are shut at a deadline.

    Time limits of sockets begin anew with every byte, and a server may send them one by one.
    """
    adapter = _WatchedAdapter()
    session = requests.Session()
    session.headers["User-Agent"] = "witoil"
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    watch = threading.Timer(max(deadline - time.monotonic(), 0.0), adapter.shut)
    watch.daemon = True
    watch.start()
    try:
        yield session
    finally:
        watch.cancel()
        session.close()


class _WatchedAdapter(requests.adapters.HTTPAdapter):
    """Transport that knows its sockets."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._only_public = only_public()
        super().__init__(pool_maxsize=1)

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request; not by a proxy, which would resolve names itself, to public addresses."""
        if self._only_public:
            kwargs["proxies"] = None
        return super().send(request, *args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools whose connections are noted."""
        super().init_poolmanager(*args, **kwargs)
        noted, is_guarded = self._sockets, self._only_public

        def watched(pool: Any) -> Any:
            class Connection(pool.ConnectionCls):  # type: ignore[misc]
                _dns_host: str

                def _new_conn(self) -> socket.socket:
                    named = self._dns_host
                    try:
                        if is_guarded:
                            self._dns_host = address_of(named, self.port)
                        connected: socket.socket = super()._new_conn()
                    finally:
                        self._dns_host = named  # certificates are for names
                    return connected

                def connect(self) -> None:
                    super().connect()
                    noted.append(self.sock)  # the connection may hand it on

            return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

        self.poolmanager.pool_classes_by_scheme = {
            scheme: watched(pool)
            for scheme, pool in urllib3.poolmanager.pool_classes_by_scheme.items()
        }

    def shut(self) -> None:
        """End all connections, so that whoever waits for them goes on."""
        for open_socket in self._sockets:
            with suppress(OSError):  # closed meanwhile
                open_socket.shutdown(socket.SHUT_RDWR)
