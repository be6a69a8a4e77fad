"""Series of shorelines from files: made ones, and those of a published table."""

import json
import math

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from tests.plugins.builders import AQUATIC
from tests.witoil.command import witoil
from witoil.plugins.errors import PluginError
from witoil.plugins.shorelines import Beach, shoreline_series

SLOPE = 0.1


def tide_table(path, times, amplitude=0.8):
    """Write a tide of half a day, hourly, round some times; return its level at a time."""

    def level(time):
        return amplitude * math.sin(2 * math.pi * (time.timestamp() % 44712.0) / 44712.0)

    hours = sorted({time.floor("h") + pd.Timedelta(hours=k) for time in times for k in (0, 1)})
    rows = [{"time": f"{hour:%Y-%m-%dT%H:%M:%SZ}", "level_m": level(hour)} for hour in hours]
    pd.DataFrame(rows).to_csv(path, index=False)
    return {time: np.interp(
        time.timestamp(),
        [time.floor("h").timestamp(), time.floor("h").timestamp() + 3600.0],
        [level(time.floor("h")), level(time.floor("h") + pd.Timedelta(hours=1))],
    ) for time in times}  # fmt: skip


def transects_in(path, lines, crs="EPSG:28356", **columns):
    frame = geopandas.GeoDataFrame(
        {"name": list(lines), **columns},
        geometry=[shapely.LineString(line) for line in lines.values()],
        crs=crs,
    )
    frame.to_file(path, driver="GeoJSON")
    return path


def seen_lines(transects, table, levels):
    """Return a shoreline for each place of a table, as seen at the level of its time."""
    rows = []
    for transect in transects.itertuples():
        start, end = np.array(transect.geometry.coords)
        direction = (end - start) / np.linalg.norm(end - start)
        normal = np.array([-direction[1], direction[0]])
        for time, distance in table[transect.name].dropna().items():
            seen = start + (distance - levels[time] / SLOPE) * direction
            line = shapely.LineString([seen - 40 * normal, seen + 40 * normal])
            rows.append({"time": f"{time:%Y-%m-%dT%H:%M:%SZ}", "geometry": line})
    return geopandas.GeoDataFrame(rows, crs=transects.crs)


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real table")
def test_a_published_table_comes_back_from_shorelines_at_their_tides(tmp_path):
    """The table has corrected places alone; shorelines and tides of its scenes are not published.

    So shorelines are made that were seen at a made tide, in degrees, and the places come back.
    """
    path = AQUATIC / "img" / "uc7_narra_transects.geojson"
    transects = geopandas.read_file(path)
    assert transects.crs.to_epsg() == 28356
    table = pd.read_csv(AQUATIC / "img" / "uc7_narra_timeseries.csv", index_col=0)
    table.index = pd.DatetimeIndex(pd.to_datetime(table.pop("dates")))
    table = table.iloc[::6]
    levels = tide_table(tmp_path / "tide.csv", table.index)
    lines = seen_lines(transects, table, levels).to_crs("EPSG:4326")
    lines.to_file(tmp_path / "seen.geojson", driver="GeoJSON", COORDINATE_PRECISION=9)
    answer = witoil(
        *("modules", "shorelines", tmp_path / "seen.geojson", "--transects", path),
        *("--tide", tmp_path / "tide.csv", "--slope", SLOPE, "--out", tmp_path / "out.csv"),
    )
    assert answer.returncode == 0, answer.stderr
    found = pd.read_csv(tmp_path / "out.csv", index_col="dates", parse_dates=True)
    assert list(found.columns) == ["NA1", "NA2", "NA3", "NA4", "NA5"]
    wanted = table[table.notna().any(axis=1)]
    assert list(found.index) == list(wanted.index)
    assert (found.notna().to_numpy() == wanted.notna().to_numpy()).all()
    assert np.nanmax(np.abs(found.to_numpy() - wanted.to_numpy())) < 0.01


LINES = {"a": [(500000, 6000000), (500300, 6000000)]}


def made(tmp_path, **properties):
    """Write a transect, and a shoreline 100 m along it."""
    line = shapely.LineString([(500100, 5999900), (500100, 6000100)])
    frame = geopandas.GeoDataFrame(
        {key: [value] for key, value in properties.items()}, geometry=[line], crs="EPSG:28356"
    )
    frame.to_crs("EPSG:4326").to_file(tmp_path / "seen.geojson", driver="GeoJSON")
    transects_in(tmp_path / "t.geojson", LINES)
    return tmp_path / "seen.geojson", "--transects", tmp_path / "t.geojson"


@pytest.mark.slow
def test_without_a_tide_shorelines_stay_and_it_is_said(tmp_path):
    arguments = made(tmp_path, time="2021-03-01T10:00:00")
    answer = witoil("modules", "shorelines", *arguments, "--out", tmp_path / "out.csv")
    assert answer.returncode == 0, answer.stderr
    assert "no tide" in answer.stdout
    assert (tmp_path / "out.csv").read_text() == "dates,a\n2021-03-01 10:00:00+00:00,100.000\n"


@pytest.mark.slow
def test_slopes_of_the_transects_come_first(tmp_path):
    arguments = made(tmp_path, date="2021-03-01 10:00:00")
    transects_in(tmp_path / "t.geojson", LINES, slope=[0.02])
    (tmp_path / "tide.csv").write_text("time,level_m\n2021-03-01T10:00Z,0.5\n")
    options = ("--tide", tmp_path / "tide.csv", "--slope", 0.5, "--level", 0.1)
    answer = witoil("modules", "shorelines", *arguments, *options, "-o", tmp_path / "out.csv")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "out.csv").read_text().endswith(",120.000\n")


def test_a_time_without_a_tide_is_empty_and_said(tmp_path):
    arguments = made(tmp_path, time="2021-03-01T10:00:00Z")
    (tmp_path / "tide.csv").write_text("time,level_m\n2021-03-01T09:00Z,0.5\n")
    options = ("--tide", tmp_path / "tide.csv", "--slope", 0.1)
    answer = witoil("modules", "shorelines", *arguments, *options, "-o", tmp_path / "out.csv")
    assert "1 places are empty since the tide has no level" in answer.stdout
    assert (tmp_path / "out.csv").read_text().endswith(",\n")


@pytest.mark.parametrize(
    ("properties", "tide", "text"),
    [
        ({"other": 3}, None, "expected a property time or date"),
        ({"time": "yesterday"}, None, "yesterday"),
        ({"date": 20210301}, None, "expected a time"),
        ({"date": "20210301"}, None, "expected a time"),
        (
            {"time": "2021-03-01T10:00Z"},
            "time,level\n2021-03-01T10:00Z,1\n",
            "expected time, level_m",
        ),
        ({"time": "2021-03-01T10:00Z"}, "time,level_m\n2021-03-01T10:00Z,high\n", "high"),
        ({"time": "2021-03-01T10:00Z"}, "time,level_m\n5,1\n", "expected a time"),
        ({"time": "2021-03-01T10:00Z"}, "time,level_m\n2021-03-01T10:00Z,1\n", "found no slope"),
    ],
)
def test_what_has_no_time_tide_or_slope_is_refused(tmp_path, properties, tide, text):
    arguments = made(tmp_path, **properties)
    if tide is not None:
        (tmp_path / "tide.csv").write_text(tide)
        arguments = (*arguments, "--tide", tmp_path / "tide.csv")
    answer = witoil("modules", "shorelines", *arguments, "--out", tmp_path / "out.csv")
    assert answer.returncode == 2
    assert text in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "expected a file of transects"),
        ({"type": "FeatureCollection", "features": []}, "transects"),
        (
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "a"},
                        "geometry": {"type": "Point", "coordinates": [0, 0]},
                    }
                ],
            },
            "found no line",
        ),
        (
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {"name": "a"}, "geometry": None}],
            },
            "found no line",
        ),
    ],
)
def test_what_are_no_transects_is_refused(tmp_path, content, text):
    arguments = made(tmp_path, time="2021-03-01T10:00Z")
    (tmp_path / "t.geojson").write_text(
        content if isinstance(content, str) else json.dumps(content)
    )
    answer = witoil("modules", "shorelines", *arguments, "--out", tmp_path / "out.csv")
    assert answer.returncode == 2
    assert text in answer.stderr


@pytest.mark.slow
def test_a_beach_across_180_degrees_has_its_distances(tmp_path):
    ends = [(179.999, -17.0), (-179.999, -17.0)]
    transects_in(tmp_path / "t.geojson", {"fiji": ends}, crs="EPSG:4326")
    for lon in (180.0, -180.0):
        shore = shapely.LineString([(lon, -17.001), (lon, -16.999)])
        frame = geopandas.GeoDataFrame(
            {"time": ["2021-03-01T10:00:00Z"]}, geometry=[shore], crs="EPSG:4326"
        )
        frame.to_file(tmp_path / "seen.geojson", driver="GeoJSON")
        arguments = (tmp_path / "seen.geojson", "--transects", tmp_path / "t.geojson")
        answer = witoil("modules", "shorelines", *arguments, "--out", tmp_path / "out.csv")
        assert answer.returncode == 0, answer.stderr
        (distance,) = pd.read_csv(tmp_path / "out.csv")["fiji"]
        assert distance == pytest.approx(106.5, abs=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("crs", ["EPSG:2263", "EPSG:3857", "EPSG:3035", "EPSG:4326", "EPSG:32618"])
def test_distances_are_metres_on_the_ground_whatever_the_map(tmp_path, crs):
    """Feet, Mercator, an equal-area map, degrees and UTM: 120 m each time."""
    x, y = 592_000.0, 4_494_000.0
    line = shapely.LineString([(x, y), (x + 300, y)])
    shore = shapely.LineString([(x + 120, y - 200), (x + 120, y + 200)])
    there = geopandas.GeoDataFrame({"name": ["T"]}, geometry=[line], crs="EPSG:32618")
    there.to_crs(crs).to_file(tmp_path / "transects.gpkg")
    seen = geopandas.GeoDataFrame({"time": ["2021-01-01T00:00:00Z"]}, geometry=[shore])
    seen.set_crs("EPSG:32618").to_file(tmp_path / "seen.gpkg")
    series = shoreline_series([tmp_path / "seen.gpkg"], tmp_path / "transects.gpkg")
    assert series.table["T"].item() == pytest.approx(120.0, abs=0.1)
    told = any("those of UTM, in metres" in it for it in series.remarks)
    assert told == (crs in ("EPSG:2263", "EPSG:3857", "EPSG:3035"))


def test_dates_without_a_clock_are_said(tmp_path):
    transects = transects_in(
        tmp_path / "t.geojson", {"T": [(350_000, 6_260_000), (350_200, 6_260_000)]}
    )
    shore = shapely.LineString([(350_100, 6_259_900), (350_100, 6_260_100)])
    seen = geopandas.GeoDataFrame({"date": ["2021-01-01"]}, geometry=[shore], crs="EPSG:28356")
    seen.to_file(tmp_path / "seen.geojson", driver="GeoJSON")
    (tmp_path / "tide.csv").write_text(
        "time,level_m\n2020-12-31T23:30Z,0.4\n2021-01-01T00:30Z,0.6\n"
    )
    series = shoreline_series(
        [tmp_path / "seen.geojson"], transects, Beach(tmp_path / "tide.csv", 0.1)
    )
    assert series.table["T"].item() == pytest.approx(105.0, abs=1e-3)
    assert any("the tide is that of midnight" in it for it in series.remarks)


@pytest.mark.parametrize(
    ("slope", "text"), [("steep", "'steep'"), (0.0, "found 0"), (-0.1, "-0.1")]
)
def test_what_is_no_slope_is_refused_by_its_transect(tmp_path, slope, text):
    line = [(350_000, 6_260_000), (350_200, 6_260_000)]
    transects = transects_in(tmp_path / "t.geojson", {"T": line}, slope=[slope])
    shore = shapely.LineString([(350_100, 6_259_900), (350_100, 6_260_100)])
    seen = geopandas.GeoDataFrame({"time": ["2021-01-01T10:00Z"]}, geometry=[shore], crs=28356)
    seen.to_file(tmp_path / "seen.geojson", driver="GeoJSON")
    (tmp_path / "tide.csv").write_text("time,level_m\n2021-01-01T10:00Z,0.4\n")
    with pytest.raises(PluginError, match=f"transect T: slope: found.*{text}|T: slope: {text}"):
        shoreline_series([tmp_path / "seen.geojson"], transects, Beach(tmp_path / "tide.csv"))
