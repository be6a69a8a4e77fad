"""What a prior of the wind drift is worth for oil that hugs a coast, and for drifters that follow oil.

The same twins (`benchmarks/_twins.py`, fields with errors only) of both kinds are forecast with
several means and widths of the prior. `docs/calibration.md` has the table.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np

from benchmarks._twins import make_twin
from witoil.case import load_case
from witoil.case.tunables import TUNABLES, Prior
from witoil.forecast.forecasting import forecast
from witoil.scenario.prepare import prepare

SEEDS = int(os.environ.get("WITOIL_TWINS", "8"))
"""Twins of each kind and window."""

PARTICLES = 1000

KINDS = {"1 % and Stokes": (0.010, 0.003), "3 % in all": (0.021, 0.003)}
"""Mean and standard deviation of the true wind drift, beside a Stokes drift of some 0.9 %. [1]"""

PRIORS = {
    f"{100 * mean:g} ± {100 * sd:g} %": (mean, sd)
    for mean, sd in ((0.010, 0.010), (0.015, 0.010), (0.015, 0.015), (0.020, 0.010))
}
"""Mean and standard deviation of the prior of `wind_drift_factor`. [1]"""

COLUMNS = ("default", "prior", "forecast")


def run() -> dict[str, float]:
    """Forecast every slick but the first of each twin with each prior.

    Returns
    -------
    dict of str to float
        Prior, kind and column -> mean FSS at one cell. The column `default` is one run whose wind
        drift is the mean of the prior, `prior` the ensemble of it that has seen no slick.
    """
    fss: dict[str, list[float]] = {}
    for seed, window, (kind, true) in product(range(SEEDS), ("hours", "day"), KINDS.items()):
        number = 9000 + 500 * (window == "day") + seed
        with TemporaryDirectory() as name:
            path = make_twin(Path(name), number, PARTICLES, "good", window, true)
            for prior, (mean, sd) in PRIORS.items():
                with prior_of_wind_drift(sd):
                    told = _forecast(path, mean)
                for column, values in told.items():
                    fss.setdefault(f"{prior}: {kind}: {column}", []).extend(values)
        print(f"{kind}, {window}, {number}", file=sys.stderr, flush=True)
    return {name: float(np.mean(values)) for name, values in sorted(fss.items())}


@contextmanager
def prior_of_wind_drift(sd: float) -> Iterator[None]:
    """Give the prior another width for a while; its mean is what a case says."""
    known = TUNABLES["wind_drift_factor"]
    other = replace(known, prior=Prior(known.prior.mean, sd, known.prior.reason))
    with patch.dict(TUNABLES, wind_drift_factor=other):
        yield


def _forecast(path: Path, mean: float) -> dict[str, list[float]]:
    """Return column -> FSS at one cell of each forecast."""
    case = load_case(path)
    values = {**case.model.model_dump(exclude_unset=True), "wind_drift_factor": mean}
    case = case.model_copy(update={"model": type(case.model)(**values)})
    with TemporaryDirectory() as folder:
        result = forecast(prepare(case), Path(folder))
    return {
        column: [step.scores[column]["fss"]["1"] for step in result.steps] for column in COLUMNS
    }
