import csv
import json
from dataclasses import replace

import geopandas
import numpy as np
import pytest
import rasterio
import xarray as xr
from compliance_checker.runner import CheckSuite, ComplianceChecker

import simulator
from simulator import FATES, REQUIRED_VARIABLES, Status
from witoil.outputs.budget import in_words, write_budget
from witoil.outputs.run import write_run
from witoil.scenario.run import mask_at, run


@pytest.mark.slow
def test_all_files_and_no_other(written):
    assert sorted(path.name for path in written[0].iterdir()) == [
        "budget.csv",
        "budget.png",
        "driving.png",
        "map.png",
        "mask_20250601T1200.tif",
        "mask_20250601T1800.tif",
        "observed_20250601T1200.geojson",
        "observed_20250601T1800.geojson",
        "particles.nc",
        "report.html",
        "slick_20250601T1200.geojson",
        "slick_20250601T1800.geojson",
        "summary.json",
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cf_checker_finds_no_error(written, tmp_path):
    CheckSuite.load_all_available_checkers()
    report = tmp_path / "report.json"
    _, failed = ComplianceChecker.run_checker(
        str(written[0] / "particles.nc"),
        ["cf:1.8"],
        verbose=0,
        criteria="strict",
        output_filename=str(report),
        output_format="json",
    )
    assert not failed
    checks = json.loads(report.read_text())["cf:1.8"]
    assert checks["high_count"] == 0
    # CF lets features share one axis (9.3.1), but the checker takes such trajectories for a grid
    lost = {c["name"] for c in checks["all_priorities"] if c["value"][0] != c["value"][1]}
    assert lost == {"§9.1 Features and feature types"}


def test_the_file_holds_the_run(written):
    folder, result = written
    with xr.open_dataset(folder / "particles.nc") as stored:
        np.testing.assert_array_equal(stored["lon"], result["lon"])
        np.testing.assert_array_equal(stored["status"], result["status"])
        np.testing.assert_array_equal(stored["time"], result["time"])
        np.testing.assert_array_equal(stored["z"], result["z"])
        released = result["status"].values != Status.UNRELEASED
        np.testing.assert_array_equal(np.isfinite(stored["mass"]), released)
        np.testing.assert_allclose(
            stored["mass"].values[released], result["mass"].values[released], rtol=1e-7
        )
        assert set(stored.dims) == {"trajectory", "time"}
        assert "z" in stored.coords
        assert stored["trajectory"].attrs["cf_role"] == "trajectory_id"
        assert json.loads(stored.attrs["witoil_case"])["name"] == "demo"


@pytest.fixture(scope="module")
def evaporated(scenario, write_drawn, tmp_path_factory):
    """Write a run of gasoline."""
    folder = tmp_path_factory.mktemp("gasoline")
    volatile = replace(scenario, oil=simulator.GENERIC_OILS["generic-gasoline"])
    write_drawn(volatile, run(volatile), folder)
    return folder


@pytest.mark.slow
def test_oil_that_has_evaporated_altogether_is_told_by_all_files(evaporated):
    summary = json.loads((evaporated / "summary.json").read_text())
    count = summary["status"]["evaporated"]
    assert count > 1000
    counts, _ = in_words(summary["status"], summary["mass_balance_kg"])
    assert f"{count:,} evaporated" in counts
    with xr.open_dataset(evaporated / "particles.nc") as stored:
        gone = (stored["status"] == Status.EVAPORATED).values
        assert not gone[:, 0].any()
        assert gone[:, -1].sum() == count
        assert "evaporated" in stored["status"].attrs["flag_meanings"].split()
        assert (stored["mass"].values[gone] == 0.0).all()
        for name in ("water_fraction", "viscosity", "density", "thickness"):
            missing = gone | (stored["status"] == Status.UNRELEASED).values
            np.testing.assert_array_equal(np.isnan(stored[name]), missing)
        assert np.isfinite(stored["lon"].values[gone]).all()


def test_mask_and_outline_show_the_same_slick(written, scenario):
    folder, result = written
    time = scenario.observations[0].time
    mask = mask_at(scenario, result, time)
    with rasterio.open(folder / "mask_20250601T1200.tif") as file:
        assert file.crs.to_epsg() == 32634
        np.testing.assert_array_equal(file.read(1), mask.astype(np.uint8))
    outline = geopandas.read_file(folder / "slick_20250601T1200.geojson")
    assert outline.crs.to_epsg() == 4326
    area = mask.sum() * scenario.grid.resolution**2
    assert outline.to_crs(32634).area.sum() == pytest.approx(area, rel=1e-6)


def test_the_budget_adds_up_at_every_time(written):
    with (written[0] / "budget.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13
    released = written[1]["released_mass"].values
    for row, mass in zip(rows, released, strict=True):
        shares = [float(row[f"{name}_fraction"]) for name in FATES]
        assert sum(shares) == pytest.approx(1.0, abs=1e-9)
        assert float(row["released_kg"]) == pytest.approx(mass, rel=1e-8)


def test_before_the_release_there_are_no_shares(written, tmp_path):
    result = written[1].isel(time=[0, 1]).copy(deep=True)
    for name in ("released", *FATES):
        result[f"{name}_mass"][0] = 0.0
    write_budget(result, tmp_path / "budget.csv")
    with (tmp_path / "budget.csv").open(newline="") as file:
        before, after = csv.DictReader(file)
    assert before["released_kg"] == "0"
    assert all(before[f"{name}_fraction"] == "" for name in FATES)
    assert all(after[f"{name}_fraction"] for name in FATES)


def test_the_summary_counts_every_particle(written, scenario):
    summary = json.loads((written[0] / "summary.json").read_text())
    assert sum(summary["status"].values()) == summary["particles"] == scenario.particles.size
    assert set(summary["scores"][0]["fss"]) == {"1", "7", "21", "67"}
    assert [row["variable"] for row in summary["coverage"] if "box" in row] == [*REQUIRED_VARIABLES]
    assert all(row["action"].startswith("not given; ") for row in summary["coverage"][4:])
    assert len(summary["coverage"]) == 8
    assert set(summary["status"]) == {status.name.lower() for status in Status}
    balance = summary["mass_balance_kg"]
    assert balance["released"] == pytest.approx(620e3)
    assert sum(balance[name] for name in FATES) == pytest.approx(620e3)
    assert summary["oil"]["mass_kg"] == pytest.approx(620e3)
    assert summary["processes"]["dispersion"] == "li2017"
    assert summary["shore"]["type"] == "sand"


@pytest.mark.slow
def test_observations_before_a_run_goes_on_are_not_scored(written, scenario, tmp_path):
    later = written[1].sel(time=slice("2025-06-01T15:00", None))
    summary = write_run(scenario, later, tmp_path, parameters=scenario.parameters())
    assert [score["time"] for score in summary["scores"]] == ["20250601T1800"]
    assert not (tmp_path / "mask_20250601T1200.tif").exists()
    assert (
        summary["scores"][0] == json.loads((written[0] / "summary.json").read_text())["scores"][1]
    )
