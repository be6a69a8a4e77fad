import os
from pathlib import Path

import pytest

from witoil.case import load_case
from witoil.demo import make_twin
from witoil.simulation import prepare

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def twin(tmp_path_factory):
    """The folder of the demo's twin experiment: a whole case without real data."""
    folder = tmp_path_factory.mktemp("twin")
    make_twin(folder)
    return folder


@pytest.fixture(scope="session")
def scenario(twin):
    return prepare(load_case(twin / "demo.toml"))


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
