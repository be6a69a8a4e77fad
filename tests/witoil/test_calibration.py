import json
import os
import signal
import subprocess
import sys
import time

import pytest

from witoil import calibration
from witoil.calibration import evaluate, search_space
from witoil.case import load_case
from witoil.demo import TRUTH
from witoil.errors import CaseError, WitoilError
from witoil.simulation import prepare


def optimise(case, folder, **options):
    return calibration.optimise(prepare(case), folder, **options)


SMALL = (
    ("particles = 20_000", "particles = 2_000"),
    ("evaluations = 80", "evaluations = 13"),
)


@pytest.fixture
def small(changed):
    return load_case(changed(*SMALL))


def test_a_candidate_in_a_batch_scores_as_it_does_alone(changed, tmp_path):
    shared = (
        "current_factor = [0.0, 1.5]",
        "current_factor = [0.0, 1.5]\nsource_share = [0.0, 0.9]",
    )
    case = load_case(changed(*SMALL, shared))
    study = optimise(case, tmp_path)
    scenario = prepare(case)
    for row in study["history"]:
        assert evaluate([scenario], row["parameters"])["fss"] == row["details"]["fss"]


def test_the_study_holds_what_is_promised(small, tmp_path):
    study = optimise(small, tmp_path)
    assert study == json.loads((tmp_path / "study.json").read_text())
    assert len(study["history"]) == 13
    assert study["history"][0]["origin"] == "default"
    for label in ("best", "default", "persistence"):
        assert set(study[label]["fss"]) == {"1", "7", "21", "67"}
    assert study["best"]["score"] == max(row["score"] for row in study["history"])
    assert study["case"]["name"] == "demo"
    assert (tmp_path / "report.html").stat().st_size > 10_000
    summary = json.loads((tmp_path / "best" / "summary.json").read_text())
    first = study["best"]["observations"][0]["fss"]
    assert summary["scores"][0]["fss"] == pytest.approx(first, rel=1e-12)


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("stop", [1, 6, 11])
def test_an_interrupted_search_ends_like_one_that_was_not(small, tmp_path, stop):
    whole = optimise(small, tmp_path / "whole")

    def interrupt(history):
        if len(history) == stop:
            raise StoppedError

    with pytest.raises(StoppedError):
        optimise(small, tmp_path / "broken", on_trial=interrupt)
    continued = optimise(small, tmp_path / "broken")
    for key in ("history", "best", "default", "persistence"):
        assert continued[key] == whole[key]


@pytest.mark.slow
def test_a_killed_process_goes_on_where_it_was(changed, tmp_path):
    path = changed(*SMALL)
    command = [sys.executable, "-m", "witoil", "optimise", str(path), "--out", str(tmp_path / "a")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    study = tmp_path / "a" / "study.json"
    while process.poll() is None:
        if study.exists() and len(json.loads(study.read_text())["history"]) >= 3:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.002)
    process.wait()
    killed = json.loads(study.read_text())["history"]
    assert len(killed) >= 3
    subprocess.run(command, check=True, capture_output=True)
    whole = optimise(load_case(path), tmp_path / "b")
    history = json.loads(study.read_text())["history"]
    assert history[: len(killed)] == killed
    assert history == whole["history"]


def test_a_study_of_another_case_is_refused(small, tmp_path, changed):
    optimise(small, tmp_path)
    other = load_case(changed(*SMALL, ("mass_tonnes = 500", "mass_tonnes = 501")))
    with pytest.raises(WitoilError, match=r"case\.release.*500.*501"):
        optimise(other, tmp_path)


def test_a_damaged_study_is_refused(small, tmp_path):
    (tmp_path / "study.json").write_text('{"history": [')
    with pytest.raises(WitoilError, match="not a study"):
        optimise(small, tmp_path)


def test_a_finished_study_can_be_extended(small, tmp_path, changed):
    optimise(small, tmp_path / "a")
    longer = load_case(changed(SMALL[0], ("evaluations = 80", "evaluations = 18")))
    extended = optimise(longer, tmp_path / "a")
    assert extended["history"] == optimise(longer, tmp_path / "b")["history"]


def test_no_observation_no_calibration(twin, tmp_path):
    with pytest.raises(CaseError, match="observation: none given"):
        optimise(load_case(twin / "truth.toml"), tmp_path)


def test_a_share_needs_two_kinds_of_release(changed, tmp_path):
    text = changed().read_text()
    point = text[text.index('[[release]]\nkind = "point"') : text.index("[oil]")]
    bad = changed((point, ""), ("current_factor = [0.0, 1.5]", "source_share = [0.0, 1.0]"))
    with pytest.raises(CaseError, match="source_share"):
        optimise(load_case(bad), tmp_path)


def test_the_search_starts_at_the_case_within_its_bounds(scenario):
    space = search_space(scenario)
    assert space.default["current_factor"] == 1.0
    assert set(space.names) == set(TRUTH)


@pytest.mark.slow
def test_the_twin_experiment_finds_the_truth_back(twin, tmp_path):
    study = optimise(load_case(twin / "demo.toml"), tmp_path)
    best = study["best"]["parameters"]
    assert study["best"]["fss"]["1"] > 0.93
    assert study["best"]["fss"]["1"] > study["default"]["fss"]["1"] + 0.2
    assert best["wind_drift_factor"] == pytest.approx(TRUTH["wind_drift_factor"], abs=0.004)
    assert best["wind_drift_angle_deg"] == pytest.approx(TRUTH["wind_drift_angle_deg"], abs=8.0)
    assert best["current_factor"] == pytest.approx(TRUTH["current_factor"], abs=0.12)
    ratio = best["horizontal_diffusivity"] / TRUTH["horizontal_diffusivity"]
    assert 0.5 < ratio < 2.0


@pytest.mark.slow
def test_a_real_pair_beats_default_and_persistence(example, tmp_path):
    case = load_case(example("baniyas-1"))
    search = case.optimise.model_copy(update={"evaluations": 40})
    study = optimise(case.model_copy(update={"optimise": search}), tmp_path)
    assert study["persistence"]["fss"]["1"] == pytest.approx(0.469, abs=0.01)
    assert study["best"]["fss"]["1"] > 0.70
