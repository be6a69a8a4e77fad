"""A file at which the NetCDF library crashes or hangs is refused, and the next one is read."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from catalog import UnreadableFileError, open_forcing, read_slick
from catalog.files import probe

# What becomes of a file is in its name.
SCRIPT = """
import json, os, signal, sys, time
print("done", flush=True)
for line in sys.stdin:
    name = os.path.basename(json.loads(line))
    if name.startswith("hangs"):
        time.sleep(600)
    if name.startswith("crashes"):
        os.kill(os.getpid(), signal.SIGSEGV)
    print("done", flush=True)
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch):
    """Have another library open files, and a new process do it."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    monkeypatch.setattr(probe, "_SCRIPT", script)
    monkeypatch.setattr(probe, "LIMIT_SECONDS", 2.0)
    found = probe._Helper()
    monkeypatch.setattr(probe, "_helper", found)
    yield found
    found.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("hangs.nc", "the library does not come to an end within 2 s"),
        ("crashes.nc", "the library crashes"),
    ],
)
def test_a_fatal_file_is_refused_and_the_next_is_read(
    helper, write_currents, name: str, fault: str
):
    fatal, good = write_currents(name), write_currents("good.nc")
    with pytest.raises(UnreadableFileError, match=rf"{name}: cannot be read .*\({fault}\); get it"):
        open_forcing(fatal, "currents")
    assert open_forcing(good, "currents").sizes["time"] == 4
    with pytest.raises(UnreadableFileError, match=fault):
        read_slick(fatal)


@pytest.mark.slow
def test_one_process_opens_many_files(helper, write_currents):
    processes = set()
    for k in range(3):
        open_forcing(write_currents(f"{k}.nc"), "currents")
        processes.add(helper._process.pid)
    assert len(processes) == 1
    helper._process.send_signal(signal.SIGKILL)  # not by a file
    assert open_forcing(write_currents("3.nc"), "currents").sizes["time"] == 4
    assert helper._process.pid not in processes


@pytest.mark.slow
def test_what_was_asked_ahead_is_known(helper, write_currents, tmp_path: Path, monkeypatch):
    good, fatal = write_currents("good.nc"), write_currents("crashes.nc")
    known = probe._fault_of.cache_info().currsize
    probe.ask_ahead([tmp_path / "none.nc", good, fatal])
    deadline = time.monotonic() + 60.0
    while probe._fault_of.cache_info().currsize < known + 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    monkeypatch.setattr(probe, "_helper", None)  # nobody is left to ask
    probe.refuse_fatal(good)
    with pytest.raises(UnreadableFileError, match=r"crashes\.nc: .*the library crashes"):
        probe.refuse_fatal(fatal)


@pytest.mark.slow
def test_threads_take_turns(helper, write_currents):
    files = [write_currents(f"{name}{k}.nc") for k in range(4) for name in ("good", "crashes")]

    def is_refused(path: Path) -> bool:
        try:
            probe.refuse_fatal(path)
        except UnreadableFileError:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(is_refused, files)) == [False, True] * 4


def test_without_another_process_files_are_read_all_the_same(helper, write_currents, monkeypatch):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert open_forcing(write_currents(), "currents").sizes["time"] == 4


def test_a_fork_has_a_process_of_its_own(helper, write_currents):
    path = write_currents()
    probe.refuse_fatal(path)
    before = helper._process.pid
    child = os.fork()
    if child == 0:
        code = 1
        try:
            helper.fault_of(str(path))
            code = 0 if helper._process.pid != before else 2
            helper.stop()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert helper.fault_of(str(path)) == ""
    assert helper._process.pid == before


@pytest.mark.slow
def test_every_kind_of_netcdf_is_opened(tmp_path: Path):
    path = tmp_path / "groups.nc"
    with netCDF4.Dataset(path, "w") as file:
        inner = file.createGroup("inner")
        inner.createDimension("n", 3)
        inner.createVariable("text", str, ("n",))[:] = np.array(["a", "b", "c"], object)
        inner.createVariable("number", "f8", ("n",))[:] = 1.0
        inner.setncattr("list", [1, 2])
    (tmp_path / "none.nc").write_bytes(b"nothing")
    found = probe._Helper()
    assert found.fault_of(str(path)) == ""
    assert found.fault_of(str(tmp_path / "none.nc")) == ""
    found.stop()
