"""Whole runs of cases with a damaged input: how they end, and how long they take."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SEED = 20261126
RUNS = 300
PROCESSES = min(os.cpu_count() or 1, 8)


def run() -> dict[str, float]:
    """Return how many runs ended in which way, by input and in all."""
    start = time.perf_counter()
    found = simulate_damaged(SEED, RUNS)
    figures: dict[str, float] = {"runs": len(found), "seconds": time.perf_counter() - start}
    outcomes = ("run", "refused", "fault", "ended")
    counts = Counter(each["outcome"] for each in found)
    figures |= {outcome: counts[outcome] for outcome in outcomes}
    kinds = Counter((_kind(each["input"]), each["outcome"]) for each in found)
    for kind in sorted({kind for kind, _ in kinds}):
        figures |= {f"{kind} {name}": kinds[kind, name] for name in outcomes if kinds[kind, name]}
    for each in found:
        if each["outcome"] in ("fault", "ended"):
            print(json.dumps(each, indent=2), file=sys.stderr)
    return figures


def simulate_damaged(seed: int, runs: int, processes: int = PROCESSES) -> list[dict[str, Any]]:
    """Run cases with damaged inputs in processes of their own; return what came of each."""
    bounds = [runs * k // processes for k in range(processes + 1)]
    with ThreadPoolExecutor(processes) as pool:
        module = ["benchmarks._damaged_runs"] * processes
        parts = pool.map(outcomes_of, module, [seed] * processes, bounds, bounds[1:])
        return [each for part in parts for each in part]


def outcomes_of(module: str, seed: int, first: int, last: int) -> list[dict[str, Any]]:
    """Return what a module prints of some numbers; what ends its process is an outcome, too."""
    found: list[dict[str, Any]] = []
    while first < last:
        command = [sys.executable, "-m", module, *map(str, (seed, first, last))]
        folder = Path(__file__).parents[1]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found += [line for line in lines if "outcome" in line]
        if done.returncode == 0:
            break
        if not lines:
            raise RuntimeError(done.stderr)
        # a hang, which the process ends itself, or a crash of a library
        found.append({**lines[-1], "outcome": "ended", "message": done.stderr})
        first = lines[-1]["number"] + 1
    return found


def _kind(name: str) -> str:
    return name.partition(".")[2] if name[:1].isdigit() else name
