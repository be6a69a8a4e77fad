"""How a tunable, a slick and a mask go through the code, from file to answer.

The twin of the demo is run, small, while `sys.setprofile` looks at every call of this project's
functions. Those that are handed the thing, or return it, are noted when they are so for the first
time: a stay is some of them after one another in one file, a turn the change to another file.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import rasterio

from catalog.slicks.slick import Slick
from simulator import Parameters
from witoil import jobs
from witoil.case import load_case
from witoil.demo import make_twin
from witoil.scenario.scenario import Observation
from witoil.scenario.verification import SlickMasks

ROOT = Path(__file__).parents[1]
OURS = ("witoil", "simulator", "optimizer", "catalog")
NAME, VALUE = "wind_drift_factor", 0.0312345
SEEN = "mask_20250601T1800.tif"

Is = Callable[[Any], bool]
Walk = list[tuple[str, str]]


def run() -> dict[str, float]:
    """Return files and stays of each walk; the walks themselves go to the error stream."""
    figures: dict[str, float] = {}
    for name, walk in walks().items():
        stays = [
            (file, [function for _, function in functions])
            for file, functions in groupby(walk, key=lambda step: step[0])
        ]
        print(f"\n{name}:", file=sys.stderr)
        for file, functions in stays:
            print(f"  {file}: {', '.join(functions)}", file=sys.stderr)
        figures[f"{name}, files"] = len({file for file, _ in stays})
        figures[f"{name}, stays"] = len(stays)
    return figures


def walks() -> dict[str, Walk]:
    """Return the functions that each walk passes, with their files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = make_twin(folder).read_text(encoding="utf-8")
        text = text.replace("20_000", f"500\n{NAME} = {VALUE}")
        text = text.replace('[[observation]]\ngeometry = "mask_20250601T1200.tif"\n\n', "")
        text = text.replace("evaluations = 80", "evaluations = 1")
        (folder / "case.toml").write_text(text, encoding="utf-8")

        def simulate() -> None:
            jobs.simulate(load_case(folder / "case.toml"), folder / "run")

        def optimise() -> None:
            jobs.optimise(load_case(folder / "case.toml"), folder / "search")

        def score() -> None:
            jobs.score(folder / "run" / SEEN, folder / SEEN, windows=[1, 7])

        def is_file(at: Path, value: Any) -> bool:
            return isinstance(value, Path | str) and str(value) == str(at / SEEN)

        def is_slick(value: Any) -> bool:
            return isinstance(value, Slick | Observation) or is_file(folder, value)

        tunable, slick = _walked(simulate, _is_tunable, is_slick)
        oil = _oil_of(folder / "run" / SEEN)
        (mask,) = _walked(simulate, partial(_is_mask, oil))
        (searched,) = _walked(optimise, _is_tunable)
        (scored,) = _walked(
            score, lambda value: _is_mask(oil, value) or is_file(folder / "run", value)
        )
        return {
            "a tunable that is simulated": tunable,
            "a tunable that is searched": searched,
            "a slick that was seen": slick,
            "a mask that is simulated": mask,
            "a mask of a file that is scored": scored,
        }


def _oil_of(path: Path) -> np.ndarray[Any, Any]:
    with rasterio.open(path) as raster:
        return np.asarray(raster.read(1) == 1)


def _walked(work: Callable[[], None], *kinds: Is) -> list[Walk]:
    """Return file and name of the functions that are handed things of some kinds, in their order.

    What has no name, as a comprehension, counts as a part of the function round it.
    """
    noted: list[dict[tuple[str, str], None]] = [{} for _ in kinds]

    def look(frame: FrameType, event: str, value: Any) -> None:
        code = frame.f_code
        file = _own_file(code.co_filename)
        if not file:
            return
        if event == "call" and not code.co_name.startswith("<"):
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            values = [frame.f_locals.get(name) for name in names]
        else:
            values = [value] if event == "return" else []
        name = code.co_qualname.partition(".<locals>.<")[0]
        for is_it, found in zip(kinds, noted, strict=True):
            if any(_holds(each, is_it) for each in values):
                found.setdefault((file, name))

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return [list(found) for found in noted]


@cache
def _own_file(name: str) -> str:
    """Return a file as seen from the root of the project; nothing for those of others."""
    path = Path(name)
    if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in OURS:
        return ""
    return path.relative_to(ROOT).as_posix()


def _holds(value: Any, is_it: Is) -> bool:
    """Say whether a value is what is looked for, or a few of it."""
    if is_it(value):
        return True
    if isinstance(value, list | tuple) and len(value) < 10:
        return any(is_it(each) for each in value)
    return False


def _is_tunable(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value.get(NAME) == VALUE)
    if isinstance(value, Parameters):
        return value.wind_drift_factor == VALUE
    return isinstance(value, float) and value == VALUE


def _is_mask(oil: np.ndarray[Any, Any], value: Any) -> bool:
    if isinstance(value, SlickMasks):
        value = value.oil
    return isinstance(value, np.ndarray) and value.dtype == bool and np.array_equal(value, oil)
