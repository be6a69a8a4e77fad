"""The scores, held against independent implementations and hand-made grids."""

import json
import math

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scores.spatial import fss_2d_binary

from optimizer import (
    area_ratio,
    centroid_distance,
    fractions_skill_score,
    intersection_over_union,
    score_masks,
)

Mask = npt.NDArray[np.bool_]
ODD = st.integers(0, 12).map(lambda half: 2 * half + 1)

# The first call compiles the kernels, for longer than an example may take.
NO_DEADLINE = settings(deadline=None)


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[Mask, Mask]:
    """Two masks of one shape, sparse as often as dense."""
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=12))
    fill = st.sampled_from([st.booleans(), st.just(True), st.just(False)])
    forecast = draw(arrays(np.bool_, shape, elements=st.booleans(), fill=draw(fill)))
    observed = draw(arrays(np.bool_, shape, elements=st.booleans(), fill=draw(fill)))
    return forecast, observed


def fss_by_definition(forecast: Mask, observed: Mask, window: int, valid: Mask) -> float:
    """Equations 5 to 7 of Roberts and Lean (2008), one window after the other."""
    half = window // 2
    rows, columns = forecast.shape
    squares = reference = 0.0
    for i in range(rows):
        for j in range(columns):
            if not valid[i, j]:
                continue
            box = np.s_[max(i - half, 0) : i + half + 1, max(j - half, 0) : j + half + 1]
            f = np.sum(forecast[box] & valid[box]) / window**2
            o = np.sum(observed[box] & valid[box]) / window**2
            squares += (f - o) ** 2
            reference += f**2 + o**2
    return 1.0 - squares / reference if reference else math.nan


def fss_by_package(forecast: Mask, observed: Mask, window: int) -> float:
    """The scores package on masks padded with half a window of zeros: the same windows."""
    padded = [
        xr.DataArray(np.pad(mask, window // 2), dims=("y", "x")) for mask in (forecast, observed)
    ]
    return float(fss_2d_binary(*padded, window_size=(window, window), spatial_dims=("y", "x")))


@pytest.mark.slow
@NO_DEADLINE
@given(mask_pairs(), st.lists(ODD, min_size=1, max_size=4), st.data())
def test_fss_follows_the_definition(
    masks: tuple[Mask, Mask], windows: list[int], data: st.DataObject
) -> None:
    forecast, observed = masks
    valid = data.draw(arrays(np.bool_, forecast.shape))
    everywhere = np.ones_like(valid)
    for given_valid, used_valid in ((None, everywhere), (valid, valid)):
        result = fractions_skill_score(forecast, observed, windows, given_valid)
        assert set(result) == set(windows)
        for window, score in result.items():
            expected = fss_by_definition(forecast, observed, window, used_valid)
            assert score == pytest.approx(expected, abs=1e-10, nan_ok=True)


@pytest.mark.slow
@NO_DEADLINE
@given(mask_pairs(), ODD)
def test_fss_agrees_with_the_scores_package(masks: tuple[Mask, Mask], window: int) -> None:
    score = fractions_skill_score(*masks, [window])[window]
    if masks[0].any() or masks[1].any():
        assert score == pytest.approx(fss_by_package(*masks, window), abs=1e-10)
    else:
        assert math.isnan(score)


@pytest.mark.slow
def test_fss_agrees_with_the_scores_package_away_from_the_border() -> None:
    rng = np.random.default_rng(5)
    forecast, observed = np.pad(rng.random((2, 30, 40)) < 0.3, ((0, 0), (11, 11), (11, 11)))
    for window, score in fractions_skill_score(forecast, observed, [1, 5, 11]).items():
        for padding in (False, True):
            expected = fss_2d_binary(
                xr.DataArray(forecast, dims=("y", "x")),
                xr.DataArray(observed, dims=("y", "x")),
                window_size=(window, window),
                spatial_dims=("y", "x"),
                zero_padding=padding,
            )
            assert score == pytest.approx(float(expected), abs=1e-10)


@pytest.mark.slow
@NO_DEADLINE
@given(mask_pairs(), ODD)
def test_fss_is_symmetric_and_between_0_and_1(masks: tuple[Mask, Mask], window: int) -> None:
    forecast, observed = masks
    score = fractions_skill_score(forecast, observed, [window])[window]
    if forecast.any() or observed.any():
        assert 0.0 <= score <= 1.0
        assert score == fractions_skill_score(observed, forecast, [window])[window]
        turned = fractions_skill_score(forecast.T[::-1], observed.T[::-1], [window])[window]
        assert score == pytest.approx(turned, abs=1e-12)


@pytest.mark.slow
@NO_DEADLINE
@given(mask_pairs())
def test_fss_of_one_cell_is_the_dice_coefficient(masks: tuple[Mask, Mask]) -> None:
    forecast, observed = masks
    cells = np.sum(forecast) + np.sum(observed)
    score = fractions_skill_score(forecast, observed, [1])[1]
    if cells:
        assert score == pytest.approx(2 * np.sum(forecast & observed) / cells, abs=1e-15)


@NO_DEADLINE
@given(mask_pairs(), ODD, st.integers(1, 30))
def test_fss_does_not_depend_on_empty_sea_beyond_half_a_window(
    masks: tuple[Mask, Mask], window: int, extra: int
) -> None:
    near = [np.pad(mask, window // 2) for mask in masks]
    far = [np.pad(mask, window // 2 + extra) for mask in masks]
    scores = [fractions_skill_score(*pair, [window])[window] for pair in (near, far)]
    assert scores[0] == pytest.approx(scores[1], abs=0.0, nan_ok=True)


def test_fss_of_a_displaced_cell_known_by_hand() -> None:
    # One cell of oil, forecast two columns off: windows of 3 share 1 column of 3, those of 5
    # share 3 of 5, and the same for the squares, as every count is 0 or 1.
    forecast, observed = np.zeros((2, 21, 21), dtype=bool)
    observed[10, 10] = forecast[10, 12] = True
    score = fractions_skill_score(forecast, observed, [1, 3, 5, 9])
    assert score == pytest.approx({1: 0.0, 3: 1 / 3, 5: 3 / 5, 9: 7 / 9})


def test_fss_of_degenerate_masks() -> None:
    empty = np.zeros((4, 7), dtype=bool)
    corner = empty.copy()
    corner[0, 0] = True
    windows = [1, 3, 101]
    assert fractions_skill_score(~empty, ~empty, windows) == {1: 1.0, 3: 1.0, 101: 1.0}
    assert fractions_skill_score(corner, corner, windows) == {1: 1.0, 3: 1.0, 101: 1.0}
    assert fractions_skill_score(corner, empty, windows) == {1: 0.0, 3: 0.0, 101: 0.0}
    assert all(map(math.isnan, fractions_skill_score(empty, empty, windows).values()))
    # A window over everything sees amounts only: 2 * 1 * 28 / (1 + 28 ** 2).
    assert fractions_skill_score(corner, ~empty, windows)[101] == pytest.approx(56 / 785)
    assert fractions_skill_score([[True]], [[True]], windows) == {1: 1.0, 3: 1.0, 101: 1.0}
    # Oil only where nobody could look is no oil.
    assert math.isnan(fractions_skill_score(corner, corner, [3], ~corner)[3])


@pytest.mark.parametrize("windows", [[2], [0], [-3], [1, 4]])
def test_fss_refuses_windows_without_a_centre(windows: list[int]) -> None:
    with pytest.raises(ValueError, match="odd and positive"):
        fractions_skill_score([[True]], [[True]], windows)


def test_masks_must_be_on_one_grid() -> None:
    with pytest.raises(ValueError, match=r"forecast has shape \(1, 2\)"):
        fractions_skill_score([[True, True]], [[True]], [1])
    with pytest.raises(ValueError, match=r"valid has shape \(1, 2\)"):
        fractions_skill_score([[True]], [[True]], [1], [[True, True]])
    with pytest.raises(ValueError, match="2-D"):
        intersection_over_union([True], [True])


def test_other_scores_known_by_hand() -> None:
    forecast = np.array([[1, 1, 0], [1, 1, 0]], dtype=bool)
    observed = np.array([[0, 1, 0], [0, 1, 1]], dtype=bool)
    assert intersection_over_union(forecast, observed) == pytest.approx(2 / 5)
    assert area_ratio(forecast, observed) == pytest.approx(4 / 3)
    # Centroids at (0.5, 0.5) and (2 / 3, 4 / 3): 1 / 6 and 5 / 6 of a cell apart.
    distance = centroid_distance(forecast, observed, 150.0)
    assert distance == pytest.approx(150.0 * math.hypot(1 / 6, 5 / 6))


def test_other_scores_are_undefined_rather_than_zero() -> None:
    empty, full = np.zeros((2, 2), dtype=bool), np.ones((2, 2), dtype=bool)
    assert math.isnan(intersection_over_union(empty, empty))
    assert intersection_over_union(full, empty) == 0.0
    assert math.isnan(area_ratio(full, empty))
    assert area_ratio(empty, full) == 0.0
    assert math.isnan(centroid_distance(full, empty, 1.0))
    assert math.isnan(centroid_distance(empty, full, 1.0))


def test_score_masks_is_json() -> None:
    forecast = np.array([[1, 1, 0], [1, 1, 0]], dtype=bool)
    observed = np.array([[0, 1, 0], [0, 1, 1]], dtype=bool)
    result = score_masks(forecast, observed, windows=[1, 3], resolution=150.0)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    fss = fractions_skill_score(forecast, observed, [1, 3])
    assert result == {
        "fss": {"1": fss[1], "3": fss[3]},
        "iou": intersection_over_union(forecast, observed),
        "area_ratio": area_ratio(forecast, observed),
        "centroid_distance_m": centroid_distance(forecast, observed, 150.0),
    }


def test_score_masks_leaves_invalid_cells_out_of_every_score() -> None:
    forecast = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], dtype=bool)
    observed = np.array([[1, 1, 0, 1], [1, 1, 0, 0]], dtype=bool)
    valid = np.array([[1, 1, 1, 0], [1, 1, 1, 1]], dtype=bool)
    result = score_masks(forecast, observed, windows=[3], resolution=1.0, valid=valid)
    perfect = {"fss": {"3": 1.0}, "iou": 1.0, "area_ratio": 1.0, "centroid_distance_m": 0.0}
    assert result == perfect
    nothing = score_masks(forecast, observed, windows=[3], resolution=1.0, valid=~(valid | True))
    undefined = {"fss": {"3": None}, "iou": None, "area_ratio": None, "centroid_distance_m": None}
    assert nothing == undefined


def test_fss_with_land_known_by_hand() -> None:
    # One row; the forecast is a cell off, and the third column is land.
    forecast = np.array([[1, 0, 0, 0, 0]], dtype=bool)
    observed = np.array([[0, 1, 1, 0, 0]], dtype=bool)
    valid = np.array([[1, 1, 0, 1, 1]], dtype=bool)
    # Windows of 3 round the columns 0, 1, 3, 4 count F = 1, 1, 0, 0 and O = 1, 1, 0, 0: the oil on
    # land is seen from neither side, and the window round it is left out.
    assert fractions_skill_score(forecast, observed, [1, 3], valid) == {1: 0.0, 3: 1.0}
    # With all cells O = 1, 2, 2, 1, 0 and F = 1, 1, 0, 0, 0: 2 * 3 / (2 + 10).
    assert fractions_skill_score(forecast, observed, [3])[3] == pytest.approx(6 / 12)


def test_a_swath_edge_is_as_the_edge_of_the_array() -> None:
    rng = np.random.default_rng(8)
    forecast, observed = rng.random((2, 20, 30)) < 0.3
    valid = np.zeros((20, 30), dtype=bool)
    valid[:, :17] = True
    cut = fractions_skill_score(forecast[:, :17], observed[:, :17], [1, 5, 9])
    assert fractions_skill_score(forecast, observed, [1, 5, 9], valid) == pytest.approx(cut)


def test_cells_that_are_not_valid_count_in_no_score() -> None:
    rng = np.random.default_rng(9)
    forecast, observed, valid, other = rng.random((4, 12, 15)) < 0.5
    noise = forecast ^ (other & ~valid)
    assert not np.array_equal(noise, forecast)
    for score in (intersection_over_union, area_ratio):
        assert score(noise, observed, valid) == score(forecast & valid, observed & valid)
    distance = centroid_distance(noise, observed, 10.0, valid)
    assert distance == centroid_distance(forecast & valid, observed & valid, 10.0)
    for window, score in fractions_skill_score(noise, observed, [1, 3, 7], valid).items():
        assert score == fractions_skill_score(forecast, observed, [window], valid)[window]


def test_every_score_refuses_a_valid_mask_of_another_grid() -> None:
    for score in (intersection_over_union, area_ratio):
        with pytest.raises(ValueError, match=r"valid has shape \(1, 2\)"):
            score([[True]], [[True]], [[True, True]])
    with pytest.raises(ValueError, match=r"valid has shape \(1, 2\)"):
        centroid_distance([[True]], [[True]], 1.0, [[True, True]])
