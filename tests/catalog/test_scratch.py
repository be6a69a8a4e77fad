"""Folders for a while are removed, also those of processes that were killed, and no others."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog import CatalogError
from catalog.files.scratch import scratch_folder

HOLD = """
import sys, time
from pathlib import Path
from catalog.files.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "big").touch()
    print(folder, flush=True)
    time.sleep(600)
"""


def make_old(folder: Path) -> None:
    hour_ago = time.time() - 3600.0
    os.utime(folder, (hour_ago, hour_ago))


def test_it_is_empty_and_goes(tmp_path: Path):
    with scratch_folder(tmp_path) as folder, scratch_folder(tmp_path) as other:
        assert folder != other
        assert not list(folder.iterdir())
        (folder / "a").mkdir()
    assert not list(tmp_path.iterdir())


def test_by_default_where_the_system_has_such(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch_folder() as folder:
        assert tmp_path in folder.parents


def test_only_what_killed_processes_left_is_removed(tmp_path: Path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    project = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        try:
            make_old(theirs.parent)
            of_somebody = tmp_path / "witoil-notes"
            of_somebody.mkdir()
            make_old(of_somebody)
            with scratch_folder(tmp_path):
                assert theirs.is_dir()
        finally:
            process.kill()
    with scratch_folder(tmp_path):
        assert not theirs.exists()
    assert list(tmp_path.iterdir()) == [of_somebody]


def test_where_none_can_be_made(tmp_path: Path):
    with pytest.raises(CatalogError, match="no folder can be made there"):
        scratch_folder(tmp_path / "nowhere").__enter__()
