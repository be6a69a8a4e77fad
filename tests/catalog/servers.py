"""Real servers on loopback, good and bad ones."""

from __future__ import annotations

import random
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from werkzeug.serving import make_server as make_werkzeug_server

_PROJECT = Path(__file__).parents[2]


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Start an HTTP server, with a context one of HTTPS, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients hang up on purpose
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with _running(server, server.server_port) as url:
        # certificates are for names
        yield url if context is None else url.replace("http://127.0.0.1", "https://localhost")


@contextmanager
def serving_app(app: Callable[..., Any]) -> Iterator[str]:
    """Start a WSGI application, and give its address."""
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_werkzeug_server("127.0.0.1", 0, app, threaded=True)
    with _running(server, server.server_port) as url:
        yield url


_PYDAP = """
import logging, sys
import numpy as np
import netCDF4
from pydap.handlers.netcdf_handler import LazyVariable
from pydap.wsgi.app import DapServer
from werkzeug.serving import make_server
logging.getLogger("werkzeug").setLevel(logging.ERROR)

def read(self, key):  # PyDAP 3.5.9 gives any part the shape of the whole, and fails
    with netCDF4.Dataset(self.filepath) as source:
        source.set_auto_maskandscale(False)
        return np.asarray(source[self.path][key]).astype(self.dtype)

LazyVariable.__getitem__ = read
server = make_server("127.0.0.1", 0, DapServer(sys.argv[1]), threaded=True)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


@contextmanager
def serving_folder_by_pydap(folder: Path) -> Iterator[str]:
    """Start PyDAP's server of a folder, and give its address."""
    with _process([sys.executable, "-c", _PYDAP, str(folder)]) as line:
        yield line


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    """Start ``witoil catalog serve``, and give the address of its catalogue."""
    command = [sys.executable, "-m", "witoil", "catalog", "serve", str(folder), "--port", "0"]
    with _process(command) as line:
        yield line.split(" at ")[-1]


@contextmanager
def _process(command: list[str]) -> Iterator[str]:
    """Run a server in a process of its own, and give the first line that it prints.

    In ours its threads and we would use the netCDF library at the same time.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=_PROJECT
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


@contextmanager
def _running(server: Any, port: int) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(BaseHTTPRequestHandler):
    """A handler that keeps count and says nothing."""

    protocol_version = "HTTP/1.1"
    requests: list[tuple[str, dict[str, str]]]

    def __init_subclass__(cls) -> None:
        cls.requests = []

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.requests.append((self.path, dict(self.headers)))
        self.answer()

    def answer(self) -> None:
        raise NotImplementedError

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def file_handler(files: dict[str, bytes], *, ranges: bool = True) -> type[Quiet]:
    """Make a handler that serves bytes, with ranges and validators."""

    class Files(Quiet):
        def answer(self) -> None:
            content = files.get(self.path)
            if content is None:
                self.send(404)
                return
            headers = {"ETag": f'"{hash(content)}"'}
            if ranges:
                headers["Accept-Ranges"] = "bytes"
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            unchanged = self.headers.get("If-Range", headers["ETag"]) == headers["ETag"]
            if not (ranges and wanted and unchanged):
                self.send(200, content, **headers)
                return
            start, size = int(wanted[1]), len(content)
            if start >= size:
                self.send(416, **headers, Content_Range=f"bytes */{size}")
                return
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
            self.send(206, content[start:], **headers)

    return Files


class Misbehaving(Quiet):
    """What bad servers do with a whole answer."""

    def misbehave(self, fault: str, at: int, status: int, body: bytes, **headers: str) -> None:
        if fault == "5xx":
            super().send(503, b"busy")
        elif fault == "reset":
            self.connection.close()
        elif fault == "too short":
            super().send(status, body[:at], **headers)
        else:
            length = len(body) + (7 if fault == "too long" else 0)
            kept = body if fault == "too long" else body[:at]
            super().send(status, kept, **{"Content-Length": str(length), **headers})
            self.wfile.flush()
            self.close_connection = True
            time.sleep(0.2 if fault == "slow" else 0.0)


def flaky(
    handler: type[Quiet], seed: int, share: float, faults: tuple[str, ...]
) -> type[Misbehaving]:
    """Make a handler that answers as another one does, but for a share of the requests."""
    chance = random.Random(seed)
    lock = threading.Lock()

    class Flaky(handler, Misbehaving):  # type: ignore[misc, valid-type]
        injected: ClassVar[list[str]] = []

        def send(self, status: int, body: bytes = b"", **headers: str) -> None:
            with lock:
                fault = chance.choice(faults) if chance.random() < share else None
                at = chance.randrange(len(body)) if body else 0
            if fault is None:
                super().send(status, body, **headers)
            else:
                self.injected.append(fault)
                self.misbehave(fault, at, status, body, **headers)

    Flaky.requests = handler.requests
    return Flaky
