import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.paths import recording
from catalog.remote.store import default_store
from tests.witoil.command import witoil
from tests.witoil.conftest import EXAMPLES
from witoil import jobs
from witoil.case import load_case, parse_case
from witoil.check.inputs import inputs_of
from witoil.cli import progress
from witoil.scenario.prepare import prepare
from witoil.trace.backward import prepare_trace

LEAK = {"kind": "point", "lon": 19.39, "lat": 36.5, "mass_tonnes": 2}
TIMES = {"start": "2025-06-01T06:00Z", "end": "2025-06-01T18:00Z"}


def checked(path, *options, env=None):
    """Return what `witoil check` says as JSON, which agrees with its exit code."""
    answer = witoil("check", path, "--json", *options, env=env)
    document = json.loads(answer.stdout)
    assert answer.returncode == (0 if document["would_run"] else 2)
    assert document["would_run"] == (not document["lacks"])
    return document


def case_in(folder, **tables):
    """Return a case of the twin's data with other tables."""
    forcing = {"currents": "currents.nc", "winds": "winds.nc", "coastline": "island.geojson"}
    document = {"name": "c", "time": TIMES, "forcing": forcing, "release": [LEAK]}
    return parse_case(document | tables, folder=folder)


@pytest.mark.slow
def test_the_demo_would_run(twin):
    found = checked(twin / "demo.toml")
    assert found["would_run"]
    assert {*found["commands"]} == {"simulate", "optimise"}
    sizes = {each["key"]: each["size_bytes"] for each in found["reads"]}
    assert sizes["forcing.winds"] == (twin / "winds.nc").stat().st_size
    covers = {each["variable"]: each for each in found["covers"]}
    assert covers["eastward_wind"]["gaps"] == []
    assert covers["eastward_wind"]["start"] <= found["start"]
    assert "lacks nothing" in witoil("check", twin / "demo.toml").stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.toml")))
def test_all_that_is_read_is_named_before(example, name):
    case = load_case(example(name))
    with recording() as names:
        prepare_trace(case) if case.trace else prepare(case)
    named = [each.name for each in inputs_of(case)]
    assert {*names} <= {*named}
    assert all(each.at_hand for each in inputs_of(case))


def test_files_of_every_table_are_named(twin):
    line = {"kind": "line", "geometry": "line.geojson", "mass_tonnes": 1}
    ship = {"kind": "ship", "track": "track.csv", "mass_tonnes": 1}
    case = case_in(
        twin,
        release=[LEAK, line, ship],
        oil={"name": "oil.json"},
        shore={"zones": ["a.shp", "b.shp"]},
        observation=[{"geometry": "o.tif", "swath": "s.geojson"}],
        ensemble={"forcing": [{"winds": [{"files": "w1.nc"}, {"files": ["w2.nc", "w3.nc"]}]}]},
    )
    found = [(each.key, Path(each.name).name) for each in inputs_of(case)]
    assert found == [
        ("forcing.currents", "currents.nc"),
        ("forcing.winds", "winds.nc"),
        ("ensemble.forcing.0.winds", "w1.nc"),
        ("ensemble.forcing.0.winds", "w2.nc"),
        ("ensemble.forcing.0.winds", "w3.nc"),
        ("forcing.coastline", "island.geojson"),
        ("oil.name", "oil.json"),
        ("shore.zones", "a.shp"),
        ("shore.zones", "b.shp"),
        ("release.1.geometry", "line.geojson"),
        ("release.2.track", "track.csv"),
        ("observation.0.geometry", "o.tif"),
        ("observation.0.swath", "s.geojson"),
    ]


@pytest.mark.slow
def test_all_that_is_lacking_is_said_at_once(twin):
    on_island = LEAK | {"lon": 19.53, "lat": 36.57}
    slick = {"kind": "area", "geometry": "nix.geojson", "mass_tonnes": 1}
    case = case_in(
        twin,
        time=TIMES | {"end": "2025-06-02T18:00Z"},
        forcing={"currents": "currents.nc", "winds": "nix.nc", "coastline": "island.geojson"},
        release=[LEAK, on_island, slick],
        oil={"name": "bilge"},
        shore={"zones": "nix.shp"},
        observation=[
            {"geometry": "mask_20250601T1800.tif"},
            {"geometry": "mask_20250601T1200.tif", "swath": "nix.kml"},
        ],
    )
    found = jobs.check(case)
    assert not found["would_run"]
    assert {lack["key"] for lack in found["lacks"]} == {
        *("oil", "release.1", "release.2", "observation.1"),
        *("forcing.currents", "forcing.winds", "shore.zones"),
    }
    said = "\n".join(lack["what"] for lack in found["lacks"])
    for word in (
        "bilge",
        "lies on land",
        "nix.geojson",
        "before observation.0",
        "nix.nc",
        "no data",
    ):
        assert word in said
    assert len({lack["what"] for lack in found["lacks"]}) == len(found["lacks"])
    mends = {lack["key"]: lack["mend"] for lack in found["lacks"] if lack["mend"]}
    assert {*mends} == {"forcing.currents", "forcing.winds"}
    # what there is of the currents is told nevertheless, with its gap
    (gap,) = next(c for c in found["covers"] if c["variable"].startswith("eastward_sea"))["gaps"]
    assert gap == ["2025-06-01T20:00Z", "2025-06-02T18:00Z"]


@pytest.mark.slow
def test_what_one_command_lacks_is_said(twin):
    seen = [{"geometry": "mask_20250601T1200.tif"}]
    case = case_in(twin, observation=seen, optimise={"parameters": {"source_share": [0.1, 0.5]}})
    found = jobs.check(case)
    assert [lack["key"] for lack in found["lacks"]] == ["optimise"]
    assert "source_share" in found["lacks"][0]["what"]
    assert found["commands"]["simulate"] is not None
    assert found["commands"]["optimise"] is None


@pytest.mark.slow
def test_what_a_trace_lacks_is_said(twin):
    case = case_in(twin, trace={"slick": "observation.3"})
    assert [lack["key"] for lack in jobs.check(case)["lacks"]] == ["trace"]


@pytest.mark.slow
def test_nothing_is_fetched_unless_asked_for(twin, tmp_path, monkeypatch):
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path))
    there, away = "http://localhost:9/there.nc", "http://localhost:9/away.nc"

    def make(path):
        path.write_bytes((twin / "winds.nc").read_bytes())

    default_store().get(there, make)
    forcing = {"winds": there, "coastline": "none"}
    cached = jobs.check(case_in(twin, forcing=forcing | {"currents": "currents.nc"}))
    assert cached["would_run"]
    assert {each["key"]: each["from"] for each in cached["reads"]} == {
        "forcing.currents": "file",
        "forcing.winds": "cache",
    }
    case = case_in(twin, forcing=forcing | {"currents": away}, oil={"name": "bilge"})
    found = jobs.check(case)
    assert found["unread"] == ["forcing.currents"]
    assert found["commands"] == {"simulate": None}
    assert [lack["key"] for lack in found["lacks"]] == ["oil"]
    # what is at hand is looked at nevertheless
    assert "eastward_wind" in {each["variable"] for each in found["covers"]}
    # where nothing may be fetched, it is what is lacking
    monkeypatch.setenv("WITOIL_OFFLINE", "1")
    offline = jobs.check(case)
    assert {lack["key"] for lack in offline["lacks"]} == {"oil", "forcing.currents"}


@pytest.mark.slow
def test_a_check_leaves_nothing_behind(twin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(twin))
    assert witoil("check", twin / "demo.toml").returncode == 0
    assert sorted(os.listdir(twin)) == before
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_a_file_that_is_no_case_is_said_as_json_too(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('name = ""\ncolour = 1\n[time]\n')
    found = checked(path)
    assert len(found["lacks"]) == 5
    assert witoil("check", path).returncode == 2


@pytest.mark.slow
def test_long_work_is_announced(changed, tmp_path, monkeypatch):
    case = changed(
        ("particles = 20_000", "particles = 300"), ("evaluations = 80", "evaluations = 2")
    )
    told = []
    jobs.optimise(load_case(case), tmp_path / "a", pictures=False, on_cost=told.append)
    (cost,) = told
    assert cost.runs == 2
    command = ["optimise", case, "--no-pictures", "--out"]
    assert "on this machine" not in witoil(*command, tmp_path / "b").stderr
    monkeypatch.setattr(progress, "_LONG", 0.0)
    assert "on this machine" in witoil(*command, tmp_path / "c").stderr


MEASURED = {
    "baniyas-1": ("simulate", ()),
    "lebanon": ("simulate", ("end = 2006-07-27T08:00:00Z", "end = 2006-07-19T08:00:00Z")),
    "ensemble-baniyas": ("simulate", ("members = 30", "members = 10")),
    "trace-baniyas": ("trace", ("[trace]", "[trace]\nmembers = 64\nparticles = 6_400")),
}
"""Examples: their command, and what is changed so that it takes less."""


MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""Program that measures another: the peak of a process counts what started it, so that is small."""


def usage(*arguments):
    """Return processor time [s] and peak memory [byte] of a command, which has to succeed."""
    command = [sys.executable, "-m", "witoil", *map(str, arguments)]
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, check=True
    )
    seconds, kilobytes = map(float, told.stdout.split())
    return seconds, 1024.0 * kilobytes


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURED)
def test_what_a_run_takes_is_known_to_a_factor_of_three(example, tmp_path, name):
    command, change = MEASURED[name]
    text = example(name).read_text()
    if change:
        assert change[0] in text
        text = text.replace(*change)
    case = tmp_path / "case.toml"
    case.write_text(text)
    compare_with_what_it_takes(case, command, tmp_path)


@pytest.mark.slow
def test_what_a_search_takes_is_known_to_a_factor_of_three(changed, tmp_path):
    path = changed(("evaluations = 80", "evaluations = 20"))
    compare_with_what_it_takes(path, "optimise", tmp_path)


def compare_with_what_it_takes(path, command, tmp_path):
    """Compare processor time, since what else runs meanwhile says how long a command lasts."""
    costs = checked(path)["commands"]  # reads what is cached once, too
    cost = costs["ensemble" if "ensemble" in costs else command]
    seconds, memory = usage(command, path, "--out", tmp_path / "run")
    size = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*"))
    assert cost["processor_seconds"] / 3 < seconds < cost["processor_seconds"] * 3
    assert cost["memory_bytes"] / 3 < memory < cost["memory_bytes"] * 3
    if cost["disk_bytes"] is not None:
        assert cost["disk_bytes"] / 3 < size < cost["disk_bytes"] * 3
