"""Runs cases with a damaged input, one after the other, and prints a line of JSON for each.

``python -m benchmarks._damaged_runs SEED FIRST LAST`` in a process of its own: what is damaged may
crash a library or hang it, and then the last line names what was about to be run.
"""

import csv
import faulthandler
import gc
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import rasterio
import xarray as xr
from PIL import Image

import catalog.files.probe
from benchmarks._damage import damage
from benchmarks._inputs import case_text, write_inputs
from witoil.cli.main import main as witoil

LIMIT_SECONDS = 120.0
_FIELDS = ("currents", "winds", "waves")

SEARCH = """
[optimise]
evaluations = {evaluations}
initial = 2

[optimise.parameters]
current_factor = [0.0, 2.0]
"""


def main() -> None:
    """Run the cases of some numbers."""
    gc.freeze()  # what is loaded stays, and what is read leaves little
    gc.set_threshold(50_000, 20, 20)
    seed, *numbers = map(int, sys.argv[1:])
    catalog.files.probe.LIMIT_SECONDS = LIMIT_SECONDS / 4.0
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / "whole"
        whole.mkdir()
        write_inputs(whole)
        _write_results(whole)
        for number in range(*numbers):
            folder = Path(name) / str(number)
            print(json.dumps(run_damaged(seed, number, whole, folder)), flush=True)
            shutil.rmtree(folder)


def _write_results(folder: Path) -> None:
    """Write the ends of a run and of a search, which others go on from."""
    for command in ("simulate", "optimise"):
        (folder / "case.toml").write_text(_case(Random(0), evaluations=3), encoding="utf-8")
        out = folder / command
        code, _, said = command_line(command, folder / "case.toml", "--out", out, "--no-pictures")
        assert code == 0, said
    shutil.copyfile(folder / "simulate" / "restart.nc", folder / "restart.nc")
    shutil.copyfile(folder / "optimise" / "study.json", folder / "study.json")
    for command in ("simulate", "optimise"):
        shutil.rmtree(folder / command)


def _case(chance: Random, evaluations: int) -> str:
    return case_text(chance) + SEARCH.format(evaluations=evaluations)


def run_damaged(seed: int, number: int, whole: Path, folder: Path) -> dict[str, Any]:
    """Damage one input of a case and run it; return what came of it."""
    chance = Random(f"{seed} {number}")
    shutil.copytree(whole, folder)
    case, out = folder / "case.toml", folder / "out"
    what = chance.choices(("input", "restart", "study"), (10, 1, 1))[0]
    command: list[Any] = ["simulate", case, "--out", out]
    if number % 3:  # pictures take half of the time of a run: every third has them
        command += ["--no-pictures"]
    if what == "input":
        case.write_text(_case(chance, evaluations=3), encoding="utf-8")
        # fields have most to go wrong in
        files = _read_by(case)
        path = chance.choices(files, [3 if p.name.startswith(_FIELDS) else 1 for p in files])[0]
    elif what == "restart":
        path = folder / "restart.nc"
        case.write_text(_case(Random(0), 3).replace("T03:00", "T04:00"), encoding="utf-8")
        command += ["--resume", path]
    else:
        path = out / "study.json"
        out.mkdir()
        shutil.copyfile(folder / "study.json", path)
        case.write_text(_case(Random(0), evaluations=4), encoding="utf-8")
        command[0] = "optimise"
    done = damage(path, chance, rough=0.15, most=1)
    told: dict[str, Any] = {"number": number, "input": path.name, "damage": done}
    print(json.dumps(told), flush=True)
    faulthandler.dump_traceback_later(LIMIT_SECONDS, exit=True)
    code, _, said = command_line(*command)
    faulthandler.cancel_dump_traceback_later()
    fault = fault_of(code, said, out)
    outcome = "fault" if fault else "refused" if code else "run"
    return {**told, "outcome": outcome, "message": fault or said}


def _read_by(case: Path) -> list[Path]:
    """Return a case file and the files it names."""
    text = case.read_text(encoding="utf-8")
    return [case, *sorted(p for p in case.parent.iterdir() if f'"{p.name}"' in text)]


def command_line(*arguments: object) -> tuple[int, str, str]:
    """Run `witoil` in this process; return exit code, standard output and standard error.

    Those are caught where libraries in C write to them, too.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with (
            _into(1, out.fileno()),
            _into(2, err.fileno()),
            patch.object(sys, "argv", ["witoil", *map(str, arguments)]),
        ):
            code = _exit_code()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return code, *texts


def _exit_code() -> int:
    try:
        witoil()
    except SystemExit as error:
        return int(error.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _into(stream: int, file: int) -> Iterator[None]:
    kept = os.dup(stream)
    for each in (sys.stdout, sys.stderr):
        each.flush()
    os.dup2(file, stream)
    try:
        yield
    finally:
        for each in (sys.stdout, sys.stderr):
            each.flush()
        os.dup2(kept, stream)
        os.close(kept)


def fault_of(code: int, said: str, out: Path) -> str:
    """Say what is wrong with how a run ended; nothing where nothing is."""
    lines = said.count("witoil: ")
    if "Traceback" in said or code not in (0, 2) or (code == 2) != (lines == 1):
        return f"ended with {code} and said {said}"
    if "Error" in said.replace("witoil: ", "") and code == 0:
        return f"went well and said {said}"
    files = sorted(p for p in out.rglob("*")) if out.exists() else []
    hidden = [str(p) for p in files if p.name.startswith(".")]
    if hidden:
        return f"left {hidden}"
    if code == 0 and not any(p.name == "summary.json" for p in files):
        return "went well and wrote no summary"
    for path in files:
        if path.is_file() and path.name != "study.json":
            try:
                _CHECKS[path.suffix](path)
            except Exception as error:
                return f"{path.name}: {type(error).__name__}: {error}"
    return ""


def _check_netcdf(path: Path) -> None:
    with xr.open_dataset(path) as file:
        data = file.load()
    if path.name == "particles.nc":
        released = data["status"] != 0
        for name, most in (("lon", 360.0), ("lat", 90.0), ("mass", 1e12)):
            values = data[name].where(released).to_numpy()
            assert np.isfinite(values[released]).all(), f"{name} is missing"
            assert np.nanmax(np.abs(values), initial=0.0) <= most, f"{name} is out of range"


def _check_json(path: Path) -> None:
    def refuse(text: str) -> None:
        raise ValueError(f"{text} is no JSON")

    json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def _check_raster(path: Path) -> None:
    with rasterio.open(path) as file:
        file.read()


def _check_table(path: Path) -> None:
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows
    assert len({len(row) for row in rows}) == 1


def _check_picture(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()


def _check_page(path: Path) -> None:
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


_CHECKS = {
    ".nc": _check_netcdf,
    ".json": _check_json,
    ".geojson": _check_json,
    ".tif": _check_raster,
    ".csv": _check_table,
    ".png": _check_picture,
    ".html": _check_page,
}


if __name__ == "__main__":
    main()
