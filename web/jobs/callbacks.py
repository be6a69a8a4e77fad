"""Calls to those who want to be told of a job: of hosts that the operator has listed only.

What is to be told is written with the change that it tells of, see `web.jobs.queue`, and so is
neither forgotten nor told of what did not happen. It may be told twice: after a call whose answer
was lost.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import urllib3
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from catalog.errors import UnreadableFileError
from catalog.remote.addresses import address_of
from web.store.base import Store, now
from web.store.jobs import Callback
from witoil.errors import WitoilError

CALL_SECONDS = 10.0
"""How long a subscriber may take to answer. [s]"""

PAUSES_SECONDS = (0.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0)
"""How long to wait before each try; after the last one it is given up. [s]"""

LOOK_SECONDS = 1.0
"""How often to look for calls to be made. [s]"""

_MOST_LETTERS = 2000
_PORTS = {"http": 80, "https": 443}

log = logging.getLogger(__name__)


class CallbackError(WitoilError):
    """An address that is not called, or a call that was not answered; why."""


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str


def refuse_unlisted(subscriber: Mapping[str, str], hosts: Sequence[str]) -> None:
    """Refuse addresses that will not be called.

    Parameters
    ----------
    subscriber : mapping
        Addresses by what they are called for.
    hosts : sequence of str
        Names that may be called if they lead to public addresses, and numeric addresses.

    Raises
    ------
    CallbackError
        Names the first one.
    """
    for name, url in subscriber.items():
        try:
            _target(url, hosts)
        except CallbackError as error:
            raise CallbackError(f"subscriber.{name}: {error}") from None


def _target(url: str, hosts: Sequence[str]) -> _Target:
    if len(url) > _MOST_LETTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise CallbackError(
            f"found what is no address, expected one of at most {_MOST_LETTERS} ASCII letters"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise CallbackError(f"found {url!r}, {error}; expected https://HOST/PATH") from None
    if parts.scheme not in _PORTS or not host or parts.username is not None or "\\" in url:
        raise CallbackError(f"found {url!r}, expected https://HOST/PATH without a user")
    if host not in hosts:
        raise CallbackError(
            f"host {host!r} is not on the operator's list of hosts that may be called"
        )
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return _Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def call(url: str, body: Mapping[str, Any], hosts: Sequence[str]) -> None:
    """Post JSON to a subscriber; redirects are not followed.

    Raises
    ------
    CallbackError
        Where the host is not on the list, or by now leads to an address that is none of the public
        ones, or does not answer with a status below 300.
    """
    target = _target(url, hosts)
    address = _address(target)
    options: dict[str, Any] = {"timeout": CALL_SECONDS, "retries": False}
    pool: urllib3.HTTPConnectionPool
    # the address that was looked at is the one that is called, whatever the name means next
    if target.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address,
            target.port,
            server_hostname=target.host,
            assert_hostname=target.host,
            **options,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, target.port, **options)
    standard = target.port == _PORTS[target.scheme]
    name = f"[{target.host}]" if ":" in target.host else target.host
    headers = {
        "Host": name if standard else f"{name}:{target.port}",
        "Content-Type": "application/json",
        "User-Agent": "witoil",
    }
    text = json.dumps(body, allow_nan=False).encode()
    with pool:
        try:
            answer = pool.request(
                "POST",
                target.path,
                body=text,
                headers=headers,
                redirect=False,
                preload_content=False,
            )
            answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise CallbackError(f"{target.host}: {type(error).__name__}") from error
    if answer.status >= 300:
        raise CallbackError(f"{target.host}: answered {answer.status}")


def _address(target: _Target) -> str:
    """Return the address of a host, which is none of the own network unless that is listed."""
    try:
        ipaddress.ip_address(target.host)
        return target.host
    except ValueError:
        pass
    try:
        return address_of(target.host, target.port)
    except UnreadableFileError as error:
        raise CallbackError(f"{error}, or for the operator to list the address itself") from None
    except OSError as error:
        raise CallbackError(f"{target.host}: cannot be found ({error})") from None


def deliver(store: Store, hosts: Sequence[str]) -> bool:
    """Make the call that is due, if any; say whether there was one."""
    with store.reading() as session:
        due = select(Callback.id).where(Callback.due <= now(session)).limit(1)
        if session.scalar(due) is None:
            return False
    with store.session() as session:
        callback = session.scalars(
            select(Callback)
            .where(Callback.due <= now(session))
            .order_by(Callback.due)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if callback is None:
            return False
        callback.tries += 1
        pause = PAUSES_SECONDS[callback.tries] if callback.tries < len(PAUSES_SECONDS) else None
        # others try again if this process does not come back from the call
        callback.due = now(session) + timedelta(seconds=max(pause or 0.0, 4 * CALL_SECONDS))
    fault = _fault(callback, hosts)
    with store.session() as session:
        kept = session.get(Callback, callback.id)
        if kept is None:
            return True
        if fault is None:
            session.delete(kept)
        else:
            log.warning("job %s: callback: %s", kept.job_id, fault)
            kept.fault = fault
            kept.due = None if pause is None else now(session) + timedelta(seconds=pause)
    return True


def _fault(callback: Callback, hosts: Sequence[str]) -> str | None:
    try:
        call(callback.url, callback.body, hosts)
    except CallbackError as error:
        return str(error)
    return None


@contextmanager
def delivering(store: Store, hosts: Sequence[str]) -> Iterator[None]:
    """Make calls that are due, in a thread, as long as a block runs."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                if deliver(store, hosts):
                    continue
            except DBAPIError as error:
                log.warning("database: %s", error.orig)
            over.wait(LOOK_SECONDS)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(CALL_SECONDS)
