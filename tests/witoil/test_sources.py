import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import SimulatorError, metres_per_degree
from witoil.calibration.search import search_space
from witoil.case import Model, Score, load_case
from witoil.case.tunables import TUNABLES
from witoil.ensemble.members import draw_members
from witoil.errors import CaseError
from witoil.scenario.changes import allowed_values, particles_with
from witoil.scenario.legs import legs_of
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

SMALL = ("particles = 20_000", "particles = 2_000")
LAST = np.datetime64("2025-06-01T18:00")


@pytest.fixture(scope="module")
def small(twin):
    text = (twin / "demo.toml").read_text().replace(*SMALL)
    (twin / "sources.toml").write_text(text)
    return prepare(load_case(twin / "sources.toml"))


def test_nothing_changed_is_the_same_particles(small):
    assert particles_with(small, {"current_factor": 2.0}) is small.particles
    moved = particles_with(small, {"source_east_km": 0.0, "source_start_hours": 0.0})
    for name, values in vars(small.particles).items():
        np.testing.assert_array_equal(getattr(moved, name), values)


def test_a_source_moves_by_kilometres_and_the_slick_stays(small):
    moved = particles_with(small, {"source_east_km": 1.5, "source_north_km": -2.0})
    fresh = small.from_source
    east, north = metres_per_degree(36.50)
    np.testing.assert_allclose(moved.longitude[fresh], 19.39 + 1500.0 / east, rtol=1e-12)
    np.testing.assert_allclose(moved.latitude[fresh], 36.50 - 2000.0 / north, rtol=1e-12)
    np.testing.assert_array_equal(moved.longitude[~fresh], small.particles.longitude[~fresh])
    np.testing.assert_array_equal(moved.mass, small.particles.mass)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hours=st.floats(0.0, 11.0))
def test_a_source_that_starts_later_leaks_at_the_same_rate(small, hours):
    late = particles_with(small, {"source_start_hours": hours})
    fresh = small.is_source[late.release_number]
    since = (late.release_time[fresh] - small.forcing.start) / np.timedelta64(1, "h")
    assert hours <= since.min() <= since.max() <= 12.0
    assert late.mass[fresh].sum() == pytest.approx(10e3 * (12.0 - hours), rel=1e-9)
    assert (np.diff(late.release_time) >= np.timedelta64(0)).all()
    # an hour of the leak is one slick, whenever it starts
    np.testing.assert_allclose(late.slick_mass[fresh], 10e3)


@pytest.mark.slow
def test_a_mass_that_starts_later_stays_whole(changed):
    rate = "rate_tonnes_per_hour = 10"
    for end in ("", "\nend = 2025-06-01T10:00:00Z"):
        scenario = prepare(load_case(changed(SMALL, (rate, "mass_tonnes = 70" + end))))
        late = particles_with(scenario, {"source_start_hours": 3.0})
        fresh = scenario.is_source[late.release_number]
        assert late.mass[fresh].sum() == pytest.approx(70e3)
        assert late.release_time[fresh].min() >= np.datetime64("2025-06-01T09:00")


def test_rate_and_share_count_on_top_of_the_start(small):
    late = particles_with(small, {"source_start_hours": 6.0, "source_factor": 3.0})
    fresh = small.is_source[late.release_number]
    assert late.mass[fresh].sum() == pytest.approx(3.0 * 60e3)
    assert late.mass[~fresh].sum() == pytest.approx(500e3)


def test_age_is_that_of_slicks_only(small):
    old = particles_with(small, {"slick_age_hours": 9.0})
    np.testing.assert_array_equal(old.age, np.where(small.from_source, 0.0, 9.0 * 3600.0))


@pytest.mark.parametrize(
    ("changed_parameters", "message"),
    [
        ({"source_east_km": 12.5, "source_north_km": 7.8}, "lies on land"),
        ({"source_east_km": 400.0}, "outside the area of the forcing"),
        ({"source_start_hours": -1.0}, "starts at 2025-06-01T05:00Z"),
        ({"source_start_hours": 12.0}, "starts at 2025-06-01T18:00Z"),
    ],
)
def test_a_source_that_cannot_be_is_a_failed_run(small, changed_parameters, message):
    with pytest.raises(SimulatorError, match=message):
        run(small, changed_parameters)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["source_east_km", "source_north_km", "source_start_hours"])
@pytest.mark.parametrize(
    "end", ["", "end = 2025-06-01T10:00:00Z\n", "end = 2025-06-01T08:00:30Z\n"]
)
def test_a_search_goes_as_far_as_a_run_can_be_made_and_no_further(changed, name, end):
    rate = "rate_tonnes_per_hour = 10\n"
    case = load_case(changed(SMALL, (rate, f"start = 2025-06-01T08:00:00Z\n{end}{rate}")))
    optimise = case.optimise.model_copy(update={"parameters": {name: (-450.0, 450.0)}})
    scenario = prepare(case.model_copy(update={"optimise": optimise}))
    (parameter,) = search_space(scenario).parameters
    least, greatest = allowed_values(scenario, name)
    assert (parameter.low, parameter.high) == (least, greatest)
    assert -450.0 < least < greatest < 450.0
    for value in (least, greatest):
        particles_with(scenario, {name: value})
    step = max(scenario.time_step / 3600.0, 0.01)
    for value in (least - step, greatest + step):
        with pytest.raises(SimulatorError):
            particles_with(scenario, {name: value})


@pytest.mark.slow
@pytest.mark.parametrize("bounds", [(-9.0, -2.0), (10.0, 14.0)])
def test_a_search_of_starts_that_cannot_be_is_refused(changed, bounds):
    rate = "rate_tonnes_per_hour = 10\n"
    case = load_case(changed(SMALL, (rate, f"start = 2025-06-01T08:00:00Z\n{rate}")))
    optimise = case.optimise.model_copy(update={"parameters": {"source_start_hours": bounds}})
    scenario = prepare(case.model_copy(update={"optimise": optimise}))
    with pytest.raises(CaseError, match=r"source_start_hours: found .* run allows, -2 to 9\.\d+ h"):
        search_space(scenario)


def oil(scenario, changed_parameters):
    """Return what a run with some parameters looks like at its end."""
    result = run(scenario, changed_parameters, regular_outputs=False)
    at = result.sel(time=LAST)
    limit = changed_parameters.get("detection_limit_um")
    return {
        "x": float(at["lon"].mean()),
        "y": float(at["lat"].mean()),
        "spread": float(at["lon"].std()),
        "mass": float(at["mass"].sum()),
        "area": int(mask_at(scenario, result, LAST, limit).sum()),
        "fresh": float(at["mass"].values[scenario.from_source].sum()),
    }


@pytest.mark.parametrize(
    ("name", "value", "what", "rises"),
    [
        ("wind_drift_factor", 0.04, "x", True),
        ("wind_drift_angle_deg", 90.0, "y", False),
        ("stokes_factor", 3.0, "x", True),
        ("current_factor", 4.0, "spread", True),
        ("current_bias_east", 0.1, "x", True),
        ("current_bias_north", -0.1, "y", False),
        ("horizontal_diffusivity", 100.0, "spread", True),
        ("source_share", 0.8, "fresh", True),
        ("source_factor", 4.0, "fresh", True),
        ("detection_limit_um", 30.0, "area", False),
        ("source_east_km", -20.0, "x", False),
        ("source_north_km", -20.0, "y", False),
        ("source_start_hours", 6.0, "mass", False),
        ("slick_age_hours", 240.0, "mass", False),
    ],
)
def test_every_parameter_has_its_effect_on_a_run(small, name, value, what, rises):
    before, after = oil(small, {})[what], oil(small, {name: value})[what]
    assert after > before * 1.00001 if rises else after < before * 0.99999


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"wind_drift_facter": 0.05}, "unknown parameter; expected one such as wind_drift_factor"),
        ({"wind_drift_factor": 3.0}, "found 3.0, expected 0 to 0.2"),
        ({"source_factor": 0.0}, "expected 0.001 to 1000"),
        ({"current_factor": float("nan")}, "found nan"),
        ({"current_factor": "1"}, "found '1'"),
        ({"current_factor": True}, "found True"),
        ({"source_east_km": 501}, "found 501, expected -500 to 500 km"),
    ],
)
def test_a_run_refuses_what_no_parameter_can_be(small, changed, message):
    with pytest.raises(CaseError, match=message):
        run(small, changed)


def test_the_detection_limit_is_within_its_limits_too(small):
    result = run(small)
    with pytest.raises(CaseError, match="detection_limit_um: found -1"):
        mask_at(small, result, result["time"].values[-1], -1.0)


def test_the_case_has_the_defaults_of_the_table():
    for name, tunable in TUNABLES.items():
        section = {"drift": Model, "sensor": Score}.get(tunable.acts_on)
        if section is not None:
            assert getattr(section(), name) == tunable.default


def test_no_parameter_is_without_a_test_of_its_effect():
    marks = test_every_parameter_has_its_effect_on_a_run.pytestmark
    assert {case[0] for case in marks[0].args[1]} == set(TUNABLES)


SEARCHED = "current_factor = [0.0, 1.5]"
POINT = '[[release]]\nkind = "point"\nlon = 19.39\nlat = 36.50\nrate_tonnes_per_hour = 10\n'
AREA = '[[release]]\nkind = "area"\ngeometry = "slick_20250601T0600.geojson"\nmass_tonnes = 500\n'
ANEW = ("evaluations = 80", 'evaluations = 80\nstart_from = "observations"')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("replacements", "searched", "message"),
    [
        ([(POINT, "")], "source_east_km = [-5, 5]", "source_east_km: expected one release"),
        ([(POINT, POINT * 2)], "source_start_hours = [0, 5]", "start_hours: expected one release"),
        ([(POINT, "")], "source_factor = [0.5, 2]", 'source_factor: .*not an "area"'),
        ([(AREA, "")], "slick_age_hours = [0, 5]", 'slick_age_hours: expected an "area"'),
        ([ANEW], "source_start_hours = [0, 5]", "source_start_hours: .*expected one long run"),
        ([ANEW], "source_share = [0.1, 0.5]", "source_share: .*expected source_factor"),
        ([], "source_share = [0.1, 0.5]\nsource_factor = [0.5, 2]", "source_share: .*not both"),
    ],
)
def test_a_parameter_that_the_case_does_not_have_is_refused(
    changed, replacements, searched, message
):
    case = load_case(changed(SMALL, *replacements, (SEARCHED, searched)))
    with pytest.raises(CaseError, match=message):
        search_space(prepare(case))


@pytest.mark.slow
def test_an_ensemble_can_vary_where_it_leaks(changed):
    ensemble = "\n[ensemble.parameters]\nsource_east_km = { sd = 2.0 }\n"
    case = load_case(changed(SMALL, (SEARCHED, SEARCHED + ensemble)))
    members = draw_members(prepare(case), 4)
    assert all("source_east_km" in member.parameters for member in members[1:])


@pytest.mark.slow
def test_a_search_of_the_place_reads_forcing_for_all_of_it(changed):
    near = prepare(load_case(changed(SMALL)))
    wide = prepare(load_case(changed(SMALL, (SEARCHED, "source_east_km = [-500, 5]"))))
    boxes = [s.forcing.grid.box for s in (near, wide)]
    assert boxes[1][0] <= boxes[0][0]
    for name in ("longitude", "release_time"):
        np.testing.assert_array_equal(getattr(near.particles, name), getattr(wide.particles, name))


@pytest.mark.slow
def test_in_every_leg_the_source_is_moved(changed):
    legs = legs_of(prepare(load_case(changed(SMALL, ANEW))))
    assert len(legs) == 2
    for leg in legs:
        moved = particles_with(leg, {"source_north_km": 3.0, "source_factor": 2.0})
        fresh = leg.is_source[moved.release_number]
        assert (moved.latitude[fresh] > 36.52).all()
        assert moved.mass[fresh].sum() == pytest.approx(2.0 * 60e3)
        old = leg.particles.latitude[~leg.from_source]
        np.testing.assert_array_equal(moved.latitude[~fresh], old)
