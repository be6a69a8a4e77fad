"""The cache: whole files or none, by any number of processes, within its limit."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import CatalogError
from catalog.remote.store import Store, default_store, hash_file

LIMIT = 10**9


def writing(content: bytes):
    return lambda path: path.write_bytes(content) and None


def refusing(path: Path) -> None:
    raise AssertionError("made although it is there")


def workplaces(store: Store) -> list[Path]:
    return list((store.folder / "making").iterdir())


def files(store: Store) -> list[Path]:
    return [p for p in (store.folder / "objects").rglob("*") if p.is_file()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, LIMIT)


def test_file_is_made_once_and_keeps_its_name(store: Store):
    path = store.get("https://host/a/currents.nc?u", writing(b"one"))
    assert path.read_bytes() == b"one"
    assert path.name == "currents.nc"
    assert store.get("https://host/a/currents.nc?u", refusing) == path
    (entry,) = store.entries()
    assert (entry.sha256, entry.size) == (hash_file(path), 3)


def test_name_may_be_given_and_facts_are_kept(store: Store):
    def make(path: Path) -> dict[str, str]:
        path.write_bytes(b"x")
        return {"version": "202311"}

    assert store.get("cmems:uo", make, name="uo.nc").name == "uo.nc"
    found = store.find("cmems:uo")
    assert found is not None
    assert found.facts == {"version": "202311"}
    assert store.find("cmems:vo") is None


def test_same_content_is_held_once(store: Store):
    assert store.get("a/x.nc", writing(b"same")) == store.get("b/x.nc", writing(b"same"))
    assert len(files(store)) == 1
    assert len(store.entries()) == 2


def test_failure_leaves_nothing(store: Store):
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        (path.parent / "beside").write_bytes(b"too")
        raise CatalogError("the server went away")

    with pytest.raises(CatalogError, match="went away"):
        store.get("x", fail)
    assert not workplaces(store)
    assert not files(store)
    assert not store.entries()


def test_empty_file_is_refused(store: Store):
    with pytest.raises(CatalogError, match="came out empty"):
        store.get("x", lambda path: path.touch())
    assert not files(store)


@pytest.mark.parametrize("damage", ["gone", "other size", "same size"])
def test_damaged_file_is_made_again(store: Store, damage: str):
    path = store.get("x", writing(b"good"))
    path.chmod(0o644)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"bad" if damage == "other size" else b"evil")
        os.utime(path, (1, 1))
    assert store.get("x", writing(b"good")).read_bytes() == b"good"
    assert len(store.entries()) == 1


def test_touched_file_is_still_good(store: Store):
    path = store.get("x", writing(b"good"))
    path.chmod(0o644)
    os.utime(path, (1, 1))
    assert store.get("x", refusing) == path


def test_old_file_is_made_again_only_where_that_is_wanted(store: Store):
    store.get("x", writing(b"old"))
    assert store.get("x", refusing, max_age=timedelta(hours=1)).read_bytes() == b"old"
    assert store.get("x", writing(b"new"), max_age=timedelta(0)).read_bytes() == b"new"
    assert store.get("x", refusing).read_bytes() == b"new"
    assert len(files(store)) == len(store.entries()) == 2


def test_what_was_replaced_is_evicted_in_its_turn(tmp_path: Path):
    store = Store(tmp_path, 4, in_use=timedelta(0))
    store.get("x", writing(b"old"))
    store.get("x", writing(b"new"), max_age=timedelta(0))
    assert [path.read_bytes() for path in files(store)] == [b"new"]


def test_offline_gives_what_is_there_and_says_what_is_not(tmp_path: Path):
    Store(tmp_path, LIMIT).get("x", writing(b"here"))
    offline = Store(tmp_path, LIMIT, offline=True)
    assert offline.get("x", refusing, max_age=timedelta(0)).read_bytes() == b"here"
    with pytest.raises(CatalogError, match=r"^y: not in the cache .* WITOIL_OFFLINE"):
        offline.get("y", refusing)


def test_least_recently_used_goes_first(tmp_path: Path):
    store = Store(tmp_path, 25, in_use=timedelta(0))
    store.get("a", writing(b"a" * 10))
    store.get("b", writing(b"b" * 10))
    store.find("a")
    store.get("c", writing(b"c" * 10))
    assert {entry.identifier for entry in store.entries()} == {"a", "c"}
    assert len(files(store)) == 2


def test_what_is_in_use_stays_although_the_limit_is_passed(tmp_path: Path):
    store = Store(tmp_path, 5)
    paths = [store.get(name, writing(name.encode() * 10)) for name in "abc"]
    assert all(path.exists() for path in paths)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(asked=st.lists(st.integers(0, 6), min_size=1, max_size=20), limit=st.integers(1, 60))
def test_cache_is_within_its_limit_and_holds_what_was_asked_last(
    tmp_path_factory: pytest.TempPathFactory, asked: list[int], limit: int
):
    store = Store(tmp_path_factory.mktemp("cache"), limit, in_use=timedelta(0))
    for number in asked:
        path = store.get(str(number), writing(bytes([number]) * (3 * number + 1)))
        assert store.limit_bytes >= sum(entry.size for entry in store.entries())
        assert sum(p.stat().st_size for p in files(store)) <= limit
    kept = {entry.identifier for entry in store.entries()}
    if 3 * asked[-1] + 1 <= limit:
        assert str(asked[-1]) in kept
        assert path.exists()


def _get_slowly(folder: Path, name: str) -> tuple[bytes, int]:
    made = []

    def make(path: Path) -> None:
        made.append(name)
        path.write_bytes(name.encode() * 1000)
        time.sleep(0.05)

    return Store(folder, LIMIT).get(name, make).read_bytes(), len(made)


@pytest.mark.slow
def test_several_processes_make_each_file_once(tmp_path: Path):
    names = ["a", "b", "c"] * 4
    with ProcessPoolExecutor(4) as pool:
        results = list(pool.map(_get_slowly, [tmp_path] * len(names), names))
    assert [content for content, _ in results] == [name.encode() * 1000 for name in names]
    assert sum(count for _, count in results) == 3
    store = Store(tmp_path, LIMIT)
    assert len(files(store)) == len(store.entries()) == 3
    assert not workplaces(store)


def test_work_of_a_killed_process_is_gone_on_with(tmp_path: Path):
    script = f"""
import sys, time
from pathlib import Path
from catalog.remote.store import Store
def make(path):
    (path.parent / "half").write_bytes(b"12")
    print("ready", flush=True)
    time.sleep(60)
Store(Path({str(tmp_path)!r}), 10**9).get("x", make)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    store = Store(tmp_path, LIMIT)
    assert not store.entries()

    def finish(path: Path) -> None:
        path.write_bytes((path.parent / "half").read_bytes() + b"34")

    assert store.get("x", finish).read_bytes() == b"1234"
    assert not workplaces(store)


def test_what_nobody_came_back_for_is_swept(store: Store):
    workplace = store.folder / "making" / "abandoned"
    workplace.mkdir()
    (workplace / "half").write_bytes(b"1")
    store.evict()
    assert workplace.exists()
    for path in (workplace / "half", workplace):
        os.utime(path, (1, 1))
    store.evict()
    assert not workplace.exists()


def test_environment_sets_folder_limit_and_offline(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("WITOIL_CACHE_GB", "1.5")
    monkeypatch.setenv("WITOIL_OFFLINE", "1")
    store = default_store()
    assert (store.limit_bytes, store.offline) == (1_500_000_000, True)
    assert store.folder == tmp_path / "here" / "store"
    monkeypatch.setenv("WITOIL_CACHE_GB", "much")
    with pytest.raises(CatalogError, match="WITOIL_CACHE_GB: found 'much'"):
        default_store()


def test_folder_that_cannot_be_used_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="set WITOIL_CACHE"):
        Store(tmp_path / "file", LIMIT)
