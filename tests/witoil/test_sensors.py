"""What a sensor sees of a slick depends on its kind."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from witoil.calibration.comparison import as_document, compare
from witoil.calibration.evaluation import simulated_slicks
from witoil.case import load_case
from witoil.case.sensors import THINNEST_UM, sensor_told
from witoil.cli.runs import taken_in_words
from witoil.errors import CaseError, WitoilError
from witoil.jobs import score, simulate
from witoil.preview import preview
from witoil.runs.slick import Sensor
from witoil.scenario.afloat import Afloat
from witoil.scenario.prepare import prepare
from witoil.scenario.run import detection_limit_of, mask_at, masks_at, run

SMALL = ("particles = 20_000", "particles = 2_000")
LAST = 'geometry = "mask_20250601T1800.tif"\n'


def of_sensor(changed, sensor, *others):
    return load_case(changed(SMALL, (LAST, f'{LAST}sensor = "{sensor}"\n'), *others))


@pytest.mark.slow
@pytest.mark.parametrize("sensor", THINNEST_UM)
def test_the_slick_is_cut_where_the_sensor_sees_no_more(changed, sensor):
    scenario = prepare(of_sensor(changed, sensor))
    of_radar = replace(scenario, observations=())
    result = run(scenario)
    first, last = scenario.observations
    relative = THINNEST_UM[sensor] / 0.1
    for limit in (0.02, 0.1, 0.3):
        cut = mask_at(of_radar, result, last.time, relative * limit)
        assert cut.any()
        np.testing.assert_array_equal(mask_at(scenario, result, last.time, limit), cut)
        before, at_end = simulated_slicks([scenario], {"detection_limit_um": limit})
        np.testing.assert_array_equal(at_end.oil, cut)
        # the sensor before is not known
        np.testing.assert_array_equal(before.oil, mask_at(scenario, result, first.time, limit))


@pytest.mark.slow
def test_an_optical_sensor_outside_sunglint_sees_less(changed, tmp_path):
    areas = {}
    for sensor in THINNEST_UM:
        simulate(of_sensor(changed, sensor), tmp_path / sensor, pictures=False)
        (*_, score) = json.loads((tmp_path / sensor / "summary.json").read_text())["scores"]
        areas[sensor] = score["areas_km2"]["simulated_cells"]
    assert areas["sar"] == areas["sunglint"] > 1.2 * areas["optical"] > 0.0


@pytest.mark.slow
def test_a_greatest_limit_is_that_of_the_case_whatever_the_sensor(changed):
    scenario = prepare(
        of_sensor(changed, "optical", ("[model]", "[score]\ndetection_limit_um = 1e4\n[model]"))
    )
    result = run(scenario)
    assert not masks_at(scenario, result, scenario.observations[1].time).oil.any()
    with pytest.raises(CaseError, match="detection_limit_um: found 20000"):
        detection_limit_of(scenario, 2e4)


def test_a_sensor_of_no_kind_is_refused(changed):
    with pytest.raises(CaseError, match=r"observation\.1\.sensor.*'sar', 'sunglint' or 'optical'"):
        of_sensor(changed, "camera")


@pytest.fixture(scope="module")
def optical(changed_once, tmp_path_factory):
    """A case whose last slick an optical sensor saw, the folder of its run, and its summary."""
    case = load_case(changed_once)
    folder = tmp_path_factory.mktemp("optical") / "run"
    return case, folder, simulate(case, folder, pictures=False)


@pytest.fixture(scope="module")
def changed_once(twin):
    path = twin / "optical.toml"
    text = (twin / "demo.toml").read_text().replace(*SMALL)
    path.write_text(text.replace(LAST, f'{LAST}sensor = "optical"\n'))
    return path


def fss(scores):
    return [scores["fss"][window] for window in ("1", "7")]


def told(mask, path, sensor):
    """Write a copy of a mask whose attributes tell the sensor."""
    with rasterio.open(mask) as file:
        profile, values = file.profile, file.read()
    with rasterio.open(path, "w", **profile) as file:
        file.write(values)
        file.update_tags(SENSOR=sensor)
    return path


@pytest.mark.slow
def test_a_run_that_is_scored_afterwards_has_the_limit_of_its_own_observation(optical, twin):
    _, folder, summary = optical
    (mask,) = LAST.split('"')[1::2]
    wanted = fss(summary["scores"][1])
    afterwards = {"windows": [1, 7]}
    assert fss(score(folder, twin / mask, **afterwards)) == wanted
    particles = score(
        folder / "particles.nc", folder / "observed_20250601T1800.geojson", **afterwards
    )
    assert particles["sensor"] == "optical"
    assert particles["detection_limit_um"] == 0.1
    assert fss(particles) == pytest.approx(wanted, abs=0.02)  # another grid
    by_radar = score(folder, twin / mask, sensor=Sensor(coastline="none", kind="sar"), **afterwards)
    assert abs(fss(by_radar)[0] - wanted[0]) > 0.02


@pytest.mark.slow
def test_the_attributes_of_a_mask_tell_the_sensor_before_the_run_does(optical, twin, tmp_path):
    _, folder, summary = optical
    (name,) = LAST.split('"')[1::2]
    for sensor, is_own in (("Optical", True), ("SAR", False)):
        mask = told(twin / name, tmp_path / name, sensor)
        found = score(folder, mask, windows=[1, 7])
        assert (fss(found) == fss(summary["scores"][1])) == is_own
        assert found.get("sensor") == (None if is_own else "sar")  # of particles


@pytest.mark.slow
def test_the_attributes_of_a_mask_tell_the_sensor_of_an_observation(
    changed, twin, optical, tmp_path
):
    (name,) = LAST.split('"')[1::2]
    told(twin / name, twin / "told_20250601T1800.tif", "optical")
    case = load_case(changed(SMALL, (name, "told_20250601T1800.tif")))
    (*_, found) = simulate(case, tmp_path / "run", pictures=False)["scores"]
    (*_, wanted) = optical[2]["scores"]
    assert found["sensor"] == "optical"
    assert found["fss"] == wanted["fss"]


@pytest.mark.slow
def test_a_preview_shows_what_the_sensor_of_the_observation_sees(optical):
    case, _, summary = optical
    found = preview(prepare(case), {})
    (*_, wanted) = summary["scores"]
    assert found["scores"][-1]["fss"] == wanted["fss"]
    assert 1e-6 * found["area_m2"] == pytest.approx(wanted["areas_km2"]["simulated_cells"])


@pytest.mark.slow
def test_the_oil_afloat_at_an_observation_is_what_its_sensor_sees(optical):
    case, _, summary = optical
    scenario = prepare(case)
    found = Afloat.at(scenario, run(scenario), scenario.observations[1].time, 0.1)
    area = summary["scores"][1]["areas_km2"]["simulated_cells"]
    assert found.area_km2 == pytest.approx(area)


@pytest.mark.slow
def test_runs_are_compared_as_the_sensor_of_each_slick_sees_them(optical, tmp_path):
    _, folder, summary = optical
    shutil.copytree(folder, tmp_path / "again")
    found = as_document(compare([folder, tmp_path / "again"], windows=[1, 7]))
    assert [moment["sensor"] for moment in found["moments"]] == [None, "optical"]
    scored = fss(found["moments"][1]["runs"][0])
    assert scored == pytest.approx(fss(summary["scores"][1]), abs=0.02)


def test_a_kind_of_sensor_that_is_none_is_refused():
    with pytest.raises(WitoilError, match="sensor: found 'camera', expected sar, sunglint or opt"):
        Sensor(kind="camera")


def test_a_satellite_is_no_kind_of_sensor():
    assert sensor_told({"sensor": "S3"}) is None
    assert sensor_told({"Sensor": " Sunglint "}) == "sunglint"
    assert sensor_told({"note": "optical"}) is None


@pytest.mark.parametrize(
    ("sensor", "said"),
    [("optical", "oil of 10 um or more (optical)"), (None, "oil of 0.2 um or more, of 900")],
)
def test_the_command_says_how_thick_oil_has_to_be(sensor, said):
    taken = {"model": "witoil", "time": "2025-06-01T18:00:00Z", "sensor": sensor, "remarks": []}
    made_of = {"resolution_m": 150.0, "coastline": "osm", "density_kg_m3": 900.0}
    (line,) = taken_in_words(taken | made_of | {"detection_limit_um": 0.2})
    assert said in line
