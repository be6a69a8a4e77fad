import os
import subprocess
import sys

import pytest

from witoil.cli.completion import complete_cases, complete_runs


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.toml", "about.toml", "b.txt", "cases/one.toml", "runs/r1/summary.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_case_files_are_completed(here):
    assert complete_cases("") == ["a.toml", "about.toml"]
    assert complete_cases("ab") == ["about.toml"]
    assert complete_cases("cases/") == ["cases/one.toml"]
    assert complete_cases(f"{here}/a.") == [f"{here}/a.toml"]


def test_folders_of_runs_are_completed(here):
    assert complete_runs("runs/") == ["runs/r1"]


def test_what_leads_to_them_is_left_to_the_shell(here):
    assert complete_cases("cas") == []
    assert complete_runs("ru") == []
    assert complete_cases("nowhere/a") == []


def test_names_that_have_to_be_quoted_are_left_to_the_shell(here):
    (here / "a case.toml").touch()
    assert complete_cases("a") == []
    assert complete_cases("ab") == ["about.toml"]


def in_bash(line, folder):
    """Return what bash offers for the last word of a line."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_WITOIL_COMPLETE": "complete_bash",
    }
    program = "import sys; sys.argv[0] = 'witoil'; from witoil.cli.main import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.split()


@pytest.mark.slow
def test_the_shell_is_told_commands_cases_and_runs(here):
    assert "simulate" in in_bash("witoil si", here)
    assert in_bash("witoil check ab", here) == ["about.toml"]
    assert in_bash("witoil simulate cases/", here) == ["cases/one.toml"]
    assert in_bash("witoil score runs/", here) == ["runs/r1"]


@pytest.mark.slow
def test_other_paths_are_left_to_the_shell(here):
    # a word that is offered as it is would end its completion
    for line in ("witoil simulate a.toml --out ru", "witoil new ca", "witoil score r b"):
        assert in_bash(line, here) == []
