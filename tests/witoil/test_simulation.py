import geopandas
import numpy as np
import pytest
import shapely

from optimizer import fractions_skill_score
from simulator import Status
from witoil.case import load_case
from witoil.errors import CaseError
from witoil.simulation import mask_at, prepare, run


def test_statuses_add_up_and_nothing_is_on_land(scenario):
    result = run(scenario)
    counts = np.bincount(result["status"].values[:, -1], minlength=len(Status))
    assert counts.sum() == scenario.particles.size
    lon, lat = result["lon"].values, result["lat"].values
    there = np.isfinite(lon)
    assert not shapely.contains_xy(scenario.coast.land, lon[there], lat[there]).any()


def test_mass_is_that_of_the_case(scenario):
    # 500 t on the slick and 10 t/h for 12 h
    assert run(scenario)["mass"].sum() == pytest.approx(620e3)


def test_source_share_moves_mass_and_keeps_the_whole(scenario):
    particles = scenario.particles_with(0.5)
    assert particles.mass.sum() == pytest.approx(620e3)
    assert particles.mass[scenario.from_source].sum() == pytest.approx(310e3)


def test_observation_times_are_met_without_the_regular_outputs(scenario):
    times = run(scenario, regular_outputs=False)["time"].values
    assert list(times) == [seen.time for seen in scenario.observations]


def test_regular_outputs_do_not_change_the_run(scenario):
    few = run(scenario, regular_outputs=False)
    many = run(scenario).sel(time=few["time"])
    np.testing.assert_array_equal(few["lon"], many["lon"])
    np.testing.assert_array_equal(few["status"], many["status"])


@pytest.mark.parametrize("change", [{"particles": 40_000}, {"seed": 5}])
def test_the_mask_hardly_depends_on_number_or_seed(scenario, change):
    case = scenario.case
    other = prepare(case.model_copy(update={"model": case.model.model_copy(update=change)}))
    for k, seen in enumerate(scenario.observations):
        scores = [
            fractions_skill_score(mask_at(s, run(s), seen.time), seen.mask, [1])[1]
            for s in (scenario, other)
        ]
        assert abs(scores[0] - scores[1]) < 0.02, k


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        (("end = 2025-06-01T18:00:00Z", "end = 2025-06-01T15:00:00Z"), r"observation\.1\.time"),
        (('"mask_20250601T1200.tif"', '"island.geojson"'), r"observation\.0\.time: none given"),
    ],
)
def test_observations_outside_the_run_or_without_time_are_refused(changed, replacement, message):
    with pytest.raises(CaseError, match=message):
        prepare(load_case(changed(replacement)))


@pytest.mark.parametrize("name", ["lebanon", "paria"])
def test_real_cases_run_and_statuses_add_up(example, name):
    real = prepare(load_case(example(name)))
    result = run(real)
    status = result["status"].values
    assert status.shape[0] == 20_000
    counts = np.bincount(status[:, -1], minlength=len(Status))
    assert counts.sum() == 20_000
    assert counts[Status.UNRELEASED] == 0
    last = slice(None), -1
    lon, lat = result["lon"].values[last], result["lat"].values[last]
    assert not shapely.contains_xy(real.coast.land, lon, lat).any()


def test_a_real_slick_with_swapped_axes_is_refused(example, cases, tmp_path):
    first = cases / "baniyas-2021/observations/20210824-0343-SYR-PL-B-01-S1.shp"
    slick = geopandas.read_file(first)[["geometry"]]
    swapped = slick.set_geometry(shapely.transform(slick.geometry, lambda points: points[:, ::-1]))
    swapped.to_file(tmp_path / "swapped.geojson")
    case = load_case(example("baniyas-1"))
    area = case.release[0].model_copy(update={"geometry": str(tmp_path / "swapped.geojson")})
    case = case.model_copy(update={"release": [area, *case.release[1:]]})
    with pytest.raises(CaseError, match=r"release\.0: .*longitude and latitude swapped"):
        prepare(case)
