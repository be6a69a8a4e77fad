"""Whatever is wrong with an input, it is read or refused in a line: no fault, no hang, no crash."""

import json
from collections import Counter

import pytest

from benchmarks.damaged import outcomes_of, simulate_damaged

SEED = 20261126
READ, RUN = 1000, 30

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled")]


def test_a_thousand_damaged_inputs_are_read_or_refused():
    found = outcomes_of("tests.damaged_readers", SEED, 0, READ)
    assert len(found) == READ
    faults = [each for each in found if each["outcome"] not in ("read", "refused")]
    assert not faults, json.dumps(faults, indent=2)
    # it is damage that is read, and not all of it
    counts = Counter(each["outcome"] for each in found)
    assert min(counts.values()) > READ // 10, counts


def test_thirty_runs_of_damaged_inputs_end_well():
    found = simulate_damaged(SEED, RUN, processes=1)
    assert len(found) == RUN
    faults = [each for each in found if each["outcome"] not in ("run", "refused")]
    assert not faults, json.dumps(faults, indent=2)
    counts = Counter(each["outcome"] for each in found)
    assert min(counts.values()) > RUN // 10, counts
