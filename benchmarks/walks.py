"""How a tunable, a slick and a mask go through the code, from file to answer.

The twin of the demo is run, small, while `sys.setprofile` looks at every call of this project's
functions. Those that are handed the thing, or return it, are noted when they are so for the first
time: a stay is some of them after one another in one file, a turn the change to another file.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
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


def walks() -> dict[str, dict[str, Any]]:
    """Return the functions that each walk passes, in files, and the counts of both."""
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

        told = {"a tunable that is simulated": _told(_walked(simulate, _is_tunable))}
        seen, simulated = (_oil_of(at / SEEN) for at in (folder, folder / "run"))
        return told | {
            "a tunable that is searched": _told(_walked(optimise, _is_tunable)),
            "a slick that was seen": _told(_walked(simulate, _is_slick)),
            "a mask that is simulated": _told(_walked(simulate, partial(_is_mask, simulated))),
            "two masks that are scored": _told(
                _walked(score, lambda value: _is_mask(seen, value) or _is_mask(simulated, value))
            ),
        }


def _oil_of(path: Path) -> np.ndarray[Any, Any]:
    with rasterio.open(path) as raster:
        return np.asarray(raster.read(1) == 1)


def _walked(work: Callable[[], None], is_it: Is) -> Walk:
    """Return file and name of the functions that are handed something, in their order."""
    noted: dict[tuple[str, str], None] = {}

    def look(frame: FrameType, event: str, value: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in OURS:
            return
        code = frame.f_code
        if event == "call":
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            values = [frame.f_locals.get(name) for name in names]
        else:
            values = [value] if event == "return" else []
        if any(_holds(each, is_it) for each in values):
            noted.setdefault((path.relative_to(ROOT).as_posix(), code.co_qualname))

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(noted)


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


def _is_slick(value: Any) -> bool:
    return isinstance(value, Slick | Observation) or (
        isinstance(value, Path | str) and str(value).endswith(SEEN)
    )


def _is_mask(oil: np.ndarray[Any, Any], value: Any) -> bool:
    if isinstance(value, SlickMasks):
        value = value.oil
    if isinstance(value, Path):
        return value.name == SEEN
    return isinstance(value, np.ndarray) and value.dtype == bool and np.array_equal(value, oil)


def _told(walk: Walk) -> dict[str, Any]:
    stays = [
        (file, [name for _, name in functions])
        for file, functions in groupby(walk, key=lambda step: step[0])
    ]
    files = {file for file, _ in stays}
    return {"files": len(files), "stays": len(stays), "turns": len(stays) - 1, "walk": stays}


if __name__ == "__main__":
    for name, told in walks().items():
        print(f"\n## {name}: {told['files']} files, {told['stays']} stays")
        for file, functions in told["walk"]:
            print(f"{file}: {', '.join(functions)}")
