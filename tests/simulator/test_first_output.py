"""What a run says of oil at the time of its release."""

import numpy as np
import pytest
import shapely

import simulator
from simulator import (
    GENERIC_OILS,
    AreaRelease,
    LineRelease,
    PointRelease,
    Processes,
    Status,
    TrackRelease,
)
from tests.simulator.builders import HOUR, START, carry, currents, field, forcing, particles, winds

OIL = GENERIC_OILS["generic-medium-crude"]
COLD, WARM = 278.15, 298.15
LATER = START + 2 * HOUR
WAY = np.array([START, LATER])

AT_ONCE = {
    "point": PointRelease(35.0, 35.5, mass=1e5, time=START),
    "old point": PointRelease(35.0, 35.5, mass=1e5, time=START, age=86400.0),
    "deep point": PointRelease(35.0, 35.5, mass=1e5, time=START, depth=20.0, droplet_diameter=1e-3),
    "line": LineRelease(shapely.LineString([(35.0, 35.4), (35.0, 35.6)]), mass=1e5, time=START),
    "area": AreaRelease(shapely.box(34.9, 35.4, 35.1, 35.6), mass=1e5, time=START),
    "old area": AreaRelease(shapely.box(34.9, 35.4, 35.1, 35.6), mass=1e5, time=START, age=86400.0),
}
STEADY = {
    "point": PointRelease(35.0, 35.5, mass=1e5, time=START, end=LATER),
    "deep point": PointRelease(
        35.0, 35.5, mass=1e5, time=START, end=LATER, depth=5.0, droplet_diameter=1e-4
    ),
    "old point": PointRelease(35.0, 35.5, mass=1e5, time=START, end=LATER, age=86400.0),
    "area": AreaRelease(shapely.box(34.9, 35.4, 35.1, 35.6), mass=1e5, time=START, end=LATER),
    "ship": TrackRelease(WAY, np.array([34.9, 35.1]), np.array([35.4, 35.6]), mass=1e5),
}


def warming_northward():
    """Make a calm sea, colder in the south."""

    def temperature(t, lon, lat):
        return COLD + (WARM - COLD) * (lat - 35.0)

    return simulator.Forcing.from_datasets(
        currents(),
        winds(),
        temperature=field((simulator.TEMPERATURE,), temperature),
        start=START,
        stokes_drift="none",
    )


@pytest.mark.parametrize("kind", AT_ONCE)
def test_oil_is_fresh_at_the_start_in_the_temperature_of_its_place(kind):
    later = PointRelease(35.0, 35.5, mass=1e5, time=LATER)
    oiled = simulator.seed_particles([AT_ONCE[kind], later], 50, seed=1)
    result = carry(warming_northward(), oiled, 1, oil=OIL, processes=Processes())
    first = result.isel(time=0)
    there = first["status"].values != Status.UNRELEASED
    np.testing.assert_array_equal(there, first["release"] == 0)
    temperature = COLD + (WARM - COLD) * (first["lat"].values[there] - 35.0)
    expected = [OIL.kinematic_viscosity(t) for t in temperature]
    # tabulated every quarter of a kelvin
    np.testing.assert_allclose(first["viscosity"].values[there], expected, rtol=1e-3)
    expected = [OIL.density(t) for t in temperature]
    np.testing.assert_allclose(first["density"].values[there], expected, rtol=1e-4)
    assert (first["water_fraction"].values[there] == 0.0).all()
    assert (first["thickness"].values[there] > 0.0).all()
    for name in ("viscosity", "density", "thickness", "water_fraction", "z"):
        assert np.isnan(first[name].values[~there]).all()


@pytest.mark.parametrize("kind", STEADY)
def test_oil_that_comes_out_steadily_is_described_from_the_first_output_on(kind):
    oiled = simulator.seed_particles([STEADY[kind]], 50, seed=1)
    outputs = np.arange(13) / 6.0
    options = {"outputs": outputs, "minutes": 10.0, "processes": Processes()}
    result = carry(warming_northward(), oiled, 2, oil=OIL, **options)
    there = result["status"].values != Status.UNRELEASED
    assert (np.diff(there.sum(axis=0)) > 0).all()
    for name in ("viscosity", "density", "thickness"):
        assert (result[name].values[there] > 0.0).all()


def test_oil_released_at_an_output_is_described_then():
    hours = np.array([0.0, 1.0, 1.25, 2.0])
    oiled = particles(35.0, 35.5, hours)
    result = carry(forcing(), oiled, 3, outputs=hours, oil=OIL, processes=Processes())
    for k, hour in enumerate(hours):
        new = result.isel(trajectory=k).sel(time=START + (hour * HOUR).astype("timedelta64[ns]"))
        assert new["viscosity"] == pytest.approx(OIL.kinematic_viscosity(288.15), rel=1e-3)
        assert new["density"] == pytest.approx(OIL.density(288.15), rel=1e-4)
        assert new["thickness"] > 0.0


@pytest.mark.parametrize("oil", [OIL, None])
def test_without_any_process_oil_under_water_is_described_as_far_as_it_is_known(oil):
    oiled = simulator.seed_particles([AT_ONCE["deep point"]], 5, seed=1)
    result = carry(forcing(), oiled, 1, oil=oil, processes=Processes.none())
    assert (result["density"] > 0.0).all()
    if oil is None:
        assert result["viscosity"].isnull().all()
    else:
        expected = oil.kinematic_viscosity(288.15)
        np.testing.assert_allclose(result["viscosity"], expected, rtol=1e-3)


def test_looking_at_the_start_changes_nothing_later():
    options = {"oil": OIL, "processes": Processes(), "horizontal_diffusivity": 5.0}
    fields = forcing((0.3, 0.0), (9.0, 0.0))
    oiled = simulator.seed_particles([*AT_ONCE.values(), *STEADY.values()], 400, seed=1)
    without = carry(fields, oiled, 3, outputs=[3], **options)
    assert carry(fields, oiled, 3, outputs=[0, 3], **options).isel(time=[1]).identical(without)


def test_oil_released_where_a_run_goes_on_is_described_as_in_one_go():
    hours = [0.0, 1.0, 1.0, 2.0]
    oiled = particles(35.0, 35.5, hours)
    options = {"oil": OIL, "processes": Processes()}
    kept = []
    carry(forcing(), oiled, 1, outputs=[0, 1], on_end=kept.append, **options)
    whole = carry(forcing(), oiled, 3, outputs=[1, 2, 3], **options)
    again = carry(forcing(), oiled, 3, outputs=[1, 2, 3], resume=kept[0], **options)
    assert again.identical(whole)
    assert np.isfinite(again["viscosity"].values[1:3, 0]).all()
