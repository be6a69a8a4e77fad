import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import shapely

import simulator
from simulator import Parameters, PointRelease, Status
from simulator.oil import TEMPERATURE_15C
from tests.witoil.command import witoil
from witoil.case import Trace, load_case
from witoil.errors import CaseError
from witoil.outputs.run import write_mask
from witoil.outputs.trace import write_trace
from witoil.report.answers import position
from witoil.report.verdicts import of_trace
from witoil.scenario.verification import VerificationGrid
from witoil.trace.backward import draw_members, find_slick, prepare_trace, settings_of, trace_back
from witoil.trace.source_map import SourceMap, map_sources, region

SEEN = np.datetime64("2025-06-01T18:00", "ns")
HOUR = np.timedelta64(3600 * 10**9, "ns")

CASE = """\
name = "twin"

[time]
start = 2025-06-01T06:00:00Z
end = 2025-06-01T18:00:00Z

[forcing]
currents = "currents.nc"
winds = "winds.nc"
coastline = "island.geojson"

[[observation]]
geometry = "{mask}"
time = 2025-06-01T18:00:00Z

[trace]
{trace}
"""


def cell(grid, lon, lat):
    column, row = grid.cells(np.array([lon]), np.array([lat]))
    return int(row[0]), int(column[0])


def holds(grid, mask, lon, lat):
    row, column = cell(grid, lon, lat)
    inside = 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]
    return inside and bool(mask[row, column])


def slick_of(scenario, release, parameters, seed):
    """Return the slick that a source leaves at the time it is seen."""
    particles = simulator.seed_particles([release], 4000, seed=seed)
    result = simulator.run(
        scenario.forcing,
        particles,
        scenario.coast,
        end=SEEN,
        output_times=[SEEN],
        parameters=parameters,
        seed=1000 + seed,
    ).isel(time=0)
    afloat = result["status"].values == Status.AFLOAT
    column, row = scenario.grid.cells(result["lon"].values[afloat], result["lat"].values[afloat])
    thickness = simulator.oil_thickness(
        column,
        row,
        result["mass"].values[afloat],
        scenario.grid.shape,
        cell_area=scenario.grid.resolution**2,
        density=scenario.oil.density(TEMPERATURE_15C),
    )
    return simulator.slick_mask(thickness, 1e-7) & ~scenario.land


def write_case(folder, scenario, mask, name, trace):
    write_mask(mask, scenario.grid, SEEN, folder / f"{name}.tif")
    path = folder / f"{name}.toml"
    path.write_text(CASE.format(mask=f"{name}.tif", trace=trace))
    return path


def drawn(rng, number, scenario):
    """Draw a source at sea, when it let out its oil, and parameters within the default ranges."""
    while True:
        lon, lat = rng.uniform(19.42, 19.78), rng.uniform(36.45, 36.75)
        if not shapely.contains_xy(scenario.coast.land, lon, lat):
            break
    age = int(rng.integers(2, 12))
    lasts = HOUR * int(rng.integers(0, min(age, 3))) if number % 2 else 0 * HOUR
    values = {n: rng.uniform(*limits) for n, limits in Trace().parameters.items()}
    low, high = Trace().parameters["horizontal_diffusivity"]
    values["horizontal_diffusivity"] = np.exp(rng.uniform(np.log(low), np.log(high)))
    start = SEEN - age * HOUR
    return (
        PointRelease(lon, lat, mass=2e5, time=start, end=start + lasts),
        Parameters(**values),
        age,
    )


@pytest.fixture(scope="module")
def traced(twin, scenario):
    """One twin, carried back: the source, its age, the scenario and the map."""
    source = PointRelease(19.60, 36.60, mass=2e5, time=SEEN - 6 * HOUR)
    truth = Parameters(wind_drift_factor=0.022, current_factor=0.8, horizontal_diffusivity=6.0)
    mask = slick_of(scenario, source, truth, 1)
    case = load_case(
        write_case(twin, scenario, mask, "traced", "hours = 8\nmembers = 64\nparticles = 6400")
    )
    backward = prepare_trace(case)
    paths = trace_back(backward)
    return source, backward, paths, map_sources(backward, paths)


@pytest.mark.slow
def test_contours_hold_the_source_as_often_as_they_say(twin, scenario):
    rng = np.random.default_rng(7)
    at_its_time, whole, smaller = [], [], []
    for number in range(24):
        source, truth, age = drawn(rng, number, scenario)
        mask = slick_of(scenario, source, truth, number)
        if not mask.any():  # all on the island
            continue
        path = write_case(twin, scenario, mask, f"twin{number}", "members = 64\nparticles = 6400")
        backward = prepare_trace(load_case(path))
        found = map_sources(backward, trace_back(backward))
        k = int(np.argmin(np.abs(found.ages - age)))
        place = source.longitude, source.latitude
        regions = {
            (level, name): region(chances, level)
            for level in (50, 90)
            for name, chances in (("then", found.by_time[k]), ("whole", found.whole))
        }
        at_its_time.append([holds(found.grid, regions[n, "then"], *place) for n in (50, 90)])
        whole.append([holds(found.grid, regions[n, "whole"], *place) for n in (50, 90)])
        smaller.append(regions[50, "then"].sum() / regions[90, "then"].sum())
    then, ever = np.mean(at_its_time, axis=0), np.mean(whole, axis=0)
    assert len(whole) >= 20
    assert then[1] >= 0.8
    assert ever[1] >= 0.8
    assert np.max(smaller) < 0.6


@pytest.mark.slow
def test_probabilities_add_up_at_each_time_and_over_all(traced):
    *_, found = traced
    assert found.whole.sum() == pytest.approx(1.0, abs=1e-9)
    assert (found.whole >= 0.0).all()
    np.testing.assert_allclose(found.by_time.sum(axis=(1, 2), dtype=float), 1.0, atol=1e-5)
    assert found.times[0] == SEEN
    assert found.times[-1] == SEEN - 8 * HOUR


def test_the_map_at_the_time_of_the_slick_is_the_slick(traced):
    _, backward, _, found = traced
    seen = found.grid.cells_touched(backward.slick.geometry)
    most = region(found.by_time[0], 90)
    assert (most & seen).sum() > 0.9 * most.sum()


def test_no_path_lies_on_land_and_those_on_the_coast_stay(traced):
    _, backward, paths, _ = traced
    assert not shapely.contains_xy(backward.coast.land, paths.longitude, paths.latitude).any()
    ashore = paths.status == Status.BEACHED
    assert (ashore[1:] >= ashore[:-1]).all()
    stayed = ashore[:-1]
    np.testing.assert_array_equal(paths.longitude[1:][stayed], paths.longitude[:-1][stayed])


@pytest.mark.slow
def test_paths_into_the_island_end_on_its_coast(twin, scenario):
    # a slick in the lee of the island, as the current has it
    mask = scenario.grid.cells_touched(shapely.Point(19.585, 36.555).buffer(0.012))
    trace = "hours = 8\nmembers = 32\nparticles = 3200"
    backward = prepare_trace(
        load_case(write_case(twin, scenario, mask & ~scenario.land, "lee", trace))
    )
    paths = trace_back(backward)
    found = map_sources(backward, paths)
    assert found.ashore[-1] > 0.02
    there = paths.status[-1] == Status.BEACHED
    shore = shapely.boundary(backward.coast.land)
    points = shapely.points(paths.longitude[-1][there], paths.latitude[-1][there])
    assert shapely.distance(points, shore).max() < 1e-4
    # what is ashore counts in the map, in cells on the coast
    near = found.grid.cells_touched(shore.buffer(0.003))
    assert found.by_time[-1][near].sum() > 0.8 * found.ashore[-1]


@pytest.mark.slow
def test_threads_change_nothing(traced):
    _, backward, paths, _ = traced
    alone = trace_back(backward, threads=1)
    np.testing.assert_array_equal(alone.longitude, paths.longitude)
    np.testing.assert_array_equal(alone.status, paths.status)


def test_members_are_drawn_from_the_ranges_and_others_stay(traced):
    _, backward, *_ = traced
    members = draw_members(backward.case)
    assert len(members) == 64
    for name, (low, high) in settings_of(backward.case).parameters.items():
        values = np.array([getattr(member, name) for member in members])
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high
    assert {member.stokes_factor for member in members} == {1.0}
    case = backward.case.model_copy(update={"trace": Trace(parameters={}, members=3)})
    assert draw_members(case) == [case.model.physics()] * 3


@pytest.mark.parametrize(("level", "cells"), [(50, 2), (89, 3), (90, 3), (91, 4)])
def test_a_region_is_the_fewest_cells_that_hold_a_share(level, cells):
    chances = np.array([[0.1, 0.3], [0.4, 0.2]])
    mask = region(chances, level)
    assert mask.sum() == cells
    assert chances[mask].sum() >= 0.01 * level - 1e-9


def test_a_region_of_nothing_is_empty():
    assert not region(np.zeros((2, 3)), 90).any()


def test_a_time_when_all_have_left_has_no_say():
    grid = VerificationGrid.covering((19.0, 36.0, 19.01, 36.01), 500.0)
    by_time = np.zeros((2, *grid.shape), np.float32)
    by_time[0, 0, 0] = 1.0
    found = SourceMap(
        grid,
        np.array([SEEN, SEEN - HOUR]),
        np.arange(2.0),
        by_time,
        np.zeros(2),
        np.arange(2.0),
        np.zeros(grid.shape, bool),
    )
    assert found.whole[0, 0] == 1.0
    assert np.isnan(found.centre(1)).all()
    assert np.isnan(found.densest(by_time[1])).all()


@pytest.mark.slow
def test_the_files_agree(traced, tmp_path):
    source, backward, _, found = traced
    summary = write_trace(backward, found, tmp_path)
    with rasterio.open(tmp_path / "source_probability.tif") as file:
        assert file.dtypes == ("float32",)
        assert file.read(1).sum(dtype=float) == pytest.approx(1.0, abs=1e-5)
        assert file.crs.to_epsg() == found.grid.crs.to_epsg()
    with rasterio.open(tmp_path / "source_by_time.tif") as file:
        assert file.count == 9
        assert file.descriptions[:2] == ("2025-06-01T18:00:00Z", "2025-06-01T17:00:00Z")
    contours = json.loads((tmp_path / "source_contours.geojson").read_text())["features"]
    assert len(contours) == 2 + 2 * 9
    ever = {f["properties"]["level"]: f for f in contours if f["properties"]["time"] is None}
    outline = shapely.from_geojson(json.dumps(ever[90]["geometry"]))
    assert outline.is_valid
    assert all(p.exterior.is_ccw for p in outline.geoms)
    assert outline.contains(shapely.Point(source.longitude, source.latitude))
    area = simulator.area_of(outline) / 1e6
    assert ever[90]["properties"]["area_km2"] == pytest.approx(area, rel=2e-3)
    assert summary["area_km2"]["90"] == ever[90]["properties"]["area_km2"]
    assert summary["area_km2"]["50"] < 0.6 * summary["area_km2"]["90"]
    with (tmp_path / "source_times.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["age_hours"]) for row in rows] == list(range(9))
    assert float(rows[-1]["area_90_km2"]) > float(rows[0]["area_90_km2"])
    assert (tmp_path / "trace.png").read_bytes().startswith(b"\x89PNG")
    assert summary["priors"]["wind_drift_factor"] == [0.0, 0.03]
    assert summary == json.loads((tmp_path / "trace.json").read_text())
    page = (tmp_path / "report.html").read_text()
    assert "with a probability of 90 %." in page
    assert "FSS" not in page  # nothing is scored


@pytest.mark.slow
def test_the_command_says_where(twin, traced, tmp_path):
    answer = witoil("trace", twin / "traced.toml", "-o", tmp_path / "t")
    assert answer.returncode == 0, answer.stderr
    assert "observation.0 traced back 8 h to 2025-06-01T10:00:00Z" in answer.stdout
    assert "km2 with a probability of 90 %" in answer.stdout
    summary = json.loads((tmp_path / "t" / "trace.json").read_text())
    assert f"likeliest place: {position(**summary['likeliest_cell'])}\n" in answer.stdout


def test_the_slick_seen_first_is_traced_unless_the_case_says_which(scenario):
    case = scenario.case
    assert find_slick(case).key == "release.0"
    later = case.model_copy(update={"trace": Trace(slick="observation.1")})
    assert find_slick(later).time == SEEN


@pytest.mark.slow
def test_without_hours_a_trace_goes_to_the_start_or_as_the_forcing_allows(scenario):
    case = scenario.case
    named = case.model_copy(update={"trace": Trace(slick="observation.0")})
    assert prepare_trace(named).ages[-1] == 6.0
    # the area release is at the start of the case; the fields begin an hour before
    assert prepare_trace(case).ages[-1] == 1.0


@pytest.mark.slow
def test_a_source_starts_before_the_first_slick_of_the_case_whichever_is_traced(traced, scenario):
    _, backward, paths, found = traced
    assert backward.first_seen == backward.slick.time
    first_seen = SEEN - 2 * HOUR
    later = map_sources(replace(backward, first_seen=first_seen), paths)
    excluded = later.times > first_seen
    assert excluded.sum() == 2
    assert not later.by_time[excluded].any()
    np.testing.assert_array_equal(later.by_time[~excluded], found.by_time[~excluded])
    assert later.whole.sum() == pytest.approx(1.0)
    trace = Trace(slick="observation.1", hours=13.0)
    of_second = prepare_trace(scenario.case.model_copy(update={"trace": trace}))
    assert of_second.first_seen == scenario.start


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (
            {"slick": "observation.1", "hours": 5.0},
            r"trace\.hours: found 5, to .*T13:00Z.* at 2025-06-01T06:00Z; expected 12 or more",
        ),
        ({"slick": "observation.4"}, r'trace\.slick: found "observation\.4", but the case has 2'),
        ({"slick": "release.1"}, r'trace\.slick: found "release\.1" of kind "point"'),
        ({"hours": 30.0}, r"2025-05-31"),
    ],
)
def test_what_cannot_be_traced_is_refused(scenario, update, message):
    case = scenario.case.model_copy(update={"trace": Trace(**update)})
    with pytest.raises(ValueError, match=message):
        prepare_trace(case)


def test_a_case_without_a_slick_is_refused(scenario):
    points = [release for release in scenario.case.release if release.kind == "point"]
    case = scenario.case.model_copy(update={"release": points, "observation": []})
    with pytest.raises(CaseError, match="no slick that was seen"):
        prepare_trace(case)


def test_a_verdict_says_by_when_the_source_had_started():
    traced = {"from": "2025-06-01T10:00:00Z", "to": "2025-06-01T18:00:00Z", "hours": 8.0}
    summary = {
        "slick": {"time": traced["to"]},
        "likeliest_cell": {"lon": 19.5, "lat": 36.5},
        "area_km2": {"50": 10.0, "90": 40.0},
    }
    own = of_trace(summary | {"traced": traced | {"latest_start": traced["to"]}})
    assert "started before" not in own["text"]
    later = of_trace(summary | {"traced": traced | {"latest_start": "2025-06-01T16:00:00Z"}})
    assert "It started before 1 June 2025, 16:00 UTC, when a slick was first seen" in later["text"]
