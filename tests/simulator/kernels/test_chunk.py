"""Which particles of a chunk are at work, and in which order."""

import numpy as np
import pytest

from simulator.kernels import chunk as chunks
from simulator.kernels.chunk import FEW_BEACHED
from simulator.kernels.state import AFLOAT, BEACHED, EVAPORATED, SUBMERGED, UNRELEASED

list_at_work = chunks.list_at_work.py_func  # in Python: to compile it takes longer than all tests

FLOATING = 14
ALMOST = [BEACHED, *[AFLOAT] * FLOATING, BEACHED]  # as many on the shore as do not matter
MANY = [BEACHED, SUBMERGED, BEACHED, EVAPORATED, AFLOAT, BEACHED]


def at_work(status, weathering=True):
    """Return the particles that move, those at work behind them, and who waits."""
    ids = np.empty(len(status), np.int64)
    moving, count, waiting = list_at_work(
        0, len(status), np.array(status, np.int32), weathering, ids
    )
    return ids[:moving].tolist(), ids[moving:count].tolist(), waiting


def test_many_on_the_shore_come_last_both_parts_in_rising_order():
    assert at_work(MANY) == ([1, 4], [0, 2, 5], len(MANY))


def test_a_few_on_the_shore_stay_where_they_are():
    assert ALMOST.count(BEACHED) == FEW_BEACHED * len(ALMOST)
    assert at_work(ALMOST) == (list(range(len(ALMOST))), [], len(ALMOST))
    assert at_work(ALMOST[1:-2] + 2 * [BEACHED])[1] == [FLOATING - 1, FLOATING]


def test_where_oil_is_yet_to_come_nothing_comes_last():
    assert at_work([*MANY, UNRELEASED]) == ([0, 1, 2, 4, 5], [], len(MANY))


def test_oil_that_does_not_weather_is_done_with_on_the_shore():
    assert at_work(MANY, weathering=False) == ([1, 4], [], len(MANY))


@pytest.mark.parametrize("status", [[], [EVAPORATED], [UNRELEASED, UNRELEASED]])
def test_none_may_be_at_work(status):
    assert at_work(status)[:2] == ([], [])
