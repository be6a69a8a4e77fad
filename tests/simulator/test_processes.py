"""What each process does in a run: switched off, by itself, and in steps of any length."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from scipy import stats
from scipy.linalg import solve_banded

import simulator
from simulator import GENERIC_OILS, AreaRelease, Oil, PointRelease, Processes, Status
from simulator.kernels.buoyancy import (
    rise_velocity,
    sea_water_density,
    sea_water_kinematic_viscosity,
)
from simulator.kernels.spreading import (
    INITIAL_THICK_THICKNESS,
    THIN_THICKNESS,
    thick_area_after,
    total_area_after,
)
from tests.simulator.builders import START, carry, currents, field, forcing, winds

LIGHT = GENERIC_OILS["generic-light-crude"]
WATER = 288.15
POINT = PointRelease(35.0, 35.5, mass=1e5, time=START)
METRES_EAST, METRES_NORTH = simulator.metres_per_degree(35.5)


def only(**chosen):
    """Switch on what is named."""
    names = ("emulsification", "vertical_mixing", "spreading", "sinking", "shore")
    return Processes(
        **{"evaporation": "off", "dispersion": "off"} | dict.fromkeys(names, False) | chosen
    )


def weather(release, hours, *, wind=8.0, count=2000, oil=LIGHT, current=(0.0, 0.0), **options):
    """Run the releases of oil in a steady wind."""
    oiled = simulator.seed_particles(np.atleast_1d(release).tolist(), count, seed=1)
    fields = forcing(current, (wind, 0.0))
    return carry(fields, oiled, hours, **{"oil": oil, "water_temperature": WATER} | options)


def share(result, name):
    return (result[f"{name}_mass"] / result["released_mass"]).values


def rise(diameter):
    """Return how fast a droplet of the light crude rises. [m s-1]"""
    return rise_velocity(
        diameter,
        LIGHT.density(WATER),
        sea_water_density(WATER),
        sea_water_kinematic_viscosity(WATER),
    )


SLICK = AreaRelease(shapely.Point(35.0, 35.5).buffer(0.003), mass=1e5, time=START)
DEEP = PointRelease(35.0, 35.5, mass=1e4, time=START, depth=20.0, droplet_diameter=3e-4)
EVERYTHING = {
    "evaporation": "pseudo-components",
    "dispersion": "li2017",
    "emulsification": True,
    "vertical_mixing": True,
    "spreading": True,
    "sinking": True,
}
ASHORE = {"land": shapely.box(35.02, 35.0, 35.3, 36.0), "current": (0.5, 0.0)}


def without(name, **options):
    off = "off" if name in ("evaporation", "dispersion") else False
    processes = Processes(**EVERYTHING | {name: off})
    return weather([POINT, DEEP], 6, wind=12.0, processes=processes, **ASHORE, **options)


def test_without_evaporation_nothing_evaporates():
    assert (without("evaporation")["evaporated_mass"] == 0.0).all()


def test_without_emulsification_oil_holds_no_water():
    assert (without("emulsification")["water_fraction"] == 0.0).all()


def test_without_dispersion_nothing_that_floats_goes_under():
    result = without("dispersion", outputs=np.arange(25) / 4.0)
    afloat = result["status"].values == Status.AFLOAT
    assert not ((result["status"].values == Status.SUBMERGED)[:, 1:] & afloat[:, :-1]).any()


@pytest.mark.slow
def test_without_vertical_mixing_oil_at_depth_only_rises():
    result = without("vertical_mixing", outputs=np.arange(25) / 4.0)
    z = result["z"].where(result["release"] == 1, drop=True).values
    deep = z[:, :-1] < -900.0 * rise(3e-4)  # what surfaces may be under water again
    still = result["status"].where(result["release"] == 1, drop=True).values == Status.SUBMERGED
    np.testing.assert_allclose(
        np.diff(z, axis=1)[deep & still[:, 1:]], 900.0 * rise(3e-4), rtol=0.1
    )


def test_without_spreading_oil_of_one_place_stays_together_and_its_slick_as_it_is():
    result = weather(POINT, 6, wind=0.0, processes=Processes(spreading=False))
    assert np.ptp(result["lon"].values[:, -1]) == np.ptp(result["lat"].values[:, -1]) == 0.0
    area = result["mass"] / result["thickness"]
    assert (area.isel(time=-1) <= area.isel(time=0) * (1.0 + 1e-6)).all()


def heavy():
    """Make an oil that is denser than the sea."""
    return Oil.from_measurements(
        "brick", densities=[(288.15, 1040.0)], viscosities=[(288.15, 1e-2)], emulsifies=False
    )


@pytest.mark.parametrize("wind", [0.0, 12.0])
def test_oil_denser_than_the_sea_sinks_for_good(wind):
    result = weather(POINT, 2, wind=wind, oil=heavy(), processes=only(sinking=True))
    assert (result["status"][:, -1] == Status.SUNK).all()
    assert share(result, "sunk")[-1] == 1.0


def test_without_sinking_oil_denser_than_the_sea_floats():
    result = weather(POINT, 2, oil=heavy(), processes=only(emulsification=True))
    assert (result["status"][:, -1] == Status.AFLOAT).all()


def test_oil_lighter_than_the_sea_does_not_sink():
    ifo = GENERIC_OILS["generic-ifo-380"]
    result = weather(POINT, 6, oil=ifo, processes=Processes(), water_temperature=273.15)
    assert (result["sunk_mass"] == 0.0).all()


def waxy(pour_point):
    """Make the light crude one of another pour point. [K]"""
    return replace(LIGHT, pour_point=pour_point)


STATE = ("mass", "water_fraction", "viscosity", "density", "thickness")


@pytest.mark.slow
@pytest.mark.parametrize("evaporation", ["pseudo-components", "mackay1980"])
@pytest.mark.parametrize("dispersion", ["li2017", "delvigne1988", "mackay1980"])
def test_oil_far_below_its_pour_point_stays_as_it_is(evaporation, dispersion):
    processes = Processes(evaporation, dispersion=dispersion)
    options = {"wind": 10.0, "processes": processes, "outputs": (0, 12)}
    result = weather([SLICK, POINT], 12, oil=waxy(WATER + 15.1), **options)
    assert (result["status"] == Status.AFLOAT).all()
    for name in STATE:
        before, after = result[name].values.T
        np.testing.assert_allclose(after, before, rtol=1e-6)
    liquid = weather([SLICK, POINT], 12, oil=waxy(WATER + 4.9), **options)
    assert share(liquid, "evaporated")[-1] > 0.05
    assert share(liquid, "dispersed")[-1] > 0.01
    assert liquid["water_fraction"][:, -1].max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("evaporation", ["pseudo-components", "mackay1980"])
def test_oil_half_set_weathers_for_half_the_time(evaporation):
    processes = only(evaporation=evaporation, emulsification=True, spreading=True)
    half = weather([SLICK, POINT], 6, oil=waxy(WATER + 10.0), minutes=20.0, processes=processes)
    whole = weather([SLICK, POINT], 3, oil=LIGHT, minutes=10.0, processes=processes)
    for name in STATE:
        np.testing.assert_allclose(half[name][:, -1], whole[name][:, -1], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("dispersion", ["li2017", "delvigne1988", "mackay1980"])
def test_waves_entrain_half_set_oil_half_as_often(dispersion):
    processes = only(dispersion=dispersion)
    options = {"processes": processes, "wind": 7.0, "count": 20_000, "minutes": 5.0}
    under = [
        share(weather(SLICK, 1, oil=oil, **options), "dispersed")[-1]
        for oil in (LIGHT, waxy(WATER + 10.0))
    ]
    often, half = -np.log(1.0 - np.array(under))
    assert half > 0.01
    assert half / often == pytest.approx(0.5, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("pour_point", [200.0, WATER - 10.0, WATER, WATER + 4.9])
def test_the_pour_point_does_not_matter_as_long_as_oil_is_liquid(pour_point):
    options = {"wind": 12.0, "processes": Processes(), "count": 200, **ASHORE}
    result = weather([POINT, DEEP], 6, oil=waxy(pour_point), **options)
    assert result.identical(weather([POINT, DEEP], 6, **options))


@pytest.mark.slow
def test_oil_sets_only_where_the_sea_is_cold():
    def temperature(t, lon, lat):
        return np.where(lon < 35.0, WATER, WATER + 20.0)

    west, east = (PointRelease(x, 35.5, mass=1e5, time=START) for x in (34.5, 35.5))
    fields = simulator.Forcing.from_datasets(
        currents(),
        winds(8.0, 0.0),
        temperature=field((simulator.TEMPERATURE,), temperature),
        start=START,
        stokes_drift="none",
    )
    oiled = simulator.seed_particles([west, east], 100, seed=1)
    result = carry(fields, oiled, 6, oil=waxy(WATER + 15.1), processes=Processes())
    lost = (result["mass"][:, 0] - result["mass"][:, -1]).groupby(result["release"]).sum()
    assert lost[0] == 0.0
    assert lost[1] > 0.1 * 1e5


@pytest.mark.slow
def test_beached_oil_goes_on_evaporating_as_if_it_floated():
    options = {"processes": only(evaporation="pseudo-components"), "minutes": 5.0}
    afloat = weather(SLICK, 24, **options)
    ashore = weather(
        SLICK, 24, land=shapely.box(35.004, 35.0, 35.3, 36.0), current=(0.5, 0.0), **options
    )
    assert (ashore["status"][:, -1] == Status.BEACHED).all()
    np.testing.assert_allclose(share(ashore, "evaporated"), share(afloat, "evaporated"), rtol=1e-9)


@pytest.mark.parametrize(("east", "back"), [(-0.5, True), (0.5, False)])
def test_beached_oil_comes_off_by_its_half_life_where_the_current_goes_out_to_sea(east, back):
    # onshore first, then as given; sand: 24 h
    def current(t, lon, lat):
        return np.where(t < 3600.0 * 2.5, 0.5, east)

    count, hours = 4000, 26.25
    oiled = simulator.seed_particles(
        [PointRelease(35.0, 35.5, mass=1e3, time=START)], count, seed=1
    )
    fields = forcing((current, 0.0), (3.0, 0.0), hours=(0.0, 2.4, 2.5, 240.0))
    result = carry(
        fields,
        oiled,
        hours,
        land=shapely.box(35.02, 35.0, 35.3, 36.0),
        outputs=(2.25, hours),
        oil=LIGHT,
        processes=only(shore=True, evaporation="pseudo-components"),
    )
    assert (result["status"][:, 0] == Status.BEACHED).all()
    left = float((result["status"][:, 1] == Status.BEACHED).mean())
    # at the whole hours 3 to 26, and with the current offshore they stay away
    expected = 0.5 ** (24.0 / 24.0) if back else 1.0
    assert left == pytest.approx(expected, abs=4.0 * np.sqrt(0.25 / count) if back else 0.025)


def test_without_shore_beached_oil_stays_loose_where_it_is():
    result = weather(POINT, 24, processes=Processes(shore=False), **ASHORE)
    stuck = result["mass"].where(result["status"] == Status.BEACHED, 0.0).sum("trajectory")
    np.testing.assert_allclose(stuck, result["beached_mass"], rtol=1e-12)


@pytest.mark.parametrize("minutes", [5.0, 60.0])
def test_a_large_droplet_rises_as_long_as_its_depth_over_its_speed(minutes):
    diameter, depth = 5e-4, 200.0
    seconds = depth / rise(diameter)
    release = PointRelease(35.0, 35.5, mass=1e4, time=START, depth=depth, droplet_diameter=diameter)
    hours = np.array([0.97, 1.03]) * seconds / 3600.0
    result = weather(
        release,
        hours[-1],
        count=20,
        outputs=np.round(3600.0 * hours) / 3600.0,
        minutes=minutes,
        processes=only(sinking=True),
    )
    assert (result["status"][:, 0] == Status.SUBMERGED).all()
    assert (result["status"][:, 1] == Status.AFLOAT).all()


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [1.0, 15.0, 60.0])
def test_droplets_without_buoyancy_stay_evenly_spread_in_the_mixed_layer(minutes):
    depths = np.linspace(0.01, 29.99, 2000)
    releases = [
        PointRelease(35.0, 35.5, mass=1.0, time=START, depth=d, droplet_diameter=1e-7)
        for d in depths
    ]
    result = weather(
        releases, 12, minutes=minutes, processes=only(vertical_mixing=True, mixed_layer_depth=30.0)
    )
    z = -result["z"].values[:, -1].astype(float)
    assert (result["status"][:, -1] == Status.SUBMERGED).mean() > 0.999
    assert stats.kstest(z / 30.0, "uniform").pvalue > 1e-3
    # and each has been anywhere
    assert abs(np.corrcoef(z, depths)[0, 1]) < 0.6


def concentration(speed, diffusivity, seconds, start, layer=30.0, cells=600):
    """Solve the equation of rising and mixing; what reaches the surface leaves at speed times C.

    Returns the share that has surfaced, the middles of cells as depths, and what is in them.
    """
    dx = layer / cells
    depth = (np.arange(cells) + 0.5) * dx
    held = np.zeros(cells)
    held[np.searchsorted(depth, start)] = 1.0
    steps = 2000
    r, a = diffusivity * seconds / steps / dx**2, speed * seconds / steps / dx
    lower, upper, middle = np.full(cells, -r), np.full(cells, -r - a), np.full(cells, 1 + 2 * r + a)
    middle[[0, -1]] -= r
    bands = np.array([np.append(0.0, upper[:-1]), middle, np.append(lower[:-1], 0.0)])
    for _ in range(steps):
        held = solve_banded((1, 1), bands, held)
    return 1.0 - held.sum(), depth, held


@pytest.mark.slow
@pytest.mark.parametrize("diameter", [1e-4, 2e-4, 4e-4])
@pytest.mark.parametrize("minutes", [1.0, 15.0, 60.0])
def test_droplets_surface_at_their_speed_times_the_concentration_under_the_surface(
    diameter, minutes
):
    start, diffusivity, count = 5.0, 0.01, 4000
    hours = min(5.0 / rise(diameter) / 3600.0, 12.0)
    hours = max(np.round(hours), 1.0)
    release = PointRelease(35.0, 35.5, mass=1.0, time=START, depth=start, droplet_diameter=diameter)
    result = weather(
        release, hours, count=count, minutes=minutes, processes=only(vertical_mixing=True)
    )
    surfaced, depth, held = concentration(rise(diameter), diffusivity, 3600.0 * hours, start)
    afloat = (result["status"][:, -1] == Status.AFLOAT).values
    assert afloat.mean() == pytest.approx(surfaced, abs=0.05)
    if (~afloat).sum() > 500:
        z = -result["z"].values[~afloat, -1].astype(float)
        assert z.mean() == pytest.approx((depth * held).sum() / held.sum(), rel=0.1)


def spread(oil_released, hours, **options):
    return weather(
        oil_released,
        hours[-1],
        wind=0.0,
        count=20_000,
        processes=only(spreading=True),
        outputs=hours,
        **options,
    )


def variance(result):
    x = (result["lon"].values - 35.0) * METRES_EAST
    y = (result["lat"].values - 35.5) * METRES_NORTH
    return 0.5 * (x.var(axis=0) + y.var(axis=0))


def slick(volume, hours, dt):
    """Return the areas of the thick and the thin part of a slick."""
    thick = volume / (INITIAL_THICK_THICKNESS + 4.0 * THIN_THICKNESS)
    thin = 4.0 * thick
    for _ in range(round(3600.0 * hours / dt)):
        thick_volume = volume - THIN_THICKNESS * thin
        thickness = thick_volume / thick
        sheen = total_area_after(thick + thin, thickness, dt) - thick - thin
        growth = thick_area_after(thick, thick_volume, dt) - thick
        growth -= min(sheen * THIN_THICKNESS / thickness, 0.5 * thick)
        thick, thin = thick + growth, thin + sheen
    return thick, thin


@pytest.mark.slow
def test_the_thick_part_of_a_slick_grows_with_the_root_of_time():
    # of so much oil the sheen takes next to nothing, and its own growth a few per cent of the whole
    result = spread(PointRelease(35.0, 35.5, mass=1e7, time=START), (0.25, 6.25, 24.25))
    volume = 1e7 / LIGHT.density(WATER)
    first = volume / (INITIAL_THICK_THICKNESS + 4.0 * THIN_THICKNESS)
    area = np.sqrt(first**2 + 300.0 * volume ** (4.0 / 3.0) * 3600.0 * np.array([6.0, 24.0]))
    grown = variance(result)[1:] - variance(result)[0]
    np.testing.assert_allclose(grown, (area - first) / (4.0 * np.pi), rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("hours", [0.25, 1.0, 6.0, 24.0])
@pytest.mark.parametrize("minutes", [5.0, 15.0])
def test_the_oil_of_a_slick_lies_as_far_out_as_its_parts(minutes, hours):
    # what grows in a step moves the oil in the next
    result = spread(POINT, (hours, hours + minutes / 60.0), minutes=minutes)
    volume = 1e5 / LIGHT.density(WATER)
    thick, thin = slick(volume, hours, 60.0 * minutes)
    area = volume / result["thickness"].values[0, 0].astype(float)
    assert area == pytest.approx(thick + thin, rel=1e-3)
    in_sheen = THIN_THICKNESS * thin / volume
    wide = in_sheen * (thick + thin) + (1.0 - in_sheen) * thick
    assert variance(result)[1] == pytest.approx(wide / (4.0 * np.pi), rel=0.1)


@pytest.mark.slow
def test_a_sheen_does_not_spread():
    sheen = AreaRelease(shapely.Point(35.0, 35.5).buffer(0.01), mass=100.0, time=START)
    result = spread(sheen, (0.0, 24.0))
    assert (result["lon"][:, 0] == result["lon"][:, 1]).all()
    assert (result["thickness"][:, 0] == result["thickness"][:, 1]).all()


STARTS = [
    START,
    START + np.timedelta64(900, "s"),
]


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTS)
def test_old_oil_loses_in_its_first_step_what_fresh_oil_loses_in_its_age(start):
    aged = AreaRelease(SLICK.geometry, mass=SLICK.mass, time=start, age=86400.0)
    fresh = AreaRelease(SLICK.geometry, mass=SLICK.mass, time=start)
    processes = only(evaporation="pseudo-components")
    once = share(weather(aged, 0.5, processes=processes), "evaporated")[-1]
    day = share(weather(fresh, 24.5, processes=processes), "evaporated")[-1]
    assert once == pytest.approx(day, abs=0.002)


@pytest.mark.parametrize("start", STARTS)
def test_old_oil_has_the_water_of_its_age(start):
    aged = AreaRelease(SLICK.geometry, mass=SLICK.mass, time=start, age=6 * 3600.0)
    fresh = AreaRelease(SLICK.geometry, mass=SLICK.mass, time=start)
    processes = only(emulsification=True)
    once = weather(aged, 0.5, processes=processes)["water_fraction"].values[0, -1]
    later = weather(fresh, 6.5, processes=processes)["water_fraction"].values[0, -1]
    assert once == pytest.approx(later, abs=0.03)


def test_old_oil_evaporated_under_the_water_that_it_took_up():
    later = START + np.timedelta64(900, "s")
    aged = AreaRelease(SLICK.geometry, mass=SLICK.mass, time=later, age=86400.0)
    fresh = AreaRelease(SLICK.geometry, mass=SLICK.mass, time=later)
    processes = only(evaporation="pseudo-components", emulsification=True)
    once = share(weather(aged, 0.5, processes=processes), "evaporated")[-1]
    day = share(weather(fresh, 24.5, processes=processes), "evaporated")[-1]
    assert once == pytest.approx(day, abs=0.02)


STAYS = Processes(dispersion="delvigne1988", vertical_mixing=False)


@pytest.mark.slow
@pytest.mark.parametrize("release", [POINT, SLICK], ids=["point", "slick"])
@pytest.mark.parametrize("oil", ["generic-light-crude", "generic-diesel", "generic-heavy-crude"])
def test_weathering_without_mixing_hardly_depends_on_the_step(release, oil):
    def final(minutes):
        result = weather(
            release, 24, oil=GENERIC_OILS[oil], processes=STAYS, minutes=minutes, count=4000
        )
        water = result["water_fraction"].where(result["status"] == Status.AFLOAT)[:, -1].mean()
        return share(result, "evaporated")[-1], share(result, "dispersed")[-1], float(water)

    fine = final(5.0)
    np.testing.assert_allclose(final(15.0), fine, atol=0.015)
    np.testing.assert_allclose(final(60.0), fine, atol=0.06)


@pytest.mark.slow
def test_weathering_with_mixing_hardly_depends_on_the_step():
    def evaporated(minutes):
        return share(weather(POINT, 6, wind=12.0, minutes=minutes), "evaporated")[-1]

    # in steps of 1, 15 and 60 minutes: 0.08, 0.20 and 0.26, and 0.91, 0.64 and 0.38 under water
    assert evaporated(15.0) == pytest.approx(evaporated(2.0), abs=0.03)


EXCHANGE = only(dispersion="li2017", vertical_mixing=True)


def afloat_share(minutes, wind):
    result = weather(POINT, 2, wind=wind, processes=EXCHANGE, minutes=minutes, count=4000)
    return share(result, "floating")[-1]


@pytest.mark.slow
@pytest.mark.parametrize("wind", [10.0, 15.0])
def test_what_floats_between_waves_hardly_depends_on_the_step(wind):
    fine = afloat_share(0.5, wind)
    assert afloat_share(15.0, wind) == pytest.approx(fine, rel=0.5, abs=0.01)


def test_a_droplet_of_no_size_does_not_rise():
    assert rise(0.0) == 0.0
