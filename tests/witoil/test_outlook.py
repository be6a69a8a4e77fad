import json

import numpy as np
import pytest
import rasterio

from optimizer import fractions_skill_score
from simulator import SimulatorError
from witoil.calibration.scoring import read_mask
from witoil.case import load_case
from witoil.errors import CaseError
from witoil.files import mask_name
from witoil.forecast import outlook as module
from witoil.forecast.forecasting import forecast
from witoil.forecast.outlook import look_ahead
from witoil.outputs.forecast import write_forecast
from witoil.outputs.run import write_mask
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

LAST = "20250601T1200"
SEARCH = """
[[observation]]
geometry = "seen/mask_20250601T0900.tif"

[[observation]]
geometry = "seen/mask_20250601T1200.tif"

[optimise]
start_from = "observations"

[forecast]
evaluations = 24
members = 16
"""


@pytest.fixture(scope="module")
def folder(twin_copy):
    """A twin whose last slick is seen at noon, and the true slicks until the evening."""
    folder = twin_copy("outlook")
    truth = prepare(load_case(folder / "truth.toml"))
    result = run(truth)
    for hour in (9, 12, 15, 18):
        at = np.datetime64(f"2025-06-01T{hour:02}:00", "ns")
        write_mask(mask_at(truth, result, at), truth.grid, at, folder / "seen" / mask_name(at))
    text = (folder / "demo.toml").read_text()
    text = text[: text.index("[[observation]]")].replace("20_000", "2_000") + SEARCH
    (folder / "later.toml").write_text(text)
    (folder / "until.toml").write_text(text.replace("end = 2025-06-01T18", "end = 2025-06-01T12"))
    return folder


@pytest.fixture(scope="module")
def done(folder):
    result = forecast(prepare(load_case(folder / "later.toml")), folder / "later")
    found = look_ahead(result)
    write_forecast(result, folder / "later", found)
    return result, found


@pytest.mark.slow
def test_it_goes_hour_by_hour_from_the_last_slick_to_the_end_of_the_case(done):
    _, found = done
    assert found.leg.forcing.start == np.datetime64("2025-06-01T12:00")
    np.testing.assert_array_equal(
        found.times, [np.datetime64(f"2025-06-01T{hour}:00") for hour in range(13, 19)]
    )
    for k in range(found.times.size):
        probability = found.probability(k)
        assert 0.0 <= probability.min() < probability.max() <= 1.0 + 1e-6


@pytest.mark.slow
def test_the_true_slick_of_the_evening_is_foretold(folder, done):
    _, found = done
    for hour in (15, 18):
        foretold, grid, _ = read_mask(folder / "later" / "outlook" / f"mask_20250601T{hour}00.tif")
        true, other, _ = read_mask(folder / "seen" / f"mask_20250601T{hour}00.tif")
        true = grid.cells_of(true, other)
        score = fractions_skill_score(foretold, true, [1])[1]
        unmoved = fractions_skill_score(found.leg.seen_first, true, [1])[1]
        assert score > unmoved + 0.1
        assert score > 0.7


@pytest.mark.slow
def test_all_is_written_and_said_not_to_be_verified(folder, done):
    result, found = done
    into = folder / "later" / "outlook"
    record = json.loads((into / "outlook.json").read_text())
    assert record["verified"] is False
    assert (record["from"], record["to"]) == ("2025-06-01T12:00:00Z", "2025-06-01T18:00:00Z")
    assert len(record["times"]) == 6
    for k, row in enumerate(record["times"]):
        assert row["trust"] == found.trust(k)
        assert sum(row["trust"].values()) == pytest.approx(1.0)
        assert {"without_currents", "without_wind", "without_drift", "grown"} < row["trust"].keys()
    with rasterio.open(into / "probability_20250601T1800.tif") as file:
        np.testing.assert_array_equal(file.read(1), found.probability(5))
        assert "not verified" in file.descriptions[0]
    outline = json.loads((into / "slick_20250601T1700.geojson").read_text())
    assert outline["features"][0]["properties"]["verified"] is False
    page = (folder / "later" / "report.html").read_text()
    assert "Not verified" in page
    assert page.count("<img") == 4 + 3 * len(result.steps) + 4


@pytest.mark.slow
def test_the_forecasts_of_slicks_do_not_depend_on_it(folder, done, tmp_path):
    until = forecast(prepare(load_case(folder / "until.toml")), tmp_path)
    assert look_ahead(until) is None
    for key in ("forecast", "history", "posterior"):
        assert until.study[key] == done[0].study[key]


@pytest.mark.slow
def test_failed_runs_do_not_count_and_all_failed_is_an_error(done, monkeypatch):
    result, found = done
    bad = next(iter(found.cells))

    def fails(leg, changed, **options):
        if changed == result.trials[bad].parameters:
            raise SimulatorError("no wind")
        return run(leg, changed, **options)

    monkeypatch.setattr(module, "run", fails)
    fewer = look_ahead(result)
    assert set(found.cells) - set(fewer.cells) == {bad}
    assert fewer.probability(0).max() <= 1.0 + 1e-6

    def always(leg, changed, **options):
        raise SimulatorError("no wind")

    monkeypatch.setattr(module, "run", always)
    with pytest.raises(CaseError, match="every run beyond the last slick failed"):
        look_ahead(result)
