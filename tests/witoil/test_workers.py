"""Workers of a Dask scheduler give the bits of this process, whatever it asks them for."""

import numpy as np
import pytest
from dask.distributed import LocalCluster

from tests.witoil.test_ensemble import bits
from witoil.calibration.search import search
from witoil.case import load_case
from witoil.ensemble.members import draw_members
from witoil.ensemble.runs import prepare_products, run_ensemble
from witoil.forecast.forecasting import forecast
from witoil.scenario.prepare import prepare

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SEARCH = """
[ensemble]
current_error_m_s = 0.2

[ensemble.parameters]
wind_drift_factor = [0.0, 0.03]
horizontal_diffusivity = [1, 20]

[forecast]
evaluations = 12
members = 4

[optimise]
start_from = "observations"
initial = 4
evaluations = 6"""
"""Few runs, of which each search proposes some by what others scored."""


@pytest.fixture(scope="module")
def two_workers():
    """Address of a scheduler with two workers, which take long to load what they need."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",  # None would take port 8787, which may be in use
        host="127.0.0.1",
        protocol="tcp://",
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def small(twin):
    text = (twin / "demo.toml").read_text().replace("20_000", "1_000")
    asked = "\n[optimise]\nevaluations = 80"
    assert asked in text
    (twin / "workers.toml").write_text(text.replace(asked, SEARCH))
    return prepare(load_case(twin / "workers.toml"))


def test_a_search(small, two_workers, tmp_path):
    there = search(small, tmp_path / "there", scheduler=two_workers).study
    here = search(small, tmp_path / "here").study
    assert {row["origin"] for row in here["history"][4:]} <= {"global", "local"}
    assert there["history"] == here["history"]


def test_a_forecast(small, two_workers, tmp_path):
    there = forecast(small, tmp_path / "there", scheduler=two_workers)
    here = forecast(small, tmp_path / "here")
    assert without_seconds(there.study) == without_seconds(here.study)
    for mine, other in zip(here.steps, there.steps, strict=True):
        np.testing.assert_array_equal(mine.mixed, other.mixed)


def without_seconds(study):
    return {key: value for key, value in study.items() if "seconds" not in key}


def test_an_ensemble(small, two_workers):
    scenarios, members = prepare_products(small.case, small), draw_members(small, 5)
    there = run_ensemble(scenarios, members, scheduler=two_workers)
    assert not there.failures
    assert bits(there) == bits(run_ensemble(scenarios, members))
