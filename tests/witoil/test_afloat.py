"""The oil afloat in numbers and pictures: where, how large, how thick, what drove it."""

import io

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod

from simulator import Status
from tests.witoil.afloat_builders import cloud
from witoil.figures.driving import driving_chart
from witoil.figures.map import run_map
from witoil.outputs.drawing import slick_times, thickness_shown
from witoil.report.answers import answers, compass, position
from witoil.scenario.afloat import Afloat, middles_of
from witoil.scenario.drivers import drivers_of
from witoil.scenario.run import mask_at

WGS84 = Geod(ellps="WGS84")


def pixels(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def share_near(image, colour, far=24):
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return float((np.abs(image.astype(int) - wanted).max(axis=-1) <= far).mean())


def test_oil_of_one_thickness_has_that_thickness_and_area(scenario):
    """A square of 3 km; a limit of half its thickness is in the middle of its smoothed edge."""
    made, area_km2 = cloud(scenario, side=3000.0, thickness_um=20.0, moved=(0.0, 0.0))
    found = Afloat.at(scenario, made, made["time"].values[-1], 10.0)
    assert found.area_km2 == pytest.approx(area_km2, rel=0.08)
    assert found.mean_thickness_um == pytest.approx(20.0, rel=0.08)
    assert found.greatest_thickness_um == pytest.approx(20.0, rel=0.1)


@pytest.mark.slow
@given(east=st.floats(-4e3, 4e3), north=st.floats(-4e3, 4e3))
def test_oil_that_is_moved_has_travelled_that_far_and_that_way(scenario, east, north):
    made, _ = cloud(scenario, side=500.0, thickness_um=20.0, moved=(east, north))
    found = Afloat.at(scenario, made, made["time"].values[-1], 1.0)
    assert 1e3 * found.travelled_km == pytest.approx(np.hypot(east, north), rel=2e-3, abs=1.0)
    if np.hypot(east, north) > 100.0:
        azimuth = np.degrees(np.arctan2(east, north)) % 360.0
        turn = (found.bearing_deg - azimuth + 180.0) % 360.0 - 180.0
        assert abs(turn) < 2.0  # the grid's north is not true north


@pytest.mark.slow
def test_where_nothing_is_afloat_there_is_no_slick(scenario, result):
    ashore = result.copy()
    ashore["status"] = xr.full_like(result["status"], int(Status.BEACHED))
    assert Afloat.at(scenario, ashore, result["time"].values[-1], 1.0) is None
    assert np.isnan(middles_of(scenario, ashore)).all()
    assert driving_chart(scenario, ashore) is None
    assert pixels(run_map(scenario, ashore, thickness_shown(scenario, ashore), 1.0)).shape[1] == 960


def test_the_middle_is_where_particles_of_one_mass_are_in_the_mean(scenario, result):
    last = result.isel(time=-1)
    afloat = last["status"].values == Status.AFLOAT
    middle = middles_of(scenario, result)[-1]
    weights = last["mass"].values[afloat]
    lon, lat = (np.average(last[v].values[afloat], weights=weights) for v in ("lon", "lat"))
    _, _, away = WGS84.inv(lon, lat, *middle)
    assert away < 300.0  # a sample of the particles


@pytest.mark.slow
def test_a_map_shows_land_slicks_and_thick_oil(scenario, result):
    image = pixels(run_map(scenario, result, thickness_shown(scenario, result), 1.0))
    assert share_near(image, "#ddd8cc") > 0.01  # land
    assert share_near(image, "#e69f00") > 5e-4  # slicks observed
    assert share_near(image, "#440154", 40) > 1e-3  # the thickest oil
    assert share_near(image, "#f3f7fa", 6) > 0.2  # sea


@pytest.mark.slow
def test_a_chart_of_what_drove_the_oil_has_a_line_for_each(scenario, result):
    image = pixels(driving_chart(scenario, result))
    for colour in ("#d55e00", "#0072b2", "#009e73"):
        assert share_near(image, colour) > 1e-3


def test_what_drives_along_a_way_is_what_the_fields_have_there(scenario):
    forcing = scenario.forcing
    grid = forcing.grid
    j, i = grid.rows // 2, grid.columns // 2
    lon, lat = np.full(2, grid.longitude[i]), np.full(2, grid.latitude[j])
    # a place in degrees is a node but for its last digits
    found = forcing.along(forcing.wind.times[:2], lon, lat)
    np.testing.assert_allclose(found["wind"], forcing.wind.values[:2, j, i], rtol=1e-6)
    middle = forcing.wind.times[:2].mean(keepdims=True)
    between = forcing.along(middle, lon[:1], lat[:1])["wind"]
    np.testing.assert_allclose(between[0], forcing.wind.values[:2, j, i].mean(axis=0), rtol=1e-6)


HOURS = np.datetime64("2025-06-01T00", "ns") + np.arange(49) * np.timedelta64(3600 * 10**9, "ns")


@given(st.lists(st.integers(0, 48), unique=True).map(sorted))
def test_slicks_are_drawn_at_the_times_of_observations_and_the_end(chosen):
    times = slick_times(HOURS, list(HOURS[chosen]))
    assert times[-1] == HOURS[-1]
    assert len(times) <= 4
    assert times == sorted(set(times))
    if set(chosen) - {48}:
        assert set(times[:-1]) <= set(HOURS[chosen])


def test_places_and_winds_in_words():
    assert position(-63.7471, 10.823) == "10.8230° N, 63.7471° W"
    assert position(35.0, -10.0) == "10.0000° S, 35.0000° E"
    assert [compass(bearing) for bearing in (0, 359, 45, 180, 191.25, 200)] == [
        *("N", "N", "NE", "S", "S", "SSW"),
    ]


def test_the_slick_is_as_large_as_its_mask(scenario, result):
    for seen in scenario.observations:
        found = Afloat.at(scenario, result, seen.time, 0.1)
        mask = mask_at(scenario, result, seen.time, 0.1)
        assert found.area_km2 == scenario.grid.area_km2(mask)


def driven(scenario, **changed):
    made, _ = cloud(scenario, side=500.0, thickness_um=20.0, moved=(1000.0, 500.0))
    return drivers_of(scenario, made, scenario.parameters(changed))


@pytest.mark.slow
@given(wind=st.floats(0.0, 0.06), current=st.floats(0.1, 2.0), stokes=st.floats(0.0, 2.0))
def test_what_drives_oil_has_speeds_as_its_factors_and_shares_of_the_whole(
    scenario, wind, current, stokes
):
    once = driven(scenario, wind_drift_factor=0.01, current_factor=1.0, stokes_factor=1.0)
    found = driven(scenario, wind_drift_factor=wind, current_factor=current, stokes_factor=stokes)
    factors = {"wind_drift": wind / 0.01, "current": current, "stokes_drift": stokes}
    assert {"wind_drift", "current"} <= found.keys() <= factors.keys()
    for name, each in found.items():
        assert each["speed"] == pytest.approx(factors[name] * once[name]["speed"])
    assert sum(each["share"] for each in found.values()) == pytest.approx(1.0)
    assert max(found, key=lambda n: found[n]["share"]) == max(
        found, key=lambda n: found[n]["speed"]
    )


def test_a_correction_of_the_current_drives_as_the_current_does(scenario):
    still = {"wind_drift_factor": 0.0, "current_factor": 0.0, "stokes_factor": 0.0}
    assert driven(scenario, **still) is None
    found = driven(scenario, **still, current_bias_east=0.3, current_bias_north=-0.4)
    assert found["current"] == {"speed": pytest.approx(0.5), "share": 1.0}


def test_what_drives_is_unknown_where_nothing_is_afloat(scenario, result):
    ashore = result.copy()
    ashore["status"] = xr.full_like(result["status"], int(Status.BEACHED))
    assert drivers_of(scenario, ashore, scenario.parameters()) is None


@pytest.mark.parametrize(
    ("oiled_km", "says"),
    [(12.34, "on 12.3 km"), (0.0, "nowhere as much as 100 kg on a kilometre")],
)
def test_oil_ashore_too_little_to_count_is_on_no_length_of_coast(oiled_km, says):
    ashore = {"mass_t": 0.02, "oiled_km": oiled_km, "first_oiled": "2025-06-01T08:00:00Z"}
    summary = {"afloat": None, "ashore": ashore, "mass_balance_kg": {"released": 1e6}}
    assert dict(answers(summary))["Ashore"] == f"0.02 t (<0.1%) {says}, since 2025-06-01 08:00 UTC"
