"""What a prior of the wind drift is worth, for oil that hugs a coast and for drifters.

The same twins (`benchmarks/_twins.py`, fields with errors only) of both kinds are forecast with
several means and widths of the prior, and run as ensembles of two widths. `docs/calibration.md` has
the tables.
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
from witoil.case.uncertainty import Ensemble, Normal
from witoil.ensemble.members import draw_members
from witoil.forecast.forecasting import forecast
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at
from witoil.scenario.run import run as simulate
from witoil.scenario.scenario import Scenario

SEEDS = int(os.environ.get("WITOIL_TWINS", "3"))
"""Twins of each kind and window."""

PARTICLES = 1000

KINDS = {"1 % and Stokes": (0.010, 0.003), "3 % in all": (0.021, 0.003)}
"""Mean and standard deviation of the true wind drift, beside a Stokes drift of some 0.9 %. [1]"""

PRIORS = {
    f"{100 * mean:g} ± {100 * sd:g} %": (mean, sd)
    for mean, sd in ((0.010, 0.010), (0.015, 0.010), (0.015, 0.015), (0.020, 0.010))
}
"""Mean and standard deviation of the prior of `wind_drift_factor`. [1]"""

SPREADS = (0.005, 0.01)
"""Standard deviations of the factor in an ensemble. [1]"""

MEMBERS = 25
COLUMNS = ("default", "prior", "forecast")


def run() -> dict[str, float]:
    """Forecast every slick but the first of each twin with each prior.

    Returns
    -------
    dict of str to float
        Prior, kind and column -> mean FSS at one cell. The column `default` is one run whose wind
        drift is the mean of the prior, `prior` the ensemble of it that has seen no slick. Of
        ensembles: the share of the third slick that all members missed, and the Brier score
        summed over cells, by the cells with oil.
    """
    fss: dict[str, list[float]] = {}
    for seed, window, (kind, true) in product(range(SEEDS), ("hours", "day"), KINDS.items()):
        number = 9000 + 500 * (window == "day") + seed
        with TemporaryDirectory() as name:
            path = make_twin(Path(name), number, PARTICLES, "good", window, true)
            for sd in SPREADS:
                for figure, value in _ensemble(prepare(load_case(path)), sd).items():
                    key = f"ensemble ± {100 * sd:g} %: {kind}: {figure}"
                    fss.setdefault(key, []).append(value)
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


def _ensemble(scenario: Scenario, sd: float) -> dict[str, float]:
    """Return what an ensemble from the first slick on says of the third slick seen."""
    ensemble = Ensemble(parameters={"wind_drift_factor": Normal(sd=sd)})
    case = scenario.case.model_copy(update={"ensemble": ensemble})
    scenario, seen = replace(scenario, case=case), scenario.observations[2]
    probability = np.zeros(scenario.grid.shape)
    for member in draw_members(scenario, MEMBERS):
        errors = {"wind_error": member.wind_error, "current_error": member.current_error}
        forcing = scenario.forcing.perturbed(**errors)
        perturbed = replace(scenario, seed=member.seed, forcing=forcing)
        result = simulate(perturbed, member.parameters)
        probability += mask_at(scenario, result, seen.time) / MEMBERS
    valid = scenario.valid(seen)
    oil = seen.mask & valid
    return {
        "missed": float((probability[oil] == 0.0).mean()),
        "Brier score": float(((probability - oil)[valid] ** 2).sum() / oil.sum()),
    }


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
