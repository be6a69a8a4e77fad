import os
import shutil
from pathlib import Path

import pytest

from witoil.case import load_case
from witoil.outputs.drawing import drawing
from witoil.outputs.run import write_run
from witoil.scenario.prepare import prepare
from witoil.scenario.run import run

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session", autouse=True)
def _compiled(compiled):
    pass


@pytest.fixture(scope="session")
def twin_copy(demo_twin, tmp_path_factory):
    """Return what gives the demo's twin experiment, a whole case without real data, anew."""

    def copy(name):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(demo_twin, folder, dirs_exist_ok=True)
        return folder

    return copy


@pytest.fixture(scope="session")
def twin(twin_copy):
    """The folder of a twin experiment that the tests of this worker share and write cases to."""
    return twin_copy("twin")


@pytest.fixture(scope="session")
def scenario(twin):
    return prepare(load_case(twin / "demo.toml"))


@pytest.fixture(scope="session")
def result(scenario):
    """The run of the twin experiment, to read and not to change."""
    return run(scenario)


@pytest.fixture(scope="session")
def write_drawn():
    """Return what writes a run with all its pictures, and returns the summary."""

    def write(scenario, result, folder):
        parameters = scenario.parameters()
        with drawing() as draw:
            drawn = draw(scenario, result, parameters["detection_limit_um"])
            return write_run(scenario, result, folder, parameters=parameters, drawn=drawn)

    return write


@pytest.fixture(scope="session")
def written(scenario, result, write_drawn, tmp_path_factory):
    """The folder with the outputs of that run, to read and to copy; and the run."""
    folder = tmp_path_factory.mktemp("written")
    write_drawn(scenario, result, folder)
    return folder, result


@pytest.fixture(scope="session")
def beaching(twin):
    """Return the text of a case that leaves oil on the island: the twin's, and a leak beside it.

    Its releases end before noon, so that the case may end then or later.
    """
    text = (twin / "demo.toml").read_text()
    text = text[: text.index("[[observation]]")].replace("20_000", "4_000")
    leak = "rate_tonnes_per_hour = 10"
    assert leak in text
    until = "\nend = 2025-06-01T11:00:00Z"
    near = '\n[[release]]\nkind = "point"\nlon = 19.48\nlat = 36.57\n'
    return text.replace(leak, leak + until) + near + leak + until + "\n"


@pytest.fixture
def example(cases, monkeypatch):
    """Return the path of an example, with the real data it names at hand."""
    monkeypatch.setenv("WITOIL_CASES", os.fspath(cases))
    return lambda name: EXAMPLES / f"{name}.toml"


@pytest.fixture
def changed(twin):
    """Return a copy of the twin's case file with parts of its text replaced."""

    def change(*replacements):
        text = (twin / "demo.toml").read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = twin / "changed.toml"
        path.write_text(text)
        return path

    return change
