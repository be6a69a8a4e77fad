"""Work in a copy of the process: what comes back, and what befalls it."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from witoil import beside as module
from witoil.beside import beside


@pytest.fixture(params=[True, False], ids=["copied", "here"])
def place(request, monkeypatch):
    """Work in a copy, and where there can be none."""
    monkeypatch.setattr(module, "_may_be_copied", lambda: request.param)
    return request.param


def test_work_is_done_in_another_process_where_there_can_be_one(place):
    with beside(os.getpid, loads=["this"]) as begin:
        assert (begin()() != os.getpid()) == place


@pytest.mark.usefixtures("place")
def test_work_has_all_that_this_process_has_and_may_return_much():
    values = np.random.default_rng(1).random(1_000_000)
    with beside(lambda: values[::-1], loads=["this"]) as begin:
        np.testing.assert_array_equal(begin()(), values[::-1])


@pytest.mark.usefixtures("place")
def test_work_is_given_what_there_was_not_yet_and_one_after_the_other():
    run = xr.Dataset(
        {"lon": (("trajectory", "time"), np.random.default_rng(1).random((50_000, 9)))}
    )

    def work(run, *, west):
        return run.isel(time=[-1]) - west

    with beside(work, loads=["this"]) as begin:
        for west in (0.0, 0.5):
            xr.testing.assert_identical(begin(run, west=west)(), work(run, west=west))


def test_what_work_needs_is_loaded_in_the_copy_before_it_begins():
    with beside(lambda: sorted({"this"} & set(sys.modules)), loads=["this"]) as begin:
        assert begin()() == ["this"]
    assert "this" not in sys.modules


@pytest.mark.usefixtures("place")
def test_a_copy_that_is_not_used_holds_up_nothing():
    with beside(os.getpid, loads=["this"]):
        pass


def test_work_is_done_here_where_the_copy_cannot_load_what_it_needs():
    with beside(os.getpid, loads=["witoil.no_such_module"]) as begin:
        assert begin()() == os.getpid()


@pytest.mark.usefixtures("place")
def test_what_befalls_work_is_raised_where_it_is_asked_for():
    def fail():
        raise ValueError("no such slick")

    with beside(fail, loads=["this"]) as begin, pytest.raises(ValueError, match="no such slick"):
        begin()()


def test_work_is_done_here_where_the_other_process_was_lost():
    here = os.getpid()

    def work():
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    with beside(work, loads=["this"]) as begin:
        assert begin()() == "done"


def test_work_is_done_here_where_the_other_process_hangs(monkeypatch):
    monkeypatch.setattr(module, "LOST_SECONDS", 0.1)
    here = os.getpid()

    def work():
        if os.getpid() != here:
            time.sleep(600.0)
        return "done"

    with beside(work, loads=["this"]) as begin:
        assert begin()() == "done"


def test_work_is_done_here_where_the_other_process_hangs_before_it_takes_any(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "LOST_SECONDS", 0.1)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loads_for_ever.py").write_text("import time; time.sleep(600.0)")
    with beside(len, loads=["loads_for_ever"]) as begin:
        assert begin(bytes(10_000_000))() == 10_000_000


def test_work_is_done_here_where_there_is_no_room_for_what_it_is_given(monkeypatch):
    def full(file, given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "_store", full)
    with beside(len, loads=["this"]) as begin:
        assert begin("four")() == 4


def test_each_of_several_copies_has_its_turn():
    def work(other):
        return (os.getpid(), other)

    with beside(work, loads=["this"], copies=3) as begin:
        for _ in range(2):  # each takes its turn again
            begun = [begin(number) for number in range(3)]
            pids, given = zip(*(answer() for answer in begun), strict=True)
            assert given == (0, 1, 2)
            assert len({*pids, os.getpid()}) == 4


@pytest.mark.parametrize("lost", [0, 1])
def test_work_is_done_here_where_one_of_several_copies_was_lost(lost):
    here = os.getpid()

    def work(number):
        if os.getpid() != here and number == lost:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with beside(work, loads=["this"], copies=2) as begin:
        begun = [begin(number) for number in range(2)]
        assert [answer() for answer in begun] == [0, 1]


def test_an_answer_that_comes_late_is_not_that_to_the_next_question(monkeypatch):
    monkeypatch.setattr(module, "LOST_SECONDS", 0.1)
    here = os.getpid()

    def work(number):
        if os.getpid() != here:
            time.sleep(0.3)
        return number

    with beside(work, loads=["this"]) as begin:
        assert begin(1)() == 1
        time.sleep(0.5)
        assert begin(2)() == 2


def test_what_cannot_come_back_is_made_here():
    with beside(lambda: lambda: 3, loads=["this"]) as begin:
        assert begin()()() == 3


@pytest.mark.usefixtures("place")
def test_a_fault_meanwhile_does_not_wait_for_the_work():
    def work():
        time.sleep(600.0)

    def begin_and_fail():
        with beside(work, loads=["this"]) as begin:
            begin()
            raise KeyError

    with pytest.raises(KeyError):
        begin_and_fail()


def test_a_fault_is_told_once(capfd):
    def work():
        raise ValueError("no such slick")

    with beside(work, loads=["this"]) as begin, pytest.raises(ValueError, match="slick"):
        begin()()
    assert not capfd.readouterr().err


def test_threads_of_servers_work_in_their_own_process():
    def ask():
        with beside(os.getpid, loads=["this"]) as begin:
            return begin()()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask).result() == os.getpid()


@pytest.mark.skipif(sys.platform != "linux", reason="no process is copied")
def test_the_copy_ends_with_its_process_and_lets_go_what_that_had_locked(tmp_path):
    lock, begun = tmp_path / "lock", tmp_path / "begun"
    code = f"""
import filelock, pathlib, time
from witoil.beside import beside
def work():
    pathlib.Path({str(begun)!r}).touch()
    time.sleep(600.0)
with filelock.FileLock({str(lock)!r}), beside(work, loads=["json"]) as begin:
    begin()
    time.sleep(600.0)
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    import filelock

    with filelock.FileLock(lock, timeout=30.0):
        pass
