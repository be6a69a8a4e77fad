import shutil
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from catalog import CatalogError, UnreadableFileError, read_land
from catalog.shapes import coastline
from catalog.shapes.coastline import Region, keep_land

_LEVANT = (35.3, 34.2, 35.9, 34.8)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[list[Region]]:
    """Boxes cut at once out of a made-up world, whose land is the southern half of every degree."""
    made: list[list[Region]] = []

    def cut(source: str, files: dict[Path, Region]) -> None:
        made.append(list(files.values()))
        for file, (west, south, east, north) in files.items():
            strips = [shapely.box(west, row, east, row + 0.5) for row in range(south, north)]
            file.write_bytes(shapely.to_wkb(shapely.union_all(strips)))

    monkeypatch.setattr(coastline, "cut_world_land", cut)
    return made


_FIJI = (178.0, -18.0, 180.0, -16.0)


@pytest.mark.slow
def test_world_is_cut_at_once_and_kept(cache: Path) -> None:
    keep_land([_LEVANT, _FIJI], "gshhg")
    assert [file.suffix for file in cache.iterdir()] == [".wkb", ".wkb"]
    look_at_the_coast_of("gshhg")
    assert len(list(cache.iterdir())) == 2


@pytest.mark.slow
def test_world_coastline_that_all_tests_share() -> None:
    # not cut anew: that takes a core for 5 s
    look_at_the_coast_of("osm")


def look_at_the_coast_of(source: str) -> None:
    land = read_land(_LEVANT, source)
    assert land.is_valid
    assert shapely.box(*_LEVANT).covers(land)
    assert land.contains(shapely.Point(35.85, 34.45))  # Tripoli, Lebanon
    assert not land.intersects(shapely.Point(35.4, 34.3))
    assert read_land(_FIJI, source).contains(shapely.Point(179.0, -16.7))  # Vanua Levu


def test_cut_is_kept_and_shared_by_boxes_of_one_region(cache: Path, cuts) -> None:
    first = read_land((35.2, 33.1, 35.8, 33.9))
    again = read_land((35.1, 33.0, 36.9, 33.7))
    assert cuts == [[(35, 30, 40, 35)]]
    assert first.equals(shapely.box(35.2, 33.1, 35.8, 33.5))
    assert again.equals(shapely.box(35.1, 33.0, 36.9, 33.5))
    read_land((35.2, 33.1, 35.8, 33.9), "gshhg")
    assert len(cuts) == 2


@pytest.mark.parametrize("content", [b"", b"\x01\x03", b"not wkb at all"])
def test_damaged_cache_is_made_again(cache: Path, cuts, content: bytes) -> None:
    expected = read_land((35.2, 33.1, 35.8, 33.9))
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert read_land((35.2, 33.1, 35.8, 33.9)).equals(expected)
    assert len(cuts) == 2


@pytest.mark.parametrize("box", [(179.5, 0.0, -179.5, 1.0), (179.5, 0.0, 180.5, 1.0)])
def test_box_across_the_dateline(cache: Path, cuts, box) -> None:
    assert read_land(box).equals(shapely.box(179.5, 0.0, 180.5, 0.5))
    (at_once,) = cuts
    assert sorted(at_once) == [(-180, 0, -175, 5), (175, 0, 180, 5)]


def test_failed_cut_says_why_and_leaves_nothing(cache: Path, monkeypatch) -> None:
    monkeypatch.setattr(coastline.sys, "executable", shutil.which("false"))
    with pytest.raises(CatalogError, match="osm coastline could not be cut"):
        read_land(_LEVANT)
    assert list(cache.iterdir()) == []


def test_cache_folder_that_cannot_be_made(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CatalogError, match="set WITOIL_CACHE"):
        read_land(_LEVANT)


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "land.geojson"
    squares = [shapely.box(35.0, 34.0, 35.5, 35.0), shapely.box(10.0, 0.0, 11.0, 1.0)]
    geopandas.GeoDataFrame(geometry=squares, crs="EPSG:4326").to_file(path)
    assert read_land(_LEVANT, str(path)).equals(shapely.box(35.3, 34.2, 35.5, 34.8))
    assert read_land((20.0, 0.0, 21.0, 1.0), str(path)).is_empty
    with pytest.raises(UnreadableFileError, match="no such file"):
        read_land(_LEVANT, str(tmp_path / "absent.shp"))


def test_no_land() -> None:
    assert read_land(_LEVANT, "none").is_empty


@pytest.mark.parametrize("box", [(35.0, 34.0, 36.0, 33.0), (0.0, -91.0, 1.0, 0.0)])
def test_impossible_box(box) -> None:
    with pytest.raises(CatalogError, match="expected west, south, east, north"):
        read_land(box)


def test_coarse_land_lies_no_farther_off_than_said() -> None:
    from catalog.shapes._cut_land import _simplified

    rough = shapely.Point(0.0, 0.0).buffer(1.0, quad_segs=400)
    islet = shapely.box(3.0, 3.0, 3.05, 3.05)
    (found,) = _simplified(np.array([rough, islet]), 0.1)
    assert shapely.hausdorff_distance(found, rough) <= 0.1
    assert shapely.get_num_coordinates(found) < 40
