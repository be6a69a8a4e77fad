"""Files at which libraries crash, hang or take all memory: each costs itself, and no other."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import dask
import numpy as np
import pytest
import shapely
from dask.distributed import LocalCluster
from PIL import Image

from tests.plugins.builders import card, mean_colour, plugin_in
from tests.plugins.test_safety import installed
from tests.witoil.command import witoil
from witoil import workers as witoil_workers
from witoil.errors import WitoilError
from witoil.plugins.batch import Options, predict_files
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.registry import open_folder, plugin_named

TEXT = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
)

PROGRAM = """
import ctypes, os, time
from witoil.plugins.envelope import Feature, Findings

class Plugin:
    card = {card!r}

    def predict(self, path, parameters):
        with open({calls!r}, "a") as calls:
            calls.write(path.name + "\\n")
        name = path.stem.rstrip("0123456789")
        if name == "crash":
            ctypes.string_at(0)
        if name == "leave":
            os._exit(3)
        if name in ("fork", "forkhang"):
            child = os.fork()
            if not child:
                time.sleep(60)
                os._exit(0)
            with open({calls!r} + ".children", "a") as children:
                children.write(f"{{child}}\\n")
            if name == "fork":
                os._exit(3)
            time.sleep(60)
        if name == "hang":
            time.sleep(600)
        if name == "greedy":
            return bytearray(1 << 50)
        if name == "strange":
            return Findings([Feature("seen", 1.0, properties={{"what": lambda: 0}})])
        if name == "later":
            import threading
            threading.Timer(0.02, os._exit, (9,)).start()
        if name == "slow":
            time.sleep(0.05)
        return Findings([Feature("seen", 0.5)])

plugin = Plugin()
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Return a plug-in that does what the name of a file says, and the list of its calls."""
    import tomllib

    document = tomllib.loads(TEXT.replace("made-image-classify", "programmed"))
    calls = tmp_path / "calls"
    (tmp_path / "site").mkdir()
    code = PROGRAM.format(card=document, calls=str(calls))
    installed(tmp_path / "site", "programmed", "programmed:plugin", code)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    sys.modules.pop("programmed", None)
    yield plugin_named("programmed"), lambda: calls.read_text().split()
    sys.modules.pop("programmed", None)


def files_in(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        Image.new("RGB", (8, 8), (0, 255, 0)).save(folder / name)
    return folder


@pytest.mark.slow
def test_what_ends_a_process_costs_one_file(program, tmp_path):
    plugin, calls = program
    bad = ("crash1.png", "leave.png", "hang.png", "greedy.png", "strange.png", "crash2.png")
    good = [f"good{k}.png" for k in range(6)]
    folder = files_in(tmp_path / "in", *bad, *good)
    out = tmp_path / "out"
    out.mkdir()
    options = Options(scheduler="processes", most_seconds=1.0)
    report = predict_files(plugin, [folder], out, options)
    assert report["succeeded"] == len(good)
    failed = {Path(place).name: fault for place, fault in report["failed"].items()}
    assert {*failed} == {*bad}
    assert "ended the process that read it (SIGSEGV)" in failed["crash1.png"]
    assert "ended the process that read it (SIGSEGV)" in failed["crash2.png"]
    assert "ended the process that read it (exit code 3)" in failed["leave.png"]
    assert "took longer than 1 s" in failed["hang.png"]
    assert "memory" in failed["greedy.png"].lower()
    assert "gave what JSON cannot hold" in failed["strange.png"]
    assert all("\n" not in fault for fault in failed.values())
    # those that end a process are tried in another one
    ended = ("crash1.png", "crash2.png", "leave.png")
    assert sorted(calls()) == sorted([*bad, *good, *ended])


def is_running(pid):
    """Say whether a process runs; one that was ended may wait for its parent to notice."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.slow
def test_what_a_plug_in_has_forked_hides_no_end_and_goes_with_it(program, tmp_path):
    plugin, _ = program
    out = tmp_path / "out"
    out.mkdir()
    options = Options(scheduler="processes", most_seconds=2.0)
    folder = files_in(tmp_path / "in", "forkhang.png", "good.png")
    report = predict_files(plugin, [folder], out, options)
    (fault,) = report["failed"].values()
    assert "took longer than 2 s" in fault
    (child,) = map(int, (tmp_path / "calls.children").read_text().split())
    assert not is_running(child)
    files = [files_in(tmp_path / "in", "fork.png") / "fork.png", folder / "good.png"]
    report = predict_files(plugin, files, out, options)
    (fault,) = report["failed"].values()
    assert "ended the process that read it (exit code 3)" in fault
    for left in map(int, (tmp_path / "calls.children").read_text().split()):
        with suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)


@pytest.mark.slow
def test_a_process_that_is_lost_between_files_costs_none(program, tmp_path):
    plugin, _ = program
    folder = files_in(tmp_path / "in", "later.png", *(f"slow{k}.png" for k in range(9)))
    out = tmp_path / "out"
    out.mkdir()
    report = predict_files(plugin, [folder], out, Options(scheduler="processes"))
    assert report["failed"] == {}


STRANGE = {
    "label": "3",
    "score": "float('nan')",
    "time": "'noon'",
    "geometry": "shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])",
    "pixel": "(3, 4)",
    "properties": "{'what': {1, 2}}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_what_a_program_may_not_give_costs_one_file(program, tmp_path, name, monkeypatch):
    plugin, _ = program
    value = eval(STRANGE[name], {"shapely": shapely})
    usual = type(plugin.code).predict

    def predict(self, path, parameters):
        if path.stem == "good":
            return usual(self, path, parameters)
        return Findings([Feature(**{"label": "seen", name: value})])

    monkeypatch.setattr(type(plugin.code), "predict", predict)
    folder = files_in(tmp_path / "in", "bad.png", "good.png")
    out = tmp_path / "out"
    out.mkdir()
    formats = ("json", "geojson", "csv", "gpkg")
    report = predict_files(plugin, [folder], out, Options(formats=formats))
    (fault,) = report["failed"].values()
    assert ("JSON cannot hold" if name == "properties" else f"features[0].{name}: found") in fault
    assert report["succeeded"] == 1


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_the_batch_at_once(tmp_path):
    folder = plugin_in(tmp_path / "p", mean_colour(), TEXT)
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes() + b"x")
    pictures = files_in(tmp_path / "in", "a.png", "b.png")
    for scheduler in ("processes", "threads"):
        with pytest.raises(PluginError, match="of its card"):
            predict_files(open_folder(folder), [pictures], tmp_path, Options(scheduler=scheduler))


@pytest.mark.slow
def test_processes_and_threads_write_the_same(tmp_path):
    plugin = open_folder(plugin_in(tmp_path / "p", mean_colour(), TEXT))
    pictures = tmp_path / "in"
    pictures.mkdir()
    generator = np.random.default_rng(1)
    for k in range(12):
        pixels = generator.integers(0, 255, (9, 7, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(pictures / f"{k}.png")
    written = []
    for scheduler in ("processes", "threads"):
        out = tmp_path / scheduler
        out.mkdir()
        predict_files(plugin, [pictures], out, Options(scheduler=scheduler, formats=("csv",)))
        written.append((out / "features.csv").read_bytes())
    assert written[0] == written[1]
    assert len(written[0].splitlines()) == 13


@pytest.mark.slow
def test_a_batch_that_is_killed_goes_on_and_does_nothing_twice(program, tmp_path):
    _, calls = program
    names = [f"slow{k:03}.png" for k in range(60)]
    folder = files_in(tmp_path / "in", *names, "crash.png")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "witoil", "predict", "programmed", str(folder), "-q"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    root = Path(__file__).parents[2]

    def begun():
        return subprocess.Popen(
            [*command, "--out", str(out), "--to", "csv"],
            cwd=root, env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    first = begun()
    while not (tmp_path / "calls").is_file() or len(calls()) < 15:
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    time.sleep(0.5)  # what its processes had in hand
    before = len(calls())
    assert before < len(names)
    second = begun()
    _, told = second.communicate()
    assert second.returncode == 1
    assert told.count("failed:") == 1
    report = json.loads((out / "report.json").read_text())
    assert (report["files"], report["succeeded"]) == (61, 60)
    cores = len(os.sched_getaffinity(0))
    assert {*calls()} == {*names, "crash.png"}
    # those that were under way when it was killed
    assert len(calls()) <= len(names) + 2 + 2 * cores
    # one more time: nothing but the file that failed
    after = len(calls())
    third = begun()
    third.communicate()
    assert third.returncode == 1
    assert calls()[after:] == ["crash.png"] * 2


@pytest.mark.slow
def test_processes_end_with_who_started_them(program, tmp_path):
    _, calls = program
    folder = files_in(tmp_path / "in", *(f"slow{k}.png" for k in range(400)))
    command = [sys.executable, "-m", "witoil", "predict", "programmed", str(folder), "-q"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
    )
    while not (tmp_path / "calls").is_file():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    time.sleep(1.0)
    before = len(calls())
    time.sleep(1.0)
    assert len(calls()) == before


@pytest.mark.slow
def test_the_command_uses_processes(program, tmp_path):
    folder = files_in(tmp_path / "in", "crash.png", "good.png")
    answer = witoil("predict", "programmed", folder, "--out", tmp_path / "out")
    assert answer.returncode == 1
    assert "crash.png: ended the process that read it (SIGSEGV)" in answer.stderr
    assert "1 of 2 files" in answer.stdout


@pytest.mark.slow
def test_workers_of_dask_write_the_same_and_a_crash_costs_one_file(program, tmp_path):
    plugin, _ = program
    names = [f"good{k}.png" for k in range(8)]
    folder = files_in(tmp_path / "in", *names, "crash.png", "strange.png")
    out = tmp_path / "out"
    out.mkdir()
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
    ):
        cluster.scheduler.allowed_failures = 1
        options = Options(scheduler=cluster.scheduler_address, formats=("csv",))
        report = predict_files(plugin, [folder], out, options)
    failed = {Path(place).name: fault for place, fault in report["failed"].items()}
    assert {*failed} == {"crash.png", "strange.png"}
    assert "ended the workers of Dask" in failed["crash.png"]
    assert report["succeeded"] == len(names)
    lines = (out / "features.csv").read_text().splitlines()[1:]
    assert [line.partition(",")[0] for line in lines] == names


def test_a_scheduler_that_there_is_not_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(witoil_workers, "CONNECT_SECONDS", 0.5)
    plugin = open_folder(plugin_in(tmp_path / "p", mean_colour(), TEXT))
    folder = files_in(tmp_path / "in", "a.png")
    with pytest.raises(WitoilError, match="could not be reached"):
        predict_files(plugin, [folder], tmp_path, Options(scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(WitoilError, match="expected the address"):
        predict_files(plugin, [folder], tmp_path, Options(scheduler="proceses"))


def test_a_program_that_has_changed_begins_anew(program, tmp_path):
    plugin, calls = program
    folder = files_in(tmp_path / "in", "a.png")
    out = tmp_path / "out"
    out.mkdir()
    for _ in range(2):
        predict_files(plugin, [folder], out)
        assert calls() == ["a.png"]
    with (tmp_path / "site" / "programmed.py").open("a") as file:
        file.write("# another\n")
    predict_files(plugin, [folder], out)
    assert calls() == ["a.png", "a.png"]
