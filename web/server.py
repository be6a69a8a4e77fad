"""The whole service of one person in one command: a web server, with previews and runners."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from pydantic_core import to_json
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from catalog.server.bounds import HELD_BYTES
from web.app import create_app
from web.context import service_of
from web.errors import MEDIA_TYPE, TOO_LONG, Problem
from web.logs import HEADER
from witoil.errors import WitoilError

if TYPE_CHECKING:
    from flask import Flask

    from web.settings import Settings

AGAIN_SECONDS = 2.0
"""How long after its end a process beside the server is started again. [s]"""

_FORM_BYTES = 1_000_000  # of a form around the file that is uploaded

STOP_SECONDS = 15.0
"""How long such a process may take to end: a runner hands back its job. [s]"""

log = logging.getLogger(__name__)


class AddressError(WitoilError):
    """An address at which no server can listen."""


def serve(settings: Settings, *, runners: int, say: Callable[[str], None]) -> None:
    """Answer requests until the process is told to end, with previews, and runners for the jobs.

    Parameters
    ----------
    settings : Settings
    runners : int
        Number of runners; 0: others do the jobs.
    say : callable
        Takes a line for the person who has started it.

    Raises
    ------
    AddressError
    web.store.base.StoreError
    """
    app = create_app(settings)
    server = listening(app)
    with (
        _stopped_by_signals(service_of(app).stopping),
        _events_read(settings),
        _kept_running(settings, runners),
    ):
        say(f"witoil at {_address(server, settings)}")
        server.run()


def listening(app: Flask) -> Any:
    """Return a server of waitress for an application, which listens already.

    Raises
    ------
    AddressError
    """
    settings = service_of(app).settings
    sockets: dict[int, Any] = {}
    try:
        server = create_server(
            app,
            map=sockets,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            max_request_body_size=max(settings.body_bytes, settings.upload_bytes) + _FORM_BYTES,
            connection_limit=10 * settings.threads,
            outbuf_high_watermark=HELD_BYTES,
            channel_timeout=60,  # of a client that sends its request slowly
            clear_untrusted_proxy_headers=False,  # the application knows how many are true
            ident=None,
        )
    except OSError as error:
        raise AddressError(
            f"{settings.host}:{settings.port}: no server can listen there ({error.strerror}); "
            "expected an address of this machine with a port that is free: give another --port"
        ) from None
    for each in sockets.values():
        each.channel_class = _Channel
    return server


class _Refusal(ErrorTask):
    """What waitress says itself, of requests that the application never gets, as a problem."""

    def execute(self) -> None:
        """Write the answer."""
        error = cast("Any", self.request).error
        status = HTTPStatus(error.code)
        said = Problem(
            type="about:blank",
            title=status.phrase,
            status=status,
            detail=TOO_LONG if status == 413 else " ".join(error.body.split()),
            request=uuid4().hex,
        )
        content = to_json(said, exclude_none=True)
        self.status = f"{status} {status.phrase}"
        self.response_headers = [("Content-Type", MEDIA_TYPE), (HEADER, said.request)]
        log.info("refused: %s", said.detail, extra={"fields": {"request": said.request}})
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class _Channel(HTTPChannel):
    error_task_class = _Refusal


def _address(server: Any, settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{server.effective_port}/"


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    """Have SIGTERM and Ctrl-C end all that waits, and then the server."""

    def stop(*_: object) -> None:
        stopping.set()
        raise SystemExit(0)

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _events_read(settings: Settings) -> Iterator[None]:
    """Have another process take in the events of the catalogue, which takes a while."""
    if settings.catalogue is None:
        yield
        return
    reader = subprocess.Popen(
        [sys.executable, "-m", "witoil", "features", "--events"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env=os.environ | settings.environment(),
        start_new_session=True,
    )
    try:
        yield
    finally:
        _stop(reader)


@contextmanager
def _kept_running(settings: Settings, runners: int) -> Iterator[None]:
    """Have other processes of the service beside this one, each started again should it end."""
    stopping = threading.Event()
    keepers = [
        threading.Thread(target=_keep, args=(command, settings, stopping), daemon=True)
        for command in ("preview", *["runner"] * runners)
    ]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for keeper in keepers:
            keeper.join(STOP_SECONDS + 5.0)


def _keep(command: str, settings: Settings, stopping: threading.Event) -> None:
    """Keep a command running; it ends by itself where this process ends without a word."""
    while not stopping.is_set():
        process = subprocess.Popen(
            [sys.executable, "-m", "witoil", command, "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            env=os.environ | settings.environment(),
            start_new_session=True,  # Ctrl-C is for the server, which tells the others
        )
        while process.poll() is None and not stopping.wait(0.2):
            pass
        if process.poll() is None:
            _stop(process)
        else:
            log.warning("a %s ended with code %s; another is started", command, process.returncode)
            stopping.wait(AGAIN_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
