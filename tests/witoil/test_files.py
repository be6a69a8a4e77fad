import json

import pytest

from witoil.errors import OutputError
from witoil.files import replacing, write_json


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("new")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"a\.txt: could not be written .*No space left"):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_not_finite_becomes_null(tmp_path):
    write_json(tmp_path / "a.json", {"a": float("nan"), "b": [float("inf"), 1.5], 3: (1, 2)})
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == {"a": None, "b": [None, 1.5], "3": [1, 2]}
