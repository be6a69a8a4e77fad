"""Seconds and memory of `witoil export` in each format: 100,000 particles at 48 outputs."""

import os
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

from simulator import Status
from witoil.case import load_case
from witoil.demo import make_twin
from witoil.exports.formats import FORMATS
from witoil.outputs.run import write_trajectories

PARTICLES, OUTPUTS = 100_000, 48


def run() -> dict[str, float]:
    """Return seconds, process start included, peak memory and size of the files. [s, MB]"""
    figures = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        # in a process of its own: what this one has held would count for those it starts
        with get_context("spawn").Pool(1) as pool:
            particles = pool.apply(write_particles, (folder, PARTICLES, OUTPUTS))
        for form in FORMATS:
            out = folder / form
            command = (
                "export",
                particles,
                "--to",
                form,
                "--out",
                out / f"run{FORMATS[form].suffix}",
            )
            names = (f"{form}_s", f"{form}_processor_s", f"{form}_peak_mb")
            figures |= dict(zip(names, _measured(*command), strict=True))
            figures[f"{form}_mb"] = (
                sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 1e6
            )
    return figures


def write_particles(folder: Path, particles: int, outputs: int) -> Path:
    """Write a file of particles as a run does: a patch that drifts, spreads and beaches in part."""
    case = load_case(make_twin(folder))
    rng = np.random.default_rng(1)
    step = np.timedelta64(1, "h").astype("m8[ns]")
    times = np.datetime64(case.time.start.replace(tzinfo=None), "ns") + step * np.arange(outputs)
    walk = rng.normal(0.002, 0.002, (2, particles, outputs)).cumsum(axis=-1)
    status = np.full((particles, outputs), Status.AFLOAT, np.int8)
    status[::10, outputs // 2 :] = Status.BEACHED
    size = (particles, outputs)
    along = ("trajectory", "time")
    result = xr.Dataset(
        {
            "lon": (along, 19.0 + walk[0]),
            "lat": (along, 36.0 + walk[1]),
            "status": (along, status),
            "mass": (along, rng.uniform(0.5, 1.0, size)),
            "z": (along, np.minimum(0.0, rng.normal(1.0, 1.0, size)).astype(np.float32)),
            "thickness": (along, rng.uniform(1e-6, 1e-4, size).astype(np.float32)),
            "release": ("trajectory", np.zeros(particles, np.int32)),
        },
        {"time": times, "trajectory": np.arange(particles, dtype=np.int32)},
    )
    path = folder / "particles.nc"
    write_trajectories(case, result, {}, path)
    return path


def _measured(*arguments: object) -> tuple[float, float, float]:
    """Return what a command takes: time, processor time and memory. [s, s, MB]"""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "witoil", *map(str, arguments)], stdout=subprocess.DEVNULL
    )
    _, code, usage = os.wait4(process.pid, 0)
    if code:
        raise RuntimeError(f"{' '.join(map(str, arguments))} failed")
    seconds = time.perf_counter() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024.0
