import json
from itertools import pairwise

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

import simulator
from simulator import FATES, Status
from tests.witoil.player.made import (
    HOUR,
    ISLAND,
    OPEN_SEA,
    START,
    drifting,
    particles_of,
    run_of,
)
from witoil.errors import WitoilError
from witoil.player import coast, columns, pack
from witoil.player.mercator import MercatorGrid, latitude_of, northing
from witoil.player.payload import unpack
from witoil.player.quantise import Linear, Logarithmic
from witoil.runs.run import Seen


def decoder(scale):
    given = {k: v for k, v in scale.items() if k != "kind"}
    return {"linear": Linear, "logarithmic": Logarithmic}[scale["kind"]](**given)


def packed(run, land=OPEN_SEA):
    header, text = pack.pack(run, land).as_text()
    header = json.loads(json.dumps(header, allow_nan=False))
    return header, unpack(header, text)


def values_of(header, arrays, name):
    numbers = arrays[name]
    values = decoder(header["particles"]["scales"][name]).decode(numbers)
    return np.where(numbers == header["particles"]["missing"], np.nan, values).T


places = st.tuples(st.floats(-400.0, 400.0), st.floats(-89.5, 89.0))


@given(places, st.floats(1e-6, 0.5), st.integers(0, 2**31))
def test_positions_come_back_to_half_a_step(corner, extent, seed):
    random = np.random.default_rng(seed)
    lon = corner[0] + extent * random.random((9, 4))
    lat = corner[1] + extent * random.random((9, 4))
    gone = random.random((9, 4)) < 0.2
    gone[0, 0] = False
    lon[gone] = lat[gone] = np.nan
    header, arrays = packed(run_of(particles_of(lon, lat)))
    scales = header["particles"]["scales"]
    x, y = (values_of(header, arrays, name) for name in "xy")
    np.testing.assert_array_equal(np.isnan(x), gone)
    np.testing.assert_allclose(x, lon, atol=0.51 * scales["x"]["step"] + 1e-9)
    np.testing.assert_allclose(latitude_of(y), lat, atol=0.51 * scales["y"]["step"] + 1e-9)
    assert scales["x"]["step"] <= extent / pack.PLACES or scales["x"]["step"] == 1.0


def test_status_mass_and_depth_come_back():
    run = drifting()
    header, arrays = packed(run)
    np.testing.assert_array_equal(arrays["status"].T, run.particles["status"])
    np.testing.assert_allclose(
        values_of(header, arrays, "mass"), run.particles["mass"], rtol=columns.MASS_RATIO - 1.0
    )
    depth = values_of(header, arrays, "z")
    np.testing.assert_allclose(depth, run.particles["z"], atol=12.5 / columns.DEPTHS)
    names = {row["code"]: row["name"] for row in header["particles"]["statuses"]}
    assert names == {int(s): s.name.lower() for s in Status}


def test_what_a_model_does_not_tell_is_left_out():
    run = run_of(particles_of([[19.6, 19.7]], [[36.5, 36.6]]), model="PyGNOME", density=None)
    header, _ = packed(run)
    assert {*header["particles"]["scales"]} == {"x", "y"}
    assert not header["layers"]
    assert header["budget"]["title"] == "particles"
    assert header["budget"]["rows"] == [{"name": "floating", "label": "floating", "values": [1, 1]}]


def test_particles_over_180_degrees_stay_together():
    run = run_of(particles_of([[179.9, 180.2]], [[-17.0, -17.1]], mass=[[5.0, 5.0]]))
    seen = Seen(START, shapely.box(-179.9, -17.2, -179.7, -17.0), "mask")
    header, _ = packed(run_of(run.particles, seen=(seen,)))
    west, _, east, _ = header["view"]
    assert 179.0 < west < 180.0 < east < 181.0
    assert all(180.0 < x < 180.4 for x, _ in header["seen"][0]["rings"][0])


def test_a_large_run_shows_a_random_part_and_says_so(monkeypatch):
    monkeypatch.setattr(pack, "MOST_POINTS", 70)
    run = drifting(count=60, times=7)
    header, arrays = packed(run)
    assert arrays["x"].shape == (7, 10)
    assert header["particles"]["of"] == 60
    assert "10 of 60 particles" in header["notes"][0]
    whole = drifting()
    monkeypatch.undo()
    # all count in the numbers
    assert header["budget"] == packed(whole)[0]["budget"]
    thin, all_of_them = (a["layer_thickness"] for a in (arrays, packed(whole)[1]))
    np.testing.assert_array_equal(thin, all_of_them)


@pytest.mark.slow
@given(st.floats(-80.0, 80.0))
def test_thickness_holds_the_mass_afloat(latitude):
    random = np.random.default_rng(0)
    lon, lat = 10.0 + 0.02 * random.random((500, 1)), latitude + 0.01 * random.random((500, 1))
    run = run_of(particles_of(lon, lat, mass=np.full((500, 1), 40.0)))
    header, arrays = packed(run)
    (layer,) = header["layers"]
    frames, rows, columns = layer["shape"]
    assert frames == 1
    microns = decoder(layer["scale"]).decode(arrays["layer_thickness"][0]).reshape(rows, columns)
    grid = MercatorGrid(**layer["grid"], shape=(rows, columns))
    found = (1e-6 * microns * grid.areas).sum() * run.density
    assert found == pytest.approx(500 * 40.0, rel=0.02)
    # the area of a cell by its sides, where it lies
    east, north = simulator.metres_per_degree(latitude)
    y = northing(latitude)
    height = north * (latitude_of(y + grid.cell) - latitude_of(y))
    assert grid.areas[rows // 2, 0] == pytest.approx(east * grid.cell * height, rel=0.01)


def test_without_a_density_oil_is_told_by_mass():
    (layer,) = packed(run_of(drifting().particles, density=None))[0]["layers"]
    assert layer["unit"] == "g/m²"


def test_classes_of_thickness_begin_where_they_say():
    (layer,) = packed(drifting())[0]["layers"]
    scale = decoder(layer["scale"])
    for bound, row in zip((0.04, 0.3, 5.0, 50.0, 200.0), layer["classes"], strict=True):
        first = row["from"]
        assert scale.decode(np.array([first]))[0] >= 0.999 * bound
        assert first == 1 or scale.decode(np.array([first - 1]))[0] < bound
    assert all(a["from"] < b["from"] for a, b in pairwise(layer["classes"]))


def budget_file(path, times, released):
    rows = ["time,released_kg," + ",".join(f"{name}_fraction" for name in FATES)]
    rows += [f"{t}Z,{released},0.5,0.25,0.25,0,0,0" for t in np.datetime_as_string(times, "s")]
    path.write_text("\n".join(rows))


def test_the_budget_is_that_of_the_run(tmp_path):
    particles = drifting().particles
    budget_file(tmp_path / "budget.csv", particles["time"].values, 4000)
    budget = packed(run_of(particles, tmp_path))[0]["budget"]
    assert budget["unit"] == "t"
    assert [row["name"] for row in budget["rows"]] == ["floating", "evaporated", "dispersed"]
    assert budget["rows"][0]["values"] == [2.0] * 7


@pytest.mark.parametrize("damage", ["a row less", "another time", "no number", "no text"])
def test_a_budget_of_other_times_is_refused(tmp_path, damage):
    particles = drifting().particles
    path = tmp_path / "budget.csv"
    budget_file(path, particles["time"].values, 4000)
    text = path.read_text()
    path.write_text(
        {
            "a row less": text[: text.rindex("\n")],
            "another time": text.replace("T06:00", "T06:01"),
            "no number": text.replace("4000", "four"),
            "no text": "",
        }[damage]
    )
    with pytest.raises(WitoilError, match="not the budget of the particles"):
        packed(run_of(particles, tmp_path))


def test_coast_is_cut_and_kept_to_a_dot():
    header, arrays = packed(drifting(), ISLAND)
    x = decoder(header["coast"]["x"]).decode(arrays["coast_x"][:, 0])
    y = decoder(header["coast"]["y"]).decode(arrays["coast_y"][:, 0])
    ring = shapely.Polygon(np.stack([x, latitude_of(y)], axis=-1))
    assert arrays["coast_sizes"].tolist() == [[5]]
    assert ring.symmetric_difference(ISLAND.polygons).area < 0.002 * ISLAND.polygons.area


@pytest.mark.slow
def test_a_rugged_coast_is_short(monkeypatch):
    monkeypatch.setattr(coast, "MOST_CORNERS", 500)
    angle = np.linspace(0.0, 2.0 * np.pi, 20_001)[:-1]
    reach = 0.05 + 0.005 * np.sin(900.0 * angle)
    ragged = shapely.Polygon(
        np.stack([19.65 + reach * np.cos(angle), 36.58 + reach * np.sin(angle)], axis=-1)
    )
    _, arrays = packed(drifting(), coast.Land(ragged, ISLAND.box))
    assert 4 < arrays["coast_x"].size <= 500


def test_land_that_is_not_known_is_not_drawn_as_sea():
    small = coast.Land(ISLAND.polygons, (19.55, 36.5, 19.71, 36.65))
    found = packed(drifting(), small)[0]["surroundings"]
    assert found[0] == 19.55
    assert found[2] == 19.71


def test_a_coast_that_cannot_be_read_is_said(tmp_path):
    run = run_of(
        drifting().particles,
        summary={"case": {"forcing": {"coastline": str(tmp_path / "gone.geojson")}}},
    )
    header, _ = packed(run, None)
    assert "No coast is drawn" in header["notes"][0]
    assert "gone.geojson" in header["notes"][0]


def test_sources_are_those_of_the_case():
    releases = [{"kind": "area"}, {"kind": "point", "lon": 19.6 - 360.0, "lat": 36.6}]
    header, _ = packed(run_of(drifting().particles, summary={"case": {"release": releases}}))
    ((x, y),) = header["sources"]
    assert (x, latitude_of(y)) == pytest.approx((19.6, 36.6))


def test_a_run_without_a_place_is_refused():
    nothing = np.full((3, 2), np.nan)
    with pytest.raises(WitoilError, match="no particle with a position"):
        packed(run_of(particles_of(nothing, nothing)))


def test_a_run_near_the_pole_is_shown_whole_and_one_over_it_refused():
    header, _ = packed(run_of(particles_of([[10.0, 12.0]], [[89.8, 89.85]])))
    assert header["view"][3] > 89.85
    with pytest.raises(WitoilError, match="of a pole"):
        packed(run_of(particles_of([[10.0, 12.0]], [[89.8, 89.96]])))


@pytest.mark.slow
def test_a_page_of_20_000_particles_and_48_times_is_small():
    random = np.random.default_rng(3)
    steps = random.normal(scale=300.0 / 1.1e5, size=(2, 20_000, 48))
    lon, lat = np.cumsum(steps, axis=2) + np.array([19.6, 36.6])[:, np.newaxis, np.newaxis]
    mass = 100.0 * np.cumprod(1.0 - 0.05 * random.random((20_000, 48)), axis=1)
    z = -20.0 * random.random((20_000, 48)) * (random.random((20_000, 48)) < 0.2)
    header, text = pack.pack(run_of(particles_of(lon, lat, mass=mass, z=z)), ISLAND).as_text()
    # of so much noise not all fit, and that is said
    assert 4.2e6 < len(text) < 4.9e6
    assert header["particles"]["count"] > 14_000
    assert "particles are drawn" in header["notes"][0]


# --- probabilities


def write_raster(path, bands, names, west=2_000_000.0 / 4, north=4_050_000.0, nodata=None):
    """Write bands on cells of 150 m in zone 34 N."""
    bands = np.asarray(bands, np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype="float32",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        crs="EPSG:32634",
        transform=Affine(150.0, 0.0, west, 0.0, -150.0, north),
        nodata=nodata,
    ) as file:
        file.write(bands)
        for k, name in enumerate(names, start=1):
            file.set_band_description(k, name)


def probabilities_at(header, arrays, name, step, lon, lat):
    (layer,) = [row for row in header["layers"] if row["name"] == name]
    frames, rows, columns = layer["shape"]
    grid = MercatorGrid(**layer["grid"], shape=(rows, columns))
    column, row = (int(v) for v in grid.cells(lon, lat))
    number = arrays[f"layer_{name}"].reshape(frames, rows, columns)[
        0 if frames == 1 else step, row, column
    ]
    return number if layer["scale"] is None else decoder(layer["scale"]).decode(number)


def middle_of(row, column, west=2_000_000.0 / 4, north=4_050_000.0):
    (lon,), (lat,) = rasterio.warp.transform(
        "EPSG:32634", "EPSG:4326", [west + 150.0 * (column + 0.5)], [north - 150.0 * (row + 0.5)]
    )
    return lon, lat


CASE = {"time": {"start": "2025-06-01T06:00:00Z"}}


@pytest.fixture
def ensemble(tmp_path):
    chances = np.zeros((30, 40))
    chances[10, 5:25] = np.linspace(1.0, 0.05, 20)
    since = np.full((30, 40), np.nan)
    since[10, 5:25] = np.repeat(np.arange(5.0), 4)
    write_raster(tmp_path / "probability.tif", [chances], ["probability"], nodata=0.0)
    write_raster(tmp_path / "first_arrival_hours.tif", [since, since], ["a", "b"], nodata=np.nan)
    summary = {"output_hours": [0.0, 1.0, 2.0, 3.0, 4.0], "case": CASE}
    return run_of(None, tmp_path, command="ensemble", summary=summary), chances, since


def test_an_ensemble_fills_the_cells_as_they_are_reached(ensemble):
    run, chances, since = ensemble
    header, arrays = packed(run)
    assert {layer["cellMetres"] for layer in header["layers"]} == {150.0}
    assert header["times"] == [1748757600000 + 3_600_000 * k for k in range(5)]
    for column in range(5, 25):
        place = middle_of(10, column)
        always = probabilities_at(header, arrays, "probability", 0, *place)
        assert always == pytest.approx(100.0 * chances[10, column], abs=0.006)
        for step in range(5):
            found = probabilities_at(header, arrays, "reached", step, *place)
            assert found == (always if since[10, column] <= step else 0.0)


def test_a_forecast_plays_what_it_gave_each_slick_and_its_outlook(tmp_path):
    (tmp_path / "outlook").mkdir()
    for hour, place, column in ((9, ".", 3), (6, ".", 1), (12, "outlook", 7)):
        chances = np.zeros((20, 20))
        chances[4, column] = 0.75
        name = f"probability of oil at 2025-06-01T{hour:02}:00:00Z"
        path = tmp_path / place / f"probability_{hour}.tif"
        # each window has a grid of its own
        write_raster(path, [chances], [name], west=500_000.0 + 150.0 * hour, nodata=0.0)
    header, arrays = packed(run_of(None, tmp_path, command="forecast"))
    assert np.diff(header["times"]).tolist() == [3 * 3_600_000] * 2
    for step, (hour, column) in enumerate(((6, 1), (9, 3), (12, 7))):
        place = middle_of(4, column, west=500_000.0 + 150.0 * hour)
        for other in range(3):
            found = probabilities_at(header, arrays, "probability", other, *place)
            assert found == (75.0 if other == step else 0.0)


def test_a_trace_plays_forward_and_shows_what_holds_the_source(tmp_path):
    bands = np.zeros((2, 20, 20))
    bands[0, 5, 5:9] = (0.52, 0.25, 0.14, 0.09)
    bands[1, 12, 3] = 1.0
    names = ["2025-06-01T09:00:00Z", "2025-06-01T08:00:00Z"]
    write_raster(tmp_path / "source_by_time.tif", bands, names)
    write_raster(tmp_path / "source_probability.tif", bands.mean(axis=0)[np.newaxis], ["p"])
    header, arrays = packed(run_of(None, tmp_path, command="trace"))
    assert np.diff(header["times"]) == 3_600_000
    found = [probabilities_at(header, arrays, "source", 1, *middle_of(5, c)) for c in range(4, 10)]
    labels = [row["label"] for row in header["layers"][0]["classes"]]
    assert labels == [f"lies within with {level} %" for level in (90, 75, 50)]
    assert found == [0, 3, 2, 1, 0, 0]
    assert probabilities_at(header, arrays, "source", 0, *middle_of(12, 3)) == 3


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("ensemble", "not a raster"),
        ("trace", "not a raster"),
        ("forecast", "found no probability"),
        ("optimise", "search over several windows"),
    ],
)
def test_a_run_without_its_rasters_is_refused_in_a_line(tmp_path, command, message):
    summary = {"output_hours": [0.0], "case": CASE}
    with pytest.raises(WitoilError, match=message):
        packed(run_of(None, tmp_path, command=command, summary=summary))


def test_an_ensemble_without_times_is_refused(tmp_path):
    for summary in ({}, {"output_hours": ["x"], "case": CASE}, {"output_hours": [0.0], "case": {}}):
        with pytest.raises(WitoilError, match="names no times"):
            packed(run_of(None, tmp_path, command="ensemble", summary=summary))


def test_a_band_without_a_time_is_refused(tmp_path):
    write_raster(tmp_path / "probability_1.tif", np.ones((1, 4, 4)), ["oil"])
    with pytest.raises(WitoilError, match="expected a time in its description"):
        packed(run_of(None, tmp_path, command="forecast"))


def test_times_of_the_page_are_those_of_the_outputs():
    header, _ = packed(drifting())
    expected = [(START + k * HOUR).astype("M8[ms]").astype(int) for k in range(7)]
    assert header["times"] == expected
