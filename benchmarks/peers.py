"""Whole commands: ours on Baniyas 1 against OpenDrift's OpenOil on the same oil, side by side.

Needs the cases, and in `OPENDRIFT_PYTHON` an interpreter that has OpenDrift, see peers.md. Both
start from nothing, read the same fields, carry as many particles from the same places with the
same step, weather the oil, know the coast (each its own of OpenStreetMap or GSHHG), and write all
particles every hour.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

EXAMPLE = Path(__file__).parents[1] / "examples" / "baniyas-1.toml"
OPENOIL = Path(__file__).parent / "_openoil.py"
ROUNDS = 3
STEP_SECONDS, OUTPUT_SECONDS = 900.0, 3600.0


def run() -> dict[str, float]:
    """Return medians of some rounds of whole processes, and how many times as much theirs took.

    Returns
    -------
    dict of str to float
        [s], [MB] and [1].
    """
    if not {"OPENDRIFT_PYTHON", "WITOIL_CASES"} <= os.environ.keys():
        sys.exit("peers: expected WITOIL_CASES and OPENDRIFT_PYTHON, see benchmarks/peers.md")
    with TemporaryDirectory() as name:
        folder = Path(name)
        ours = [sys.executable, "-m", "witoil", "simulate", str(EXAMPLE), "--quiet"]
        ours += ["--out", str(folder / "run")]
        theirs = [os.environ["OPENDRIFT_PYTHON"], str(OPENOIL), str(folder)]
        _measured(ours)  # compiles, and cuts the coastline out of the world
        _ask_for(folder)
        _measured(theirs)
        rounds = {"witoil": ours, "without_pictures": [*ours, "--no-pictures"], "openoil": theirs}
        measured = [[_measured(command) for command in rounds.values()] for _ in range(ROUNDS)]
    figures = {}
    for what, values in zip(("s", "processor_s", "peak_mb"), np.array(measured).T, strict=True):
        figures |= {
            f"{name}_{what}": np.median(each) for name, each in zip(rounds, values, strict=True)
        }
        figures[f"openoil_over_witoil_{what}"] = np.median(values[2] / values[0])
        figures[f"openoil_over_without_pictures_{what}"] = np.median(values[2] / values[1])
    return figures


def _ask_for(folder: Path) -> None:
    """Write what the other model needs to carry the particles of our run."""
    data = Path(os.environ["WITOIL_CASES"]) / "baniyas-2021"
    with xr.open_dataset(folder / "run" / "particles.nc") as ran:
        first = ran["lon"].notnull().argmax("time")
        places = {name: ran[name].isel(time=first).values for name in ("lon", "lat")}
        times = ran["time"].isel(time=first).values
        parameters = json.loads(ran.attrs["witoil_parameters"])
        end = ran["time"].values[-1]
    np.savez(
        folder / "seeds.npz",
        allow_pickle=False,
        seconds=times.astype("datetime64[s]").astype(np.int64),
        **places,
    )
    asked = {
        "forcing": [str(data / "currents.nc"), str(data / "winds.nc")],
        "diffusivity": parameters["horizontal_diffusivity"],
        "wind_drift_factor": parameters["wind_drift_factor"],
        "oil": "GENERIC MEDIUM CRUDE",
        "end": str(end.astype("datetime64[s]")),
        "step": STEP_SECONDS,
        "output": OUTPUT_SECONDS,
    }
    (folder / "openoil.json").write_text(json.dumps(asked), encoding="utf-8")


def _measured(command: list[str]) -> tuple[float, float, float]:
    """Return seconds, processor seconds and memory [MB] of the largest process."""
    before = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"TZ": "UTC"})
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - before
    if status:
        raise subprocess.CalledProcessError(status, command)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024.0
