"""`witoil catalog events`, `case` and `forcing`, from the command line to a run."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr

from tests.witoil.command import witoil
from witoil.case import load_case
from witoil.claim import claimed

IDS = ("20210824-0343-SYR-PL-B-01-S1", "20210824-0810-SYR-PL-A-01-S3")


def write_forcing(path: Path, names: tuple[str, str], hours: np.ndarray, step: float) -> Path:
    lat, lon = np.arange(34.0, 36.01, step), np.arange(33.0, 35.51, step)
    values = np.full((hours.size, lat.size, lon.size), 0.2, "f4")
    fields = {name: (("time", "lat", "lon"), values, {"units": "m s-1"}) for name in names}
    coords = {
        "time": ("time", hours, {"units": "hours since 2021-08-24"}),
        "lat": ("lat", lat, {"units": "degrees_north"}),
        "lon": ("lon", lon, {"units": "degrees_east"}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    xr.Dataset(fields, coords=coords).to_netcdf(path, engine="netcdf4")
    return path


@pytest.fixture(scope="module")
def spill(tmp_path_factory) -> Path:
    """A folder with two slicks of one spill, three products of currents, and winds."""
    folder = tmp_path_factory.mktemp("spill")
    for k, name in enumerate(IDS):
        # carried along by the currents for four and a half hours
        lon, lat = 34.3 + 0.036 * k, 35.0 + 0.029 * k
        geopandas.GeoDataFrame(
            {"IDENTIFIER": [name]},
            geometry=[shapely.box(lon, lat, lon + 0.05, lat + 0.03)],
            crs=4326,
        ).to_file(folder / f"{name}.shp")
    write_forcing(folder / "fine" / "day1.nc", ("uo", "vo"), np.arange(0.0, 6.0), 0.25)
    write_forcing(folder / "fine" / "day2.nc", ("uo", "vo"), np.arange(6.0, 12.0), 0.25)
    write_forcing(folder / "coarse.nc", ("uo", "vo"), np.arange(0.0, 12.0), 0.5)
    write_forcing(folder / "late.nc", ("uo", "vo"), np.arange(7.0, 12.0), 0.125)
    write_forcing(folder / "winds.nc", ("u10", "v10"), np.arange(0.0, 12.0), 0.5)
    return folder


@pytest.mark.slow
def test_events_as_a_table_and_as_json(spill: Path, tmp_path: Path) -> None:
    shown = witoil("catalog", "events", spill, "--stac", tmp_path / "stac")
    assert shown.returncode == 0, shown.stderr
    assert "20210824-0343-SYR-PL  2 detections" in shown.stdout
    assert all(name in shown.stdout for name in IDS)
    (event,) = json.loads(witoil("catalog", "events", tmp_path / "stac", "--json").stdout)
    assert [d["id"] for d in event["detections"]] == list(IDS)
    assert event["detections"][1]["class"] == "A"


@pytest.mark.slow
def test_a_case_of_an_event_runs(spill: Path) -> None:
    path = spill / "event.toml"
    made = witoil("catalog", "case", "20210824-0343-SYR-PL", spill, "-o", path)
    assert made.returncode == 0, made.stderr
    case = load_case(path)
    # the finest that covers all of it, in both its files, and not what is finer but late
    assert case.forcing.currents == ["fine/day1.nc", "fine/day2.nc"]
    assert case.forcing.gap_policy == "error"
    assert case.release[0].geometry == f"{IDS[0]}.shp"
    assert [o.geometry for o in case.observation] == [f"{IDS[1]}.shp"]
    text = path.read_text().replace("[forcing]", '[forcing]\ncoastline = "none"')
    path.write_text(text + "\n[model]\nparticles = 2000\n")
    run = witoil("simulate", path, "-o", spill / "out")
    assert run.returncode == 0, run.stderr
    score = json.loads((spill / "out" / "summary.json").read_text())["scores"][0]["fss"]
    assert score["21"] > 0.3


@pytest.mark.slow
def test_forcing_that_does_not_reach_is_said(spill: Path, tmp_path: Path) -> None:
    short = write_forcing(tmp_path / "short.nc", ("uo", "vo"), np.arange(0.0, 8.0), 0.25)
    path = tmp_path / "event.toml"
    options = ("--forcing", short, "--forcing", spill / "winds.nc", "-o", path)
    made = witoil("catalog", "case", IDS[0], spill, *options)
    assert made.returncode == 0, made.stderr
    assert "of the period" in made.stdout
    assert load_case(path).forcing.gap_policy == "hold"


@pytest.mark.slow
def test_no_forcing_is_one_line(spill: Path, tmp_path: Path) -> None:
    options = ("--forcing", spill / "winds.nc", "-o", tmp_path / "event.toml")
    made = witoil("catalog", "case", IDS[0], spill, *options)
    assert made.returncode == 2
    assert made.stderr.count("\n") == 1
    assert "no currents found" in made.stderr
    assert not (tmp_path / "event.toml").exists()


def test_an_unknown_event_is_one_line(spill: Path) -> None:
    made = witoil("catalog", "case", "20200101-0000-XXX", spill)
    assert made.returncode == 2
    assert "expected one of 20210824-0343-SYR-PL" in made.stderr


@pytest.mark.slow
def test_what_covers_a_case_is_said_before_it_is_fetched(monkeypatch, tmp_path: Path) -> None:
    for name in ("CDSAPI_URL", "CDSAPI_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CDSAPI_RC", str(tmp_path / "none"))
    wanted = ("--bbox", "35,34,36,36", "--time", "2021-08-24/2021-08-27", "--role", "winds")
    shown = witoil("catalog", "forcing", *wanted)
    assert shown.returncode == 0, shown.stderr
    assert "> reanalysis-era5-single-levels (era5)" in shown.stdout
    assert "instants every 1 h, covers 100%" in shown.stdout
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    fetched = witoil("catalog", "forcing", "get", *wanted, "-o", tmp_path)
    assert fetched.returncode == 2
    assert "CDSAPI_URL and CDSAPI_KEY not set" in fetched.stderr


@pytest.mark.slow
def test_slicks_of_several_times_in_local_columns(tmp_path: Path) -> None:
    columns = {"DATA": ["05/08/2021", "05/08/2021"], "HORA": ["00:43", "05:10"]}
    shapes = [shapely.box(x, x + 0.7, x + 0.05, x + 0.73) for x in (34.3, 34.336)]
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(tmp_path / "slicks.shp")
    hours = np.arange(-480.0, -400.0)
    write_forcing(tmp_path / "currents.nc", ("uo", "vo"), hours, 0.5)
    write_forcing(tmp_path / "winds.nc", ("u10", "v10"), hours, 0.5)
    listed = witoil("catalog", "events", tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "slicks  1 detections, time not known" in listed.stdout
    assert "the day or the month first?" in listed.stdout
    (unknown,) = json.loads(witoil("catalog", "events", tmp_path, "--json").stdout)
    assert unknown["detections"][0]["time"] is None
    assert "time_field" in unknown["missing"]
    made = witoil("catalog", "case", "slicks", tmp_path)
    assert made.returncode == 2
    assert made.stderr.count("\n") == 1
    keys = ("--time-field", "DATA", "--time-field", "HORA", "--time-format", "%d/%m/%Y %H:%M")
    path = tmp_path / "event.toml"
    made = witoil(
        *("catalog", "case", "20210805-0343", tmp_path, "-o", path),
        *(*keys, "--time-zone", "-03:00"),
    )
    assert made.returncode == 0, made.stderr
    case = load_case(path)
    assert [case.release[0].time_field, case.observation[0].time_zone] == [
        ["DATA", "HORA"],
        "-03:00",
    ]
    text = path.read_text().replace("[forcing]", '[forcing]\ncoastline = "none"')
    path.write_text(text + "\n[model]\nparticles = 500\n")
    run = witoil("simulate", path, "-o", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    (score,) = json.loads((tmp_path / "out" / "summary.json").read_text())["scores"]
    assert score["time"] == "20210805T0810"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--time-format", "%H:%M"), "--time-format: expected --time-field beside it"),
        (("--time-zone", "BRT"), "time_zone: found 'BRT', expected an offset"),
    ],
)
def test_time_keys_that_do_not_do(tmp_path: Path, options, message) -> None:
    answer = witoil("catalog", "events", tmp_path, *options)
    assert answer.returncode == 2
    assert message in answer.stderr


@pytest.mark.slow
def test_a_case_that_another_command_writes_is_refused(spill: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    with claimed(path, is_file=True):
        made = witoil("catalog", "case", IDS[0], spill, "-o", path)
        other = witoil("catalog", "case", IDS[0], spill, "-o", tmp_path / "other.toml")
    assert (made.returncode, other.returncode) == (2, 0)
    assert f"witoil: {path}: process " in made.stderr
    made = witoil("catalog", "case", IDS[0], spill, "-o", tmp_path)
    assert "is a folder; expected the name of a file" in made.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["other.toml"]
