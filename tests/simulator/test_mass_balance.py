"""No oil is made or lost: whole runs with all processes, of any oil, off any coast."""

import itertools
from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

import simulator
from simulator import (
    GENERIC_OILS,
    AreaRelease,
    LineRelease,
    PointRelease,
    Processes,
    SimulatorError,
    Status,
    TrackRelease,
    model,
)
from simulator.results import FATES
from tests.simulator.builders import HOUR, START, carry, forcing, nodes
from tests.simulator.strategies import NO_DEADLINE, SEEDS, UNIT, flows, lands, points

BOX = (34.0, 35.0, 34.3, 35.3)
INNER = (34.02, 35.02, 34.28, 35.28)
AXES = nodes(*BOX, 0.1)
SECOND = np.timedelta64(1, "s")

PROCESSES = [
    Processes(*chosen)
    for chosen in itertools.product(
        ("pseudo-components", "mackay1980", "off"),
        (False, True),
        ("li2017", "delvigne1988", "mackay1980", "off"),
        *[(False, True)] * 4,
    )
]


@st.composite
def releases(draw, hours):
    """Draw one release of any kind, now or later, at once or steady, fresh or old."""
    kind = draw(st.sampled_from(["point", "deep point", "line", "deep line", "area", "ship"]))
    mass = 10.0 ** draw(st.floats(1.0, 7.0))
    start = draw(st.floats(0.0, 0.5)) * hours
    lasts = draw(st.sampled_from([0.0, 0.0, 0.3, 2.0])) * hours
    time = START + round(3600.0 * start) * SECOND
    end = time + round(3600.0 * lasts) * SECOND
    age = draw(st.sampled_from([0.0, 0.0, 1.0, 48.0])) * 3600.0
    place = draw(points(INNER))
    options = {"age": age}
    if kind.startswith("deep"):
        options["depth"] = 10.0 ** draw(st.floats(-1.0, 2.0))
        options["droplet_diameter"] = 10.0 ** draw(st.floats(-6.0, -2.0))
    if kind.endswith("point"):
        return PointRelease(*place, mass=mass, time=time, end=end, **options)
    other = draw(points(INNER))
    assume(np.hypot(place[0] - other[0], place[1] - other[1]) > 1e-4)
    if kind.endswith("line"):
        return LineRelease(
            shapely.LineString([place, other]), mass=mass, time=time, end=end, **options
        )
    if kind == "area":
        # from sheens of a tenth of a micrometre on
        disc = shapely.Point(place).buffer(10.0 ** draw(st.floats(-4.0, -1.7)))
        return AreaRelease(disc, mass=mass, time=time, end=end, **options)
    lon, lat = np.transpose([place, other])
    return TrackRelease(np.array([time, time + 2 * HOUR]), lon, lat, mass=mass, **options)


@st.composite
def weathered_runs(draw):
    """Runs of all processes in any combination, looked at after every step."""
    processes = draw(st.sampled_from(PROCESSES))
    oil = GENERIC_OILS[draw(st.sampled_from(sorted(GENERIC_OILS)))]
    land = draw(lands(BOX))
    minutes = draw(st.one_of(st.sampled_from([5.0, 15.0, 60.0]), st.floats(1.0, 120.0)))
    hours = 12.0 * minutes / 60.0
    wanted = draw(st.lists(releases(hours), min_size=1, max_size=3))
    try:
        oiled = simulator.seed_particles(wanted, 60, seed=draw(SEEDS), land=land)
    except SimulatorError:
        assume(False)
    u, v = draw(flows(AXES[1].size, AXES[0].size))
    angle, speed = 2.0 * np.pi * draw(UNIT), 25.0 * draw(UNIT)
    fields = forcing(
        (lambda *_: u, lambda *_: v),
        (speed * np.cos(angle), speed * np.sin(angle)),
        axes=AXES,
        stokes_drift=draw(st.sampled_from(["none", "wind"])),
    )
    cuts = [hours * draw(UNIT) for _ in range(draw(st.integers(0, 3)))]
    # to the millisecond, which is what a time of output is rounded to
    times = np.round(3.6e6 * np.append(np.arange(13) * minutes / 60.0, cuts)) / 3.6e6
    return carry(
        fields,
        oiled,
        times.max(),
        land=land,
        minutes=minutes,
        outputs=np.unique(times),
        oil=oil,
        processes=processes,
        water_temperature=273.15 + 30.0 * draw(UNIT),
        horizontal_diffusivity=100.0 * draw(UNIT) ** 3,
        wind_drift_factor=0.03,
        seed=draw(SEEDS),
        threads=1,
    ), oil


def mass_of(result, name):
    return result[f"{name}_mass"].values


def absorbed(result):
    loose = result["mass"].where(result["status"] == Status.BEACHED, 0.0).sum("trajectory")
    return mass_of(result, "beached") - loose.values


def oil_is_somewhere_at_every_step(result):
    released = mass_of(result, "released")
    parts = np.array([mass_of(result, name) for name in FATES])
    assert (parts >= 0.0).all()
    np.testing.assert_allclose(parts.sum(axis=0), released, rtol=1e-9)
    assert (result["mass"].values >= 0.0).all()
    coast = result["coast_mass"].sum("stretch").values
    np.testing.assert_allclose(coast, mass_of(result, "beached"), rtol=1e-9)


def what_evaporated_or_seeped_away_does_not_come_back(result):
    slack = 1e-12 * mass_of(result, "released")[-1]
    assert (np.diff(mass_of(result, "evaporated")) >= 0.0).all()
    assert (np.diff(absorbed(result)) >= -slack).all()
    assert (absorbed(result) >= -slack).all()
    there = result["status"].values != Status.UNRELEASED
    assert (np.diff(result["mass"].values, axis=1) <= 0.0)[there[:, :-1]].all()


def the_state_of_the_oil_stays_within_its_bounds(result, oil):
    if "water_fraction" not in result:
        return
    there = result["status"].values != Status.UNRELEASED
    there &= result["mass"].values > 0.0
    water = result["water_fraction"].values[there]
    assert ((water >= 0.0) & (water <= np.float32(oil.max_water_fraction))).all()
    for name in ("viscosity", "density", "thickness"):
        assert (result[name].values[there] > 0.0).all(), name


def what_has_evaporated_altogether_is_said_to_and_has_no_properties(result):
    status, mass = result["status"].values, result["mass"].values
    evaporated = status == Status.EVAPORATED
    assert (mass[evaporated] == 0.0).all()
    assert (evaporated[:, 1:] >= evaporated[:, :-1]).all()
    at_sea = (status == Status.AFLOAT) | (status == Status.SUBMERGED)
    assert (mass[at_sea] > 0.0).all()
    if "viscosity" not in result:
        assert not evaporated.any()
        return
    missing = (status == Status.UNRELEASED) | (mass == 0.0)
    for name in ("water_fraction", "viscosity", "density", "thickness"):
        np.testing.assert_array_equal(np.isnan(result[name].values), missing)
    assert (result["z"].values[evaporated] == 0.0).all()


def only_oil_under_water_has_a_depth(result):
    if "z" not in result:
        return
    status, z = result["status"].values, result["z"].values
    assert (z[status == Status.SUBMERGED] < 0.0).all()
    assert (z[(status == Status.AFLOAT) | (status == Status.BEACHED)] == 0.0).all()
    assert (z[status != Status.UNRELEASED] <= 0.0).all()


@pytest.mark.slow
@NO_DEADLINE
@given(weathered_runs())
def test_what_holds_of_oil_holds_at_every_step_of_every_run(run):
    result, oil = run
    oil_is_somewhere_at_every_step(result)
    what_evaporated_or_seeped_away_does_not_come_back(result)
    the_state_of_the_oil_stays_within_its_bounds(result, oil)
    what_has_evaporated_altogether_is_said_to_and_has_no_properties(result)
    only_oil_under_water_has_a_depth(result)


ISLE = shapely.Point(35.1, 35.5).buffer(0.1)


@cache
def restless():
    return forcing((0.5, 0.1), (9.0, 5.0), stokes_drift="wind")


def everything(minutes=15.0, **options):
    """Run all processes on fresh, old, deep and steadily released oil that comes ashore."""
    later = START + 2 * HOUR
    oiled = simulator.seed_particles(
        [
            PointRelease(34.95, 35.5, mass=3e5, time=START),
            PointRelease(
                34.9, 35.45, mass=3e5, time=START, end=later, depth=20.0, droplet_diameter=1e-3
            ),
            AreaRelease(shapely.box(34.8, 35.4, 34.98, 35.6), mass=1e5, time=START, age=86400.0),
            LineRelease(
                shapely.LineString([(34.9, 35.4), (34.9, 35.6)]), mass=1e5, time=START, end=later
            ),
        ],
        5000,
        seed=1,
    )
    return carry(
        restless(),
        oiled,
        6,
        **{
            "land": ISLE,
            "oil": GENERIC_OILS["generic-light-crude"],
            "processes": Processes(),
            "horizontal_diffusivity": 50.0,
            "wind_drift_factor": 0.03,
            "minutes": minutes,
            "threads": 2,
        }
        | options,
    )


@pytest.fixture(scope="module")
def alone():
    result = everything(threads=1)
    assert set(np.unique(result["status"])) >= {Status.AFLOAT, Status.BEACHED, Status.SUBMERGED}
    assert absorbed(result)[-1] > 0.0
    return result


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_with_all_processes_any_number_of_threads_gives_the_same_bits(alone, threads):
    assert everything(threads=threads).identical(alone)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [("CHUNK", 7), ("CHUNK", 10**6), ("SPAN_BYTES", 1)])
def test_with_all_processes_any_division_of_the_work_gives_the_same_bits(
    alone, monkeypatch, name, value
):
    monkeypatch.setattr(model, name, value)
    assert everything().identical(alone)


@pytest.mark.slow
def test_with_all_processes_looking_at_the_ends_of_steps_changes_nothing(alone):
    result = everything(outputs=np.arange(25) / 4.0)
    assert result.isel(time=[0, -1]).identical(alone)
