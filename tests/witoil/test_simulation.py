from datetime import timedelta

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr

from catalog import Coverage, CoverageError, Parametrised
from optimizer import fractions_skill_score
from simulator import STOKES, TEMPERATURE, WAVE_HEIGHT, WAVE_PERIOD, Status
from witoil.case import load_case
from witoil.errors import CaseError
from witoil.scenario.changes import particles_with
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run


def test_statuses_add_up_and_nothing_is_on_land(scenario, result):
    counts = np.bincount(result["status"].values[:, -1], minlength=len(Status))
    assert counts.sum() == scenario.particles.size
    lon, lat = result["lon"].values, result["lat"].values
    there = np.isfinite(lon)
    assert not shapely.contains_xy(scenario.coast.land, lon[there], lat[there]).any()


def test_mass_is_that_of_the_case(result):
    # 500 t on the slick and 10 t/h for 12 h
    assert result["mass"].isel(time=0).sum() == pytest.approx(620e3)
    assert result["released_mass"].values[-1] == pytest.approx(620e3)


def test_source_share_moves_mass_and_keeps_the_whole(scenario):
    particles = particles_with(scenario, {"source_share": 0.5})
    assert particles.mass.sum() == pytest.approx(620e3)
    assert particles.mass[scenario.from_source].sum() == pytest.approx(310e3)


def test_observation_times_are_met_without_the_regular_outputs(scenario):
    times = run(scenario, regular_outputs=False)["time"].values
    assert list(times) == [seen.time for seen in scenario.observations]


def test_regular_outputs_do_not_change_the_run(scenario, result):
    few = run(scenario, regular_outputs=False)
    many = result.sel(time=few["time"])
    np.testing.assert_array_equal(few["lon"], many["lon"])
    np.testing.assert_array_equal(few["status"], many["status"])


@pytest.mark.slow
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


def weather_file(twin, name, hours=(-1, 15), **fields):
    """Write fields, given as (value, units), on a grid of their own around the twin's sea."""
    lat, lon = np.arange(35.8, 37.5, 0.1), np.arange(18.8, 20.5, 0.1)
    shape = (len(hours), lat.size, lon.size)
    dims = ("time", "latitude", "longitude")
    time = np.datetime64("2025-06-01T06:00", "ns") + np.array(hours) * np.timedelta64(1, "h")
    xr.Dataset(
        {
            key: (dims, np.full(shape, value, np.float32), {"units": units})
            for key, (value, units) in fields.items()
        },
        coords={
            "time": time,
            "latitude": ("latitude", lat, {"units": "degrees_north"}),
            "longitude": ("longitude", lon, {"units": "degrees_east"}),
        },
    ).to_netcdf(twin / name, engine="netcdf4")


CURRENTS = 'currents = "currents.nc"'
HEIGHT_AND_PERIOD = {"VHM0": (1.5, "m"), "VTPK": (6.0, "s")}
STOKES_DRIFT = {"VSDX": (0.05, "m s-1"), "VSDY": (-0.02, "m s-1")}


def with_waves(changed, *extra):
    return changed((CURRENTS, "\n".join([CURRENTS, 'waves = "waves.nc"', *extra])))


def told(scenario, kind):
    return {r.variable: r.action for r in scenario.coverage if isinstance(r, kind)}


def weather_of(scenario):
    grid = scenario.forcing.grid
    out = np.empty((1, grid.rows, grid.columns, 4))
    celsius = scenario.case.model.water_temperature_celsius
    scenario.forcing.weather(np.array([3600.0]), out, water_temperature=273.15 + celsius)
    return out[0]


@pytest.mark.slow
def test_what_is_not_given_is_parametrised_and_told(changed):
    model = ("[model]\n", "[model]\nwater_temperature_celsius = 22.5\n")
    scenario = prepare(load_case(changed(model)))
    assert [str(report) for report in scenario.coverage[4:]] == [
        "sea_water_temperature: not given; 22.5 degrees Celsius everywhere "
        "(model.water_temperature_celsius)",
        "sea_surface_wave_significant_height: not given; parametrised from the wind "
        "(fully developed sea)",
        "sea_surface_wave_period_at_variance_spectral_density_maximum: not given; parametrised "
        "from the wind (fully developed sea)",
        "sea_surface_wave_stokes_drift: not given; parametrised from the wind (JONSWAP, 20 km of "
        "fetch)",
    ]
    assert np.isfinite(weather_of(scenario)).all()
    np.testing.assert_allclose(weather_of(scenario)[..., 1], 295.65)


@pytest.mark.slow
def test_a_wave_file_gives_stokes_drift_height_and_period(changed, twin):
    weather_file(twin, "waves.nc", **HEIGHT_AND_PERIOD, **STOKES_DRIFT)
    scenario = prepare(load_case(with_waves(changed)))
    assert scenario.forcing.stokes_drift == "field"
    assert {*STOKES, WAVE_HEIGHT, WAVE_PERIOD} < set(told(scenario, Coverage))
    assert list(told(scenario, Parametrised)) == [TEMPERATURE]
    np.testing.assert_allclose(
        weather_of(scenario)[..., 2:],
        np.broadcast_to([1.5, 6.0], weather_of(scenario)[..., 2:].shape),
        rtol=1e-6,
    )
    np.testing.assert_allclose(scenario.forcing.stokes.values[..., 0], 0.05, rtol=1e-6)


@pytest.mark.slow
def test_waves_without_stokes_drift_leave_it_to_the_wind(changed, twin):
    weather_file(twin, "waves.nc", **HEIGHT_AND_PERIOD)
    scenario = prepare(load_case(with_waves(changed)))
    assert scenario.forcing.stokes_drift == "wind"
    assert told(scenario, Parametrised)["sea_surface_wave_stokes_drift"].startswith("not given; ")
    np.testing.assert_allclose(weather_of(scenario)[0, 0, 2:], [1.5, 6.0], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stokes_drift", "action"),
    [("none", "not used; none (forcing.stokes_drift)"), ("wind", "not used; parametrised from")],
)
def test_a_stokes_drift_that_is_not_used_may_end_too_early(changed, twin, stokes_drift, action):
    weather_file(twin, "waves.nc", hours=(0, 1), **STOKES_DRIFT)
    with pytest.raises(CoverageError, match="stokes_drift"):
        prepare(load_case(with_waves(changed)))
    scenario = prepare(load_case(with_waves(changed, f'stokes_drift = "{stokes_drift}"')))
    assert told(scenario, Parametrised)["sea_surface_wave_stokes_drift"].startswith(action)
    assert len(told(scenario, Coverage)) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("value", "units"), [(291.0, "K"), (17.85, "degrees_C")])
def test_temperature_of_a_file_of_its_own(changed, twin, value, units):
    weather_file(twin, "sea.nc", thetao=(value, units))
    path = changed((CURRENTS, CURRENTS + '\ntemperature = "sea.nc"'))
    scenario = prepare(load_case(path))
    assert TEMPERATURE in told(scenario, Coverage)
    np.testing.assert_allclose(weather_of(scenario)[..., 1], 291.0, rtol=1e-6)


@pytest.mark.slow
def test_temperature_comes_along_with_the_currents_unless_it_has_a_file(changed, twin):
    with xr.open_dataset(twin / "currents.nc") as data:
        warm = xr.full_like(data["eastward_sea_water_velocity"], 12.0)
        warm.attrs = {"standard_name": "sea_water_temperature", "units": "degrees_C"}
        data.assign(thetao=warm).to_netcdf(twin / "both.nc", engine="netcdf4")
    along = prepare(load_case(changed((CURRENTS, 'currents = "both.nc"'))))
    np.testing.assert_allclose(weather_of(along)[..., 1], 285.15, rtol=1e-6)
    weather_file(twin, "sea.nc", thetao=(291.0, "K"))
    own = prepare(load_case(changed((CURRENTS, 'currents = "both.nc"\ntemperature = "sea.nc"'))))
    np.testing.assert_allclose(weather_of(own)[..., 1], 291.0, rtol=1e-6)
    assert sum(report.variable == TEMPERATURE for report in own.coverage) == 1


@pytest.mark.slow
def test_a_longer_run_begins_with_the_same_bits(example):
    case = load_case(example("baniyas-1"))
    model = case.model.model_copy(update={"particles": 2000})
    shorter = case.time.model_copy(update={"end": case.time.start + timedelta(hours=2)})
    area = case.release[:1]  # a leak's mass depends on the length of the run
    case = case.model_copy(update={"observation": [], "model": model, "release": area})
    long, short = prepare(case), prepare(case.model_copy(update={"time": shorter}))
    assert long.forcing.grid.columns > short.forcing.grid.columns
    first = run(short)
    again = run(long).sel(time=first["time"])
    for name in ("lon", "lat", "status"):
        np.testing.assert_array_equal(first[name], again[name])


@pytest.mark.slow
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


@pytest.mark.slow
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
