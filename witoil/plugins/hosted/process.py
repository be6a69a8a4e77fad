"""The process of a hosted module: started when it is first asked, ended when it is idle."""

from __future__ import annotations

import atexit
import json
import math
import mimetypes
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.errors import PluginError
from witoil.plugins.hosted import keeper
from witoil.plugins.hosted.record import HostedRecord

if TYPE_CHECKING:
    import requests

_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_STARTS = 3
"""How often another port is tried, where one has been taken meanwhile."""

_STILL_SECONDS, _SETTLING_SECONDS = 0.2, 3.0
"""How long nothing comes to a log that has all that was printed, and what is waited for that."""

_TAIL_BYTES = 100_000
_MOST_LETTERS = 300
_PASSED = (
    *("TZ", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"),
    *("OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
"""Variables that a module gets of ours, none of which holds a secret."""

_ACCESS = "aiohttp.access"
_PREFIX = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \d+ [A-Z]+ [\w.]+ (\[[^]]*\] )?(?P<text>.*)$"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m|\[0*m")
_FAULT = re.compile(r"([A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt)\b(: .*)?)$")
_LOADING = re.compile(r"Could not load '.*?': (?P<text>.*)$")
_TAKEN = "address already in use"


@dataclass(frozen=True)
class Upload:
    """A file to send.

    Attributes
    ----------
    path : Path
    name : str
        That the module is told.
    media_type : str or None
        None: by the name.
    """

    path: Path
    name: str
    media_type: str | None = None

    @property
    def type(self) -> str:
        """Its media type."""
        guessed = mimetypes.guess_type(self.name)[0]
        return self.media_type or guessed or "application/octet-stream"


@dataclass(frozen=True)
class Reply:
    """What a module answers."""

    status: int
    media_type: str
    content: bytes


class BusyError(PluginError):
    """A module that has too much to do."""


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    form: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, Upload]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class HostedProcess:
    """One `deepaas-run` with one model, on loopback.

    Parameters
    ----------
    record : HostedRecord
    work : Path, optional
        Folder that it works in. Default: one that is removed at its end.
    """

    def __init__(self, record: HostedRecord, work: Path | None = None) -> None:
        self._record = record
        self._work = work
        self._lock = threading.RLock()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._session: requests.Session | None = None
        self._address = ""
        self._timer: threading.Timer | None = None
        self.swagger: dict[str, Any] = {}
        """What it has said of itself when it was started last."""

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._keeper is not None and self._keeper.poll() is None

    def get(self, path: str) -> Reply:
        """Ask for a document; see `post`."""
        return self._asked(_Request("GET", path), math.inf)

    def post(
        self,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        form: Sequence[tuple[str, str]] = (),
        files: Sequence[tuple[str, Upload]] = (),
        headers: Mapping[str, str] | None = None,
        wait_seconds: float = math.inf,
    ) -> Reply:
        """Send a request, one after the other, and return the answer whatever its status is.

        Raises
        ------
        PluginError
            Where the module does not start, or gives no answer, in time, or one that is too
            large; it is ended then.
        BusyError
            Where others are asked for longer than `wait_seconds`.
        """
        request = _Request("POST", path, query, form, files, headers or {})
        return self._asked(request, wait_seconds)

    def stop(self) -> None:
        """End it, with all that it has started."""
        with self._lock:
            self._end()

    def _asked(self, request: _Request, wait_seconds: float) -> Reply:
        if not self._lock.acquire(timeout=min(wait_seconds, threading.TIMEOUT_MAX)):
            raise BusyError(
                f"{self._record.name}: is busy with others for {wait_seconds:g} s; try again later"
            )
        try:
            self._start()
            with _opened(request.files) as parts:
                return self._sent(request, parts)
        finally:
            self._tidy()
            self._end_when_idle()
            self._lock.release()

    def _sent(self, request: _Request, files: Sequence[Any]) -> Reply:
        from requests import RequestException, Timeout

        assert self._session is not None
        seconds = self._record.limits.seconds
        until = time.monotonic() + seconds
        try:
            with self._session.request(
                request.method,
                self._address + request.path,
                params=list(request.query),
                data=list(request.form) or None,
                files=list(files) or None,
                headers={"Accept": "*/*", **request.headers},
                timeout=(_CONNECT_SECONDS, seconds),
                stream=True,
                allow_redirects=False,
            ) as answer:
                content = self._content(answer, until)
                kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
                return Reply(answer.status_code, kind, content)
        except Timeout:
            self._end()
            raise PluginError(
                f"{self._record.name}: found no answer within {seconds:g} s, and was ended"
            ) from None
        except RequestException:
            raise self._died() from None

    def _content(self, answer: requests.Response, until: float) -> bytes:
        from requests import Timeout

        most = self._record.limits.answer_bytes
        parts, size = [], 0
        for part in answer.iter_content(65_536):
            size += len(part)
            parts.append(part)
            if size > most:
                self._end()
                raise PluginError(
                    f"{self._record.name}: found an answer of more than {most:,} bytes, and was "
                    "ended; expected a smaller one"
                )
            if time.monotonic() > until:
                raise Timeout
        return b"".join(parts)

    def _died(self) -> PluginError:
        """Return how it has ended in the middle of a request."""
        assert self._keeper is not None
        with suppress(subprocess.TimeoutExpired):
            self._keeper.wait(5.0)  # it writes why last
        text = f"{self._record.name}: ended in the middle of a request{self.last_words()}"
        self._end()
        return PluginError(text)

    def last_words(self) -> str:
        """Return ``"; its log ends with: …"``; empty where it has said nothing."""
        line = _last_line(self._settled_log())
        return f"; its log ends with: {line}" if line else ""

    def _settled_log(self) -> str:
        """Return the end of the log once nothing comes any more: who keeps it may be behind.

        Who has ended has written all.
        """
        until, written = time.monotonic() + _SETTLING_SECONDS, -1
        while self._folder is not None and self.is_running and time.monotonic() < until:
            before = written
            with suppress(OSError):
                written = (self._folder / "log").stat().st_mtime_ns
            if written == before:
                break
            time.sleep(_STILL_SECONDS)
        return self._log_text()

    def _start(self) -> None:
        self._cancel_timer()
        if self.is_running:
            return
        self._end()
        for left in reversed(range(_STARTS)):
            try:
                self._start_once()
                return
            except PluginError:
                is_taken = _TAKEN in self._log_text()
                self._end()
                if not (is_taken and left):
                    raise

    def _start_once(self) -> None:
        record, limits = self._record, self._record.limits
        program = record.python.parent / "deepaas-run"
        if not program.exists():
            raise PluginError(f"{record.name}: found no {program}; add the module anew")
        folder = self._folder = Path(tempfile.mkdtemp(prefix="witoil-hosted-"))
        work = self._work or folder / "work"
        for each in (work, folder / "tmp"):
            each.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        bounds = {
            "parent": os.getpid(),
            "folder": str(folder),
            "log": str(folder / "log"),
            "log_bytes": limits.log_bytes // 2,  # of two files
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
        }
        command = [str(program), "--listen-ip", "127.0.0.1", "--listen-port", str(port)]
        command += ["--model-name", record.model]
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(bounds), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(record, work, folder / "tmp"),
                cwd=work,
                start_new_session=True,
            )
        except OSError as error:
            raise PluginError(f"{record.name}: cannot be started ({error.strerror})") from None
        import requests

        self._session = requests.Session()
        self._session.trust_env = False  # no proxies, no passwords of ~/.netrc
        self._address = f"http://127.0.0.1:{port}"
        self._await()
        _RUNNING.add(self)

    def _await(self) -> None:
        """Wait until it answers, and has the model."""
        record = self._record
        until = time.monotonic() + record.limits.start_seconds
        while (swagger := self._swagger()) is None:
            if not self.is_running:
                raise PluginError(f"{record.name}: does not start{self._why_not()}")
            if time.monotonic() > until:
                raise PluginError(
                    f"{record.name}: does not answer within {record.limits.start_seconds:g} s of "
                    f"its start, and was ended{self.last_words()}"
                )
            time.sleep(_LOOK_SECONDS)
        if f"/v2/models/{record.model}/" not in swagger.get("paths", {}):
            raise PluginError(
                f"{record.name}: DEEPaaS has started without this model{self._why_not()}"
            )
        self.swagger = swagger

    def _swagger(self) -> dict[str, Any] | None:
        from requests import RequestException

        assert self._session is not None
        try:
            answer = self._session.get(f"{self._address}/swagger.json", timeout=2.0)
            found = answer.json() if answer.status_code == 200 else None
        except (RequestException, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _why_not(self) -> str:
        """Return why a model was not loaded, out of the log."""
        for line in reversed(self._log_text().splitlines()):
            found = _LOADING.search(line)
            if found:
                return f": {_tidied(found['text'])}"
        return self.last_words()

    def _log_text(self) -> str:
        if self._folder is None:
            return ""
        content = b""
        for name in ("log.before", "log"):
            with suppress(OSError), (self._folder / name).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
                content += file.read()
        return content[-_TAIL_BYTES:].decode(errors="replace")

    def _tidy(self) -> None:
        """Remove the files that DEEPaaS has made of what was sent; it never does."""
        if self._folder is not None:
            for path in (self._folder / "tmp").glob("tmp????????"):
                if path.is_file() and not path.is_symlink():
                    path.unlink(missing_ok=True)

    def _end_when_idle(self) -> None:
        self._cancel_timer()
        if self.is_running:
            self._timer = threading.Timer(self._record.limits.idle_seconds, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        if self._lock.acquire(blocking=False):  # or somebody asks just now, and sets it anew
            try:
                if threading.current_thread() is self._timer:
                    self._end()
            finally:
                self._lock.release()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._cancel_timer()
        if self._session is not None:
            self._session.close()
        if self._keeper is not None:
            self._keeper.terminate()
            try:
                self._keeper.wait(15.0)
            except subprocess.TimeoutExpired:
                self._keeper.kill()
                self._keeper.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._keeper = self._folder = self._session = None
        _RUNNING.discard(self)


_RUNNING: set[HostedProcess] = set()


@atexit.register
def _end_all() -> None:
    for process in list(_RUNNING):
        process._end()  # not waiting for whoever asks it something


def _environment(record: HostedRecord, work: Path, temporary: Path) -> dict[str, str]:
    """Return what a module may know: none of our variables, a home and a folder of its own."""
    programs = record.python.parent
    return {
        "PATH": os.pathsep.join((str(programs), "/usr/local/bin", "/usr/bin", "/bin")),
        "VIRTUAL_ENV": str(programs.parent),
        "HOME": str(work),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "DEEPAAS_V2_MODEL": record.model,
        **{name: os.environ[name] for name in _PASSED if name in os.environ},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _opened(files: Sequence[tuple[str, Upload]]) -> Iterator[list[Any]]:
    opened = []
    try:
        for _, upload in files:
            opened.append(upload.path.open("rb"))
        yield [
            (field, (upload.name, file, upload.type))
            for (field, upload), file in zip(files, opened, strict=True)
        ]
    except FileNotFoundError as error:
        raise PluginError(f"{error.filename}: found no such file") from None
    finally:
        for file in opened:
            file.close()


def _last_line(log: str) -> str:
    """Return the line of a log that says most: the last fault, else what comes last."""
    lines = [_tidied(line) for line in log.splitlines() if _ACCESS not in line]
    lines = [line for line in lines if line]
    faults = [found[1] for line in lines if (found := _FAULT.match(line))]
    if lines and lines[-1] == keeper.LOST:
        before = lines[-2] if len(lines) > 1 else ""
        return f"{before} ({keeper.LOST})" if before else keeper.LOST
    return (faults or lines or [""])[-1]


def _tidied(line: str) -> str:
    """Return a line without time, colours and what no terminal should be told, cut short."""
    line = _COLOUR.sub("", line)
    found = _PREFIX.match(line)
    text = "".join(it if it.isprintable() else " " for it in (found["text"] if found else line))
    text = text.strip()
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …"
