import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import CoverageError
from catalog.grid import ascending_longitudes, select_box, turn_longitudes


def _field(latitude: np.ndarray, longitude: np.ndarray) -> xr.DataArray:
    values = np.add.outer(latitude, (longitude + 180.0) % 360.0)
    return xr.DataArray(
        values,
        coords={"latitude": latitude, "longitude": longitude},
        dims=("latitude", "longitude"),
    )


@pytest.mark.slow
@given(
    west=st.integers(-180, 179),
    count=st.integers(2, 300),
    seed=st.randoms(use_true_random=False),
    lowest=st.sampled_from([-180.0, 0.0]),
)
def test_any_order_and_range_comes_out_contiguous(west, count, seed, lowest) -> None:
    written = [(west + i - lowest) % 360.0 + lowest for i in range(count)]
    seed.shuffle(written)
    longitude, nodes = ascending_longitudes(np.array(written))
    np.testing.assert_allclose(np.diff(longitude), 1.0)
    np.testing.assert_allclose(np.array(written)[nodes] % 360.0, longitude % 360.0)
    crosses = west + count - 1 >= 180
    assert longitude[0] == west
    assert (longitude[-1] >= 180.0) == crosses


def test_global_grid_starts_at_the_dateline_and_drops_the_repeated_meridian() -> None:
    longitude, nodes = ascending_longitudes(np.arange(0.0, 361.0, 90.0))
    np.testing.assert_array_equal(longitude, [-180.0, -90.0, 0.0, 90.0])
    assert sorted(nodes) == [0, 1, 2, 3]


def test_box_keeps_one_more_node_all_round() -> None:
    field = _field(np.arange(30.0, 41.0), np.arange(10.0, 21.0))
    cut = select_box(field, (12.5, 33.0, 14.0, 35.5), "f")
    np.testing.assert_array_equal(cut["longitude"], [11.0, 12.0, 13.0, 14.0, 15.0])
    np.testing.assert_array_equal(cut["latitude"], [32.0, 33.0, 34.0, 35.0, 36.0, 37.0])


def test_box_at_the_edge_of_the_grid_keeps_what_there_is() -> None:
    field = _field(np.arange(30.0, 41.0), np.arange(10.0, 21.0))
    cut = select_box(field, (10.0, 30.0, 11.5, 40.0), "f")
    np.testing.assert_array_equal(cut["longitude"], [10.0, 11.0, 12.0, 13.0])
    assert cut.sizes["latitude"] == 11


@pytest.mark.parametrize("box", [(178.5, 0.0, -178.5, 2.0), (178.5, 0.0, 181.5, 2.0)])
def test_box_across_the_dateline_of_a_global_grid(box) -> None:
    field = _field(np.arange(-5.0, 6.0), np.arange(-180.0, 180.0))
    cut = select_box(field, box, "f")
    np.testing.assert_array_equal(cut["longitude"], np.arange(177.0, 184.0))
    assert float(cut.sel(latitude=0.0, longitude=181.0)) == (181.0 + 180.0) % 360.0


@pytest.mark.parametrize(
    "box",
    [
        (9.0, 32.0, 12.0, 33.0),
        (18.0, 32.0, 21.0, 33.0),
        (12.0, 29.0, 13.0, 33.0),
        (12.0, 32.0, 13.0, 41.0),
        (-100.0, 32.0, -99.0, 33.0),
    ],
)
def test_box_outside_the_grid_is_refused_with_both_boxes(box) -> None:
    field = _field(np.arange(30.0, 41.0), np.arange(10.0, 21.0))
    with pytest.raises(CoverageError, match=r"winds\.nc: .*10\.00 to 20\.00 E.*wanted box"):
        select_box(field, box, "winds.nc")


def test_box_in_the_seam_of_a_grid_that_leaves_out_the_dateline_is_refused() -> None:
    field = _field(np.arange(-5.0, 6.0), np.arange(-170.0, 171.0))
    with pytest.raises(CoverageError, match="does not hold"):
        select_box(field, (175.0, 0.0, 185.0, 2.0), "f")


def test_axes_that_are_stretched_have_no_seam() -> None:
    # steps from 0.01 degrees at the coast to 0.2 degrees offshore
    stretched = 30.0 + np.cumsum(0.01 * 1.1 ** np.arange(32))
    field = _field(stretched, stretched)
    cut = select_box(field, (stretched[1], stretched[1], stretched[-2], stretched[-2]), "f")
    np.testing.assert_array_equal(cut["longitude"], stretched)


@pytest.mark.parametrize("axis", ["latitude", "longitude"])
def test_a_strip_that_is_left_out_is_refused(axis) -> None:
    whole, holed = (
        np.arange(0.0, 10.0, 0.5),
        np.append(np.arange(0.0, 4.0, 0.5), np.arange(6, 10, 0.5)),
    )
    axes = {"latitude": whole, "longitude": whole, axis: holed}
    with pytest.raises(CoverageError, match="does not hold"):
        select_box(_field(**axes), (3.0, 3.0, 7.0, 7.0), "f")


@given(st.floats(-179.0, 179.0), st.floats(0.01, 5.0), st.floats(-20.0, 20.0))
def test_longitudes_near_the_meridian_keep_their_bits(west, step, away) -> None:
    axis = west + step * np.arange(7.0)
    turned, nodes = turn_longitudes(axis, west + away)
    np.testing.assert_array_equal(turned, axis)
    np.testing.assert_array_equal(nodes, np.arange(7))


def test_longitudes_turn_to_the_meridian() -> None:
    turned, nodes = turn_longitudes(np.array([-180.0, -90.0, 0.0, 90.0]), 170.0)
    np.testing.assert_array_equal(turned, [0.0, 90.0, 180.0, 270.0])
    np.testing.assert_array_equal(nodes, [2, 3, 0, 1])


@pytest.mark.parametrize("east", [13.7, 15.2, 18.9])
def test_a_node_has_the_same_longitude_in_every_box(east: float) -> None:
    longitude = np.arange(10.0, 21.0) + 1.0 / 3.0
    cut = select_box(_field(np.arange(30.0, 41.0), longitude), (12.1, 32.0, east, 33.0), "f")
    np.testing.assert_array_equal(cut["longitude"], longitude[: cut.sizes["longitude"]])
