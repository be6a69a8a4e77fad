import math

import pytest
import shapely

from catalog import CatalogError, read_coarse_land, read_land
from catalog.shapes import coarse_land
from catalog.shapes.coarse_land import TOLERANCES, packed

_PLACES = {
    "Beirut, inland": (35.9, 33.8, True),
    "Levantine Sea": (34.5, 34.5, False),
    "Caspian Sea": (51.0, 41.5, False),
    "Black Sea": (34.0, 43.3, False),
    "Sahara": (5.0, 24.0, True),
    "Antarctica": (0.0, -85.0, True),
    "Chukotka, west": (179.0, 68.0, True),
    "Chukotka, east": (-175.0, 66.5, True),
    "Gulf of Paria": (-61.9, 10.4, False),
    "Trinidad": (-61.3, 10.4, True),
    "Cyprus": (33.0, 34.95, True),
    "Gulf of Mexico": (-90.0, 25.0, False),
    "Vanua Levu": (179.0, -16.7, True),
}
_ISLANDS = {"Mauritius": (57.55, -20.3), "Malta": (14.42, 35.9)}


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [0.025, 0.03, 0.1, 0.4, 5.0])
def test_land_and_sea_are_where_they_are(tolerance: float) -> None:
    land = read_coarse_land(tolerance)
    assert land.is_valid
    west, south, east, north = land.bounds
    assert (west, south, east) == (-180.0, -90.0, 180.0)
    assert 83.0 < north < 84.0
    shapely.prepare(land)
    for name, (lon, lat, on_land) in _PLACES.items():
        assert land.intersects(shapely.Point(lon, lat)) == on_land, name
    for name, place in _ISLANDS.items():
        assert land.intersects(shapely.Point(place)) == (tolerance < 0.2), name


def test_closer_coasts_are_refused() -> None:
    for tolerance in (0.0249, 0.0, -1.0, math.nan):
        with pytest.raises(CatalogError, match=r"expected 0\.025 or more"):
            read_coarse_land(tolerance)


def test_package_is_small() -> None:
    assert coarse_land.FILE.stat().st_size < 500_000


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", TOLERANCES[:2])
@pytest.mark.parametrize("box", [(33.0, 33.0, 37.0, 37.0), (178.0, -18.0, 180.0, -16.0)])
def test_coasts_lie_no_farther_off_than_said(box, tolerance: float) -> None:
    real = shapely.boundary(read_land(box))
    inner = shapely.box(*box).buffer(-2.0 * tolerance)  # what was cut off is no coast
    land = shapely.clip_by_rect(read_coarse_land(tolerance), *inner.bounds)
    lines = shapely.intersection(shapely.boundary(land), inner.buffer(-1e-6))
    places = shapely.points(shapely.get_coordinates(lines.segmentize(tolerance)))
    assert len(places) > 20
    assert shapely.distance(real, places).max() < tolerance


def test_what_is_packed_is_read(tmp_path, monkeypatch) -> None:
    lake = shapely.box(-180.0, -90.0, 180.0, -60.0) - shapely.box(0.0, -80.0, 10.0, -70.0)
    world = [lake, shapely.box(5.0, -75.0, 6.0, -74.0), shapely.box(179.0, 10.0, 180.0, 10.5)]
    monkeypatch.setattr(coarse_land, "FILE", tmp_path / "land.npz.xz")
    coarse_land.FILE.write_bytes(packed(shapely.get_parts(world)))
    coarse_land._file.cache_clear()
    found = [read_coarse_land(tolerance) for tolerance in TOLERANCES]
    coarse_land._file.cache_clear()
    for land in found:
        assert land.symmetric_difference(shapely.multipolygons(world)).area < 1e-9
