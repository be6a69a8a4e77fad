"""Whole cases across 180 degrees, beside the same ones 27 UTM zones to the west."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from witoil.case import parse_case
from witoil.geojson import geojson_of
from witoil.outputs.restart import read_restart, write_restart
from witoil.outputs.run import write_run
from witoil.outputs.trace import write_trace
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run
from witoil.trace.backward import prepare_trace, trace_back
from witoil.trace.source_map import map_sources

ZONES = 27 * 6.0
MIDDLE = 18.0
LATITUDE = -15.0
NO_LAND = shapely.Point(MIDDLE + 2.5, LATITUDE).buffer(0.1)


def wrap(longitude):
    return (np.asarray(longitude) + 180.0) % 360.0 - 180.0


def write_forcing(folder: Path, shift: float, layout: str) -> None:
    """Write a whirl of currents and a wind, on longitudes in one of the usual ranges."""
    lon, lat = np.round(np.arange(15.0, 21.01, 0.1), 6), np.arange(-17.0, -12.99, 0.1)
    x, y = np.meshgrid(lon - MIDDLE, lat - LATITUDE)
    time = np.datetime64("2021-01-01T00:00", "ns") + np.arange(13) * np.timedelta64(1, "h")
    fields = {
        "currents": {
            "eastward_sea_water_velocity": 0.6 + 0.2 * np.sin(2.0 * y),
            "northward_sea_water_velocity": 0.1 + 0.2 * np.sin(2.0 * x),
        },
        "winds": {"eastward_wind": 4.0 + 0.0 * x, "northward_wind": -3.0 + x},
    }
    for role, pair in fields.items():
        here = lon + shift
        order = slice(None)
        if layout == "-180 to 180":
            here = wrap(here)
            order = np.argsort(here)
        elif layout == "0 to 360":
            here = here % 360.0
        xr.Dataset(
            {
                name: (
                    ("time", "latitude", "longitude"),
                    np.broadcast_to(values, (time.size, *values.shape))[:, :, order].astype("f4"),
                    {"standard_name": name, "units": "m s-1"},
                )
                for name, values in pair.items()
            },
            coords={
                "time": time,
                "latitude": ("latitude", lat, {"units": "degrees_north"}),
                "longitude": ("longitude", here[order], {"units": "degrees_east"}),
            },
        ).to_netcdf(folder / f"{role}.nc")


def write_geometry(path: Path, shape: shapely.Geometry, shift: float, *, cut: bool = True) -> None:
    """Write a shape moved by `shift`, cut at 180 degrees or in longitudes that run on."""
    shape = translate(shape, shift)
    geometry = geojson_of(shape) if cut else shapely.geometry.mapping(shape)
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


def make_case(
    folder: Path, slick, land, shift: float, layout: str = "as they run", *, cut=False, **parts
):
    """Return a case of a slick, or of other releases, moved in longitude by `shift`."""
    folder.mkdir(exist_ok=True)
    write_forcing(folder, shift, layout)
    write_geometry(folder / "slick.geojson", slick, shift, cut=cut)
    write_geometry(folder / "seen.geojson", translate(slick, 0.3, 0.02), shift)
    write_geometry(folder / "swath.geojson", shapely.box(15.0, -17.0, 20.0, -13.0), shift)
    write_geometry(folder / "land.geojson", land, shift)
    area = {"kind": "area", "geometry": "slick.geojson", "thickness_um": 5.0}
    document = {
        "name": "across",
        "time": {
            "start": datetime(2021, 1, 1, tzinfo=UTC),
            "end": datetime(2021, 1, 1, 12, tzinfo=UTC),
        },
        "forcing": {
            "currents": "currents.nc",
            "winds": "winds.nc",
            "coastline": "land.geojson",
        },
        "release": [area],
        "observation": [
            {
                "geometry": "seen.geojson",
                "swath": "swath.geojson",
                "time": datetime(2021, 1, 1, 12, tzinfo=UTC),
            }
        ],
        "model": {"particles": 400},
        "score": {"resolution_m": 500.0, "windows": [1, 7]},
        "trace": {"hours": 6, "particles": 400, "members": 4, "slick": "release.0"},
    }
    return parse_case(document | parts, folder=folder, name="case")


def assert_alike(here, there, turn: float) -> None:
    """Compare positions of two runs, the second of which lies `turn` degrees further east."""
    assert np.array_equal(here["status"], there["status"])
    moved = wrap(there["lon"].values - here["lon"].values - turn)
    assert np.nanmax(np.abs(moved)) < 1e-6
    assert np.nanmax(np.abs(there["lat"].values - here["lat"].values)) < 1e-6


def random_slick(rng: np.random.Generator) -> shapely.Geometry:
    """Return some patches about the middle: stars, discs, boxes and rings."""
    patches = []
    for _ in range(rng.integers(1, 4)):
        x, y = MIDDLE + rng.uniform(-0.2, 0.1), LATITUDE + rng.uniform(-0.2, 0.2)
        angle, reach = np.sort(rng.uniform(0.0, 2.0 * np.pi, 9)), rng.uniform(0.02, 0.1, 9)
        star = np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=-1)
        disc = shapely.Point(x, y).buffer(reach[0])
        kinds = (
            shapely.make_valid(shapely.Polygon(star)),
            disc,
            shapely.box(x, y, x + reach[0], y + reach[1]),
            disc.difference(shapely.Point(x, y).buffer(0.5 * reach[0])),
        )
        patches.append(kinds[rng.integers(len(kinds))])
    return shapely.union_all(patches)


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**6),
    layout=st.sampled_from(["as they run", "-180 to 180", "0 to 360"]),
    island=st.floats(-0.2, 0.6),
    cut=st.booleans(),
)
def test_runs_across_180_are_those_of_elsewhere(tmp_path: Path, seed, layout, island, cut):
    slick = random_slick(np.random.default_rng(seed))
    land = shapely.Point(MIDDLE + island, LATITUDE - 0.35).buffer(0.1, quad_segs=3)
    scenarios = [
        prepare(make_case(tmp_path / str(shift), slick, land, shift, layout, cut=cut))
        for shift in (0.0, ZONES)
    ]
    assert scenarios[0].grid.shape == scenarios[1].grid.shape
    results = [run(scenario, threads=1) for scenario in scenarios]
    assert_alike(*results, ZONES)
    here, there = (
        [mask_at(s, r, r["time"].values[-1]), s.observations[0].mask, s.land, s.seen_first]
        for s, r in zip(scenarios, results, strict=True)
    )
    for one, other in zip(here, there, strict=True):
        assert np.count_nonzero(one != other) <= 1e-3 * max(np.count_nonzero(one), 1)


POINT = {"kind": "point", "mass_tonnes": 10.0, "lat": LATITUDE}
LINE = {"kind": "line", "mass_tonnes": 10.0}
SHIP = {"kind": "ship", "mass_tonnes": 10.0}


def _fixes(shift: float) -> list[dict[str, object]]:
    lons = wrap(np.array([MIDDLE - 0.1, MIDDLE + 0.1, MIDDLE + 0.05]) + shift)
    hours = (0, 1, 2)
    return [
        {"time": datetime(2021, 1, 1, h, tzinfo=UTC), "lon": float(lon), "lat": LATITUDE}
        for h, lon in zip(hours, lons, strict=True)
    ]


def _releases(shift: float) -> list[dict[str, object]]:
    west, east = (float(wrap(MIDDLE + x + shift)) for x in (-0.1, 0.1))
    return [
        POINT | {"lon": west},
        POINT | {"lon": east},
        LINE | {"coordinates": [[west, LATITUDE], [east, LATITUDE]]},
        SHIP | {"track": _fixes(shift)},
    ]


@pytest.mark.slow
def test_releases_of_every_kind(tmp_path: Path):
    slick = shapely.box(MIDDLE - 0.1, LATITUDE, MIDDLE + 0.1, LATITUDE + 0.1)
    results = [
        run(
            prepare(
                make_case(tmp_path / str(shift), slick, NO_LAND, shift, release=_releases(shift))
            ),
            threads=1,
        )
        for shift in (0.0, ZONES)
    ]
    assert_alike(*results, ZONES)


@pytest.fixture(scope="module")
def across(tmp_path_factory):
    """A scenario whose slick, island and oiled coast lie across 180 degrees, and its run."""
    folder = tmp_path_factory.mktemp("across")
    slick = shapely.box(MIDDLE - 0.15, LATITUDE - 0.05, MIDDLE - 0.05, LATITUDE + 0.05)
    land = shapely.box(MIDDLE - 0.01, LATITUDE - 0.1, MIDDLE + 0.01, LATITUDE - 0.03)
    scenario = prepare(make_case(folder, slick, land, ZONES, observation=[]))
    return scenario, run(scenario, threads=1)


@pytest.mark.slow
def test_outputs_are_cut_at_180(across, tmp_path: Path):
    scenario, result = across
    write_run(scenario, result, tmp_path, parameters=scenario.parameters())
    with xr.open_dataset(tmp_path / "particles.nc") as particles:
        lon = particles["lon"].values
    assert np.nanmin(lon) >= -180.0
    assert np.nanmax(lon) <= 180.0
    assert (np.nanmax(lon, axis=1) - np.nanmin(lon, axis=1)).max() > 359.0  # some have crossed
    for name in ("slick_20210101T1200.geojson", "coast.geojson"):
        for feature in json.loads((tmp_path / name).read_text())["features"]:
            parts = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
            assert (np.ptp(shapely.bounds(parts)[:, [0, 2]], axis=1) < 2.0).all()
            assert (np.abs(shapely.get_coordinates(parts)[:, 0]) <= 180.0).all()
    outline = scenario.grid.outline(mask_at(scenario, result, result["time"].values[5]))
    assert outline.bounds[0] < 180.0 < outline.bounds[2]
    with (tmp_path / "coast.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(abs(float(row["lon"])) > 179.0 for row in rows)


@pytest.mark.slow
def test_a_run_goes_on_with_an_observation_on_the_other_side(across, tmp_path: Path):
    scenario, _ = across
    case = scenario.case
    half = case.time.model_copy(update={"end": datetime(2021, 1, 1, 6, tzinfo=UTC)})
    first = prepare(case.model_copy(update={"time": half}))
    ends = []
    run(first, threads=1, on_end=ends.append)
    write_restart(first.case, ends[0], tmp_path / "restart.nc")
    seen = shapely.box(MIDDLE + 0.1, LATITUDE - 0.1, MIDDLE + 0.3, LATITUDE)
    write_geometry(case.folder / "later_20210101T1200.geojson", seen, ZONES)
    more = {"geometry": "later_20210101T1200.geojson"}
    later = parse_case(case.model_dump() | {"observation": [more]}, folder=case.folder, name="case")
    whole = prepare(later)
    assert whole.observations[0].mask.any()
    resumed = run(whole, threads=1, resume=read_restart(tmp_path / "restart.nc", later))
    straight = run(whole, threads=1)
    np.testing.assert_array_equal(resumed["lon"].isel(time=-1), straight["lon"].isel(time=-1))


@pytest.mark.slow
def test_a_trace_across_180(tmp_path: Path):
    slick = shapely.box(MIDDLE + 0.05, LATITUDE, MIDDLE + 0.15, LATITUDE + 0.1)
    areas = []
    for shift in (0.0, ZONES):
        folder = tmp_path / str(shift)
        case = make_case(folder, slick, NO_LAND, shift)
        later = case.release[0].model_copy(update={"time": datetime(2021, 1, 1, 8, tzinfo=UTC)})
        scenario = prepare_trace(case.model_copy(update={"release": [later]}))
        found = map_sources(scenario, trace_back(scenario, threads=1))
        summary = write_trace(scenario, found, folder / "out")
        areas.append(summary["area_km2"]["90"])
        place = summary["likeliest_cell"]["lon"]
        contours = json.loads((folder / "out" / "source_contours.geojson").read_text())
        for feature in contours["features"]:
            assert shapely.geometry.shape(feature["geometry"]).is_valid
            parts = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
            assert (np.ptp(shapely.bounds(parts)[:, [0, 2]], axis=1) < 2.0).all()
        assert abs(wrap(place - MIDDLE - shift)) < 1.0
    assert areas[0] == pytest.approx(areas[1], rel=1e-3)
