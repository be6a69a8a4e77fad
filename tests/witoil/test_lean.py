"""Libraries that are kept out of a command."""

import importlib
import sys

import pytest

from witoil.lean import lean


@pytest.fixture
def nothing_loaded(monkeypatch, tmp_path):
    """Be in an empty folder, in a process that has loaded neither library nor who looks for it."""
    for name in ("yaml", "numba"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("nothing_loaded")
def test_what_is_only_looked_for_is_not_there_meanwhile():
    with lean(), pytest.raises(ModuleNotFoundError):
        importlib.import_module("yaml")
    assert importlib.import_module("yaml").safe_load("a: 1") == {"a": 1}


def test_settings_of_numba_in_a_file_are_read(nothing_loaded):
    (nothing_loaded / ".numba_config.yaml").write_text("num_threads: 1\n")
    with lean():
        assert importlib.import_module("yaml").safe_load("a: 1") == {"a": 1}
