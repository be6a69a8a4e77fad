"""The table of the variables of particles, and everything that follows it."""

from pathlib import Path

import numpy as np
import pytest
import shapely

import simulator
from simulator.elements import Elements
from simulator.kernels import chunk as chunks
from simulator.kernels import variables
from simulator.kernels.chunk import new_chunk
from simulator.kernels.variables import (
    CODES,
    COMPONENT_MASS,
    DERIVED,
    DRIFTING,
    NUMBERS,
    VARIABLES,
    as_table,
)
from simulator.results import WRITTEN
from tests.simulator.builders import START, carry, forcing
from tests.simulator.compiled import from_python

load, store = from_python(chunks.load), from_python(chunks.store)

OUTPUTS = Path(__file__).parents[2] / "docs" / "outputs.md"
NAMES = [variable.name for variable in VARIABLES]
COMPONENTS = 3
IDS = np.array([1, 2, 5, 6, 8])
NEIGHBOURS = np.arange(2, 7)


def distinct(size):
    """Make elements in which no number stands twice."""
    elements = Elements.blank(size, COMPONENTS)
    elements.numbers[:] = 1.0 + np.arange(elements.numbers.size).reshape(elements.numbers.shape)
    elements.codes[:] = 1 + np.arange(elements.codes.size).reshape(elements.codes.shape)
    return elements


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ids", [IDS, NEIGHBOURS], ids=["strewn", "neighbours"])
def test_every_variable_goes_through_a_chunk_that_is_a_copy(name, ids):
    before, after = distinct(9), Elements.blank(9, COMPONENTS)
    blank = Elements.blank(9, COMPONENTS)
    room = new_chunk(ids.size, COMPONENTS)
    room.ids[:] = ids
    load(0, ids.size, room, before.numbers, before.codes, True)
    copy = Elements(room.numbers, room.codes)
    np.testing.assert_array_equal(copy[name], before[name][..., ids])
    store(0, ids.size, room, after.numbers, after.codes, True)
    np.testing.assert_array_equal(after[name][..., ids], before[name][..., ids])
    others = np.setdiff1d(np.arange(9), ids)
    np.testing.assert_array_equal(after[name][..., others], blank[name][..., others])


@pytest.mark.slow
def test_what_only_drifts_is_copied_as_far_as_it_changes():
    before, after = distinct(9), distinct(9)
    room = new_chunk(IDS.size, COMPONENTS)
    room.ids[:] = IDS
    load(0, IDS.size, room, before.numbers, before.codes, False)
    room.numbers[:DRIFTING] *= -1.0
    room.codes[:] *= -1
    store(0, IDS.size, room, after.numbers, after.codes, False)
    assert {variable.name for variable in NUMBERS[:DRIFTING]} == {"x", "y"}
    for variable in VARIABLES:
        changes = variable.name in ("x", "y") or variable in CODES
        sign = -1 if changes else 1
        np.testing.assert_array_equal(
            after[variable.name][..., IDS], sign * before[variable.name][..., IDS]
        )


def test_each_variable_has_a_row_of_its_own_and_the_components_are_last():
    assert len(set(NAMES)) == len(NAMES)
    assert sorted(NUMBERS + CODES) == sorted(VARIABLES)
    assert NUMBERS[COMPONENT_MASS].name == "component_mass"
    assert len(NUMBERS) - 1 == COMPONENT_MASS


@pytest.mark.parametrize("rows", [NUMBERS, CODES], ids=["numbers", "codes"])
def test_the_constants_of_kernels_are_the_rows(rows):
    for row, variable in enumerate(rows):
        constant = getattr(variables, variable.name.upper(), row)  # those that none needs have none
        assert constant == row


@pytest.mark.parametrize("variable", VARIABLES, ids=NAMES)
def test_elements_begin_with_what_the_table_says(variable):
    values = Elements.blank(4, COMPONENTS)[variable.name]
    assert values.shape == ((COMPONENTS, 4) if variable.name == "component_mass" else (4,))
    np.testing.assert_array_equal(values, np.full(values.shape, variable.initial))


@pytest.fixture(scope="module")
def run():
    """Run oil onto a coast; return the results and the restart."""
    slick = simulator.AreaRelease(shapely.box(35.24, 35.48, 35.27, 35.52), mass=3e5, time=START)
    kept = []
    result = carry(
        forcing((0.5, 0.0), (9.0, 0.0)),
        simulator.seed_particles([slick], 100, seed=1),
        6.0,
        land=shapely.box(35.3, 34.0, 37.0, 37.0),
        oil=simulator.generic_oil(25.0),
        processes=simulator.Processes(),
        on_end=kept.append,
    )
    return result, kept[0]


def test_a_restart_has_what_the_table_says(run):
    _, restart = run
    own = {"on_coast", "coast_cell", "absorbed", "absorbed_cell"}
    assert set(restart.data_vars) - own == {v.name for v in VARIABLES if v.restarts}
    for variable in VARIABLES:
        if variable.restarts:
            assert restart[variable.name].dtype == variable.dtype


def test_results_have_what_the_table_says(run):
    result, _ = run
    both = {name for name, values in result.data_vars.items() if values.dims[0] == "trajectory"}
    assert both - {"release"} == set(WRITTEN)
    for name, variable in WRITTEN.items():
        assert result[name].dtype == variable.written
        assert result[name].attrs["long_name"] == variable.long_name
        assert result[name].attrs.get("units", "") == variable.units
        assert variable.attributes.items() <= result[name].attrs.items()


def test_the_documents_have_what_the_table_says():
    text = OUTPUTS.read_text(encoding="utf-8")
    # to renew it: print(as_table(...)) of these
    assert as_table(tuple(v for v in VARIABLES if v.restarts)) in text
    section = text.split("## `particles.nc`")[1].split("\n## ")[0]
    for variable in (*VARIABLES, *DERIVED):
        assert (f"`{variable.name}`" in section) == bool(variable.written)
