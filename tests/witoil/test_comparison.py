import json
import shutil
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
import shapely

from tests.witoil import model_files
from tests.witoil.command import witoil
from tests.witoil.model_files import LAT, LON, STATUS, TIMES
from witoil import jobs
from witoil.calibration.comparison import compare
from witoil.calibration.scoring import score_files
from witoil.errors import WitoilError
from witoil.outputs.run import write_run
from witoil.runs.opening import open_run
from witoil.runs.slick import Sensor, particles_at
from witoil.scenario.run import run

BESIDE = {"coastline": "none"}


def write_outline(path, shape, time="2021-08-24T05:00:00Z"):
    feature = {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(shape),
        "properties": {"time": time},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


@pytest.fixture(scope="module")
def kept(scenario, written, tmp_path_factory):
    """Two runs of the twin, and what the first wrote of itself."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(written[0], folder / "one run")
    changed = {"wind_drift_factor": 0.05}
    parameters = scenario.parameters(changed)
    write_run(
        scenario,
        run(scenario, changed),
        folder / "other",
        parameters=parameters,
    )
    return folder


@pytest.fixture
def spill(tmp_path):
    path = tmp_path / "spill.nc"
    model_files.opendrift(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("k", [0, 1])
def test_particles_score_as_the_run_that_wrote_them(kept, twin, k):
    folder = kept / "one run"
    summary = json.loads((folder / "summary.json").read_text())["scores"][k]
    (name,) = (twin / name for name in summary["observation"])
    windows = [int(window) for window in summary["fss"]]
    scores = score_files(
        folder / "particles.nc",
        name,
        windows=windows,
        sensor=Sensor(coastline=str(twin / "island.geojson")),
    )
    assert scores["fss"] == pytest.approx(summary["fss"], abs=1e-12)
    assert scores["iou"] == pytest.approx(summary["iou"])


@pytest.mark.parametrize("model", ["opendrift", "pygnome", "medslik"])
def test_scores_of_other_models_agree_with_those_by_hand(tmp_path, model):
    folder = tmp_path / "MDK_SIM_2021_08_24_0300_x"
    folder.mkdir()
    path = folder / "run.nc"
    getattr(model_files, model)(path)
    # At 05:00 particles 0 and 2 are afloat, with 9 and 11 kg. Each is alone, and its oil is spread
    # over a square of 17 cells: 9 / (289 * 2500 * 870) m = 0.0143 um, and 0.0175 um. With
    # 900 kg m-3, taken where the file does not say, 0.0138 and 0.0169 um.
    about = shapely.Point(LON[2, 2], LAT[2, 2])
    seen = write_outline(tmp_path / "seen.geojson", about.buffer(1e-5))
    fss = {}
    for limit in (0.001, 0.016, 0.02):
        sensor = Sensor(resolution=50.0, detection_limit_um=limit, **BESIDE)
        scores = score_files(path, seen, windows=[1], sensor=sensor)
        fss[limit] = scores["fss"]["1"]
    # one cell was seen: FSS is 2 * in both / (simulated + observed)
    assert fss == pytest.approx({0.001: 2 / (578 + 1), 0.016: 2 / (289 + 1), 0.02: 0.0})
    assert scores["time"] == "2021-08-24T05:00:00Z"
    assert scores["density_kg_m3"] == (900.0 if model == "pygnome" else 870.0)


def test_without_masses_each_cell_with_a_particle_counts(tmp_path, spill):
    with netCDF4.Dataset(spill, "a") as file:
        file.renameVariable("mass_oil", "something")
    # the cell of particle 0, and not that of particle 2: 1 of 2 simulated cells, all 1 observed
    seen = write_outline(
        tmp_path / "seen.geojson", shapely.Point(LON[0, 2], LAT[0, 2]).buffer(1e-5)
    )
    scores = score_files(spill, seen, windows=[1], sensor=Sensor(**BESIDE))
    assert scores["iou"] == pytest.approx(1 / 2)
    assert scores["area_ratio"] == pytest.approx(2.0)
    # FSS = 1 - sum (f - o)^2 / (sum f^2 + sum o^2) = 1 - 1 / (2 + 1)
    assert scores["fss"]["1"] == pytest.approx(2 / 3)
    assert scores["detection_limit_um"] is None
    assert "every particle counts the same" in scores["remarks"][0]


@pytest.mark.parametrize(("east", "north"), [(144.18, 0.0), (144.18, 53.0), (0.0, 54.7)])
def test_slicks_across_180_and_near_the_pole_are_scored_as_anywhere(tmp_path, east, north):
    path = tmp_path / "spill.nc"
    model_files.opendrift(path)
    with netCDF4.Dataset(path, "a") as file:
        lon = file["lon"][:] + east
        file["lon"][:] = np.where(lon > 180.0, lon - 360.0, lon)
        file["lat"][:] = file["lat"][:] + north
    # at 05:00 particle 0 is west of 180 degrees and particle 2 is at 180.0042
    place = shapely.Point((LON[2, 2] + east + 180.0) % 360.0 - 180.0, LAT[2, 2] + north)
    seen = write_outline(tmp_path / "seen.geojson", place.buffer(1e-4))
    sensor = Sensor(resolution=50.0, detection_limit_um=0.016)
    scores = score_files(path, seen, windows=[1], sensor=sensor)
    observed = 289 / scores["area_ratio"]  # all 289 cells are there, and one or two were seen
    assert observed in (pytest.approx(1), pytest.approx(2))
    assert scores["fss"]["1"] == pytest.approx(2 * observed / (289 + observed))


def test_a_slick_on_land_is_refused(tmp_path, spill):
    inland = write_outline(tmp_path / "inland.geojson", shapely.Point(36.1, 35.1).buffer(0.001))
    with pytest.raises(WitoilError, match="has no cell at sea, with the coastline osm"):
        score_files(spill, inland, windows=[1])


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_between_outputs_particles_afloat_are_on_the_line(spill, share):
    time = TIMES[1] + (share * (TIMES[2] - TIMES[1]).astype(float)).astype("timedelta64[ns]")
    at = particles_at(open_run(spill), time)
    np.testing.assert_allclose(at["lon"].values[0], LON[0, 1] + share * (LON[0, 2] - LON[0, 1]))
    nearer = 1 if share < 0.5 else 2
    np.testing.assert_array_equal(at["status"], STATUS[:, nearer])
    assert at["lon"].values[1] == LON[1, nearer]


def test_a_time_beyond_a_run_is_refused(tmp_path, spill):
    seen = write_outline(
        tmp_path / "seen.geojson", shapely.Point(35.8, 35.1).buffer(0.01), "2021-08-25T05:00:00Z"
    )
    with pytest.raises(WitoilError, match=r"has outputs from 2021-08-24T03:00:00Z to"):
        score_files(spill, seen, windows=[1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resolution", "0"], "resolution: found 0 m, expected 1 to 100000 m"),
        (["--resolution", "nan"], "resolution: found nan m, expected 1 to 100000 m"),
        (["--density", "0.9"], "density: found 0.9 kg m-3, expected 600 to 1200"),
        (["--detection-limit", "-1"], "detection_limit_um: found -1.0, expected"),
        (["--coastline", "nowhere.geojson"], "nowhere.geojson"),
    ],
)
def test_options_that_make_no_sense_are_one_line(tmp_path, spill, options, said):
    seen = write_outline(tmp_path / "seen.geojson", shapely.Point(35.8, 35.1).buffer(0.01))
    answer = witoil("score", spill, seen, *options)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.slow
def test_score_says_what_it_took_for_granted(tmp_path, spill):
    seen = write_outline(tmp_path / "seen.geojson", shapely.Point(35.8, 35.1).buffer(0.01))
    answer = witoil("score", spill, seen, "--coastline", "none", "--detection-limit", "0.001")
    assert (
        "OpenDrift at 2021-08-24T05:00:00Z: cells of 150 m, coastline none, oil of 0.001 um or "
        "more, of 870 kg m-3" in answer.stdout
    )


@pytest.mark.slow
def test_runs_side_by_side_have_the_scores_of_their_summaries(kept, twin, tmp_path):
    land = Sensor(coastline=str(twin / "island.geojson"))
    paths = [kept / "one run", kept / "other"]
    found = jobs.compare(paths, tmp_path, windows=[1, 7], sensor=land)
    assert found == json.loads((tmp_path / "compare.json").read_text())
    assert [moment["time"] for moment in found["moments"]] == [
        "2025-06-01T12:00:00Z",
        "2025-06-01T18:00:00Z",
    ]
    for k, path in enumerate(paths):
        summary = json.loads((path / "summary.json").read_text())
        for moment, scores in zip(found["moments"], summary["scores"], strict=True):
            assert moment["runs"][k]["fss"]["1"] == pytest.approx(scores["fss"]["1"], abs=1e-12)
        mean = np.mean([scores["fss"]["1"] for scores in summary["scores"]])
        assert found["mean_fss"][k]["1"] == pytest.approx(mean)
    assert [row["key"] for row in found["differences"]] == ["parameters.wind_drift_factor"]
    assert found["differences"][0]["values"][1] == 0.05


@pytest.mark.slow
def test_shares_at_the_end_add_up_to_the_oil_that_is_left(kept, tmp_path):
    sensor = Sensor(coastline="none")
    found = jobs.compare([kept / "one run", kept / "other"], tmp_path, windows=[1], sensor=sensor)
    for row in found["runs"]:
        assert sum(row["at_end"].values()) == pytest.approx(1.0)


@pytest.mark.slow
def test_a_page_of_a_name_with_html_is_harmless(scenario, tmp_path):
    case = scenario.case.model_copy(update={"name": "<script>alert(1)</script> & ü"})
    spoilt = replace(scenario, case=case)
    result, parameters = run(spoilt), spoilt.parameters()
    for name in ("a b", "ü"):
        write_run(spoilt, result, tmp_path / name, parameters=parameters)
    jobs.compare([tmp_path / "a b", tmp_path / "ü"], tmp_path / "out", windows=[1])
    page = (tmp_path / "out/compare.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; ü" in page
    assert page.count("<img ") == 4
    assert "Nothing that the runs tell of parameters and case" in page


@pytest.mark.slow
def test_runs_without_a_slick_are_compared_at_the_end_that_all_have(tmp_path, spill):
    other = tmp_path / "gnome.nc"
    model_files.pygnome(other)
    with netCDF4.Dataset(other, "a") as file:
        file["time"][:] = file["time"][:] - 0.5
    found = jobs.compare([spill, other], tmp_path / "out", windows=[1], sensor=Sensor(**BESIDE))
    (moment,) = found["moments"]
    assert (moment["time"], moment["observation"]) == ("2021-08-24T05:30:00Z", None)
    assert found["mean_fss"] == [{}, {}]
    assert found["differences"] == []
    page = (tmp_path / "out/compare.html").read_text()
    assert "Nothing to score against" in page
    assert "FSS at" not in page


def test_slicks_outside_the_common_time_and_second_outlines_are_said(tmp_path, spill):
    near = shapely.Point(35.8, 35.1).buffer(0.01)
    late = write_outline(tmp_path / "late.geojson", near, "2021-08-25T05:00:00Z")
    one = write_outline(tmp_path / "one.geojson", near)
    two = write_outline(tmp_path / "two.geojson", near.buffer(0.01))
    found = compare([spill, spill], [late, one, two], windows=[1], sensor=Sensor(**BESIDE))
    assert [moment.seen.name for moment in found.moments] == ["one.geojson"]
    assert "late.geojson, seen at 2021-08-25T05:00:00Z, is left out" in found.remarks[0]
    assert "one.geojson is taken, two.geojson is left out" in found.remarks[1]


@pytest.mark.slow
def test_runs_of_different_times_are_refused(kept, spill):
    with pytest.raises(WitoilError, match="no time is in all of them"):
        compare([kept / "one run", spill], windows=[1])


def test_one_run_is_nothing_to_compare(spill):
    answer = witoil("compare", spill)
    assert answer.returncode == 2
    assert "found 1 run; expected two or more to compare" in answer.stderr


def test_even_windows_are_refused(spill, tmp_path):
    answer = witoil("compare", spill, spill, "--windows", "2", "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
