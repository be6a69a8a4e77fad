"""The oiled coast of a run: tables, lines, and a picture."""

import csv
import json

import geopandas
import numpy as np
import pytest
from PIL import Image

from witoil.case import load_case
from witoil.scenario.coast import DAY, OILED_FROM, OiledCoast
from witoil.scenario.prepare import prepare
from witoil.scenario.run import run


@pytest.fixture(scope="module")
def island(twin, beaching):
    path = twin / "beaching.toml"
    path.write_text(beaching)
    scenario = prepare(load_case(path))
    return scenario, run(scenario)


@pytest.fixture(scope="module")
def written(island, write_drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("island")
    scenario, result = island
    summary = write_drawn(scenario, result, folder)
    return folder, summary


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_what_is_on_the_coast_is_what_has_beached(island, written):
    beached = island[1]["beached_mass"].values
    assert beached[-1] > 1e3
    rows = rows_of(written[0] / "coast.csv")
    assert sum(float(row["mass_kg"]) for row in rows) == pytest.approx(beached[-1], rel=1e-6)
    (day,) = rows_of(written[0] / "coast_by_day.csv")
    assert day["day"] == "0.5"
    assert day["time"] == "2025-06-01T18:00:00Z"
    assert float(day["mass_t"]) == pytest.approx(1e-3 * beached[-1], rel=1e-6)
    parts = float(day["loose_t"]) + float(day["absorbed_t"])
    assert parts == pytest.approx(float(day["mass_t"]), abs=2e-6)
    shore = written[1]["shore"]
    assert shore["loose_kg"] + shore["absorbed_kg"] == pytest.approx(beached[-1])


def test_a_stretch_tells_where_it_is_and_how_much_it_holds(island, written):
    scenario, result = island
    rows = rows_of(written[0] / "coast.csv")
    assert len(rows) == (result["coast_mass"].max("time") > 0.0).sum()
    largest = [float(row["max_mass_kg"]) for row in rows]
    assert largest == sorted(largest, reverse=True)
    for row in rows:
        assert scenario.coast.land.distance(as_point(row)) < 0.01
        assert row["shore_type"] == "sand"
        assert "2025-06-01T07:00:00Z" <= row["first_oiled"] <= "2025-06-01T18:00:00Z"
        per_km = float(row["mass_kg"]) / (1e-3 * float(row["length_m"]))
        assert float(row["kg_per_km"]) == pytest.approx(per_km, rel=1e-3, abs=1e-2)
        assert 0.0 <= float(row["absorbed_kg"]) <= float(row["mass_kg"])


def as_point(row):
    import shapely

    return shapely.Point(float(row["lon"]), float(row["lat"]))


def test_lines_have_the_rows_of_the_table(written):
    rows = rows_of(written[0] / "coast.csv")
    lines = geopandas.read_file(written[0] / "coast.geojson")
    assert set(lines.geom_type) <= {"LineString", "MultiLineString"}
    np.testing.assert_allclose(lines["mass_kg"], [float(row["mass_kg"]) for row in rows])
    lengths = lines.to_crs(32634).length
    np.testing.assert_allclose(lengths, [float(row["length_m"]) for row in rows], rtol=2e-3)
    assert json.loads((written[0] / "coast.geojson").read_text())["type"] == "FeatureCollection"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coast.png", "budget.png"])
def test_pictures_show_something(written, name):
    with Image.open(written[0] / name) as image:
        assert image.width == 960
        assert len(image.convert("RGB").getcolors(1 << 24)) > 20


@pytest.mark.slow
def test_no_oil_on_the_coast_is_no_file_of_it(island, write_drawn, written):
    scenario, result = island
    folder = written[0].parent / "nothing"
    folder.mkdir()
    nothing = result.isel(time=[0])
    summary = write_drawn(scenario, nothing, folder)
    assert OiledCoast.of_run(scenario, nothing) is None
    assert not [path.name for path in folder.iterdir() if path.name.startswith("coast")]
    assert summary["ashore"] is None
    assert summary["shore"]["oiled_km"] == 0.0


def coast_of(mass, hours):
    """Two stretches of 1 and 2 km with masses [kg] at some hours."""
    mass = np.array(mass, float)
    return OiledCoast(
        stretch=np.arange(2),
        longitude=np.array([35.0, 35.1]),
        latitude=np.array([33.0, 33.1]),
        length=np.array([1000.0, 2000.0]),
        shore_type=np.array(["sand", "rock"]),
        times=np.datetime64("2006-07-13T08:00", "ns") + np.array(hours) * np.timedelta64(1, "h"),
        mass=mass,
        absorbed=0.25 * mass,
        total_mass=mass.sum(axis=0),
        total_absorbed=0.25 * mass.sum(axis=0),
    )


def test_a_day_is_told_at_the_last_output_until_then():
    hours = [0, 10, 20, 30, 40, 50, 60]
    mass = [[0, 1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 1e3, 1e3, 1e3]]
    coast = coast_of(mass, hours)
    rows = coast.by_day(coast.times[0])
    assert [row["day"] for row in rows] == [1.0, 2.0, 2.5]
    assert [row["mass_t"] for row in rows] == [0.002, 1.004, 1.006]
    assert rows[0]["time"] == "2006-07-14T04:00:00Z"


def test_days_count_from_the_start_also_where_outputs_begin_later():
    coast = coast_of([[1, 2, 3], [1, 2, 3]], [36, 48, 60])
    rows = coast.by_day(coast.times[0] - np.timedelta64(36, "h"))
    assert [row["day"] for row in rows] == [2.0, 2.5]
    assert np.timedelta64(24, "h") == DAY


def test_coast_is_oiled_from_a_load_on():
    coast = coast_of([[0.0, OILED_FROM, OILED_FROM], [0.0, OILED_FROM, 2 * OILED_FROM]], [0, 1, 2])
    np.testing.assert_allclose(coast.oiled_km, [0.0, 1.0, 3.0])
