"""Modules of others: environments and processes of their own, and what becomes of bad ones."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from shapely.geometry import shape

from tests.plugins.deepaas import hosting
from tests.witoil.command import witoil
from witoil.plugins import hosting as hosting_module
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import parse_georeference
from witoil.plugins.hosted import keeper
from witoil.plugins.hosted.answers import findings_of
from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.hosted.process import HostedProcess, Upload
from witoil.plugins.hosting import host_module
from witoil.plugins.prediction import predict
from witoil.plugins.registry import Plugin, find_plugins, open_hosted

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"\1\2\3")
    return path


@pytest.fixture
def trouble(hosted_modules, tmp_path):
    """A module that does what it is told, within the limits that are given."""
    opened = []

    def with_limits(**limits):
        opened.append(hosting.with_limits(hosted_modules, "trouble", tmp_path, **limits))
        return opened[-1]

    yield with_limits
    for module in opened:
        module.process.stop()


def running(word):
    """Return the processes whose command has a word, zombies left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in command:
            found.append(int(path.parent.name))
    return found


def until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_modules_whose_pins_exclude_each_other_answer_side_by_side(hosted_modules, file):
    one, other = (open_hosted(hosted_modules / name) for name in ("plugdemo", "plugb"))
    try:
        versions = [
            subprocess.check_output(
                [it.code.record.python, "-c", "import deepaas; print(deepaas.extract_version())"],
                text=True,
            ).strip()
            for it in (one, other)
        ]
        assert versions == ["2.6.0", "2.5.2"]
        answer = predict(one, file, parameters={"scale": 2.5}).document()
        assert answer["features"][0]["properties"]["answer"]["mean"] == 5.0
        (fish,) = predict(other, file).document()["features"]
        assert fish["properties"]["label"] == "fish"
        assert fish["properties"]["score"] == 0.5
        assert one.code.process.is_running
        assert other.code.process.is_running
    finally:
        for it in (one, other):
            it.code.process.stop()


@pytest.mark.slow
def test_a_module_knows_nothing_of_ours(trouble, file, monkeypatch):
    monkeypatch.setenv("WITOIL_SSO_SECRET", "abc")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@127.0.0.1:1")
    module = trouble()
    found = module.predict(file, {"what": "look"}).features[0].properties["answer"]
    environment, folder = found["environment"], found["folder"]
    assert not [name for name in environment if "WITOIL" in name or "PROXY" in name.upper()]
    assert environment["HOME"] == folder
    assert folder != os.getcwd()
    module.process.stop()
    assert not Path(folder).exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "limits", "says"),
    [
        ("hang", {"seconds": 1.0}, "no answer within 1 s"),
        ("die", {}, "about to die (a worker of the module has died)"),
        ("print", {}, "ValueError: that was much"),
        ("print for ever", {"seconds": 1.0}, "no answer within 1 s"),
        ("hoard", {}, "MemoryError"),
        ("answer much", {"answer_bytes": 10_000_000}, "more than 10,000,000 bytes"),
        ("raise lines", {}, "Error"),
    ],
)
def test_a_module_in_trouble_is_told_in_a_line_and_answers_again(trouble, file, what, limits, says):
    module = trouble(**limits)
    with pytest.raises(PluginError) as told:
        module.predict(file, {"what": what})
    text = str(told.value)
    assert text.startswith("trouble: ")
    assert says in text
    assert text.isprintable()
    assert len(text) < 500
    folder = module.process._folder
    if folder is not None:
        assert sum(it.stat().st_size for it in folder.glob("log*")) <= 1_000_000
    again = trouble() if limits else module
    answer = again.predict(file, {"what": "nothing"})
    assert answer.features[0].properties == {"answer": "done"}


@pytest.mark.slow
def test_what_a_module_has_started_ends_with_it(trouble, file):
    module = trouble()
    pid = module.predict(file, {"what": "leave a child"}).features[0].properties["answer"]
    assert pid in running("sleep 600")
    module.process.stop()
    assert pid not in running("sleep 600")


@pytest.mark.slow
def test_a_module_ends_when_it_is_idle_and_starts_again(trouble, file):
    module = trouble(idle_seconds=0.3)
    module.predict(file, {})
    until(lambda: not module.process.is_running)
    assert module.predict(file, {}).features


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_module_ends_with_who_has_started_it(hosted_modules, file, number):
    program = (
        "import sys, time; from pathlib import Path;"
        "from witoil.plugins.hosted.module import HostedModule;"
        "it = HostedModule.open(Path(sys.argv[1])); it.predict(Path(sys.argv[2]), {});"
        "print(it.process._folder, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(hosted_modules / "trouble"), str(file)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with owner:
        folder = Path(owner.stdout.readline().strip())
        assert running(str(folder))
        owner.send_signal(number)
    until(lambda: not running(str(folder)))
    until(lambda: not folder.exists())


@pytest.mark.slow
def test_a_module_that_cannot_be_imported_is_told_by_why(hosted_modules, file):
    module = HostedModule.open(hosted_modules / "elsewhere" / "plugx")
    with pytest.raises(PluginError) as told:
        module.process.post("/v2/models/plugx/predict/")
    assert "a_library_that_is_missing" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.slow
def test_a_module_that_does_not_start_in_time_is_ended(trouble, file):
    module = trouble(start_seconds=0.05)
    with pytest.raises(PluginError, match=r"does not answer within 0\.05 s"):
        module.predict(file, {})
    assert not module.process.is_running


@pytest.mark.slow
def test_a_training_tells_what_comes_of_it(hosted_modules, tmp_path):
    module = HostedModule.open(hosted_modules / "plugdemo")
    found = module.train({"epochs": 1}, tmp_path)
    assert found["output"] == {"status": "done", "loss": 0.5}
    with pytest.raises(PluginError, match="diverged"):
        module.train({"fail": True}, tmp_path)
    with pytest.raises(PluginError, match=r"epochs: Not a valid integer\."):
        module.train({"epochs": "x"}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"k": 9}, "k: Must be greater than or equal to 1"),
        (
            {"colour": 1},
            "found the parameter 'colour', expected one of scale, k, task, imgsz, flag",
        ),
    ],
)
def test_wrong_parameters_are_told_by_their_names(hosted_modules, file, parameters, says):
    plugin = open_hosted(hosted_modules / "plugdemo")
    with pytest.raises(PluginError) as told:
        predict(plugin, file, parameters=parameters)
    assert says in str(told.value)
    plugin.code.process.stop()


@pytest.mark.slow
def test_a_module_that_gives_no_json_says_where_to_ask(hosted_modules, file):
    module = HostedModule.open(hosted_modules / "plugc")
    try:
        found = module.predict(file, {})  # any type is JSON here, and raw
        assert found.features[0].properties["answer"]["keys"] == ["accept", "image"]
        reply = module.ask("predict", [], [("image", Upload(file, "a.png"))], "application/zip")
        assert (reply.media_type, reply.content[:2]) == ("application/zip", b"PK")
    finally:
        module.process.stop()


def test_commands_list_modules_without_starting_any(tmp_path, monkeypatch):
    hosting.write_record(tmp_path / "made", hosting.record())
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "deepaas.json").write_text("{}")
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path))
    found = {it.name: it.fault for it in find_plugins()}
    assert found["made"] is None
    assert "expected what `witoil modules add` writes" in found["broken"]
    assert witoil("modules", "list").returncode == 0


class Detector:
    """A program that finds a box, as a hosted module does."""

    def __init__(self, card):
        self.card = card

    def predict(self, path, parameters):
        corners = {"x1": 2, "y1": 1, "x2": 4, "y2": 3}
        return findings_of([[{"name": "fish", "confidence": 0.5, "box": corners}]])


def test_what_a_program_finds_is_put_on_the_map(tmp_path):
    plugin = Plugin(
        "made",
        "made",
        hosting.record().card(),
        code=Detector(hosting.record().card()),
    )
    image = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(image)
    (fish,) = predict(plugin, image).document()["features"]
    assert fish["geometry"] is None
    where = parse_georeference(
        '{"kind": "affine", "transform": [0.5, 0, 10, 0, -0.5, 50], "crs": "EPSG:4326"}'
    )
    document = predict(plugin, image, georeference=where).document()
    (fish,) = document["features"]
    assert shape(fish["geometry"]).bounds == (11.0, 48.5, 12.0, 49.5)
    turned = tmp_path / "b.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (8, 8)).save(turned, exif=exif)
    assert any("EXIF says" in it for it in predict(plugin, turned).document()["warnings"])
    (tmp_path / "c.zip").write_bytes(b"PK")
    assert predict(plugin, tmp_path / "c.zip").document()["features"]


@pytest.mark.slow
def test_a_module_is_checked_by_a_command(hosted_modules, monkeypatch):
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(hosted_modules))
    answer = witoil("modules", "check", "plugdemo")
    assert (answer.returncode, answer.stdout[:18]) == (0, "takes image, scale")
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(hosted_modules / "elsewhere"))
    answer = witoil("modules", "check", "plugx")
    assert answer.returncode == 2
    assert "a_library_that_is_missing" in answer.stderr


def test_a_module_whose_environment_has_gone_says_so(tmp_path, file):
    module = hosting.write_record(
        tmp_path / "made",
        hosting.record(parameters=[{"name": "image", "in": "formData", "type": "file"}]),
    )
    with pytest.raises(PluginError, match="found no /nowhere/bin/deepaas-run; add the module anew"):
        module.predict(file, {})


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("--index-url=http://x", "expected a folder or the name of a package"),
        ("{}", "found no pyproject.toml or setup.py"),
    ],
)
def test_what_is_no_package_is_not_added(tmp_path, source, says):
    with pytest.raises(PluginError, match=says):
        host_module(source.format(tmp_path), tmp_path / "modules")
    assert not (tmp_path / "modules").exists()


@pytest.mark.slow
def test_where_a_module_lies_does_not_depend_on_where_one_stands(tmp_path, monkeypatch):
    made = []

    def run(command, requirement, fault=""):
        made.append(command)
        return {2: "True"}.get(len(command), '["made"]') if "-I" in command else ""

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hosting_module, "_run", run)
    monkeypatch.setattr(hosting_module, "described", lambda record: record)
    record = host_module("made", Path("modules"))
    assert record.python.is_absolute()
    assert record.python.is_relative_to(tmp_path / "modules" / "made")
    with pytest.raises(PluginError, match="is there already; expected --force"):
        host_module("made", Path("modules"))
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", "modules")
    with pytest.raises(PluginError, match="found the name made, which modules/made has"):
        host_module("other-package", Path("modules"))
    assert [it.name for it in (tmp_path / "modules").iterdir()] == ["made"]
    assert host_module("made", Path("modules"), force=True).python != record.python


@pytest.mark.slow
def test_a_package_that_cannot_be_installed_leaves_nothing_behind(
    hosted_modules, tmp_path, monkeypatch
):
    python = hosting.copying(HostedModule.open(hosted_modules / "plugdemo").record, tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "modules" / "other").mkdir(parents=True)
    before = tmp_path / "modules" / "other" / "deepaas.json"
    before.write_text("kept")
    with pytest.raises(PluginError, match="other: cannot be installed"):
        host_module(str(hosting.HERE / "other"), tmp_path / "modules", force=True, python=python)
    with pytest.raises(PluginError, match="no-such: cannot be installed"):
        host_module("no-such", tmp_path / "modules", python=python)
    assert [it.name for it in (tmp_path / "modules").iterdir()] == ["other"]
    assert [it.name for it in before.parent.iterdir()] == ["deepaas.json"]


KEPT = """
import subprocess, sys
for k in range(30_000):
    print("line", k)
print("\\x1b[31mlast\\x1b[0m")
subprocess.Popen(["sleep", "300"], start_new_session=True)
"""


def kept(folder, program):
    """Run a program within bounds; return how it has ended."""
    bounds = {"parent": os.getpid(), "folder": str(folder), "log": str(folder / "log")}
    bounds |= {"log_bytes": 100_000, "memory_bytes": 10**9, "file_bytes": 10**9}
    command = [sys.executable, "-I", "-S", keeper.__file__, json.dumps(bounds)]
    return subprocess.run([*command, sys.executable, "-c", program], check=False).returncode


@pytest.mark.slow
def test_a_keeper_bounds_the_log_and_ends_what_is_left(tmp_path):
    before = set(running("sleep 300"))
    assert kept(tmp_path, KEPT) == 0
    assert set(running("sleep 300")) == before
    assert {it.name for it in tmp_path.iterdir()} == {"log", "log.before"}
    assert max(it.stat().st_size for it in tmp_path.iterdir()) <= 100_000
    assert (tmp_path / "log").read_text().endswith("last\x1b[0m\n")


LOSING = r"""
import os, subprocess, sys, time
worker = [sys.executable, "-S", "-c", "import time; time.sleep(0.5)", "multiprocessing.spawn"]
subprocess.Popen(worker)
while True:
    os.write(1, b"as if nothing were\n")
    time.sleep(0.001)
"""


@pytest.mark.slow
def test_why_all_was_ended_stands_last_in_the_log(tmp_path):
    assert kept(tmp_path, LOSING) == 1
    assert (tmp_path / "log").read_text().endswith(f"as if nothing were\n\n{keeper.LOST}\n")


def test_a_process_that_is_not_there_has_no_last_words():
    assert HostedProcess(hosting.record()).last_words() == ""
