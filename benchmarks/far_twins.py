"""How often a search meets a slick that lies some 10 km off the run of the case.

Each twin is one slick on a sea whose currents and winds have errors and whose currents are off by
another 0.1 to 0.16 m/s throughout; it is seen again after 22 h. The search begins with the
parameters of the case, once led by coarse windows where slicks do not meet and once not.
`docs/calibration.md` has the figures.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np

from benchmarks._twins import (
    MIDDLE,
    ONLY_DRIFT,
    STEP,
    WIND_DRIFT,
    keys,
    true_parameters,
    uselessness,
    write_fields,
    write_slicks,
)
from witoil.calibration import evaluation
from witoil.calibration.search import search
from witoil.case import load_case
from witoil.demo import START, feature, outline
from witoil.files import mask_name, write_json
from witoil.scenario.prepare import prepare

SEEDS = int(os.environ.get("WITOIL_TWINS", "12"))
PARTICLES = 2000

HOURS = 22
"""When the slick is seen again. [h]"""

BIAS = (0.10, 0.16)
"""How far off all currents are, at least and at most. [m s-1]"""

MET = 0.3
"""Score from which on a run counts as one that meets the slick."""

WAYS = {"coarse windows": evaluation.BLIND, "without": -1.0}
"""Way of the search -> score up to which coarse windows lead it."""

CASE = (
    """\
name = "far"

[time]
start = 2025-06-01T06:00:00Z
end = {end}Z

[forcing]
currents = "{prefix}currents.nc"
winds = "{prefix}winds.nc"
coastline = "coast.geojson"

[[release]]
kind = "area"
geometry = "slick.geojson"
time = 2025-06-01T06:00:00Z
mass_tonnes = 100

"""
    + ONLY_DRIFT
    + "\n[model]\n"
)

SEARCH = """
[optimise]
evaluations = 60

[optimise.parameters]
wind_drift_factor = [0.0, 0.05]
wind_drift_angle_deg = [-60, 60]
current_factor = [-0.5, 1.5]
current_bias_east = [-0.2, 0.2]
current_bias_north = [-0.2, 0.2]
horizontal_diffusivity = [0.1, 50.0]
"""


def run() -> dict[str, float]:
    """Search each twin both ways.

    Returns
    -------
    dict of str to float
        How far off the run of the case is, on the median [km]; how many of the twins it misses, and
        of these, for each way: the share that is met, the median score, and how many runs it takes
        until the slicks score more than next to nothing, on the median.
    """
    scores: dict[str, list[float]] = {way: [] for way in WAYS}
    off, needed = [], []
    for seed in range(SEEDS):
        with TemporaryDirectory() as name:
            scenario = prepare(load_case(make_far(Path(name), seed)))
            for way, blind in WAYS.items():
                with patch.object(evaluation, "BLIND", blind):
                    study = search(scenario, Path(name) / way).study
                default = study["default"]
                if default["score"] >= evaluation.BLIND:
                    break  # nothing is to be shown
                scores[way].append(study["best"]["score"])
                if way == "coarse windows":
                    off.append(1e-3 * default["observations"][0]["centroid_distance_m"])
                    needed.append(_first_that_met(study["history"]))
        print(
            seed,
            {way: [round(s, 3) for s in found] for way, found in scores.items()},
            file=sys.stderr,
        )
    figures = {"twins": float(SEEDS), "missed by the case": float(len(off))}
    figures["off [km]"] = float(np.median(off))
    figures["runs until one meets, coarse windows"] = float(np.median(needed))
    for way, found in scores.items():
        figures[f"met, {way}"] = float((np.array(found) >= MET).mean())
        figures[f"best score, {way}"] = float(np.median(found))
    return figures


def _first_that_met(history: list[dict[str, float | None]]) -> int:
    met = (k for k, row in enumerate(history, start=1) if row["approach"] is None)
    return next(met, len(history))


def make_far(folder: Path, seed: int) -> Path:
    """Write a twin experiment and return its case, which knows nothing of the truth."""
    rng = np.random.default_rng([seed, 6])
    place = (MIDDLE[0] + rng.uniform(-0.1, 0.1), MIDDLE[1] + rng.uniform(-0.1, 0.1))
    along, across = rng.uniform(1000.0, 2500.0), rng.uniform(600.0, 1200.0)
    write_json(folder / "slick.geojson", feature(outline(*place, along, across, wiggle=0.25)))
    east = place[0] + 0.6  # out of the way
    corners = [[east, 35.5], [east + 0.5, 35.5], [east + 0.5, 38.5], [east, 38.5], [east, 35.5]]
    write_json(folder / "coast.geojson", feature(corners))
    write_fields(folder, rng, uselessness("good", 0.0))
    time = START + np.timedelta64(HOURS, "h")
    end = str(time.astype("datetime64[s]"))
    towards, speed = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(*BIAS)
    true = true_parameters(rng, WIND_DRIFT) | {
        "current_bias_east": float(speed * np.sin(towards)),
        "current_bias_north": float(speed * np.cos(towards)),
    }
    truth = folder / "truth.toml"
    model = {"particles": 20_000, "seed": 77, **STEP, **true}
    truth.write_text(CASE.format(prefix="true_", end=end) + keys(model))
    write_slicks(folder, truth, [time], rng)
    seen = f'\n[[observation]]\ngeometry = "{mask_name(time)}"\n'
    case = folder / "case.toml"
    text = CASE.format(prefix="", end=end) + keys({"particles": PARTICLES, **STEP}) + seen
    case.write_text(text + SEARCH)
    return case
