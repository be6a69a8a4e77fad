import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from simulator.scatter import scatter

_R2 = np.array([1.0 / 1.32471795724474602596, 1.0 / 1.32471795724474602596**2])


def spread(geometry, count=2000, density=None):
    polygons = shapely.get_parts(geometry)
    even = (0.5 + np.outer(np.arange(count), _R2)) % 1.0
    return scatter(polygons, np.ones(len(polygons)) if density is None else density, *even.T)


def random_shape(seed: int) -> shapely.Geometry:
    """Return patches with holes, some of which touch in a corner or lie within a hole."""
    rng = np.random.default_rng(seed)
    discs = [
        shapely.Point(35.0 + x, 34.0 + y).buffer(r) for x, y, r in rng.uniform(0.02, 0.2, (6, 3))
    ]
    ring = discs[0].difference(shapely.Point(35.05, 34.05).buffer(0.01))
    squares = [shapely.box(35.3, 34.0, 35.4, 34.1), shapely.box(35.4, 34.1, 35.5, 34.2)]
    return shapely.union_all([ring, *discs[1:], *squares])


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), at=st.floats(0.05, 0.5), turn=st.sampled_from([0.0, 162.0]))
def test_points_depend_on_the_shape_alone(seed: int, at: float, turn: float) -> None:
    shape = random_shape(seed)
    halves = [shapely.box(0.0, 0.0, 35.0 + at, 90.0), shapely.box(35.0 + at, 0.0, 90.0, 90.0)]
    pieces = [p for half in halves for p in shapely.get_parts(shapely.intersection(shape, half))]
    polygons = [p for p in pieces if isinstance(p, shapely.Polygon)]
    np.random.default_rng(seed).shuffle(polygons)
    other = translate(shapely.segmentize(shapely.MultiPolygon(polygons), 0.03).reverse(), turn)
    np.testing.assert_allclose(spread(other) - [turn, 0.0], spread(shape), rtol=0.0, atol=1e-9)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_points_lie_within_and_are_even(seed: int) -> None:
    shape = random_shape(seed)
    points = spread(shape)
    assert shapely.intersects_xy(shape.buffer(1e-9), *points.T).all()
    for part in (shapely.box(35.0, 34.0, 35.15, 34.15), shapely.box(35.1, 34.05, 35.45, 34.3)):
        share = shapely.intersects_xy(part, *points.T).mean()
        assert share == pytest.approx(shape.intersection(part).area / shape.area, abs=0.02)


def test_more_points_fall_between_those_before() -> None:
    shape = random_shape(1)
    many = spread(shape, 100_000)
    np.testing.assert_allclose(many[:500], spread(shape, 500), rtol=0.0, atol=1e-9)


def test_points_are_even_by_true_area_near_the_pole() -> None:
    points = spread(shapely.box(0.0, 85.0, 20.0, 89.0), 4000)
    # by the area of zones of a sphere
    south, middle, north = np.sin(np.radians([85.0, 87.0, 89.0]))
    expected = (middle - south) / (north - south)
    assert (points[:, 1] < 87.0).mean() == pytest.approx(expected, abs=0.002)


def test_points_go_with_density() -> None:
    thin, thick = shapely.box(0.0, 0.0, 1.0, 1.0), shapely.box(1.0, 0.0, 2.0, 1.0)
    points = spread(shapely.MultiPolygon([thin, thick]), density=np.array([1.0, 4.0]))
    assert (points[:, 0] > 1.0).mean() == pytest.approx(0.8, abs=0.005)


def test_a_ribbon_thinner_than_a_strip_has_its_points() -> None:
    ribbon = shapely.box(0.0, 0.5, 1.0, 0.5 + 1e-6)
    high = shapely.box(2.0, 0.0, 2.0 + 1e-6, 1.0)
    points = spread(shapely.MultiPolygon([ribbon, high]))
    assert np.isfinite(points).all()
    assert (points[:, 0] >= 2.0).any()
