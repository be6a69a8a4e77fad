"""Coast tiles over HTTP: coarse ones of the world, fine ones with the coast that a run had."""

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
import xarray as xr
from shapely.geometry import shape

from simulator import Status
from tests.web.people import assert_problem, bring, case, ended_with, people
from tests.web.test_vector_tiles import tile_of
from web.data import uploads
from web.maps import coasts
from web.maps.vector_tiles import EXTENT, projected, tile_bounds
from witoil.files import read_json


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "check", lambda path, purpose: {})
        with people(tmp_path_factory.mktemp("service"), allowed_hosts="data.example.org") as made:
            yield made


def with_coast(service, anna, folder, coastline):
    asked = case(winds="https://data.example.org/winds.nc", coastline=coastline)
    return ended_with(service, anna, folder, asked)


@pytest.fixture(scope="module")
def job(service, anna, twin_run, demo_twin):
    island = (demo_twin / "island.geojson").read_bytes()
    reference = bring(anna, "island.geojson", island, "land").json["reference"]
    return with_coast(service, anna, twin_run, reference)


def layers_of(answer):
    assert answer.status_code == 200, answer.data
    assert answer.mimetype == "application/vnd.mapbox-vector-tile"
    content = mapbox_vector_tile.decode(answer.data, default_options={"geojson": False})
    return {
        name: [shape(each["geometry"]) for each in layer["features"]]
        for name, layer in content.items()
    }


@pytest.mark.slow
def test_coast_of_an_uploaded_file_is_drawn(anna, job, demo_twin):
    (feature,) = read_json(demo_twin / "island.geojson")["features"]
    island = shape(feature["geometry"])
    about = anna.get(f"/jobs/{job}/coast").json
    west, _, east, _ = about["bounds"]
    assert west < island.bounds[0] < island.bounds[2] < east
    assert about["name"].endswith("island.geojson")
    shore = island.boundary.interpolate(0.3, normalized=True)
    tile = tile_of(12, shore.x, shore.y)
    found = layers_of(anna.get(f"/jobs/{job}/coast/{'/'.join(map(str, tile))}.mvt"))
    left, low, right, _ = tile_bounds(tile)
    per_degree = EXTENT / (right - left)
    here = shapely.transform(projected(shore), lambda p: (p - [left, low]) * per_degree)
    assert shapely.union_all(found["coast"]).distance(here) < 8.0  # a pixel
    assert shapely.union_all(found["land"]).distance(here) < 8.0


def test_cuts_through_land_are_no_coast():
    land = projected(shapely.box(0.0, 0.0, 2.0, 2.0))
    lines = coasts._coast_lines(land, projected(shapely.box(0.0, -1.0, 2.0, 3.0)))
    assert lines.length == pytest.approx(4.0, rel=1e-3)
    whole = coasts._coast_lines(land, projected(shapely.box(-1.0, -1.0, 3.0, 3.0)))
    assert whole.equals(shapely.boundary(land))


@pytest.mark.parametrize(
    ("tile", "status"),
    [
        ("7/0/0", 422),
        ("15/0/0", 422),
        ("8/256/0", 404),
        ("8/0/256", 404),
        ("8/-1/0", 422),
        ("8/NaN/0", 422),
        ("8/1.5/0", 422),
        ("8/99999999999999999999/0", 422),
    ],
)
def test_tiles_that_there_are_not(anna, job, tile, status):
    assert_problem(anna.get(f"/jobs/{job}/coast/{tile}.mvt"), status)


@pytest.mark.parametrize("tile", ["8/0/0", "12/0/0", "14/16383/16383"])
def test_nothing_is_known_outside_the_bounds(anna, job, tile):
    answer = anna.get(f"/jobs/{job}/coast/{tile}.mvt")
    assert (answer.status_code, answer.data) == (204, b"")


def test_coast_without_its_file(service, anna, twin_run, demo_twin):
    land = (demo_twin / "island.geojson").read_bytes() + b" "
    upload = bring(anna, "other.geojson", land, "land").json
    job = with_coast(service, anna, twin_run, upload["reference"])
    assert anna.delete(f"/uploads/{upload['id']}").status_code == 204
    assert_problem(anna.get(f"/jobs/{job}/coast"), 404, "coastline")


def test_run_without_land(service, anna, twin_run):
    job = with_coast(service, anna, twin_run, "none")
    west, south, east, north = anna.get(f"/jobs/{job}/coast").json["bounds"]
    z, x, y = tile_of(9, (west + east) / 2, (south + north) / 2)
    found = layers_of(anna.get(f"/jobs/{job}/coast/{z}/{x}/{y}.mvt"))
    assert found == {"land": [], "coast": []}


@pytest.mark.parametrize("z", range(8))
def test_world_is_there_at_once(anna, z):
    z, x, y = tile_of(z, 25.0, 0.5)  # Congo
    first = anna.get(f"/tiles/coast/{z}/{x}/{y}.mvt")
    found = shapely.union_all(layers_of(first)["land"])
    left, low, right, _ = tile_bounds((z, x, y))
    here = projected(shapely.Point(25.0, 0.5))
    units = shapely.transform(here, lambda p: (p - [left, low]) * EXTENT / (right - left))
    assert found.contains(units)
    again = anna.get(
        f"/tiles/coast/{z}/{x}/{y}.mvt", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("tile", "status"),
    [("8/0/0", 422), ("0/1/0", 404), ("7/128/0", 404), ("0/0/-1", 422), ("x/0/0", 422)],
)
def test_world_has_no_such_tile(anna, tile, status):
    assert_problem(anna.get(f"/tiles/coast/{tile}.mvt"), status)


@pytest.mark.slow
def test_beached_oil_lies_on_the_shore_drawn(service, anna, cases, tmp_path, monkeypatch):
    from witoil import jobs
    from witoil.case import load_case

    monkeypatch.setenv("WITOIL_CASES", str(cases))
    baniyas = load_case("examples/baniyas-1.toml")
    few = baniyas.model.model_copy(update={"particles": 2000})
    baniyas = baniyas.model_copy(update={"model": few, "observation": []})
    jobs.simulate(baniyas, tmp_path / "run", pictures=False)
    job = with_coast(service, anna, tmp_path / "run", "osm")
    with xr.open_dataset(tmp_path / "run" / "particles.nc") as run:
        last = run.isel(time=-1).load()
    beached = last["status"].values == Status.BEACHED
    lon, lat = last["lon"].values[beached], last["lat"].values[beached]
    assert lon.size > 50
    tiles = {}
    for place in zip(lon, lat, strict=True):
        tiles.setdefault(tile_of(12, *place), []).append(place)
    for tile, places in tiles.items():
        content = layers_of(anna.get(f"/jobs/{job}/coast/{'/'.join(map(str, tile))}.mvt"))
        left, low, right, _ = tile_bounds(tile)
        units = shapely.get_coordinates(projected(shapely.multipoints(places)))
        units = (units - [left, low]) * EXTENT / (right - left)
        off = shapely.distance(shapely.union_all(content["coast"]), shapely.points(units))
        assert np.max(off) < 8.0  # a pixel of a tile of 512
