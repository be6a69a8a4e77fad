"""One command at a time writes into a folder, whatever became of those before it."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.witoil.killing import kill
from witoil import claim
from witoil.claim import claimed, need_room
from witoil.cli.main import main
from witoil.errors import OutputError
from witoil.files import copy_into, filling, replacing

PROJECT = Path(__file__).parents[2]
WORKPLACE = ".witoil-writing"

HOLD = """
import sys, time
from pathlib import Path
from witoil.claim import claimed
from witoil.files import replacing
with claimed(Path(sys.argv[1])), replacing(Path(sys.argv[1]) / "best" / "a.nc") as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    time.sleep(600)
"""


@contextmanager
def process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run code in another process, and go on when it has printed a line, which is its `line`."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    assert running.stdout is not None
    try:
        with running.stdout:
            running.line = running.stdout.readline().strip()  # type: ignore[attr-defined]
            yield running
    finally:
        running.kill()
        running.wait()


def refusal(target: Path, **options) -> str:
    with pytest.raises(OutputError) as caught, claimed(target, **options):
        raise AssertionError("has it")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def witoil(*arguments: object) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it says on standard error."""
    err = io.StringIO()
    code: int | str | None = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["witoil", *map(str, arguments)])
        try:
            main()
        except SystemExit as exit:
            code = exit.code
    return int(code or 0), err.getvalue()


@pytest.mark.slow
def test_a_second_process_is_refused_and_told_of_the_first(tmp_path: Path):
    out = tmp_path / "out"
    with process(HOLD, out) as first:
        said = refusal(out)
        assert f"{out}: process {first.pid} on {os.uname().nodename} (`-c {out}`, since 2" in said
        assert said.endswith("Z) is writing to it; expected that to have ended, or another --out")
        first.send_signal(signal.SIGSTOP)  # it lives
        assert f"process {first.pid}" in refusal(out)
        first.kill()
        first.wait()
        with claimed(out):
            pass


@pytest.mark.slow
def test_what_a_killed_one_left_goes_and_what_is_of_others_stays(tmp_path: Path):
    out = tmp_path / "out"
    with process(HOLD, out) as first:
        half = Path(first.line)  # type: ignore[attr-defined]
        first.kill()
        first.wait()
    assert half.read_text() == "half"
    assert half.parent == out / WORKPLACE
    theirs = [out / "a.nc", out / ".part-0a.nc", out / ".a-b.nc", out / WORKPLACE / "notes.txt"]
    for path in theirs:
        path.write_text("mine")
    with claimed(out):
        assert not half.exists()
    assert sorted(p for p in out.rglob("*") if p.is_file()) == sorted(theirs)
    theirs[-1].unlink()
    with claimed(out):
        pass
    assert not (out / WORKPLACE).exists()


@pytest.mark.parametrize(
    "told",
    ["", "{", "[]", '{"pid": 1}', pytest.param(json.dumps({"pid": os.getpid()}), id="own")],
)
def test_a_lock_that_was_left_stops_nobody(tmp_path: Path, told: str):
    (tmp_path / WORKPLACE).mkdir()
    (tmp_path / WORKPLACE / "lock").touch()
    (tmp_path / WORKPLACE / "owner.json").write_text(told)
    with claimed(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_thread_is_refused_too(tmp_path: Path):
    with claimed(tmp_path), ThreadPoolExecutor(1) as pool:
        assert f"process {os.getpid()} on" in pool.submit(refusal, tmp_path).result()
    with claimed(tmp_path):
        pass


def test_one_that_does_not_say_who_it_is(tmp_path: Path):
    with claimed(tmp_path):
        (tmp_path / WORKPLACE / "owner.json").write_text("[")
        assert "another process is writing to it" in refusal(tmp_path)


@pytest.mark.parametrize(
    "name", ["link", "out/../out", "link/../out/.", pytest.param("out", id="relative")]
)
def test_a_folder_has_many_names(tmp_path: Path, monkeypatch, name: str):
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    monkeypatch.chdir(tmp_path)
    with claimed(tmp_path / "out"):
        assert "is writing to it" in refusal(Path(name))


def test_files_of_a_folder_are_claimed_one_by_one(tmp_path: Path):
    with claimed(tmp_path / "a.toml", is_file=True), claimed(tmp_path / "b.toml", is_file=True):
        assert "a.toml: process" in refusal(tmp_path / "a.toml", is_file=True)
        with replacing(tmp_path / "a.toml") as temporary:
            temporary.write_text("a")
    assert [p.name for p in tmp_path.iterdir()] == ["a.toml"]
    assert "is a folder; expected the name of a file" in refusal(tmp_path, is_file=True)


def test_folders_that_were_made_for_nothing_go_again(tmp_path: Path):
    with pytest.raises(ValueError, match="mistake"), claimed(tmp_path / "a" / "b"):
        raise ValueError("mistake")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    with claimed(tmp_path / "a" / "b"):
        pass
    assert [p.name for p in tmp_path.rglob("*")] == ["a"]
    with claimed(tmp_path / "a" / "b" / "c"), replacing(tmp_path / "a" / "b" / "x") as temporary:
        temporary.write_text("kept")
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "b", "x"]


def test_a_folder_that_could_not_be_filled_stays(tmp_path: Path):
    out = tmp_path / "out"
    with pytest.raises(OutputError), claimed(out), replacing(out / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(out.iterdir())
    with claimed(out):  # which others have made
        pass
    assert out.is_dir()


def test_passwords_of_a_command_are_not_told(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/witoil/__main__.py", "--mlflow", "http://me:pw@host/a b"])
    with claimed(tmp_path):
        assert "(`witoil --mlflow 'http://host/a b'`, since" in refusal(tmp_path)


FORK = """
import os, signal, sys, time
from pathlib import Path
from witoil.claim import claimed
with claimed(Path(sys.argv[1])):
    if os.fork() == 0:
        if sys.argv[2] == "leaves":
            os.write(1, b"left\\n")
            raise SystemExit
        time.sleep(60)
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


def test_a_fork_does_not_hold_the_folder(tmp_path: Path):
    with process(FORK, tmp_path, "stays") as first:
        first.kill()
        first.wait()
        with claimed(tmp_path):
            pass


def test_a_fork_that_leaves_does_not_give_the_folder_away(tmp_path: Path):
    with process(FORK, tmp_path, "leaves") as first:
        time.sleep(0.2)
        assert f"process {first.pid}" in refusal(tmp_path)


CONTEND = """
import os, sys, time
from pathlib import Path
from witoil.claim import claimed
from witoil.errors import OutputError
out, inside, had = Path(sys.argv[1]), Path(sys.argv[2]), 0
print("ready", flush=True)
end = time.monotonic() + 2.0
while time.monotonic() < end:
    try:
        with claimed(out):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails where another is in
            had += 1
            os.unlink(inside)
    except OutputError as error:
        assert "is writing to it" in str(error), error
sys.exit(0 if had else 3)
"""


@pytest.mark.slow
def test_there_is_never_more_than_one(tmp_path: Path):
    # the folder and the lock come and go all the time, which is when locks of this kind fail
    out, inside = tmp_path / "made" / "out", tmp_path / "inside"
    with process(CONTEND, out, inside) as a, process(CONTEND, out, inside) as b:
        assert (a.wait(), b.wait()) == (0, 0)
    # who made a folder may find it in use
    assert {p.name for p in tmp_path.rglob("*")} <= {"made", "out"}


def test_where_the_disk_knows_no_locks(tmp_path: Path, monkeypatch):
    import fcntl

    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert "cannot be written to (No locks available); expected" in refusal(tmp_path / "out")


def test_what_is_no_folder(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "nowhere").symlink_to("gone/away")
    (tmp_path / "loop").symlink_to("loop")
    assert f"{tmp_path / 'loop'} is no folder)" in refusal(tmp_path / "loop")
    (tmp_path / "loop").unlink()
    for target in (file, file / "out", file / "a" / "out"):
        assert refusal(target) == f"{target}: {file} is no folder; expected one to write to"
    (tmp_path / WORKPLACE).touch()
    assert f"cannot be written to ({tmp_path / WORKPLACE} is no folder)" in refusal(tmp_path)
    (tmp_path / WORKPLACE).unlink()
    with claimed(tmp_path / "nowhere"):  # a link to a folder that can be made
        assert (tmp_path / "gone" / "away").is_dir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "nowhere"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("name", ["", "out", "closed/out"])
def test_where_this_user_may_not_write(tmp_path: Path, name: str):
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "out").mkdir()
    os.seteuid(65534)
    try:
        assert "cannot be written to (Permission denied)" in refusal(tmp_path / name)
        assert "cannot be written to (Permission denied)" in refusal(Path("/sys") / name)
    finally:
        os.seteuid(0)


Disk = Callable[..., Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """Return what mounts a small disk in memory, where this user may."""
    mounted: list[Path] = []

    def mount(*options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip(f"no disk can be mounted: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def unsimulated(monkeypatch) -> None:
    """Let nothing be read or simulated."""

    def prepare(*_: object) -> None:
        raise AssertionError("the target was not looked at first")

    monkeypatch.setattr("witoil.scenario.prepare.prepare", prepare)
    monkeypatch.setattr("witoil.trace.backward.prepare_trace", prepare)
    monkeypatch.setattr("witoil.demo.make_twin", prepare)


COMMANDS = ("simulate", "simulate --members 2", "optimise", "forecast", "trace", "demo")


def run(command: str, case: Path, out: Path) -> tuple[int, str]:
    name, *options = command.split()
    return witoil(name, *([] if name == "demo" else [case]), "--out", out, *options)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_without_room_is_noticed_first(twin, unsimulated, small_disk, command: str):
    disk = small_disk("size=300k")
    code, said = run(command, twin / "demo.toml", disk / "new" / "out")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"witoil: {disk}/new/out: has room for 0.3 MB, expected ")
    assert not list(disk.iterdir())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_cannot_be_written_is_noticed_first(
    twin, unsimulated, small_disk, command: str
):
    disk = small_disk("ro")
    code, said = run(command, twin / "demo.toml", disk / "out")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"witoil: {disk}/out: cannot be written to (Read-only file system)")


@pytest.mark.parametrize("inodes", [1, 2, 3, 4, 5, 6, 12])
def test_a_disk_without_room_for_files_is_noticed_first(twin, unsimulated, small_disk, inodes: int):
    disk = small_disk(f"nr_inodes={inodes}")
    code, said = run("simulate", twin / "demo.toml", disk / "out")
    assert (code, said.count("\n")) == (2, 1)
    assert "No space left on device" in said or "more files, expected 16 at least" in said
    assert not list(disk.iterdir())


def test_a_disk_that_is_full_to_the_last_byte(small_disk):
    disk = small_disk("size=64k")
    file = os.open(disk / "full", os.O_CREAT | os.O_WRONLY)
    while os.write(file, bytes(4096)) == 4096 and os.statvfs(disk).f_bfree:
        pass
    os.close(file)
    assert "cannot be written to (No space left on device)" in refusal(disk / "out")
    assert [p.name for p in disk.iterdir()] == ["full"]


def test_room_is_asked_for_as_a_run_needs_it(tmp_path: Path):
    need_room(tmp_path)
    with pytest.raises(OutputError, match=r"has room for [\d,.]+ MB, expected 1,000,000,000.0 MB"):
        need_room(tmp_path, 1e15)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_claims_its_folder(twin, tmp_path: Path, unsimulated, command: str):
    with claimed(tmp_path):
        code, said = run(command, twin / "demo.toml", tmp_path)
    assert (code, said.count("\n")) == (2, 1)
    assert f"witoil: {tmp_path}: process {os.getpid()} on" in said


@pytest.mark.parametrize(
    "command",
    [
        "catalog get http://127.0.0.1:1/a.nc --out OUT",
        "catalog events SPILL --stac OUT",
        "catalog forcing get --bbox 35,34,36,36 --time 2021-08-24/2021-08-25 --out OUT",
    ],
)
def test_commands_of_the_catalogue_claim_their_folder(twin, tmp_path: Path, command: str):
    slick = twin / "slick_20250601T0600.geojson"
    command = command.replace("OUT", str(tmp_path)).replace("SPILL", str(slick))
    with claimed(tmp_path):
        code, said = witoil(*command.split())
    assert code == 2, said
    assert f"witoil: {tmp_path}: process {os.getpid()} on" in said


def test_who_only_reads_is_not_hindered(twin, tmp_path: Path):
    mask = twin / "mask_20250601T1200.tif"
    with claimed(twin):
        assert witoil("score", mask, mask) == (0, "")


def die(path: Path) -> None:
    if path.suffix == ".nc":
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_run_goes_on_where_one_was_killed_while_it_wrote(twin, tmp_path: Path):
    out = tmp_path / "out"
    command = ["simulate", twin / "demo.toml", "--out", out, "--no-pictures"]
    with patch("witoil.files._flush", die):
        kill(witoil, *command, when=lambda: False)  # it does so itself
    # the restart may have begun, too
    assert any(half.stat().st_size > 0 for half in (out / WORKPLACE).glob("part-*.nc"))
    assert not (out / "particles.nc").exists()
    code, said = witoil(*command)
    assert code == 0, said
    assert (out / "particles.nc").exists()
    assert not [p for p in out.rglob("*") if p.name.startswith(".")]


def test_an_output_folder_within_may_be_on_another_disk(tmp_path: Path, small_disk):
    disk = small_disk("size=300k")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "best").symlink_to(disk)
    with claimed(tmp_path / "out"), replacing(tmp_path / "out" / "best" / "a.txt") as temporary:
        temporary.write_text("there")
    assert [(p.name, p.read_text()) for p in disk.iterdir()] == [("a.txt", "there")]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_files_have_the_permissions_of_the_user(tmp_path: Path, umask: int):
    before = os.umask(umask)
    try:
        for k in range(2):
            with replacing(tmp_path / f"{k}.txt") as temporary:
                temporary.write_text("x")
    finally:
        os.umask(before)
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o666 & ~umask}


@pytest.mark.slow
def test_threads_write_side_by_side(tmp_path: Path):
    ready = threading.Barrier(8)

    def write(k: int) -> None:
        ready.wait()
        for _ in range(20):
            with replacing(tmp_path / "a.txt") as temporary:
                temporary.write_text(str(k) * 1000)

    with claimed(tmp_path), ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert len(set((tmp_path / "a.txt").read_text())) == 1


@pytest.mark.parametrize("is_claimed", [True, False])
def test_many_files_appear_when_all_are_whole(tmp_path: Path, monkeypatch, is_claimed: bool):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.json").write_text("old")

    def fill(fail: bool) -> None:
        with filling(out) as temporary:
            (temporary / "deep").mkdir()
            (temporary / "deep" / "b.json").write_text("new")
            (temporary / "a.json").write_text("new")
            assert (out / "a.json").read_text() == "old"
            if fail:
                raise OSError(errno.ENOSPC, "No space left on device")

    if not is_claimed:
        monkeypatch.setattr("witoil.files.workplace", lambda path: None)
    with claimed(out):
        with pytest.raises(OutputError, match=r"could not be written to .*No space left"):
            fill(fail=True)
        assert [p.name for p in out.iterdir() if p.name != WORKPLACE] == ["a.json"]
        fill(fail=False)
    found = {str(p.relative_to(out)): p.read_text() for p in out.rglob("*") if p.is_file()}
    assert found == {"a.json": "new", "deep/b.json": "new"}


def test_files_of_one_name_are_both_kept(tmp_path: Path):
    taken: set[str] = set()
    for name in ("x", "y", "z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "c.nc").write_text(name)
        copy_into(tmp_path / "out", tmp_path / name / "c.nc", taken)
    copies = {p.name: p.read_text() for p in (tmp_path / "out").iterdir()}
    assert copies == {"c.nc": "x", "c-2.nc": "y", "c-3.nc": "z"}
    assert not claim._held
