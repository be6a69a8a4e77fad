"""A run that was interrupted goes on to the same bits, and only where it is the same run."""

import json

import numpy as np
import pytest
import xarray as xr

from tests.witoil.command import witoil
from witoil.case import load_case
from witoil.errors import WitoilError
from witoil.outputs.restart import read_restart, write_restart
from witoil.scenario.prepare import prepare
from witoil.scenario.run import run

NOON = "end = 2025-06-01T12:00:00Z"
EVENING = "end = 2025-06-01T18:00:00Z"


@pytest.fixture(scope="module")
def cases_of(twin, beaching):
    """Return the case files of the whole run and of its first half."""
    assert beaching.count(EVENING) == 1
    whole, half = twin / "whole.toml", twin / "half.toml"
    whole.write_text(beaching)
    half.write_text(beaching.replace(EVENING, NOON))
    return whole, half


@pytest.fixture(scope="module")
def whole(cases_of):
    scenario = prepare(load_case(cases_of[0]))
    return scenario, run(scenario, threads=2)


@pytest.fixture(scope="module")
def restart(cases_of, tmp_path_factory):
    path = tmp_path_factory.mktemp("half") / "restart.nc"
    scenario = prepare(load_case(cases_of[1]))
    kept = []
    run(scenario, threads=1, on_end=kept.append)
    write_restart(scenario.case, kept[0], path)
    return path


def assert_same_bits(found, expected):
    assert found["time"].size == 7
    expected = expected.sel(time=found["time"])
    assert set(found.variables) == set(expected.variables)
    for name in found.variables:
        np.testing.assert_array_equal(found[name].values, expected[name].values, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_goes_on_to_the_bits_of_one_that_was_not_interrupted(whole, restart, threads):
    scenario, uninterrupted = whole
    before = read_restart(restart, scenario.case)
    assert_same_bits(run(scenario, threads=threads, resume=before), uninterrupted)
    # all that is weathered, entrained, beached or absorbed has been there to be carried over
    at_noon = uninterrupted.sel(time="2025-06-01T12:00")
    for name in ("evaporated", "dispersed", "beached"):
        assert at_noon[f"{name}_mass"] > 0.0, name
    assert at_noon["coast_absorbed_mass"].sum() > 0.0


@pytest.mark.slow
def test_the_first_half_is_that_of_the_whole(whole, cases_of):
    first = run(prepare(load_case(cases_of[1])), threads=2)
    assert_same_bits(first, whole[1])


@pytest.mark.slow
def test_the_command_line_goes_on_from_its_own_restart(cases_of, tmp_path):
    whole, half = cases_of
    for folder, *arguments in (
        ("whole", whole),
        ("half", half),
        ("rest", whole, "--resume", tmp_path / "half"),
    ):
        answer = witoil("simulate", *arguments, "--out", tmp_path / folder)
        assert answer.returncode == 0, answer.stderr
    opened = {n: xr.open_dataset(tmp_path / n / "particles.nc") for n in ("whole", "rest")}
    assert_same_bits(opened["rest"], opened["whole"])
    ends = [xr.open_dataset(tmp_path / n / "restart.nc") for n in ("whole", "rest")]
    assert ends[0].identical(ends[1])
    for file in (*opened.values(), *ends):
        file.close()
    budgets = [(tmp_path / n / "budget.csv").read_text().splitlines() for n in ("whole", "rest")]
    assert budgets[1][1:] == budgets[0][-7:]


def test_outputs_name_and_score_may_differ(cases_of, restart, twin):
    path = twin / "other.toml"
    text = cases_of[0].read_text().replace('name = "demo"', 'name = "another"')
    path.write_text(
        text.replace("particles = 4_000", "particles = 4_000\noutput_interval_minutes = 30")
        + '[[observation]]\ngeometry = "mask_20250601T1800.tif"\n[score]\nwindows = [1, 3]\n'
    )
    assert read_restart(restart, load_case(path)).sizes["trajectory"] == 4000


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("particles = 4_000", "particles = 4_000\nseed = 2", r"model\.seed was 1 and is now 2"),
        ("mass_tonnes = 500", "mass_tonnes = 400", r"release was \["),
        (EVENING, NOON, r"ends at 2025-06-01T12:00:00Z, and the case at 2025-06-01T12:00:00Z"),
        (
            "start = 2025-06-01T06:00:00Z",
            "start = 2025-06-01T05:00:00Z",
            r"time\.start was '2025-06-01T06:00:00Z'",
        ),
        ("[model]", "[processes]\nshore = false\n[model]", r"processes\.shore was True"),
    ],
)
def test_another_case_is_refused_by_its_first_difference(
    cases_of, restart, twin, old, new, message
):
    text = cases_of[0].read_text()
    assert old in text
    path = twin / "refused.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(WitoilError, match=message) as refusal:
        read_restart(restart, load_case(path))
    assert "\n" not in str(refusal.value)


def test_a_release_without_end_would_be_another_one(cases_of, restart, twin):
    whole, half = (path.read_text() for path in cases_of)
    scenarios = []
    for name, text in (("open.toml", whole), ("open_half.toml", half)):
        (twin / name).write_text(text.replace("\nend = 2025-06-01T11:00:00Z", ""))
        scenarios.append(load_case(twin / name))
    with xr.open_dataset(restart, decode_cf=False) as file:
        kept = file.load()
    path = restart.parent / "open.nc"
    write_restart(scenarios[1], kept, path)
    with pytest.raises(WitoilError, match=r"release\.1 has no end and lasts to the end of the run"):
        read_restart(path, scenarios[0])


@pytest.mark.slow
def test_what_is_no_restart_is_refused(cases_of, restart, twin, tmp_path):
    case = load_case(cases_of[0])
    (tmp_path / "page.nc").write_text("<html>please log in</html>")
    with xr.open_dataset(restart, decode_cf=False) as file:
        bare = file.load().drop_attrs()
    bare.attrs["witoil_case"] = json.dumps(case.model_dump(mode="json"))
    bare.to_netcdf(tmp_path / "bare.nc")
    for path in (
        tmp_path / "nothing.nc",
        tmp_path / "page.nc",
        tmp_path / "bare.nc",
        twin / "currents.nc",
        tmp_path,
    ):
        with pytest.raises(WitoilError, match=r"expected the restart\.nc of an earlier"):
            read_restart(path, case)


def test_the_command_line_refuses_in_one_line(cases_of, twin, tmp_path):
    out = tmp_path / "out"
    answer = witoil("simulate", cases_of[0], "--out", out, "--resume", twin / "currents.nc")
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert "not a restart of witoil" in answer.stderr
    assert not out.exists()
