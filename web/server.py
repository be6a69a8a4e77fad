"""The whole service of one person in one command: a web server, and runners beside it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from waitress.server import create_server

from web.app import create_app
from web.context import service_of
from witoil.errors import WitoilError

if TYPE_CHECKING:
    from web.settings import Settings

AGAIN_SECONDS = 2.0
"""How long after its end a runner is started again. [s]"""

_FORM_BYTES = 1_000_000  # of a form around the file that is uploaded

STOP_SECONDS = 15.0
"""How long a runner may take to hand back its job. [s]"""

log = logging.getLogger(__name__)


class AddressError(WitoilError):
    """An address at which no server can listen."""


def serve(settings: Settings, *, runners: int, say: Callable[[str], None]) -> None:
    """Answer requests until the process is told to end, with runners for the jobs.

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
    try:
        server = create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            max_request_body_size=max(settings.body_bytes, settings.upload_bytes) + _FORM_BYTES,
            connection_limit=10 * settings.threads,
            channel_timeout=60,  # of a client that sends its request slowly
            clear_untrusted_proxy_headers=False,  # the application knows how many are true
            ident=None,
        )
    except OSError as error:
        raise AddressError(
            f"{settings.host}:{settings.port}: no server can listen there ({error.strerror}); "
            "expected an address of this machine with a port that is free: give another --port"
        ) from None
    with (
        _stopped_by_signals(service_of(app).stopping),
        _events_read(settings),
        _kept_running(settings, runners),
    ):
        say(f"witoil at {_address(server, settings)}")
        server.run()


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
def _kept_running(settings: Settings, count: int) -> Iterator[None]:
    """Have runners beside this process, each started again should it end."""
    stopping = threading.Event()
    keepers = [
        threading.Thread(target=_keep, args=(settings, stopping), daemon=True) for _ in range(count)
    ]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for keeper in keepers:
            keeper.join(STOP_SECONDS + 5.0)


def _keep(settings: Settings, stopping: threading.Event) -> None:
    """Keep one runner running; it ends by itself where this process ends without a word."""
    while not stopping.is_set():
        runner = subprocess.Popen(
            [sys.executable, "-m", "witoil", "runner", "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            env=os.environ | settings.environment(),
            start_new_session=True,  # Ctrl-C is for the server, which tells its runners
        )
        while runner.poll() is None and not stopping.wait(0.2):
            pass
        if runner.poll() is None:
            _stop(runner)
        else:
            log.warning("a runner ended with code %s; another is started", runner.returncode)
            stopping.wait(AGAIN_SECONDS)


def _stop(runner: subprocess.Popen[bytes]) -> None:
    runner.terminate()
    try:
        runner.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        runner.kill()
        runner.wait()
