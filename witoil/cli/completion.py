"""What the shell completes: case files and folders of runs; all else it completes by itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

_OF_RUNS = ("provenance.json", "study.json", "summary.json")
"""One of them lies in every folder of a run."""


def complete_cases(incomplete: str) -> list[str]:
    """Return the case files that begin so."""
    return _wanted(incomplete, lambda entry: entry.name.endswith(".toml"))


def complete_runs(incomplete: str) -> list[str]:
    """Return the folders of runs that begin so."""
    return _wanted(incomplete, _is_run)


def _is_run(entry: os.DirEntry[str]) -> bool:
    return any(os.path.exists(os.path.join(entry.path, name)) for name in _OF_RUNS)


def _wanted(incomplete: str, is_wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """Return what is wanted in the folder that a word leads to.

    Where that is nothing, the shell offers files and folders as it always does, and so a way to
    where something is wanted; it also knows how to quote names, which is left to it.
    """
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(os.path.expanduser(folder) or "."), key=lambda e: e.name)
    except OSError:
        return []
    found = [
        os.path.join(folder, entry.name)
        for entry in entries
        if entry.name.startswith(start) and is_wanted(entry)
    ]
    plain = all(shlex.quote(os.path.basename(name)) == os.path.basename(name) for name in found)
    return found if plain else []
