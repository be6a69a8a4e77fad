"""Oil that evaporates altogether: when it is gone, where its last gram is, and on the shore."""

import numpy as np
import pytest
import shapely

import simulator
from simulator import GENERIC_OILS, AreaRelease, Oil, PointRelease, Processes, Status
from simulator.elements import oil_table
from simulator.kernels import weathering
from simulator.kernels.chunk import new_chunk
from simulator.kernels.state import (
    AFLOAT,
    BEACHED,
    EVAPORATED,
    LEAST_SHARE,
    LEFT_DOMAIN,
    SUBMERGED,
    SUNK,
)
from simulator.kernels.variables import COMPONENT_MASS, EVAPORATED_MASS, INITIAL_MASS, STATUS, Z
from simulator.results import FATES
from tests.simulator.builders import START, carry, forcing
from tests.simulator.compiled import from_python

let_go, weigh = from_python(weathering.let_go), from_python(weathering.weigh)

GASOLINE = GENERIC_OILS["generic-gasoline"]
SLICK = AreaRelease(shapely.Point(35.0, 35.5).buffer(0.01), mass=1e4, time=START)
HOT = {"oil": GASOLINE, "water_temperature": 298.15}
SHORE = shapely.box(35.02, 35.0, 36.0, 36.0)


def weather(release=SLICK, hours=12, *, current=(0.0, 0.0), wind=(5.0, 0.0), count=50, **options):
    oiled = simulator.seed_particles([release], count, seed=1)
    options = {"outputs": range(hours + 1), "processes": Processes()} | HOT | options
    return carry(forcing(current, wind), oiled, hours, **options)


@pytest.mark.slow
@pytest.mark.parametrize("evaporation", ["pseudo-components", "mackay1980"])
def test_gasoline_in_a_warm_wind_is_gone_and_all_of_it_in_the_air(evaporation):
    result = weather(processes=Processes(evaporation), hours=48)
    assert (result["status"][:, 0] == Status.AFLOAT).all()
    assert (result["status"][:, -1] == Status.EVAPORATED).all()
    assert result["evaporated_mass"].values[-1] == pytest.approx(1e4, rel=1e-12)
    parts = sum(result[f"{name}_mass"] for name in FATES)
    np.testing.assert_allclose(parts, result["released_mass"], rtol=1e-12)
    # it stays where it went
    gone = (result["status"] == Status.EVAPORATED).values
    for name in ("lon", "lat"):
        assert (np.diff(result[name].values, axis=1)[gone[:, :-1]] == 0.0).all()


def test_a_crude_keeps_its_residue():
    result = weather(oil=GENERIC_OILS["generic-light-crude"], hours=48)
    assert not (result["status"] == Status.EVAPORATED).any()


def test_without_evaporation_nothing_is_gone():
    assert not (weather(processes=Processes("off"))["status"] == Status.EVAPORATED).any()


def test_oil_evaporates_altogether_on_the_shore_and_what_has_seeped_in_stays():
    near = AreaRelease(shapely.Point(35.015, 35.5).buffer(0.003), mass=1e5, time=START)
    result = weather(near, 48, current=(0.5, 0.0), wind=(0.5, 0.0), land=SHORE)
    status = result["status"].values
    assert (status == Status.BEACHED).any(axis=1).sum() > 10
    assert (status[:, -1] == Status.EVAPORATED).all()
    assert result["beached_mass"].values[-1] > 0.0
    assert (result["coast_mass"][:, -1] == result["coast_absorbed_mass"][:, -1]).all()
    np.testing.assert_allclose(
        result["beached_mass"] + result["evaporated_mass"] + result["floating_mass"],
        result["released_mass"] - result["dispersed_mass"],
        rtol=1e-12,
    )
    # what is gone does not come off the shore again
    gone = status == Status.EVAPORATED
    assert (gone[:, 1:] >= gone[:, :-1]).all()


@pytest.mark.slow
def test_a_run_goes_on_to_the_same_bits_whatever_has_evaporated():
    options = {"current": (0.5, 0.0), "land": SHORE, "wind": (2.0, 0.0)}
    release = PointRelease(35.0, 35.5, mass=1e6, time=START, end=START + np.timedelta64(8, "h"))
    kept = []
    first = weather(release, 5, on_end=kept.append, **options)
    assert len(np.unique(first["status"][:, -1])) >= 3
    assert (first["status"][:, -1] == Status.EVAPORATED).any()
    whole = weather(release, 12, **options)
    again = weather(release, 12, outputs=range(5, 13), resume=kept[0], **options)
    assert again.identical(whole.isel(time=slice(5, None)).assign_coords(time=again["time"]))


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_gives_the_same_bits(threads):
    assert weather(count=5000, threads=threads).identical(weather(count=5000, threads=2))


def left(shares, status, evaporated):
    """Let elements of 2 kg go of which shares are left, and have evaporated; return the chunk."""
    oil = oil_table(GASOLINE)
    count, components = len(shares), oil.mass_fraction.size
    chunk = new_chunk(count, components)
    chunk.numbers[INITIAL_MASS] = 2.0
    chunk.numbers[EVAPORATED_MASS] = 2.0 * np.asarray(evaporated)
    chunk.numbers[Z] = -1.0
    chunk.codes[STATUS] = status
    masses = 2.0 * np.outer(np.full(components, 1.0 / components), shares)
    chunk.numbers[COMPONENT_MASS:] = masses
    weigh(0, count, chunk, oil)
    return let_go(count, chunk, oil), chunk, masses


@pytest.mark.slow
def test_what_is_less_than_a_millionth_goes_with_the_rest():
    shares = LEAST_SHARE * np.array([0.0, 0.5, 0.999, 1.001, 2.0])
    gone, chunk, masses = left(shares, AFLOAT, 1.0 - shares)
    assert gone == 3
    np.testing.assert_array_equal(chunk.codes[STATUS], [EVAPORATED] * 3 + [AFLOAT] * 2)
    np.testing.assert_array_equal(chunk.numbers[Z], [0.0] * 3 + [-1.0] * 2)
    now = chunk.numbers[COMPONENT_MASS:]
    assert (now[:, :3] == 0.0).all()
    np.testing.assert_array_equal(now[:, 3:], masses[:, 3:])
    np.testing.assert_allclose(chunk.numbers[EVAPORATED_MASS] + now.sum(axis=0), 2.0, rtol=1e-15)


@pytest.mark.parametrize(
    ("status", "share", "evaporated", "expected"),
    [
        (SUBMERGED, 0.0, 1.0, EVAPORATED),
        (BEACHED, 0.0, 1.0, EVAPORATED),
        (BEACHED, 1e-7, 0.6, EVAPORATED),
        # the shore has most of it
        (BEACHED, 1e-7, 0.4, BEACHED),
        (BEACHED, 0.0, 0.4, BEACHED),
        (AFLOAT, 1e-7, 0.4, AFLOAT),
        (AFLOAT, 0.0, 0.4, EVAPORATED),
        # these are done with
        (SUNK, 0.0, 1.0, SUNK),
        (LEFT_DOMAIN, 0.0, 1.0, LEFT_DOMAIN),
    ],
)
def test_what_counts_as_evaporated(status, share, evaporated, expected):
    gone, chunk, _ = left([share], status, [evaporated])
    assert chunk.codes[STATUS, 0] == expected
    assert gone == (expected == EVAPORATED)


def test_a_volatile_oil_of_any_kind_goes():
    naphtha = Oil.from_measurements(
        "naphtha",
        densities=[(288.15, 680.0)],
        viscosities=[(288.15, 5e-7)],
        cuts=[(310.0, 0.1), (330.0, 0.5), (360.0, 1.0)],
        emulsifies=False,
        pour_point=180.0,
    )
    result = weather(oil=naphtha, water_temperature=278.15, hours=12)
    assert (result["status"][:, -1] == Status.EVAPORATED).all()
