"""Previews: the run that `simulate` makes, without its files."""

import base64
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulator.status import Status
from witoil import jobs
from witoil.case import load_case
from witoil.errors import CaseError
from witoil.preview import positions_of, preview
from witoil.scenario.prepare import prepare

FEW = "particles = 20_000", "particles = 500"


@pytest.fixture(scope="module")
def few(twin):
    path = twin / "few.toml"
    path.write_text((twin / "demo.toml").read_text().replace(*FEW))
    return prepare(load_case(path))


def places(positions):
    """Return longitudes, latitudes and statuses as a client decodes them."""
    numbers = np.frombuffer(base64.b64decode(positions["data"]), "<u2").reshape(-1, 2)
    west, south, east, north = positions["bounds"]
    lon = west + (east - west) * numbers[:, 0] / 65535
    lat = south + (north - south) * numbers[:, 1] / 65535
    return lon, lat, np.frombuffer(base64.b64decode(positions["statuses"]), np.uint8)


@pytest.mark.slow
def test_scores_are_those_of_a_run_with_these_parameters_to_the_bit(twin, few, tmp_path):
    changed = {"wind_drift_factor": 0.021, "current_factor": 0.83, "detection_limit_um": 0.3}
    text = (twin / "demo.toml").read_text().replace(*FEW)
    text = text.replace("[model]", "[model]\nwind_drift_factor = 0.021\ncurrent_factor = 0.83", 1)
    text += "\n[score]\ndetection_limit_um = 0.3\n"
    path = twin / "moved.toml"
    path.write_text(text)
    summary = jobs.simulate(load_case(path), tmp_path / "run", pictures=False)
    found = preview(few, changed)
    assert [row["fss"] for row in found["scores"]] == [row["fss"] for row in summary["scores"]]
    assert [row["iou"] for row in found["scores"]] == [row["iou"] for row in summary["scores"]]
    for seen, row in zip(few.observations, found["scores"], strict=True):
        (file,) = seen.slick.files
        windows = few.case.score.windows
        scored = jobs.score(tmp_path / "run", Path(file), windows=windows)
        assert scored["fss"] == row["fss"]
    default = preview(few, {})
    assert default["scores"] != found["scores"]


@pytest.mark.slow
def test_the_output_nearest_to_a_time_is_shown(few):
    last = few.observations[-1].time
    assert np.datetime64(preview(few, {})["time"].rstrip("Z")) == last
    early = few.start + np.timedelta64(70, "m")
    shown = np.datetime64(preview(few, {}, time=early)["time"].rstrip("Z"))
    assert shown == few.start + np.timedelta64(60, "m")
    found = preview(few, {}, time=early, polygons=True)
    assert found["scores"] == preview(few, {})["scores"]
    assert found["polygons"]["type"] in ("Polygon", "MultiPolygon")
    assert found["area_m2"] > 0.0


@pytest.mark.slow
def test_a_case_without_observations_is_shown_at_its_end(twin):
    text = (twin / "demo.toml").read_text().replace(*FEW)
    path = twin / "unseen.toml"
    path.write_text(text[: text.index("[[observation]]")])
    scenario = prepare(load_case(path))
    found = preview(scenario, {})
    assert (found["score"], found["fss"], found["scores"]) == (None, None, [])
    assert np.datetime64(found["time"].rstrip("Z")) == scenario.end


@pytest.mark.slow
def test_it_ends_early_where_that_is_asked_for(few):
    class StopError(Exception):
        pass

    calls = []

    def between():
        calls.append(1)
        if len(calls) == 2:
            raise StopError

    with pytest.raises(StopError):
        preview(few, {}, between=between)
    assert len(calls) == 2


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"wind": 1.0}, {"wind_drift_factor": 9.0}])
def test_parameters_that_no_run_can_have(few, changed):
    with pytest.raises(CaseError):
        preview(few, changed)


@pytest.mark.slow
def test_a_case_without_oil_is_no_run_that_scores_nothing(twin, tmp_path):
    text = (twin / "demo.toml").read_text().replace(*FEW)
    releases = slice(text.index("[[release]]"), text.index("[oil]"))
    text = text.replace(text[releases], "")
    text = text.replace("[optimise]", '[optimise]\nstart_from = "observations"', 1)
    path = twin / "anew.toml"
    path.write_text(text)
    with pytest.raises(CaseError, match="release: none given"):
        preview(prepare(load_case(path)), {})
    with pytest.raises(CaseError, match="release: none given"):
        jobs.simulate(load_case(path), tmp_path / "run", pictures=False)


@given(
    st.lists(
        st.tuples(
            st.floats(-180.0, 400.0), st.floats(-90.0, 90.0), st.sampled_from([*map(int, Status)])
        ),
        max_size=20,
    )
)
def test_positions_are_where_the_particles_are(particles):
    lon, lat, status = (
        (np.array(column) for column in zip(*particles, strict=True))
        if particles
        else (np.zeros(0),) * 3
    )
    at = xr.Dataset(
        {"lon": ("trajectory", lon), "lat": ("trajectory", lat), "status": ("trajectory", status)}
    )
    found = positions_of(at, (1.0, 2.0, 3.0, 4.0))
    shown = np.isin(status, [Status.AFLOAT, Status.SUBMERGED, Status.BEACHED])
    x, y, codes = places(found)
    west, south, east, north = found["bounds"]
    assert found["count"] == shown.sum() == x.size
    assert np.array_equal(codes, status[shown])
    assert np.allclose(x, lon[shown], atol=0.51 * (east - west) / 65535 + 1e-9, rtol=0)
    assert np.allclose(y, lat[shown], atol=0.51 * (north - south) / 65535 + 1e-9, rtol=0)
