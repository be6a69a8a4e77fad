import json
import shutil
from dataclasses import replace

import netCDF4
import numpy as np
import pytest

from catalog.errors import CatalogError
from simulator import Status, area_of
from tests.witoil.command import witoil
from witoil import jobs
from witoil.case import load_case
from witoil.claim import claimed
from witoil.errors import WitoilError
from witoil.outputs.run import write_run
from witoil.runs.opening import open_run
from witoil.runs.slick import particles_at
from witoil.scenario.run import run


@pytest.fixture
def folder(written, tmp_path):
    """A copy of a run, to spoil."""
    return shutil.copytree(written[0], tmp_path / "run")


def rewrite(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_run_is_read_back_with_what_was_seen(written, scenario):
    folder, result = written
    found = open_run(folder)
    assert (found.model, found.command, found.name) == ("witoil", "simulate", "demo")
    assert found.resolution == scenario.grid.resolution
    assert found.density == pytest.approx(scenario.oil.density(288.15))
    assert found.parameters == scenario.parameters()
    for name in ("lon", "lat", "status"):
        np.testing.assert_array_equal(found.particles[name], result[name])
    assert [seen.time for seen in found.seen] == [seen.time for seen in scenario.observations]
    for seen, observed in zip(found.seen, scenario.observations, strict=True):
        apart = seen.outline.symmetric_difference(observed.slick.geometry).area
        assert apart <= 1e-9 * observed.slick.geometry.area
        assert seen.name == observed.slick.files[0].rpartition("/")[2]


def test_outlines_seen_say_the_area_of_their_polygons(written, scenario):
    seen = scenario.observations[0]
    (path, _) = sorted(written[0].glob("observed_*.geojson"))
    (feature,) = json.loads(path.read_text())["features"]
    area = area_of(seen.slick.geometry) / 1e6
    assert feature["properties"]["polygon_area_km2"] == pytest.approx(area)
    assert feature["properties"]["time"] == f"{seen.time.astype('datetime64[s]')}Z"


def test_a_time_of_the_particles_is_a_chunk_of_its_own(written):
    with netCDF4.Dataset(written[0] / "particles.nc") as file:
        assert file["lon"].chunking() == [file.dimensions["trajectory"].size, 1]


def test_particles_alone_are_a_run(written):
    found = open_run(written[0] / "particles.nc")
    assert (found.model, found.name, found.seen) == ("witoil", "demo", ())
    np.testing.assert_array_equal(found.particles["lon"], written[1]["lon"])
    assert found.density == open_run(written[0]).density


@pytest.mark.slow
def test_longitudes_of_a_run_across_180_go_on(folder):
    with netCDF4.Dataset(folder / "particles.nc", "a") as file:
        lon = file["lon"][:].filled(np.nan)
        middle = np.nanmedian(lon)
        file["lon"][:] = (lon - middle + 360.0) % 360.0 - 180.0
    moved = open_run(folder).particles["lon"].values
    there = np.isfinite(lon)
    np.testing.assert_allclose(moved[there], lon[there] - middle + 180.0)


def test_a_folder_that_is_no_run_says_what_it_lacks(tmp_path):
    with pytest.raises(WitoilError, match=r"is no run: found none of summary\.json, ensemble"):
        open_run(tmp_path)


def test_what_does_not_exist_is_said(tmp_path):
    with pytest.raises(WitoilError, match="no such file; expected the folder of a run"):
        open_run(tmp_path / "nothing")


def test_a_run_that_was_killed_before_its_summary_is_half(folder):
    (folder / "summary.json").unlink()
    with pytest.raises(WitoilError, match=r"did not come to its end; expected a whole run"):
        open_run(folder)


def test_a_run_without_particles_is_half(folder):
    (folder / "particles.nc").unlink()
    with pytest.raises(WitoilError, match=r"has no particles\.nc; expected a whole run"):
        open_run(folder)


def test_a_folder_that_a_killed_command_left_is_refused_but_not_to_who_writes_it(folder):
    with claimed(folder):
        assert open_run(folder).name == "demo"
    (folder / ".witoil-writing").mkdir()
    with pytest.raises(WitoilError, match="a command is writing there, or was killed"):
        open_run(folder)


def test_files_of_two_runs_are_not_one(folder):
    rewrite(folder / "summary.json", lambda s: s["parameters"].update(stokes_factor=0.5))
    with pytest.raises(WitoilError, match=r"particles\.nc and summary\.json are of different runs"):
        open_run(folder)


@pytest.mark.parametrize("version", ["99.0", "0.1.1.dev3", "1.0rc1"])
def test_a_run_of_a_later_version_is_refused(folder, version):
    rewrite(folder / "summary.json", lambda s: s["versions"].update(witoil=version))
    with pytest.raises(WitoilError, match=f"written by witoil {version}; expected 0.1.0 or"):
        open_run(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"versions": {"witoil": "2.0"}}', r"provenance\.json: was written by witoil 2\.0"),
        ("{}", r"provenance\.json: names no version of witoil"),
        ("nothing", r"provenance\.json: not JSON"),
    ],
)
def test_provenance_of_a_later_version_or_damaged_is_refused(folder, content, said):
    (folder / "provenance.json").write_text(content)
    with pytest.raises(WitoilError, match=said):
        open_run(folder)


def test_particles_of_a_later_version_are_refused(folder):
    with netCDF4.Dataset(folder / "particles.nc", "a") as file:
        file.source = "witoil 7.0.0, Lagrangian particle model"
    with pytest.raises(WitoilError, match=r"particles\.nc: was written by witoil 7\.0\.0"):
        open_run(folder / "particles.nc")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", r"summary\.json: not JSON"),
        ("[]", "found a list; expected an object"),
        ("{}", "names no version of witoil"),
        ('{"versions": {"witoil": "zero"}}', "found the version 'zero' of witoil"),
        ('{"versions": {"witoil": "0.1.0"}}', "its case cannot be read"),
        ('{"versions": {"witoil": "0.1.0"}, "name": 1, "case": []}', "its case cannot be read"),
    ],
)
def test_a_summary_of_an_unknown_layout_is_one_line(folder, content, said):
    (folder / "summary.json").write_text(content)
    answer = witoil("compare", folder, folder)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    with pytest.raises(WitoilError, match=said):
        open_run(folder)


@pytest.mark.parametrize("content", ["{", "{}", '{"features": []}', '{"features": [{}]}', "[1]"])
def test_a_damaged_outline_is_one_line(folder, content):
    sorted(folder.glob("observed_*"))[0].write_text(content)
    with pytest.raises(WitoilError, match="is no outline of a slick"):
        open_run(folder)


def test_damaged_particles_are_refused(folder):
    content = (folder / "particles.nc").read_bytes()
    (folder / "particles.nc").write_bytes(content[:5000])
    with pytest.raises(CatalogError, match="cut short, damaged"):
        open_run(folder)


def test_particles_of_another_layout_are_refused(folder):
    with netCDF4.Dataset(folder / "particles.nc", "a") as file:
        file.renameVariable("status", "state")
    with pytest.raises(WitoilError, match=r"expected lon, lat, status \(trajectory, time\)"):
        open_run(folder)


def test_a_folder_of_several_runs_asks_for_one(folder):
    with pytest.raises(WitoilError, match="holds the runs run; expected one: name it"):
        open_run(folder.parent)


def test_a_folder_of_files_asks_for_one(tmp_path):
    (tmp_path / "spill_properties.nc").touch()
    with pytest.raises(WitoilError, match=r"holds spill_properties\.nc; expected a run: name"):
        open_run(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("starts", ["releases", "observations"])
def test_a_search_is_its_best_run(changed, tmp_path, starts):
    change = ("[optimise]", f'[optimise]\nstart_from = "{starts}"')
    path = changed(("evaluations = 80", "evaluations = 5"), ("20_000", "2_000"), change)
    jobs.optimise(load_case(path), tmp_path / "out", pictures=False)
    found = open_run(tmp_path / "out")
    assert found.command == "optimise"
    assert found.parameters == found.summary["best"]["parameters"]
    assert len(found.seen) == 2
    if starts == "releases":
        best = open_run(tmp_path / "out/best")
        assert best.command == "simulate"
        np.testing.assert_array_equal(found.particles["lon"], best.particles["lon"])
    else:
        assert found.particles is None
        windows = sorted((tmp_path / "out/best").iterdir())
        assert [len(open_run(window).seen) for window in windows] == [1, 1]
        with pytest.raises(WitoilError, match="holds the runs 20250601T0600"):
            open_run(tmp_path / "out/best")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ensemble", "forecast", "trace"])
def test_what_has_no_particles_is_opened_all_the_same(changed, tmp_path, command):
    small = ("20_000", "2_000")
    name = f"{command}.json"
    options = {"pictures": False}
    if command == "ensemble":
        path, options = changed(small), options | {"members": 2}
    elif command == "forecast":
        name = "study.json"
        few = "[forecast]\nevaluations = 8\nmembers = 4\n\n[optimise]\nstart_from = 'observations'"
        path = changed(small, ("[optimise]", few))
    else:
        brief = "[trace]\nmembers = 2\nhours = 1\n\n[optimise]"
        path = changed(small, ("[optimise]", brief))
    getattr(jobs, command)(load_case(path), tmp_path, **options)
    found = open_run(tmp_path)
    assert (found.command, found.particles) == (command, None)
    assert found.summary == json.loads((tmp_path / name).read_text())
    assert found.seen
    with pytest.raises(WitoilError, match=f"a run of {command} has no particles of its own"):
        particles_at(found, found.seen[0].time)


@pytest.mark.slow
def test_a_search_that_was_killed_is_half(changed, tmp_path):
    path = changed(("evaluations = 80", "evaluations = 5"), ("20_000", "2_000"))
    jobs.optimise(load_case(path), tmp_path / "out", pictures=False)
    shutil.rmtree(tmp_path / "out/best")
    with pytest.raises(WitoilError, match="a study that has not come to its end"):
        open_run(tmp_path / "out")


@pytest.mark.slow
def test_a_run_without_observations_has_seen_nothing(scenario, tmp_path):
    blind = replace(scenario, observations=())
    write_run(blind, run(blind), tmp_path, parameters=blind.parameters())
    found = open_run(tmp_path)
    assert found.seen == ()
    assert (found.particles["status"].isel(time=-1) == Status.AFLOAT).any()
