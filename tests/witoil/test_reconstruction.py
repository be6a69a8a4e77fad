import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from tests.witoil.calibrated import calibrate
from witoil.calibration.reconstruction import (
    DRIFT_ERROR,
    ERROR_LASTS,
    drift_errors,
    reconstruct,
)
from witoil.calibration.search import search_space
from witoil.case import load_case
from witoil.case.tunables import START
from witoil.cli.main import _tell_source
from witoil.cli.progress import Voice
from witoil.errors import CaseError
from witoil.files import mask_name
from witoil.outputs.run import write_mask
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

TRUE_PLACE = (19.39, 36.50)
TRUE_START = np.datetime64("2025-06-01T08:00")

POINT = """
[[release]]
kind = "point"
lon = {lon}
lat = {lat}
start = {start}
rate_tonnes_per_hour = 10

[model]
particles = {particles}
{model}
"""

SEARCH = """
[[observation]]
geometry = "leak/mask_20250601T1300.tif"

[[observation]]
geometry = "leak/mask_20250601T1800.tif"

[score]
windows = [7, 21, 67]

[optimise]
evaluations = {evaluations}

[optimise.parameters]
source_east_km = [-15, 15]
source_north_km = [-15, 15]
source_start_hours = [-1.0, 5]
"""

UNKNOWN = "wind_drift_factor = [0.0, 0.05]\ncurrent_factor = [0.0, 1.5]\n"
DRIFT = "wind_drift_factor = 0.014\ncurrent_factor = 0.9"


@pytest.fixture(scope="module")
def leak(twin_copy):
    """A twin of a point that leaks from 08:00 on, and the slicks of 13:00 and 18:00."""
    folder = twin_copy("leak")
    text = (folder / "demo.toml").read_text()
    head = text[: text.index("[[release]]")]
    true = {"lon": 19.39, "lat": 36.50, "start": "2025-06-01T08:00:00Z"}
    truth = POINT.format(**true, particles=20_000, model=f"seed = 20\n{DRIFT}")
    (folder / "leak.toml").write_text(head + truth)
    scenario = prepare(load_case(folder / "leak.toml"))
    result = run(scenario)
    for hour in (13, 18):
        at = np.datetime64(f"2025-06-01T{hour}:00", "ns")
        mask = mask_at(scenario, result, at)
        write_mask(mask, scenario.grid, at, folder / "leak" / mask_name(at))
    guess = {"lon": 19.45, "lat": 36.44, "start": "2025-06-01T07:00:00Z", "particles": 5000}
    known = POINT.format(**guess, model=DRIFT) + SEARCH
    unknown = POINT.format(**guess, model="") + SEARCH + UNKNOWN
    (folder / "known.toml").write_text(head + known.format(evaluations=60))
    (folder / "unknown.toml").write_text(head + unknown.format(evaluations=200))
    return folder


def check(study, folder):
    """Check that the truth is within the 90 % ellipse and interval, which are not the whole."""
    source = study["source"]
    shapes = json.loads((folder / "source.geojson").read_text())["features"]
    regions = {s["properties"]["level"]: s for s in shapes if "level" in s["properties"]}
    assert shapely.contains_xy(shapely.geometry.shape(regions[90]["geometry"]), *TRUE_PLACE)
    ellipses = source["place"]["ellipses"]
    assert ellipses["50"]["area_km2"] < ellipses["90"]["area_km2"] < 0.05 * 900.0
    first, last = (np.datetime64(t.removesuffix("Z")) for t in source["start"]["intervals"]["90"])
    assert first <= TRUE_START <= last
    assert last - first < np.timedelta64(4, "h")


@pytest.fixture(scope="module")
def found(leak, tmp_path_factory):
    folder = tmp_path_factory.mktemp("found")
    return folder, calibrate(prepare(load_case(leak / "known.toml")), folder)


@pytest.mark.slow
def test_a_source_is_found_from_masks_alone(found):
    folder, study = found
    check(study, folder)
    best = study["source"]["place"]["best"]
    assert (best["lon"], best["lat"]) == pytest.approx(TRUE_PLACE, abs=0.01)


@pytest.mark.slow
def test_a_source_is_found_where_the_drift_is_not_known_either(leak, tmp_path):
    check(calibrate(prepare(load_case(leak / "unknown.toml")), tmp_path), tmp_path)


@pytest.mark.slow
def test_study_report_and_files_have_it(found):
    folder, study = found
    assert json.loads((folder / "study.json").read_text()) == study
    assert (folder / "source.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "report.html").read_text()
    assert "Where and when it leaked" in page
    assert "90 %: an ellipse of" in page
    assert "90 %: it began from 1 June 2025" in page
    assert "# source_east_km =" in page


def test_a_search_of_other_parameters_has_no_source(scenario):
    assert reconstruct(scenario, [{"current_factor": 1.0}] * 3, {}, settled=True) is None


@pytest.mark.parametrize(
    ("lon", "words"), [(35.9136, "35.1640° N, 35.9136° E"), (-61.5, "35.1640° N, 61.5000° W")]
)
def test_the_command_line_says_where_and_when(capsys, lon, words):
    ellipse = {"semi_axes_km": [4.25, 1.54], "bearing_deg": 9.0, "area_km2": 20.6}
    place = {"mean": {"lon": lon, "lat": 35.164}, "ellipses": {"90": ellipse}}
    start = {"intervals": {"90": ["2021-08-22T17:00:00Z", "2021-08-23T12:00:00Z"]}}
    _tell_source({"place": place, "start": start, "settled": False}, Voice())
    text = capsys.readouterr().out
    assert f"ellipse round {words}, with half axes of 4.25 and 1.54 km" in text
    assert "90 % between 2021-08-22T17:00:00Z and 2021-08-23T12:00:00Z" in text
    assert "had not settled: ellipse and interval are too small" in text
    _tell_source({"place": None, "start": None, "settled": True}, Voice())
    assert capsys.readouterr().out == ""


@pytest.fixture(scope="module")
def at_leak(leak):
    return prepare(load_case(leak / "known.toml"))


def sample_of(east, north, hours=None):
    points = [
        {"source_east_km": float(e), "source_north_km": float(n)}
        for e, n in zip(east, north, strict=True)
    ]
    if hours is None:
        return points
    return [{**p, "source_start_hours": float(h)} for p, h in zip(points, hours, strict=True)]


def test_a_source_starts_before_its_slick_is_first_seen(at_leak, caplog):
    asked = at_leak.case.optimise.model_copy(update={"parameters": {START: (-1.0, 9.0)}})
    scenario = replace(at_leak, case=at_leak.case.model_copy(update={"optimise": asked}))
    (start,) = search_space(scenario).parameters
    # the case has it leak from 07:00 on, and its slick is seen at 13:00
    assert start.high == pytest.approx(6.0 - scenario.time_step / 3600.0)
    assert "first seen, here at 2025-06-01T13:00:00Z" in caplog.text
    # a slick that was there before may be all that is seen first
    (beside,) = search_space(replace(scenario, sources=(True, False))).parameters
    assert beside.high == 9.0


@pytest.mark.slow
def test_the_ellipse_of_a_normal_sample_is_that_of_its_covariance(at_leak):
    rng = np.random.default_rng(1)
    along, across = 3.0 * rng.standard_normal(40_000), rng.standard_normal(40_000)
    # the longer axis bears 30 degrees
    east = 0.5 * along + np.sqrt(0.75) * across - 8.0
    north = np.sqrt(0.75) * along - 0.5 * across
    found = reconstruct(at_leak, sample_of(east, north), {}, settled=True)
    for ellipse in found.ellipses:
        # the chi-square distribution of two degrees of freedom
        limit = np.sqrt(-2.0 * np.log(1.0 - 0.01 * ellipse.level))
        t = 6.0 / ERROR_LASTS  # six hours of drift
        off = 3.6 * DRIFT_ERROR * ERROR_LASTS * np.sqrt(2.0 * (t - 1.0 + np.exp(-t)))
        axes = limit * np.hypot([3.0, 1.0], off)
        assert ellipse.semi_axes_km == pytest.approx(axes, rel=0.03)
        assert ellipse.bearing_deg == pytest.approx(30.0, abs=1.0)


@pytest.mark.slow
def test_an_ellipse_and_an_interval_hold_their_share_of_any_sample(at_leak):
    @settings(max_examples=25, deadline=None)
    @given(
        seed=st.integers(0, 2**32 - 1),
        size=st.integers(20, 300),
        stretch=st.floats(0.01, 10.0),
        power=st.sampled_from([1, 3]),
    )
    def holds(seed, size, stretch, power):
        rng = np.random.default_rng(seed)
        east, north, hours = rng.standard_normal((3, size)) ** power
        # far from the island
        east, north = np.clip(stretch * east, -30, 30) - 8.0, np.clip(north, -20, 5) - 10.0
        found = reconstruct(at_leak, sample_of(east, north, hours), {}, settled=True)
        for level, outline in found.outlines().items():
            # a polygon has its corners on the ellipse, and a degree is not as long everywhere
            widened = affinity.scale(outline, 1.01, 1.01)
            held = shapely.contains_xy(widened, *found.places.T).mean()
            assert held >= 0.01 * level - 3.0 / size
        for level, (first, last) in found.intervals.items():
            held = ((found.starts >= first) & (found.starts <= last)).mean()
            assert held == pytest.approx(0.01 * level, abs=3.0 / size + 1e-9)

    holds()


def test_one_coordinate_alone_gives_a_narrow_ellipse(at_leak):
    points = [{"source_east_km": float(e)} for e in np.linspace(-9.0, -7.0, 50)]
    found = reconstruct(at_leak, points, {}, settled=True)
    longer, shorter = found.ellipses[1].semi_axes_km
    assert longer > 0.5
    assert shorter < 0.01
    assert found.ellipses[1].bearing_deg == pytest.approx(90.0)
    assert found.as_dict()["start"] is None


def test_places_on_land_do_not_count(at_leak):
    # the island lies 7 km east and 14 km north of the first guess
    points = sample_of([7.0, -5.0, -6.0], [14.0, 0.0, 0.0])
    found = reconstruct(at_leak, points, {}, settled=True)
    assert len(found.places) == 2
    with pytest.raises(CaseError, match="lie on land"):
        reconstruct(at_leak, points[:1], {}, settled=True)


def test_a_search_that_has_not_settled_says_so(at_leak):
    found = reconstruct(at_leak, sample_of([-5.0, -6.0], [0.0, 1.0]), {}, settled=False)
    assert found.as_dict()["settled"] is False
    assert replace(found, settled=True).as_dict()["settled"] is True


@given(hours=st.floats(0.01, 200.0), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_errors_of_the_drift_grow_as_those_that_are_forgotten_do(hours, seed):
    spread = drift_errors(np.full(20_000, hours), [True, True], seed).std()
    # at once they grow with the time, late with its root
    at_once = 3.6 * DRIFT_ERROR * hours
    late = 3.6 * DRIFT_ERROR * np.sqrt(2.0 * ERROR_LASTS * hours)
    assert 0.4 * min(at_once, late) < spread < 1.02 * min(at_once, late)


def test_oil_that_has_not_leaked_and_places_that_are_not_searched_are_not_carried_off():
    errors = drift_errors(np.array([-5.0, 0.0, 5.0]), [True, False], 1)
    assert (errors[:2] == 0.0).all()
    assert errors[2, 0] != 0.0
    assert errors[2, 1] == 0.0
