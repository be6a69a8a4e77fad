"""The laws of a single step, and the loop over a chunk of particles."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from simulator import Coast, Grid, Processes
from simulator.elements import Elements, inert_table
from simulator.kernels import transport
from simulator.kernels.chunk import advance, new_chunk
from simulator.kernels.state import (
    AFLOAT,
    BEACHED,
    ELAPSED,
    LEFT_DOMAIN,
    NEW_X,
    NEW_Y,
    UNRELEASED,
    Fields,
    Settings,
)
from simulator.kernels.transport import fraction_inside, without_spiral
from simulator.kernels.variables import X, Y
from tests.simulator.compiled import from_python
from tests.simulator.strategies import NO_DEADLINE

GRID = Grid(west=34.0, south=35.0, dlon=0.05, dlat=0.05, columns=9, rows=7)
ISLAND = shapely.box(34.2, 35.1, 34.25, 35.2)  # columns 4 to 5, rows 2 to 4

propose, settle = from_python(transport.propose), from_python(transport.settle)


@cache
def island_shore():
    return Coast.from_land(ISLAND, GRID)


@pytest.mark.parametrize(
    ("start", "middle"),
    [((1e-4, 0.0), (1e-4, 0.04)), ((0.0, 0.2), (0.3, 0.0)), ((0.1, 0.0), (-0.1, 0.01))],
)
def test_where_a_current_sets_in_or_turns_back_the_midpoint_rule_is_left_alone(start, middle):
    assert without_spiral(*start, *middle) == middle


@given(st.floats(0.0, 2.0 * np.pi), st.floats(1e-3, 0.3), st.floats(0.01, 3.0))
def test_in_a_rotation_the_middle_is_corrected_to_third_order(angle, turn, speed):
    u, v = speed * np.cos(angle), speed * np.sin(angle)
    # after half a step, of the angle turn, straight on along a tangent
    um, vm = u - turn * v, v + turn * u
    corrected = np.array(without_spiral(u, v, um, vm))
    share = turn**2 / (1.0 + turn**2)
    np.testing.assert_allclose(corrected, [um + share * (um - u), vm + share * (vm - v)], rtol=1e-9)


def rotation(omega):
    row, column = np.mgrid[: GRID.rows, : GRID.columns].astype(float)
    return np.stack([-omega * (row - 3.0), omega * (column - 4.0)], axis=-1)


def proposed(drift, x, y, dt, column=0, row=0):
    """Return where drift at the start and in the middle of a step leads one particle."""
    chunk = new_chunk(1, 1)
    chunk.numbers[[X, Y], 0], chunk.scratch[ELAPSED, 0], chunk.ids[0] = (x, y), dt, 0
    nothing = np.empty((0, *drift.shape[1:3], 4))
    fields = Fields(column, row, GRID.cells_per_metre, drift, nothing, nothing)
    propose(1, chunk, fields, 0, np.uint64(0), 0.0, False)
    return chunk.scratch[NEW_X, 0], chunk.scratch[NEW_Y, 0]


def twice(flow):
    return np.stack([flow, flow])


@pytest.mark.slow
def test_midpoint_rule_is_exact_to_second_order_in_a_rotation():
    theta = 0.1
    x, y = proposed(twice(rotation(1.0)), 6.0, 3.0, theta)
    # from (2, 0) relative to the centre: x = 2 cos, y = 2 sin
    assert x - 4.0 == pytest.approx(2.0 * (1.0 - theta**2 / 2.0), abs=2.0 * theta**4)
    assert y - 3.0 == pytest.approx(2.0 * theta, abs=1e-12)


@pytest.mark.slow
def test_a_step_of_a_rotation_keeps_the_radius_to_sixth_order():
    for theta in (0.05, 0.1, 0.2):
        x, y = proposed(twice(rotation(1.0)), 6.0, 3.0, theta)
        assert np.hypot(x - 4.0, y - 3.0) == pytest.approx(2.0, abs=0.2 * theta**6)


def test_midpoint_rule_takes_its_velocity_from_the_middle_of_the_step():
    still_then_moving = np.stack([np.zeros((7, 9, 2)), np.ones((7, 9, 2))])
    assert proposed(still_then_moving, 4.0, 3.0, 0.5) == (4.5, 3.5)


def test_a_step_is_the_same_to_the_last_bit_wherever_the_grid_is_cut():
    rng = np.random.default_rng(1)
    flow = rng.normal(0.0, 0.3, (2, 7, 9, 2))
    for x, y in rng.uniform(2.5, 5.5, (200, 2)):
        part = np.ascontiguousarray(flow[:, 1:, 2:])
        assert proposed(part, x, y, 1.0, 2, 1) == proposed(flow, x, y, 1.0)


def test_midpoint_beyond_the_border_is_looked_up_at_the_border():
    fast = np.full((2, 7, 9, 2), 100.0)
    assert proposed(fast, 7.9, 5.9, 1.0) == pytest.approx((107.9, 105.9))
    assert proposed(-fast, 0.1, 0.1, 1.0) == pytest.approx((-99.9, -99.9))


def test_where_there_is_no_drift_there_is_nowhere_to_go():
    assert np.isnan(proposed(np.full((2, 7, 9, 2), np.nan), 4.0, 3.0, 900.0)).all()


@pytest.mark.slow
@NO_DEADLINE
@given(st.floats(0.0, 7.999999), st.floats(-100.0, 100.0))
def test_the_fraction_inside_ends_on_the_border(start, end):
    t = fraction_inside(start, end, 9)
    assert 0.0 <= t <= 1.0
    reached = start + t * (end - start)
    assert -1e-12 <= reached < 8.0
    if not 0.0 <= end < 8.0:
        assert reached == pytest.approx(0.0 if end < 0.0 else 8.0, abs=1e-6)


def end_of_path(x0, y0, x1, y1, shore=None):
    shore = shore or island_shore()
    t, status, _ = settle(x0, y0, x1, y1, GRID.rows, GRID.columns, shore.line)
    # what is not finite is never gone along
    return (x0 + t * (x1 - x0), y0 + t * (y1 - y0), status) if t > 0.0 else (x0, y0, status)


@pytest.mark.slow
def test_a_path_at_sea_ends_where_it_ends():
    assert end_of_path(1.0, 3.0, 3.5, 3.0) == (3.5, 3.0, AFLOAT)


def test_a_path_onto_land_ends_half_a_metre_before_the_coast():
    x, y, status = end_of_path(3.0, 3.0, 4.5, 3.0)
    assert status == BEACHED
    assert y == 3.0
    assert 4.0 - x == pytest.approx(island_shore().line.margin)


def test_a_path_across_an_island_ends_at_its_near_coast():
    x, _, status = end_of_path(7.0, 3.0, 1.0, 3.0)
    assert status == BEACHED
    assert x - 5.0 == pytest.approx(island_shore().line.margin)


def test_a_path_onto_land_tells_the_stretch_that_it_meets():
    _, _, stretch = settle(3.0, 3.0, 4.5, 3.0, GRID.rows, GRID.columns, island_shore().line)
    # the western side of the island is one segment, whose middle counts
    assert tuple(island_shore().shore.cell[stretch]) == (3420, 3515)
    assert settle(1.0, 3.0, 3.5, 3.0, GRID.rows, GRID.columns, island_shore().line)[2] == -1
    assert settle(7.0, 5.0, 9.0, 6.0, GRID.rows, GRID.columns, island_shore().line)[2] == -1


def test_a_particle_nearer_to_the_coast_than_the_margin_stays_where_it_is():
    start = 4.0 - 0.1 * island_shore().line.margin
    assert end_of_path(start, 3.0, 4.5, 3.0) == (start, 3.0, BEACHED)


def test_a_path_out_of_the_domain_ends_on_its_border():
    x, y, status = end_of_path(7.0, 5.0, 9.0, 6.0)
    assert status == LEFT_DOMAIN
    assert (x, y) == pytest.approx((8.0, 5.5), abs=1e-6)
    assert x < 8.0


def test_a_path_to_nowhere_ends_where_it_starts():
    assert end_of_path(2.0, 3.0, np.nan, 3.0) == (2.0, 3.0, LEFT_DOMAIN)
    assert end_of_path(2.0, 3.0, 2.0, np.nan) == (2.0, 3.0, LEFT_DOMAIN)


@pytest.mark.parametrize("end", [(-2.0, 3.1), (10.0, 3.1), (2.1, -2.0), (2.1, 8.0)])
def test_coast_beyond_the_border_does_not_catch_what_has_left_before(end):
    lagoon = shapely.box(33.9995, 34.9995, 34.4005, 35.3005)
    mainland = shapely.box(33.0, 34.0, 35.4, 36.3) - lagoon
    spit = shapely.Polygon([(33.9995, 35.152495), (33.9995, 35.153), (34.0002, 35.152575)])
    shore = Coast.from_land(mainland | spit, GRID)
    x, y, status = end_of_path(2.0, 3.0, *end, shore=shore)
    assert status == LEFT_DOMAIN
    assert 0.0 <= x < 8.0
    assert 0.0 <= y < 6.0


STEPS = 6


def elements_at(x, y, status, release_step, release_share):
    """Make elements of 1 kg that only drift."""
    elements = Elements.blank(x.size, 1)
    elements["x"], elements["y"], elements["status"] = x, y, status
    elements["component_mass"] = elements["initial_mass"] = 1.0
    elements["release_step"], elements["release_share"] = release_step, release_share
    return elements


def settings(diffusivity):
    """Return the settings of drift alone."""
    processes = Processes.none()
    return Settings(
        seed=7,
        horizontal_diffusivity=diffusivity,
        vertical_diffusivity=processes.vertical_diffusivity,
        mixed_layer_depth=processes.mixed_layer_depth,
        weathering=False,
        evaporation=0,
        dispersion=0,
        emulsification=False,
        spreading=False,
        vertical_mixing=False,
        sinking=False,
    )


def chunked(size, bounds, *, diffusivity=400.0, release_step=None, release_share=1.0):
    """Carry particles through one span, cut into chunks at `bounds`."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0.5, 3.5, size), rng.uniform(0.5, 5.5, size)
    step = np.zeros(size, np.int32) if release_step is None else np.sort(release_step)
    status = np.full(size, AFLOAT if release_step is None else UNRELEASED, np.int8)
    drift = np.repeat(1e-4 * rotation(1.0)[np.newaxis], 2 * STEPS, axis=0)
    elements = elements_at(x, y, status, step, release_share)
    nothing = np.empty((0, *drift.shape[1:3], 4))
    fields = Fields(0, 0, GRID.cells_per_metre, drift, nothing, nothing)
    for first, last in pairwise(bounds):
        advance(
            first,
            last,
            max(last - first, 1),
            elements.numbers,
            elements.codes,
            fields,
            island_shore().line,
            inert_table(),
            settings(diffusivity),
            np.full(STEPS, 900.0),
            900_000 * np.arange(STEPS),
            0,
            new_chunk(last - first, 1),
        )
    return elements["x"], elements["y"], elements["status"]


def test_a_chunk_does_not_depend_on_where_it_is_cut():
    whole = chunked(500, [0, 500])
    assert {AFLOAT, BEACHED} <= set(whole[2])
    for bounds in ([0, 1, 2, 250, 500], [0, 499, 500]):
        for a, b in zip(chunked(500, bounds), whole, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_chunk_touches_no_other_particle():
    before, after = chunked(500, [0, 0]), chunked(500, [100, 200])
    for a, b in zip(before, after, strict=True):
        changed = np.flatnonzero(a != b)
        assert ((changed >= 100) & (changed < 200)).all()


def test_particles_wait_for_their_step():
    x0, y0, _ = chunked(100, [0, 0])
    steps = np.repeat([0, 3, STEPS - 1, STEPS, 99], 20)
    x, y, status = chunked(100, [0, 100], release_step=steps)
    waits = steps >= STEPS
    assert (status[waits] == UNRELEASED).all()
    assert (status[~waits] != UNRELEASED).all()
    np.testing.assert_array_equal((x == x0) & (y == y0), waits)


def moved_in_the_last_step(share, diffusivity):
    start = np.array(chunked(1, [0, 0])[:2])
    late = {"release_step": np.array([STEPS - 1]), "release_share": share}
    return np.array(chunked(1, [0, 1], diffusivity=diffusivity, **late)[:2]) - start


def test_a_particle_lives_through_its_share_of_its_first_step():
    whole, half, none = (moved_in_the_last_step(share, 0.0) for share in (1.0, 0.5, 0.0))
    assert np.hypot(*half) == pytest.approx(0.5 * np.hypot(*whole), rel=1e-3)
    np.testing.assert_array_equal(none, 0.0)


def test_turbulence_grows_with_the_root_of_the_share():
    whole, part = (
        moved_in_the_last_step(share, 10.0) - moved_in_the_last_step(share, 0.0)
        for share in (1.0, 0.25)
    )
    np.testing.assert_allclose(part, 0.5 * whole, rtol=1e-6)
