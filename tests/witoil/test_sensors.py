"""What a sensor sees of a slick depends on its kind."""

import json

import numpy as np
import pytest

from witoil.calibration.evaluation import simulated_slicks
from witoil.case import load_case
from witoil.case.sensors import THINNEST_UM
from witoil.errors import CaseError
from witoil.jobs import simulate
from witoil.scenario.prepare import prepare
from witoil.scenario.run import detection_limit_of, mask_at, run, slick_seen

SMALL = ("particles = 20_000", "particles = 2_000")
LAST = 'geometry = "mask_20250601T1800.tif"\n'


def of_sensor(changed, sensor, *others):
    return load_case(changed(SMALL, (LAST, f'{LAST}sensor = "{sensor}"\n'), *others))


@pytest.mark.parametrize("sensor", THINNEST_UM)
def test_the_slick_is_cut_where_the_sensor_sees_no_more(changed, sensor):
    scenario = prepare(of_sensor(changed, sensor))
    result = run(scenario)
    first, last = scenario.observations
    relative = THINNEST_UM[sensor] / 0.1
    for limit in (0.02, 0.1, 0.3):
        cut = mask_at(scenario, result, last.time, relative * limit)
        assert cut.any()
        np.testing.assert_array_equal(slick_seen(scenario, result, last, limit).oil, cut)
        before, at_end = simulated_slicks([scenario], {"detection_limit_um": limit})
        np.testing.assert_array_equal(at_end.oil, cut)
        # the sensor before is not known
        np.testing.assert_array_equal(before.oil, mask_at(scenario, result, first.time, limit))


def test_an_optical_sensor_outside_sunglint_sees_less(changed, tmp_path):
    areas = {}
    for sensor in THINNEST_UM:
        simulate(of_sensor(changed, sensor), tmp_path / sensor, pictures=False)
        (*_, score) = json.loads((tmp_path / sensor / "summary.json").read_text())["scores"]
        areas[sensor] = score["areas_km2"]["simulated_cells"]
    assert areas["sar"] == areas["sunglint"] > 1.2 * areas["optical"] > 0.0


def test_a_greatest_limit_is_that_of_the_case_whatever_the_sensor(changed):
    scenario = prepare(
        of_sensor(changed, "optical", ("[model]", "[score]\ndetection_limit_um = 1e4\n[model]"))
    )
    result = run(scenario)
    assert not slick_seen(scenario, result, scenario.observations[1]).oil.any()
    with pytest.raises(CaseError, match="detection_limit_um: found 20000"):
        detection_limit_of(scenario, 2e4)


def test_a_sensor_of_no_kind_is_refused(changed):
    with pytest.raises(CaseError, match=r"observation\.1\.sensor.*'sar', 'sunglint' or 'optical'"):
        of_sensor(changed, "camera")
