import csv
import json

import geopandas
import numpy as np
import pytest
import rasterio
import xarray as xr
from compliance_checker.runner import CheckSuite, ComplianceChecker

from simulator import REQUIRED_VARIABLES, Status
from witoil.outputs import write_run
from witoil.simulation import mask_at, run


@pytest.fixture(scope="module")
def written(scenario, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    result = run(scenario)
    write_run(scenario, result, folder, parameters=scenario.parameters())
    return folder, result


def test_all_files_and_no_other(written):
    assert sorted(path.name for path in written[0].iterdir()) == [
        "budget.csv",
        "mask_20250601T1200.tif",
        "mask_20250601T1800.tif",
        "particles.nc",
        "slick_20250601T1200.geojson",
        "slick_20250601T1800.geojson",
        "summary.json",
    ]


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


def test_the_file_holds_the_run(written):
    folder, result = written
    with xr.open_dataset(folder / "particles.nc") as stored:
        np.testing.assert_array_equal(stored["lon"], result["lon"])
        np.testing.assert_array_equal(stored["status"], result["status"])
        np.testing.assert_array_equal(stored["time"], result["time"])
        assert stored["trajectory"].attrs["cf_role"] == "trajectory_id"
        assert json.loads(stored.attrs["witoil_case"])["name"] == "demo"


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
    for row in rows:
        shares = [float(row[f"{status.name.lower()}_fraction"]) for status in Status]
        assert sum(shares) == pytest.approx(1.0, abs=1e-8)


def test_the_summary_counts_every_particle(written, scenario):
    summary = json.loads((written[0] / "summary.json").read_text())
    assert sum(summary["status"].values()) == summary["particles"] == scenario.particles.size
    assert set(summary["scores"][0]["fss"]) == {"1", "7", "21", "67"}
    assert [row["variable"] for row in summary["coverage"] if "box" in row] == [*REQUIRED_VARIABLES]
    assert all(row["action"].startswith("not given; ") for row in summary["coverage"][4:])
    assert len(summary["coverage"]) == 8
