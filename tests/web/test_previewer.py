"""The process of previews, with cases of the twin: each in a process of its own."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.web.previewing import serving, take_memory, twin_case
from web.errors import ConflictError, QuotaError, TooLargeError, UnavailableError
from web.previews import asking, previewer
from witoil.case import load_case
from witoil.errors import WitoilError
from witoil.preview import preview
from witoil.scenario.prepare import prepare

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled")]


@pytest.fixture
def data(tmp_path):
    with serving(tmp_path / "data"):
        yield tmp_path / "data"


@pytest.fixture(scope="module")
def case(demo_twin):
    """The case of the twin as a web server hands it on: with whole paths and few particles."""
    return twin_case(demo_twin)


@pytest.fixture
def ask(case, data):
    """Ask about the case, changed by options."""

    def asked(owner="anna", session="one", key="case", model=None, changes=None, **parameters):
        document = {**case, **(changes or {}), "model": {**case["model"], **(model or {})}}
        question = {"owner": owner, "session": session, "key": key, "inputs": {"case": document}}
        return asking.ask(data, {**question, "parameters": parameters})

    return asked


LONG = {"particles": 20_000, "time_step_minutes": 0.25, "output_interval_minutes": 1}


def cases_held():
    """Return the processes of cases: children of the fork server."""
    server = psutil.Process(previewer.forkserver._forkserver._forkserver_pid)
    return [each for each in server.children() if not has_ended(each)]


def has_ended(process):
    """Tell whether a process is no more, or no more than a number that nobody has asked for."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it may go at any moment
        return True


def until(condition):
    while not (found := condition()):
        time.sleep(0.02)
    return found


def test_an_answer_is_that_of_the_run(ask, demo_twin, tmp_path):
    text = (demo_twin / "demo.toml").read_text().replace("20_000", "300")
    path = demo_twin / "few.toml"
    (tmp_path / "few.toml").write_text(text)
    case = load_case(tmp_path / "few.toml").model_copy(update={"folder": path.parent})
    expected = preview(prepare(case), {"wind_drift_factor": 0.02})
    assert ask(wind_drift_factor=0.02) == expected
    assert ask(wind_drift_factor=0.03)["score"] != expected["score"]
    assert len(cases_held()) == 1


def test_a_newer_question_takes_the_place_of_one_that_prepares_or_runs(ask):
    with ThreadPoolExecutor(1) as pool:
        older = pool.submit(ask, model=LONG, key="long")
        until(cases_held)  # it is prepared
        assert ask()["score"] is not None
        with pytest.raises(ConflictError, match="superseded"):
            older.result()
        until(lambda: len(cases_held()) == 1)  # that of nobody has ended

        ask(model=LONG | {"particles": 10}, key="long")
        began = time.monotonic()
        older = pool.submit(ask, model=LONG, key="long", current_factor=0.5)
        time.sleep(0.05)
        ask(key="long", model=LONG, current_factor=0.6)
        with pytest.raises(ConflictError):
            older.result()
        assert time.monotonic() - began < previewer.RUN_SECONDS


def test_other_sessions_and_owners_keep_theirs(ask):
    ask()
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(ask, owner=owner, session=session)
            for owner, session in [("anna", "one"), ("anna", "two"), ("bob", "one")]
        ]
        first, *others = [each.result() for each in asked]
    assert all(other == first for other in others)
    assert len(cases_held()) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"forcing": {"currents": "/nowhere/sea.nc", "winds": "none"}}, "sea.nc"),
        ({"time": {"start": "2001-06-01T06:00Z", "end": "2001-06-01T08:00Z"}}, "2001"),
    ],
)
def test_a_case_that_cannot_be_run_is_refused_as_a_job_is(ask, changes, says):
    with pytest.raises(WitoilError, match=says) as refused:
        ask(changes=changes)
    assert "/nowhere" not in str(refused.value)
    assert ask(key="other")["score"] is not None


def test_parameters_that_cannot_be_run_leave_the_case(ask):
    ask()
    (held,) = cases_held()
    with pytest.raises(WitoilError, match="source"):
        ask(source_east_km=400.0)
    assert ask()["score"] is not None
    assert cases_held() == [held]


def test_a_case_that_takes_too_long_ends(ask, monkeypatch):
    monkeypatch.setattr(previewer, "PREPARE_SECONDS", 0.01)
    with pytest.raises(TooLargeError, match="to prepare"):
        ask()
    until(lambda: not cases_held())
    monkeypatch.undo()
    ask()
    monkeypatch.setattr(previewer, "RUN_SECONDS", 0.01)
    with pytest.raises(TooLargeError, match="to run"):
        ask(key="long", model=LONG)
    monkeypatch.undo()
    until(lambda: len(cases_held()) == 1)
    assert ask()["score"] is not None


# it runs out in another library each time
@pytest.mark.parametrize("preview_bytes", [1_000_000, 20_000_000, 32_000_000, 60_000_000])
def test_a_case_that_takes_too_much_memory_is_not_called_damaged(case, tmp_path, preview_bytes):
    question = {"owner": "anna", "session": "", "key": "", "inputs": {"case": case}}
    with (
        serving(tmp_path / "data", preview_bytes=preview_bytes),
        pytest.raises(TooLargeError, match="memory"),
    ):
        asking.ask(tmp_path / "data", {**question, "parameters": {}})


@pytest.mark.parametrize(("wanted_bytes", "says"), [(10**9, "memory"), (10**6, "longer")])
def test_what_goes_on_without_memory_is_not_called_slow(data, wanted_bytes, says):
    async def hear():
        process = previewer.Forked(take_memory, 50_000_000, wanted_bytes)
        await process.start()
        try:
            await process.hear(60.0, "to begin", 1)
            await process.hear(0.1, "to run", 2)
        finally:
            process.end()

    # in a thread of its own: a browser's driver may keep a loop in this one
    with ThreadPoolExecutor(1) as pool, pytest.raises(previewer.EndedError, match=says):
        pool.submit(asyncio.run, hear()).result()


def test_a_process_that_is_killed_is_replaced(ask):
    ask()
    (first,) = cases_held()
    first.kill()
    until(lambda: has_ended(first))
    with pytest.raises(TooLargeError, match="SIGKILL"):
        ask()
    assert ask()["score"] is not None
    assert cases_held() != [first]


def test_the_case_that_was_not_asked_for_longest_makes_room(ask, monkeypatch):
    monkeypatch.setattr(previewer, "MOST_CASES", 2)
    for key in ("one", "two", "one", "three"):
        ask(key=key)
    assert len(until(lambda: cases_held() if len(cases_held()) == 2 else None)) == 2
    before = set(cases_held())
    ask(key="one")
    assert set(cases_held()) == before


def test_bounds_of_an_owner_and_of_all(ask, monkeypatch):
    monkeypatch.setattr(previewer, "MOST_SESSIONS", 1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, session="one")
        time.sleep(0.2)
        with pytest.raises(QuotaError, match="previews of yours"):
            ask(session="two")
        monkeypatch.setattr(previewer, "MOST_PREPARED", 0)
        with pytest.raises(UnavailableError, match="in work"):
            ask(owner="bob", key="other")
        first.result()


def test_what_leaves_nothing_behind(case, tmp_path):
    with serving(tmp_path / "data"):
        question = {"owner": "a", "session": "", "key": "", "inputs": {"case": case}}
        asking.ask(tmp_path / "data", {**question, "parameters": {}})
        (held,) = cases_held()
    until(lambda: has_ended(held))
    assert not (tmp_path / "data" / "preview").is_symlink()
    with pytest.raises(UnavailableError, match="not there"):
        asking.ask(tmp_path / "data", {**question, "parameters": {}})


def test_lines_that_are_no_questions_are_not_answered(ask, data):
    import socket

    for line in (b"\n", b"{}\n", b'{"owner": 1}\n', b"\xff\xfe\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(os.fspath(asking.place_of(data)))
            connection.sendall(line)
            assert connection.recv(10) == b""
    assert ask()["score"] is not None


def test_whoever_leaves_is_not_worked_for(ask, data, case):
    import json
    import socket

    ask()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(asking.place_of(data)))
        inputs = {"case": {**case, "model": {**case["model"], **LONG}}}
        question = {"owner": "a", "session": "", "key": "x", "inputs": inputs, "parameters": {}}
        connection.sendall(json.dumps(question).encode() + b"\n")
        until(lambda: len(cases_held()) == 2)
    until(lambda: len(cases_held()) == 1)
