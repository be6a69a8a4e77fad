"""Whatever is wrong with an input, it is read or refused in a line: no fault, no hang, no crash."""

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
SEED = 20261126
READ = 1000
PROCESSES = 2


def read_damaged(seed: int, first: int, last: int) -> list[dict[str, Any]]:
    """Read the damaged inputs of some numbers; what ends the process is an outcome, too."""
    found: list[dict[str, Any]] = []
    while first < last:
        numbers = (seed, first, last)
        command = [sys.executable, "-m", "tests.damaged_readers", *map(str, numbers)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found += [line for line in lines if "outcome" in line]
        if done.returncode == 0:
            break
        assert lines, done.stderr
        # a hang, which the process ends itself, or a crash of a library
        found.append({**lines[-1], "outcome": "ended", "message": done.stderr})
        first = lines[-1]["number"] + 1
    return found


@pytest.mark.slow
def test_a_thousand_damaged_inputs_are_read_or_refused():
    bounds = [READ * k // PROCESSES for k in range(PROCESSES + 1)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = pool.map(read_damaged, [SEED] * PROCESSES, bounds, bounds[1:])
    found = [outcome for part in parts for outcome in part]
    assert len(found) == READ
    faults = [each for each in found if each["outcome"] not in ("read", "refused")]
    assert not faults, json.dumps(faults, indent=2)
    # it is damage that is read, and not all of it
    counts = Counter(each["outcome"] for each in found)
    assert min(counts.values()) > READ // 5, counts
