"""The processes that check files: what they can reach, and what becomes of them."""

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import psutil
import pytest

from tests.web.people import FEATURES, zipped
from web.data import checkers, uploads
from web.data.checkers import Checkers
from web.errors import ContentError, QuotaError

pytestmark = pytest.mark.slow

OBEDIENT = """
import zipfile
from catalog.files import archives

whole = archives.unpack

def unpack(path, folder):
    with zipfile.ZipFile(path) as archive:
        exec(archive.read("script.py"), {})
    whole(path, folder)

archives.unpack = unpack
"""
"""What each Python loads at its start: a reader of archives that does what is written in them."""


@pytest.fixture(scope="module")
def obedient(tmp_path_factory):
    """The checkers of a web server that has a secret, with a reader that does what a file says."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(OBEDIENT)
    path = f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    made = Checkers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        patch.setenv("WITOIL_TOKEN_HOST", "secret")
        yield made
    made.end()


@pytest.fixture
def check(obedient, tmp_path, monkeypatch):
    """Have a file checked whose reader runs a script, in a folder of that name."""
    monkeypatch.setattr(uploads, "_checkers", obedient)

    def checked(script="", name="one"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "a.zip"
        path.write_bytes(zipped({"script.py": script.encode(), "a.geojson": FEATURES}))
        return uploads.check(path, "mask")

    return checked


def processes(checkers):
    """Return the process of checkers, and the fork server."""
    process = psutil.Process(checkers._process.pid)
    (server,) = (each for each in process.children() if "forkserver" in each.cmdline()[-1])
    return process, server


def is_running(process):
    """Tell whether a process is there, and more than a number that nobody has asked for."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition):
    while not (found := condition()):
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    "harm",
    [
        "x = [bytes(10**9) for _ in range(100)]",
        "import time; time.sleep(60)",
        "import os; os.kill(os.getpid(), 11)",
        "import sys; sys.exit(0)",
        "open('big', 'wb').truncate(10**12); open('big2', 'wb').write(bytes(2 * 10**9))",
    ],
    ids=["memory", "time", "crash", "exit", "file"],
)
def test_a_reader_that_is_lost(check, obedient, tmp_path, monkeypatch, harm):
    monkeypatch.setattr(uploads, "CHECK_SECONDS", 4.0)
    began = time.monotonic()
    with pytest.raises(ContentError, match=r"too much|cannot be read") as caught:
        check(harm)
    assert str(tmp_path) not in str(caught.value)
    assert time.monotonic() - began < 30
    _, server = processes(obedient)
    until(lambda: not any(map(is_running, server.children())))
    assert check(name="another")["box"]


TOLD = """
import json, os, resource, tempfile

told = {
    "environment": dict(os.environ),
    "first": open("/proc/self/environ").read(),
    "open": [os.readlink(each.path) for each in os.scandir("/proc/self/fd") if each.is_symlink()],
    "threads": len(os.listdir("/proc/self/task")),
    "folders": [os.getcwd(), tempfile.gettempdir()],
    "limits": [
        resource.getrlimit(each)[1]
        for each in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)
    ],
}
json.dump(told, open("told", "w"))
"""


def test_a_reader_has_little_and_nothing_of_the_web_server(check, tmp_path):
    with (tmp_path / "of the web server").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        check(TOLD)
    folder = os.fspath(tmp_path / "one")
    told = json.loads((tmp_path / "one" / "told").read_text())
    environment = told["environment"]
    assert "secret" not in told["first"] + json.dumps(environment)
    assert environment["GDAL_SKIP"].startswith("VRT")
    places = [environment[name] for name in ("TMPDIR", "HOME", "WITOIL_CACHE")]
    assert [*places, *told["folders"]] == [folder] * 5
    assert not [each for each in told["open"] if "of the web server" in each]
    assert len([each for each in told["open"] if each.startswith("socket")]) == 1  # its own line
    assert told["limits"] == [3_000_000_000, 60, 1_500_000_000]
    assert told["threads"] == 1


def test_one_process_serves_all_and_is_begun_again_where_it_was_killed(check, obedient):
    check()
    process, server = processes(obedient)
    with ThreadPoolExecutor(4) as pool:  # as threads of a web server do
        assert all(each["box"] for each in pool.map(check, [""] * 4, "abcd"))
    assert processes(obedient) == (process, server)
    server.kill()
    assert check(name="after the fork server")["box"]
    same, other = processes(obedient)
    assert same == process
    assert other != server
    process.suspend()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(check, name="after both")
        time.sleep(0.2)  # until it was told, and in vain
        process.kill()
        assert found.result()["box"]
    until(lambda: not is_running(other))


def test_they_end_with_a_web_server_that_is_killed(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    os.mkfifo(path)  # a file that is read as long as somebody may write to it
    monkeypatch.setattr(uploads, "_checkers", Checkers())
    web_server = get_context("fork").Process(target=uploads.check, args=(path, "track"))
    web_server.start()
    with path.open("wb"):
        below = psutil.Process(web_server.pid).children(recursive=True)
        assert len(below) == 4  # the process, what it begins to fork others, and the other
        web_server.kill()
        web_server.join()
        until(lambda: not any(map(is_running, below)))


def test_they_end_where_no_file_has_come_for_long(monkeypatch):
    monkeypatch.setattr(checkers, "IDLE_SECONDS", 0.05)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        process = get_context("fork").Process(target=checkers.main, args=(theirs,))
        process.start()
        process.join()
    assert process.exitcode == 0


def test_a_web_server_without_files_has_no_such_process():
    assert Checkers()._process is None


def test_no_more_than_some_at_once(check, monkeypatch):
    monkeypatch.setattr(uploads, "WAIT_SECONDS", 0.01)
    with uploads._a_place(), uploads._a_place(), pytest.raises(QuotaError, match="too many files"):
        check()
    assert check(name="then")["box"]
