import json
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import geopandas
import numpy as np
import pystac
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import CatalogError, Slick, UnreadableFileError, read_slick
from catalog.slicks.detection import Detection
from catalog.slicks.events import group_events, read_events
from catalog.slicks.stac import read_stac, write_stac
from tests.catalog.servers import file_handler, serving, serving_folder
from tests.catalog.test_thredds import HEAD

FIRST = "20210824-0343-SYR-PL-B-01-S1"
SECOND = "20210824-1533-SYR-PL-A-01-S3"
ELSEWHERE = "20210824-0400-GRC-UO-C-01-S1"


def write_layer(path: Path, lon: float = 35.7, size: float = 0.02, **fields: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = shapely.Point(lon, 35.2) if size == 0.0 else shapely.box(lon, 35.2, lon + size, 35.22)
    told = {"IDENTIFIER": path.stem, "DATETIME": "2021-08-24"} | fields
    geopandas.GeoDataFrame(
        {key: [value] for key, value in told.items()}, geometry=[shape], crs=4326
    ).to_file(path)
    return path


def test_layers_of_the_orbital_layout_are_one_detection(tmp_path: Path) -> None:
    folder = tmp_path / FIRST
    told = {
        "SATELLITE": "Sentinel-1",
        "CLASS": "B",
        "MIN_VOLUME": 1.5,
        "MAX_VOLUME": 15.0,
    }
    write_layer(folder / f"{FIRST}_sheen.shp", size=0.04, **told)
    write_layer(folder / f"{FIRST}_thick.shp", size=0.01, **told)
    write_layer(folder / f"{FIRST}_source.shp", lon=35.9, size=0.0)
    (event,), problems = read_events(tmp_path)
    (seen,) = event.detections
    assert problems == []
    assert event.identifier == "20210824-0343-SYR-PL"
    assert seen.identifier == FIRST
    assert (seen.sensor, seen.quality, seen.cause, seen.country) == (
        *("Sentinel-1", "B", "platform", "SYR"),
    )
    assert set(seen.slick.thickness_class) == {"sheen", "thick"}
    assert seen.volume_m3 == (1.5, 15.0)
    assert seen.source == pytest.approx((35.9, 35.2))
    assert len(seen.files) == 3
    # a degree is 111.2 km
    assert seen.area_km2 == pytest.approx(111.2**2 * 0.04 * 0.02 * np.cos(0.6147), rel=0.01)


def test_volume_written_as_stars_is_none(tmp_path: Path) -> None:
    write_layer(tmp_path / f"{FIRST}.shp", MIN_VOLUME=1.5, MAX_VOLUME="***********")
    (event,), _ = read_events(tmp_path)
    low, high = event.detections[0].volume_m3
    assert low == 1.5
    assert np.isnan(high)


@pytest.mark.parametrize("suffix", ["shp", "geojson", "gpkg", "json", "zip"])
def test_any_vector_file_is_a_detection(tmp_path: Path, suffix: str) -> None:
    if suffix == "zip":
        parts = tmp_path / "parts"
        write_layer(parts / f"{FIRST}.shp")
        with zipfile.ZipFile(tmp_path / f"{FIRST}.zip", "w") as archive:
            for part in parts.iterdir():
                archive.write(part, part.name)
        shutil.rmtree(parts)
    elif suffix == "json":
        write_layer(tmp_path / f"{FIRST}.geojson").rename(tmp_path / f"{FIRST}.json")
    else:
        write_layer(tmp_path / f"{FIRST}.{suffix}")
    (event,), problems = read_events(tmp_path)
    assert problems == []
    assert event.start == datetime(2021, 8, 24, 3, 43, tzinfo=UTC)


def test_spills_are_told_apart_by_place(tmp_path: Path) -> None:
    for name, lon in ((FIRST, 35.7), (SECOND, 35.8), (ELSEWHERE, 24.0)):
        write_layer(tmp_path / f"{name}.shp", lon=lon)
    events, _ = read_events(tmp_path)
    assert [e.identifier for e in events] == ["20210824-0343-SYR-PL", "20210824-0400-GRC-UO"]
    assert [d.identifier for d in events[0].detections] == [FIRST, SECOND]


def test_a_damaged_file_hides_no_other(tmp_path: Path) -> None:
    write_layer(tmp_path / f"{FIRST}.shp")
    (tmp_path / f"{SECOND}.shp").write_bytes(b"no shapefile")
    (tmp_path / "settings.json").write_text('{"colour": "red"}')
    (tmp_path / "undated.geojson").write_text(
        json.dumps(shapely.geometry.mapping(shapely.box(35.0, 35.0, 35.1, 35.1)))
    )
    events, problems = read_events(tmp_path)
    assert [event.identifier for event in events] == ["20210824-0343-SYR-PL", "undated"]
    assert "nothing says when the slick was seen" in events[1].missing
    (problem,) = problems
    assert SECOND in problem


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no slick found; expected"):
        read_events(tmp_path)


def _seen(hours: float, lon: float, name: str = "x") -> Detection:
    time = datetime(2021, 8, 24, tzinfo=UTC) + timedelta(hours=hours)
    return Detection(name, Slick(time, shapely.box(lon, 10.0, lon + 0.01, 10.01)))


def test_a_chain_is_one_event_whichever_way_it_is_found() -> None:
    # first and last lie too far from each other, in time and in place
    chain = [_seen(0.0, 0.0, "a"), _seen(60.0, 0.4, "b"), _seen(120.0, 0.8, "c")]
    for order in permutations(chain):
        (event,) = group_events(order)
        assert [d.identifier for d in event.detections] == ["a", "b", "c"]


def test_slicks_on_two_sides_of_the_dateline_are_near() -> None:
    assert len(group_events([_seen(0.0, 179.95), _seen(1.0, -179.98)])) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 400.0), st.floats(-179.0, 179.0)), min_size=1, max_size=8))
def test_every_detection_is_in_one_event(places) -> None:
    detections = [_seen(hours, lon, f"{k}") for k, (hours, lon) in enumerate(places)]
    events = group_events(detections)
    found = [d.identifier for event in events for d in event.detections]
    assert sorted(found) == sorted(d.identifier for d in detections)
    assert len({event.identifier for event in events}) == len(events)
    for event in events:
        times = [d.time for d in event.detections]
        assert times == sorted(times)


def test_stac_keeps_everything(tmp_path: Path) -> None:
    files = tmp_path / "files"
    write_layer(files / f"{FIRST}_sheen.shp", size=0.04, SATELLITE="Sentinel-1", MIN_VOLUME=1.0)
    write_layer(files / f"{FIRST}_thick.shp", size=0.01, SATELLITE="Sentinel-1", MIN_VOLUME=1.0)
    write_layer(files / f"{SECOND}.shp")
    before, _ = read_events(files)
    root = write_stac(before, tmp_path / "stac")
    after, problems = read_events(tmp_path / "stac")
    assert problems == []
    assert [e.identifier for e in after] == [e.identifier for e in before]
    for old, new in zip(before[0].detections, after[0].detections, strict=True):
        assert new.identifier == old.identifier
        assert (new.sensor, new.quality, new.time) == (old.sensor, old.quality, old.time)
        assert new.slick.geometry.equals(old.slick.geometry)
        assert set(new.slick.thickness_class) == set(old.slick.thickness_class)
    catalogue = pystac.Catalog.from_file(str(root))
    assert {item.id for item in catalogue.get_items(recursive=True)} == {FIRST, SECOND}


def test_an_item_without_its_files_has_its_geometry(tmp_path: Path) -> None:
    write_layer(tmp_path / "files" / f"{FIRST}.shp")
    events, _ = read_events(tmp_path / "files")
    write_stac(events, tmp_path / "stac")
    shutil.rmtree(tmp_path / "files")
    (event,), problems = read_events(tmp_path / "stac")
    assert problems == []
    assert event.detections[0].slick.geometry.equals(events[0].detections[0].slick.geometry)


def test_files_beside_their_items_count_once(tmp_path: Path) -> None:
    write_layer(tmp_path / f"{FIRST}.shp")
    events, _ = read_events(tmp_path)
    write_stac(events, tmp_path / "stac")
    (event,), _ = read_events(tmp_path)
    assert len(event.detections) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"geometry": None}, "has no geometry"),
        ({"geometry": {"type": "Point", "coordinates": [35.0, 35.0]}}, "no area"),
        ({"geometry": {"type": "Polygon", "coordinates": 7}}, "none of GeoJSON"),
    ],
)
def test_an_item_that_shows_no_slick(tmp_path: Path, change, message) -> None:
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "x",
        "properties": {"datetime": "2021-08-24T03:43:00Z"},
        "geometry": shapely.geometry.mapping(shapely.box(35.0, 35.0, 35.1, 35.1)),
        "bbox": [35.0, 35.0, 35.1, 35.1],
        "links": [],
        "assets": {},
    }
    path = tmp_path / "item.json"
    path.write_text(json.dumps(item | change))
    found, problems = read_stac(path)
    assert found == []
    assert message in problems[0]


def test_stac_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "item.json"
    path.write_text('{"stac_version": "1.0.0", "type": "Feature"}')
    with pytest.raises(UnreadableFileError, match="cannot be read as STAC"):
        read_stac(path)


@pytest.mark.slow
def test_events_on_a_server(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "served"
    write_layer(folder / "a" / f"{FIRST}_sheen.shp", size=0.04)
    write_layer(folder / "a" / f"{FIRST}_thick.shp", size=0.01)
    write_layer(folder / f"{SECOND}.geojson")
    (folder / "model output.nc").write_bytes(b"not asked for")
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    with serving_folder(folder) as url:
        (event,), problems = read_events(url)
        # where others can read them, and so a case
        assert all(name.startswith(url[:20]) for d in event.detections for name in d.files)
        again = read_slick(list(event.detections[0].files))
    assert problems == []
    assert [d.identifier for d in event.detections] == [FIRST, SECOND]
    assert set(event.detections[0].slick.thickness_class) == {"sheen", "thick"}
    assert again.geometry.equals(event.detections[0].slick.geometry)


def test_a_catalogue_with_files_of_one_name_and_some_that_are_gone(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    one = write_layer(tmp_path / "x" / f"{FIRST}.geojson", lon=35.7).read_bytes()
    other = write_layer(tmp_path / "y" / f"{FIRST}.geojson", lon=35.9).read_bytes()
    datasets = "".join(
        f'<dataset name="{name}" urlPath="{path}" serviceName="http" />'
        for name, path in (
            ("slick.geojson", f"x/{FIRST}.geojson"),
            ("slick.geojson", f"y/{FIRST}.geojson"),
            ("the first again", f"x/{FIRST}.geojson"),
            ("slick.geojson", "gone.geojson"),
        )
    )
    links = '<catalogRef xlink:href="gone/catalog.xml" xlink:title="gone" />'
    files = {
        "/catalog.xml": f"{HEAD}{datasets}{links}</catalog>".encode(),
        f"/thredds/fileServer/x/{FIRST}.geojson": one,
        f"/thredds/fileServer/y/{FIRST}.geojson": other,
    }
    with serving(file_handler(files)) as url:
        (event,), problems = read_events(f"{url}/catalog.xml")
    # not layers of one detection, and not three
    assert [d.slick.geometry.bounds[0] for d in event.detections] == pytest.approx([35.7, 35.9])
    assert len(problems) == 2
    assert "fileServer/gone.geojson: the server answers 404" in problems[0]
    assert "/gone/catalog.xml: the server answers 404" in problems[1]


def test_detections_of_one_name_are_all_written(tmp_path: Path) -> None:
    names = ("x", "y", "z")
    for k, name in enumerate(names):
        write_layer(tmp_path / name / f"{FIRST}.geojson", lon=35.5 + 0.1 * k)
    (event,), _ = read_events(tmp_path)
    assert [d.identifier for d in event.detections] == [FIRST] * 3
    write_stac([event], tmp_path / "stac")
    (again,), problems = read_events(tmp_path / "stac")
    assert not problems
    assert [d.identifier for d in again.detections] == [FIRST] * 3
    assert {d.slick.geometry.bounds for d in again.detections} == {
        d.slick.geometry.bounds for d in event.detections
    }
