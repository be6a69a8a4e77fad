"""Runs that go on: to the same bits, and only where they are the same run."""

import numpy as np
import pytest
import shapely

import simulator
from simulator import SimulatorError
from tests.simulator.builders import START, carry, forcing

LAND = shapely.box(35.3, 34.0, 37.0, 37.0)
SLICK = simulator.AreaRelease(shapely.box(35.24, 35.48, 35.27, 35.52), mass=3e5, time=START)
OIL = simulator.seed_particles([SLICK], 300, seed=1)


def weathered(hours, **changed):
    """Run a slick onto a coast, in wind and waves."""
    options = {
        "land": LAND,
        "outputs": [6, hours],
        "oil": simulator.generic_oil(25.0),
        "processes": simulator.Processes(),
        "horizontal_diffusivity": 5.0,
    }
    fields = forcing((0.5, 0.0), (9.0, 0.0))
    return carry(fields, OIL, hours, **options | changed)


@pytest.fixture(scope="module")
def restart():
    kept = []
    weathered(6, outputs=[6], on_end=kept.append)
    assert (kept[0]["on_coast"] != 0).any()
    assert kept[0]["absorbed"].sum() > 0.0
    return kept[0]


def test_a_run_that_goes_on_meets_the_bits_of_one_that_was_not_interrupted(restart):
    whole = weathered(12)
    again = weathered(12, resume=restart, threads=1)
    assert again.identical(whole)


def test_what_goes_on_does_not_change_the_restart(restart):
    before = restart.copy(deep=True)
    weathered(12, resume=restart)
    assert restart.identical(before)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 2}, "seed = 1, the run has 2"),
        ({"processes": simulator.Processes(sinking=False)}, "sinking = True, the run has False"),
        ({"land": shapely.box(38.0, 34.0, 39.0, 37.0)}, "no coast; expected the same coastline"),
        ({"horizontal_diffusivity": 6.0}, "horizontal_diffusivity = 5.0, the run has 6.0"),
    ],
)
def test_another_run_is_refused(restart, changed, message):
    with pytest.raises(SimulatorError, match=message):
        weathered(12, resume=restart, **changed)


def test_a_run_that_ends_where_the_restart_stands_is_refused(restart):
    with pytest.raises(SimulatorError, match="expected a later end"):
        weathered(6, outputs=[6], resume=restart)


def test_outputs_before_the_restart_are_left_out(restart):
    result = weathered(12, outputs=[0, 3, 6, 9, 12], resume=restart)
    hours = (result["time"].values - START) / np.timedelta64(1, "h")
    np.testing.assert_array_equal(hours, [6, 9, 12])
    with pytest.raises(SimulatorError, match="output_times: all before 21600 seconds"):
        weathered(12, outputs=[0, 3], resume=restart)


@pytest.mark.slow
@pytest.mark.parametrize("kept_every", [1, 3])
def test_a_run_that_was_killed_at_any_halt_gives_all_outputs_to_the_same_bits(kept_every):
    outputs = [0, 1.3, 3, 6, 7.77, 12]
    halts, count = [], 0

    def on_halt(halt):
        nonlocal count
        count += 1
        if count % kept_every == 0:
            halts.append(halt())

    whole = weathered(12, outputs=outputs, on_halt=on_halt)
    assert len(halts) >= 4
    for number, halt in enumerate(halts, 1):
        parts = [each.recorded for each in halts[:number]]
        again = weathered(12, outputs=outputs, resume=halt.restart, recorded=parts)
        assert again.identical(whole)


def test_outputs_recorded_by_another_run_are_refused():
    halts = []
    weathered(12, outputs=[6, 9, 12], on_halt=lambda halt: halts.append(halt()))
    few = [{name: values[..., :2] for name, values in halts[-1].recorded.items()}]
    with pytest.raises(SimulatorError, match="is of another run"):
        weathered(12, outputs=[6, 9, 12], resume=halts[-1].restart, recorded=few)
