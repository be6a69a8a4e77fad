import csv
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import rasterio
import xarray as xr
from dask.distributed import LocalCluster

import simulator
from simulator import ErrorSeries, Parameters
from tests.witoil.command import witoil as witoil_here
from witoil.case import Ensemble, Normal, load_case
from witoil.ensemble import runs as ensemble
from witoil.ensemble.members import Member, draw_members
from witoil.ensemble.runs import (
    MemberResult,
    prepare_products,
    run_ensemble,
    simulate_member,
    summarise,
)
from witoil.errors import CaseError, WitoilError
from witoil.outputs.ensemble import write_ensemble
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

SMALL = ("particles = 20_000", "particles = 1_000")
COUNT = 5
OUT_OF_SIGHT = "[score]\ndetection_limit_um = 10_000\n\n[oil]"


@pytest.fixture(scope="module")
def small(twin):
    """The twin's scenario with few particles, as an ensemble runs it."""
    case = load_case(twin / "demo.toml")
    case = case.model_copy(
        update={
            "model": case.model.model_copy(update={"particles": 1_000}),
            "observation": [],
            "ensemble": Ensemble(
                current_error_m_s=0.2,
                parameters={"wind_drift_factor": (0.0, 0.03), "horizontal_diffusivity": (1, 20)},
            ),
        }
    )
    return prepare(case)


@pytest.fixture(scope="module")
def members(small):
    return draw_members(small, COUNT)


@pytest.fixture(scope="module")
def result(small, members):
    return run_ensemble(prepare_products(small.case, small), members)


def with_ensemble(scenario, **keys):
    return replace(scenario, case=scenario.case.model_copy(update={"ensemble": Ensemble(**keys)}))


def as_text(members):
    return json.dumps([member.as_dict() for member in members])


def bits(result):
    coast = result.coast
    arrays = (
        result.probability,
        result.first_arrival_earliest,
        result.first_arrival_median,
        coast.probability,
        coast.greatest.median,
        coast.last.maximum,
        coast.longitude,
    )
    return [array.tobytes() for array in arrays]


def test_members_do_not_depend_on_how_many_there_are(small):
    assert as_text(draw_members(small, 30)[:7]) == as_text(draw_members(small, 7))


def test_another_seed_or_error_gives_other_members(small, members):
    other = draw_members(with_ensemble(small, seed=2), COUNT)
    assert all(a.seed != b.seed for a, b in zip(members[1:], other[1:], strict=True))
    assert len({member.seed for member in members}) == COUNT


def test_the_first_member_is_the_case_as_it_stands(small, members):
    assert members[0] == Member(0, 0, small.case.model.seed, {})


def test_what_is_drawn_of_one_thing_does_not_change_another(small):
    few = draw_members(with_ensemble(small, wind_error_m_s=0.0, parameters={}), 4)
    many = draw_members(with_ensemble(small, current_error_hours=None), 4)
    for a, b in zip(few[1:], many[1:], strict=True):
        assert a.seed == b.seed
        np.testing.assert_array_equal(a.current_error.values, b.current_error.values)
        assert a.wind_error is None


@pytest.mark.slow
def test_distributions_are_as_stated(small):
    drawn = draw_members(
        with_ensemble(
            small,
            wind_error_m_s=1.5,
            current_error_m_s=0.1,
            parameters={
                "wind_drift_factor": Normal(sd=0.02),
                "current_factor": Normal(mean=0.9, sd=0.1),
                "horizontal_diffusivity": (1.0, 100.0),
                "stokes_factor": (0.5, 1.5),
            },
        ),
        4001,
    )[1:]
    values = {name: np.array([m.parameters[name] for m in drawn]) for name in drawn[0].parameters}
    assert values["wind_drift_factor"].min() >= 0.0
    # cut off at 0, half a standard deviation below the case's 0.01
    assert np.median(values["wind_drift_factor"]) == pytest.approx(0.0180, abs=0.0015)
    assert values["current_factor"].mean() == pytest.approx(0.9, abs=0.01)
    assert values["current_factor"].std() == pytest.approx(0.1, abs=0.01)
    assert np.median(values["horizontal_diffusivity"]) == pytest.approx(10.0, rel=0.15)
    assert values["stokes_factor"].mean() == pytest.approx(1.0, abs=0.02)
    wind = np.array([member.wind_error.values[0] for member in drawn])
    assert wind.std(axis=0) == pytest.approx(1.5, rel=0.05)
    assert abs(np.corrcoef(wind.T)[0, 1]) < 0.05


@pytest.mark.slow
def test_errors_decorrelate_in_the_time_given(small):
    drawn = draw_members(with_ensemble(small, current_error_hours=6.0), 2001)[1:]
    east = np.array([member.current_error.values[:, 0] for member in drawn])
    assert east.shape[1] == 13
    assert east.std(axis=0) == pytest.approx(0.1, rel=0.08)
    for lag in (3, 6, 12):
        found = np.mean(east[:, lag] * east[:, 0]) / 0.1**2
        assert found == pytest.approx(np.exp(-lag / 6.0), abs=0.07)


def test_the_drift_has_the_errors_and_stokes_drift_follows_the_wind(small):
    forcing = small.forcing
    errors = {
        "wind_error": ErrorSeries(np.zeros(1), np.array([[2.0, -1.0]])),
        "current_error": ErrorSeries(np.array([0.0, 43200.0]), np.array([[0.0, 0.0], [0.4, 0.2]])),
    }
    perturbed = forcing.perturbed(**errors)
    grid = forcing.grid
    drift = np.zeros((2, 1, grid.rows, grid.columns, 2))
    parameters = Parameters(wind_drift_factor=0.03, stokes_factor=0.0)
    time = np.array([21600.0])
    for one, out in zip((forcing, perturbed), drift, strict=True):
        one.drift(time, parameters, out)
    added = (drift[1] - drift[0])[0] / grid.cells_per_metre[:, np.newaxis, :]
    np.testing.assert_allclose(added[..., 0], 0.2 + 0.03 * 2.0, atol=1e-6)
    np.testing.assert_allclose(added[..., 1], 0.1 - 0.03 * 1.0, atol=1e-6)
    angle = np.arctan2(*np.moveaxis(perturbed.stokes.values, -1, 0))
    wind = np.arctan2(*np.moveaxis(perturbed.wind.values, -1, 0))
    np.testing.assert_allclose(angle, wind, atol=1e-5)
    assert perturbed.stokes.values.shape == perturbed.wind.values.shape


def test_an_error_that_changes_reaches_a_field_of_a_single_record(small):
    steady = replace(
        small.forcing,
        current=simulator.VectorSeries(np.zeros(1), small.forcing.current.values[:1]),
    )
    times = np.array([0.0, 3600.0, 43200.0])
    error = ErrorSeries(times, np.array([[0.0, 0.0], [0.1, 0.0], [0.3, 0.0]]))
    current = steady.perturbed(current_error=error).current
    np.testing.assert_array_equal(current.times, times)
    np.testing.assert_allclose(
        current.values[:, 3, 3, 0] - steady.current.values[0, 3, 3, 0], [0, 0.1, 0.3], atol=1e-6
    )


@pytest.mark.slow
def test_probability_and_arrival_are_those_of_the_masks(small, members, result):
    first = []
    for member in members:
        forcing = small.forcing.perturbed(
            wind_error=member.wind_error, current_error=member.current_error
        )
        one = replace(small, forcing=forcing, seed=member.seed)
        trajectories = run(one, member.parameters)
        masks = np.array([mask_at(small, trajectories, t) for t in trajectories["time"].values])
        first.append(np.where(masks.any(axis=0), masks.argmax(axis=0), np.nan))
    first = np.array(first)
    expected = np.isfinite(first).mean(axis=0).astype(np.float32)
    np.testing.assert_array_equal(result.probability, expected)
    reached = expected > 0.0
    np.testing.assert_array_equal(
        result.first_arrival_earliest[reached], np.nanmin(first[:, reached], axis=0)
    )
    np.testing.assert_array_equal(
        result.first_arrival_median[reached], np.nanmedian(first[:, reached], axis=0)
    )
    assert np.isnan(result.first_arrival_earliest[~reached]).all()
    # the members differ, or all this would show nothing
    assert 0.0 < expected[reached].min() < expected.max() == 1.0


def test_coast_is_that_of_the_runs(small, members, result):
    coast = result.coast
    greatest = []
    for member in members:
        forcing = small.forcing.perturbed(
            wind_error=member.wind_error, current_error=member.current_error
        )
        trajectories = run(replace(small, forcing=forcing, seed=member.seed), member.parameters)
        greatest.append(trajectories["coast_mass"].max("time"))
    greatest = np.array(greatest)
    oiled = greatest.any(axis=0)
    assert oiled.any()
    shore = small.coast.shore
    order = [
        np.flatnonzero((shore.longitude == lon) & (shore.latitude == lat))[0]
        for lon, lat in zip(coast.longitude, coast.latitude, strict=True)
    ]
    assert sorted(order) == np.flatnonzero(oiled).tolist()
    np.testing.assert_array_equal(coast.greatest.median, np.median(greatest[:, order], axis=0))
    np.testing.assert_array_equal(coast.greatest.minimum, greatest[:, order].min(axis=0))
    np.testing.assert_array_equal(coast.greatest.maximum, greatest[:, order].max(axis=0))
    np.testing.assert_array_equal(coast.probability, (greatest[:, order] > 0.0).mean(axis=0))
    assert (np.diff(coast.probability) <= 0.0).all()


@pytest.mark.slow
def test_the_order_in_which_members_end_does_not_matter(small, members, result):
    scenarios = prepare_products(small.case, small)
    outcomes = [simulate_member(scenarios[0], member) for member in reversed(members)]
    assert bits(summarise(scenarios, members, outcomes, {})) == bits(result)


@pytest.mark.slow
def test_without_perturbations_all_members_of_one_seed_are_alike(small):
    seeds = {"wind_error_m_s": 0.0, "current_error_m_s": 0.0, "parameters": {}}
    drawn = draw_members(with_ensemble(small, **seeds), 3)
    alike = [replace(member, seed=1) for member in drawn]
    result = run_ensemble(prepare_products(small.case, small), alike)
    assert set(np.unique(result.probability)) == {0.0, 1.0}
    assert (result.coast.probability == 1.0).all()
    np.testing.assert_array_equal(result.coast.last.minimum, result.coast.last.maximum)


@pytest.mark.slow
def test_a_member_that_fails_is_named_and_left_out(small, members, result):
    impossible = replace(members[2], parameters={"horizontal_diffusivity": -1.0})
    several = [*members[:2], impossible, *members[3:]]
    some = run_ensemble(prepare_products(small.case, small), several)
    assert list(some.failures) == [2]
    assert some.failures[2].startswith("horizontal_diffusivity: found -1.0, expected 0 to")
    assert set(np.unique(4 * some.probability)) <= {0, 1, 2, 3, 4}
    with pytest.raises(WitoilError, match="all 1 members failed; member 2: horizontal"):
        run_ensemble(prepare_products(small.case, small), [impossible])


def test_whatever_befalls_a_worker_is_named_too(small, members, monkeypatch):
    def lost(scenario, member):
        if member.number == 1:
            raise MemoryError("no room")
        return simulate_member(scenario, member)

    monkeypatch.setattr(ensemble, "simulate_member", lost)
    some = run_ensemble(prepare_products(small.case, small), members[:2])
    assert some.failures == {1: "MemoryError: no room"}


@pytest.mark.slow
def test_members_that_are_known_are_not_run_again(small, members):
    told = []
    scenarios = prepare_products(small.case, small)
    whole = run_ensemble(scenarios, members[:3], on_member=lambda *each: told.append(each))
    assert {number for number, _ in told} == {0, 1, 2}
    known = {n: MemberResult.from_arrays(n, outcome.to_arrays()) for n, outcome in told[:2]}
    again = []
    same = run_ensemble(
        scenarios, members[:3], known=known, on_member=lambda *each: again.append(each)
    )
    assert [number for number, _ in again] == [told[2][0]]
    np.testing.assert_array_equal(same.probability, whole.probability)
    np.testing.assert_array_equal(same.first_arrival_median, whole.first_arrival_median)


@pytest.fixture(scope="module")
def other_currents(twin):
    """A product of currents that turn the other way, on another grid."""
    with xr.open_dataset(twin / "currents.nc") as currents:
        other = currents.map(lambda v: -v, keep_attrs=True)
        other.isel(longitude=slice(2, None), latitude=slice(1, -1)).to_netcdf(twin / "other.nc")
    return "other.nc"


def test_members_are_shared_over_products(small, other_currents):
    keys = {"forcing": [{"currents": other_currents, "weight": 3.0}]}
    drawn = draw_members(with_ensemble(small, **keys), 40)
    products = [member.product for member in drawn]
    assert products[0] == 0
    assert sum(products) == 30
    assert 1 <= sum(products[:4]) <= 3


@pytest.mark.slow
def test_products_have_one_grid_and_one_coast(small, other_currents):
    two = with_ensemble(
        small,
        wind_error_m_s=0.0,
        current_error_m_s=0.0,
        parameters={},
        forcing=[{"currents": other_currents}],
    )
    scenarios = prepare_products(two.case, two)
    assert scenarios[0].grid is scenarios[1].grid
    assert scenarios[0].seen_first.sum() == two.seen_first.sum()
    drawn = draw_members(two, 2)
    result = run_ensemble(scenarios, drawn)
    alone = [run_ensemble(scenarios, [member]) for member in drawn]
    np.testing.assert_array_equal(
        result.probability, 0.5 * (alone[0].probability + alone[1].probability)
    )
    assert (alone[0].probability != alone[1].probability).any()
    places = [set(zip(r.coast.longitude, r.coast.latitude, strict=True)) for r in (result, *alone)]
    assert places[0] == places[1] | places[2]


def test_a_product_that_does_not_cover_the_case_is_named(small):
    two = with_ensemble(small, forcing=[{"winds": "nothing.nc"}])
    with pytest.raises(WitoilError, match=r"ensemble\.forcing\.0: .*nothing\.nc"):
        prepare_products(two.case, two)


BAD = {
    "unknown key": ("wind_error = 1", "ensemble.wind_error: unknown key; expected one of members"),
    "unknown parameter": ("parameters = { colour = [0, 1] }", "colour: unknown parameter"),
    "bounds reversed": ("parameters = { current_factor = [1, 0] }", "current_factor"),
    "no deviation": (
        "parameters = { current_factor = { mean = 1 } }",
        "ensemble.parameters.current_factor.sd: missing; expected Standard deviation",
    ),
    "one number": (
        "parameters = { current_factor = 1.0 }",
        "current_factor: found 1.0, expected [lower, higher] or { mean, sd }",
    ),
    "mean beyond the limits": (
        "parameters = { current_factor = { mean = 9, sd = 1 } }",
        "expected one within -5 to 5",
    ),
    "negative error": ("wind_error_m_s = -1", "ensemble.wind_error_m_s: found -1"),
    "no members": ("members = 0", "ensemble.members: found 0"),
    "product without files": ("[[ensemble.forcing]]", "expected some of currents, winds, waves"),
    "unknown key of a product": (
        '[[ensemble.forcing]]\ntemperature = "a.nc"',
        "temperature: unknown key; expected one of currents, winds, waves, weight",
    ),
}


@pytest.mark.parametrize("mistake", BAD)
def test_mistakes_in_the_case_are_one_line(changed, mistake):
    keys, message = BAD[mistake]
    with pytest.raises(CaseError) as caught:
        load_case(changed(("[oil]", f"[ensemble]\n{keys}\n\n[oil]")))
    assert "\n" not in str(caught.value)
    assert message in str(caught.value)


def test_source_share_needs_two_kinds_of_release(small):
    alone = replace(
        small, particles=replace(small.particles, release_number=0 * small.particles.release_number)
    )
    with pytest.raises(CaseError, match="source_share"):
        draw_members(with_ensemble(alone, parameters={"source_share": (0.1, 0.5)}), 2)


def witoil(*arguments):
    command = [sys.executable, "-m", "witoil", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_writes_rasters_coast_map_and_record(changed, tmp_path):
    case = changed(SMALL, ("[oil]", "[ensemble]\nmembers = 4\n\n[oil]"))
    answer = witoil("simulate", case, "--members", "3", "--out", tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "3 members; a slick was possible on" in answer.stdout
    assert "distributed" not in answer.stderr
    with rasterio.open(tmp_path / "probability.tif") as file:
        probability = file.read(1)
        assert file.crs.is_projected
    assert {round(3 * p, 5) for p in np.unique(probability)} <= {0.0, 1.0, 2.0, 3.0}
    with rasterio.open(tmp_path / "first_arrival_hours.tif") as file:
        earliest, median = file.read()
        assert file.count == 2
    np.testing.assert_array_equal(np.isfinite(earliest), probability > 0.0)
    assert (median >= earliest)[probability > 0.0].all()
    with (tmp_path / "coast.csv").open() as file:
        rows = list(csv.DictReader(file))
    lines = json.loads((tmp_path / "coast.geojson").read_text())["features"]
    assert len(lines) == len(rows) > 0
    assert lines[0]["properties"]["lon"] == float(rows[0]["lon"])
    for row in rows:
        low, middle, high = (
            float(row[f"mass_kg_{name}"]) for name in ("minimum", "median", "maximum")
        )
        assert 0.0 <= low <= middle <= high
        per_km = float(row["mass_per_km_kg_maximum"])
        assert per_km * float(row["length_m"]) / 1e3 == pytest.approx(high, rel=1e-3)
    record = json.loads((tmp_path / "ensemble.json").read_text())
    assert [member["number"] for member in record["members"]] == [0, 1, 2]
    assert record["failed"] == []
    assert (tmp_path / "ensemble.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_no_scheduler_there_is_one_line(changed, tmp_path, monkeypatch):
    monkeypatch.setattr("witoil.workers.CONNECT_SECONDS", 1.0)
    scenario = prepare(load_case(changed(SMALL)))
    with pytest.raises(WitoilError, match="could not be reached"):
        run_ensemble([scenario], draw_members(scenario, 1), scheduler="tcp://127.0.0.1:9")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_scheduler_without_workers_is_one_line(small, members, monkeypatch):
    monkeypatch.setattr("witoil.workers.CONNECT_SECONDS", 1.0)
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", host="127.0.0.1") as cluster,
        pytest.raises(WitoilError, match="has no workers"),
    ):
        run_ensemble([small], members, scheduler=cluster.scheduler_address)


@pytest.mark.slow
def test_an_open_sea_without_visible_oil_has_all_outputs(changed, tmp_path):
    case = changed(SMALL, ('"island.geojson"', '"none"'), ("[oil]", OUT_OF_SIGHT))
    scenario = prepare(load_case(case))
    scenarios = prepare_products(scenario.case, scenario)
    record = write_ensemble(run_ensemble(scenarios, draw_members(scenario, 2)), tmp_path)
    assert record["area_km2"] == record["coast_km"] == 0.0
    assert len((tmp_path / "coast.csv").read_text().splitlines()) == 1
    assert (tmp_path / "ensemble.png").stat().st_size > 1000


def test_a_scheduler_needs_an_ensemble(changed, tmp_path):
    answer = witoil_here("simulate", changed(SMALL), "--scheduler", "tcp://127.0.0.1:9")
    assert answer.returncode == 2
    assert "--members" in answer.stderr


@pytest.mark.slow
def test_two_current_products_of_baniyas_give_one_ensemble(cases, example):
    case = load_case(example("baniyas-1"))
    start = datetime(2021, 8, 23, 6, tzinfo=UTC)
    currents = str(cases / "baniyas-2021" / "cmems-med-reanalysis-20210822.nc")
    case = case.model_copy(
        update={
            "time": case.time.model_copy(
                update={"start": start, "end": start + timedelta(hours=12)}
            ),
            "release": case.release[1:],
            "observation": [],
            "model": case.model.model_copy(update={"particles": 500}),
            "ensemble": Ensemble(forcing=[{"currents": currents}]),
        }
    )
    scenario = prepare(case)
    scenarios = prepare_products(case, scenario)
    drawn = draw_members(scenario, 4)
    result = run_ensemble(scenarios, drawn)
    assert [member.product for member in drawn] == [0, 1, 0, 1]
    assert not result.failures
    # the reanalysis covers a smaller sea, and the grid holds both
    assert scenarios[1].forcing.grid.columns < scenarios[0].forcing.grid.columns
    assert result.probability.max() == 1.0
    assert result.coast.probability.size > 0
