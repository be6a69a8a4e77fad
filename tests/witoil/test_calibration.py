import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import simulator
from simulator import SimulatorError
from tests.witoil.calibrated import calibrate
from tests.witoil.command import witoil
from tests.witoil.killing import kill_when
from witoil.calibration import search as calibration
from witoil.calibration.evaluation import evaluate
from witoil.calibration.search import search_space
from witoil.case import load_case
from witoil.cli.main import app
from witoil.demo import TRUTH
from witoil.errors import CaseError, WitoilError
from witoil.scenario.prepare import prepare
from witoil.scenario.run import run


def prepared(path):
    return prepare(load_case(path))


def search(scenario, folder, **options):
    """Search without the best run and the report, which take longer than a small search."""
    return calibration.search(scenario, folder, **options).study


SMALL = (
    ("particles = 20_000", "particles = 2_000"),
    ("evaluations = 80", "evaluations = 13"),
)


def write_small(twin, name="small.toml"):
    text = (twin / "demo.toml").read_text()
    for old, new in SMALL:
        assert old in text
        text = text.replace(old, new)
    (twin / name).write_text(text)
    return prepared(twin / name)


@pytest.fixture(scope="module")
def small(twin):
    return write_small(twin)


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    """The folder of a finished calibration of the small case, and its study."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, calibrate(small, folder)


@pytest.fixture
def gone_on(finished, tmp_path):
    """A folder with the study of a finished search, which may be changed or gone on with."""
    shutil.copyfile(finished[0] / "study.json", tmp_path / "study.json")
    return tmp_path


@pytest.mark.slow
def test_a_candidate_in_a_batch_scores_as_it_does_alone(changed, tmp_path):
    shared = (
        "current_factor = [0.0, 1.5]",
        "current_factor = [0.0, 1.5]\nsource_share = [0.0, 0.9]",
    )
    scenario = prepared(changed(*SMALL, shared))
    study = search(scenario, tmp_path)
    for row in study["history"]:
        assert evaluate([scenario], row["parameters"])["fss"] == row["details"]["fss"]


@pytest.mark.slow
def test_the_study_holds_what_is_promised(finished):
    folder, study = finished
    assert study == json.loads((folder / "study.json").read_text())
    assert len(study["history"]) == 13
    assert study["history"][0]["origin"] == "default"
    for label in ("best", "default", "persistence"):
        assert set(study[label]["fss"]) == {"1", "7", "21", "67"}
    assert study["best"]["penalised"] == max(row["penalised"] for row in study["history"])
    assert study["stopped"] == "all 13 evaluations done"
    assert {row["name"] for row in study["priors"]} == set(TRUTH)
    assert {row["name"] for row in study["posterior"]} == set(TRUTH)
    assert all(row["p5"] < row["p50"] < row["p95"] for row in study["posterior"])
    assert study["case"]["name"] == "demo"
    assert (folder / "report.html").stat().st_size > 10_000
    summary = json.loads((folder / "best" / "summary.json").read_text())
    first = study["best"]["observations"][0]["fss"]
    assert summary["scores"][0]["fss"] == pytest.approx(first, rel=1e-12)


@pytest.mark.slow
def test_the_parameters_of_the_case_are_run_once_beside_the_search(changed, tmp_path, monkeypatch):
    runs = []

    def counted(*args, **options):
        runs.append(args)
        return model(*args, **options)

    model = simulator.run
    monkeypatch.setattr(simulator, "run", counted)
    case = prepared(changed(SMALL[0], ("evaluations = 80", "evaluations = 2")))
    calibrate(case, tmp_path)
    assert len(runs) == 2 + len(("the parameters of the case", "the best, with all outputs"))
    assert "<svg" in (tmp_path / "report.html").read_text()


class StoppedError(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 6, 11])
def test_an_interrupted_search_ends_like_one_that_was_not(small, finished, tmp_path, stop):
    def interrupt(history):
        if len(history) == stop:
            raise StoppedError

    with pytest.raises(StoppedError):
        search(small, tmp_path, on_trial=interrupt)
    continued = search(small, tmp_path)
    for key in ("history", "best", "default", "persistence"):
        assert continued[key] == finished[1][key]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gp", "cma"])
def test_a_process_killed_within_a_batch_goes_on_where_it_was(changed, tmp_path, method):
    path = changed(*SMALL, ("evaluations = 13", f'evaluations = 13\nmethod = "{method}"'))
    command = [witoil, "optimise", path, "--out", tmp_path / "a", "--no-pictures"]
    study = tmp_path / "a" / "study.json"
    killed = kill_when(*command, study=study, is_time=lambda rows: rows in (9, 10))
    assert 9 <= len(killed) < 13
    answer = witoil(*command[1:])
    assert answer.returncode == 0, answer.stderr
    whole = search(prepared(path), tmp_path / "b")
    continued = json.loads(study.read_text())
    assert continued["history"][: len(killed)] == killed
    for key in ("history", "best", "default", "persistence"):
        assert continued[key] == whole[key]


@pytest.mark.slow
def test_a_study_of_another_case_is_refused(gone_on, changed):
    other = prepared(changed(*SMALL, ("mass_tonnes = 500", "mass_tonnes = 501")))
    with pytest.raises(WitoilError, match=r"case\.release.*500.*501"):
        search(other, gone_on)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ('method = "cma"', r"case\.optimise\.method was 'gp' and is now 'cma'"),
        ("initial = 9", r"case\.optimise\.initial was None and is now 9"),
        ("batch = 3", r"case\.optimise\.batch was 4 and is now 3"),
    ],
)
def test_a_study_of_another_search_is_refused(gone_on, changed, asked, message):
    other = prepared(changed(*SMALL, ("evaluations = 13", f"evaluations = 13\n{asked}")))
    with pytest.raises(WitoilError, match=message):
        search(other, gone_on)


@pytest.mark.slow
def test_a_study_of_files_that_have_changed_since_is_refused(small, gone_on):
    wind = replace(small.forcing.wind, values=1.3 * small.forcing.wind.values)
    other = replace(small, forcing=replace(small.forcing, wind=wind))
    with pytest.raises(WitoilError, match=r"scored 0\..* so that files of the case have changed"):
        calibration.search(other, gone_on)


@pytest.mark.slow
def test_a_study_of_another_version_is_refused(small, gone_on):
    study = json.loads((gone_on / "study.json").read_text())
    study["versions"]["numpy"] = "1.0.0"
    (gone_on / "study.json").write_text(json.dumps(study))
    with pytest.raises(WitoilError, match=r"versions\.numpy was '1\.0\.0' and is now"):
        search(small, gone_on)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["random", "gp+polish", "cma"])
def test_the_method_of_the_case_is_the_one_that_searches(changed, tmp_path, method):
    asked = ("evaluations = 13", f'evaluations = 13\nmethod = "{method}"\ninitial = 4')
    study = calibrate(prepared(changed(*SMALL, asked)), tmp_path)
    origins = {row["origin"] for row in study["history"][4:]}
    assert (
        origins
        == {
            "random": {"sobol"},
            "gp+polish": {"global", "local", "polish"},
            "cma": {"cma"},
        }[method]
    )
    assert study["case"]["optimise"]["method"] == method
    assert "None" not in (tmp_path / "report.html").read_text().split("The case as it was run")[0]


@pytest.mark.slow
def test_a_method_whose_package_is_missing_is_refused_at_once(changed, tmp_path, monkeypatch):
    case = prepared(changed(*SMALL, ("evaluations = 13", 'evaluations = 13\nmethod = "cma"')))
    monkeypatch.setattr(calibration.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CaseError, match=r"optimise\.method: .*witoil\[cma\]"):
        search(case, tmp_path)
    assert not (tmp_path / "study.json").exists()


@pytest.mark.slow
def test_a_search_stops_where_less_than_the_tolerance_is_expected(changed, tmp_path):
    early = ("evaluations = 80", "evaluations = 80\ninitial = 4\ntolerance = 0.5")
    case = changed(SMALL[0], early)
    result = CliRunner().invoke(
        app, ["optimise", str(case), "--out", str(tmp_path)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "stopped after 8: expected gain" in result.output
    assert "below the tolerance 0.5" in result.output
    study = json.loads((tmp_path / "study.json").read_text())
    assert study["stopped"] in (tmp_path / "report.html").read_text()
    assert len(study["history"]) == 8
    # a smaller tolerance goes on with it
    further = changed(SMALL[0], (early[0], "evaluations = 10\ninitial = 4\ntolerance = 1e-9"))
    longer = search(prepared(further), tmp_path)
    assert len(longer["history"]) == 10
    assert longer["history"][:8] == study["history"]


@pytest.mark.slow
def test_with_little_evidence_the_fit_stays_near_the_priors(changed, tmp_path):
    distances = {}
    for weight in (0.02, 50.0):
        seen = f'1800.tif"\nweight = {weight}'
        first = '[[observation]]\ngeometry = "mask_20250601T1200.tif"\n'
        scenario = prepared(changed(*SMALL, (first, ""), ('1800.tif"', seen)))
        study = search(scenario, tmp_path / f"{weight:g}")
        log_prior = search_space(scenario).log_prior
        searched = {row["name"] for row in study["space"]}
        best = {k: v for k, v in study["best"]["parameters"].items() if k in searched}
        distances[weight] = -2.0 * log_prior(best)
        scores = [row["score"] for row in study["history"]]
        assert (study["best"]["score"] == max(scores)) == (weight > 1.0)
    assert distances[0.02] < 0.5
    assert distances[50.0] > 1.0


def failing(*when):
    """Return a run that fails at calls of these numbers, in the middle of what it computes."""
    calls = iter(range(10_000))

    def run_or_fail(*arguments, **options):
        if next(calls) in when:
            raise SimulatorError("every particle left the grid")
        return run(*arguments, **options)

    return run_or_fail


@pytest.mark.slow
def test_a_failed_simulation_is_a_row_with_its_reason(small, tmp_path, monkeypatch):
    # the first run is that of the default
    monkeypatch.setattr("witoil.calibration.evaluation.run", failing(3, 4))
    study = calibrate(small, tmp_path)
    failed = [row for row in study["history"] if row["failure"]]
    assert len(failed) == 2
    assert {(row["score"], row["penalised"]) for row in failed} == {(None, None)}
    assert {row["failure"] for row in failed} == {"every particle left the grid"}
    assert len(study["history"]) == 13
    assert "2 of them failed" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_nothing_but_failures_is_said(small, tmp_path, monkeypatch):
    monkeypatch.setattr("witoil.calibration.evaluation.run", failing(*range(1, 10_000)))
    with pytest.raises(CaseError, match="every simulation failed; the first: every particle left"):
        search(small, tmp_path)
    rows = json.loads((tmp_path / "study.json").read_text())["history"]
    assert [row["score"] for row in rows] == [None] * 13


@pytest.mark.slow
def test_a_damaged_study_is_refused(small, tmp_path):
    (tmp_path / "study.json").write_text('{"history": [')
    with pytest.raises(WitoilError, match="not a study"):
        search(small, tmp_path)


@pytest.mark.slow
def test_a_finished_study_can_be_extended(gone_on, tmp_path, changed):
    longer = prepared(changed(SMALL[0], ("evaluations = 80", "evaluations = 18")))
    extended = search(longer, gone_on)
    assert extended["history"] == search(longer, tmp_path / "b")["history"]


@pytest.mark.slow
def test_no_observation_no_calibration(twin, tmp_path):
    with pytest.raises(CaseError, match="observation: none given"):
        search(prepared(twin / "truth.toml"), tmp_path)


@pytest.mark.slow
def test_a_share_needs_two_kinds_of_release(changed, tmp_path):
    text = changed().read_text()
    point = text[text.index('[[release]]\nkind = "point"') : text.index("[oil]")]
    bad = changed((point, ""), ("current_factor = [0.0, 1.5]", "source_share = [0.0, 1.0]"))
    with pytest.raises(CaseError, match="source_share"):
        search(prepared(bad), tmp_path)


def test_the_search_starts_at_the_case_within_its_bounds(scenario):
    space = search_space(scenario)
    assert space.default["current_factor"] == 1.0
    assert set(space.names) == set(TRUTH)


@pytest.mark.slow
def test_the_twin_experiment_finds_the_truth_back(demo_study):
    best = demo_study["best"]["parameters"]
    assert demo_study["best"]["fss"]["1"] > 0.93
    assert demo_study["best"]["fss"]["1"] > demo_study["default"]["fss"]["1"] + 0.2
    assert best["wind_drift_factor"] == pytest.approx(TRUTH["wind_drift_factor"], abs=0.004)
    assert best["wind_drift_angle_deg"] == pytest.approx(TRUTH["wind_drift_angle_deg"], abs=8.0)
    assert best["current_factor"] == pytest.approx(TRUTH["current_factor"], abs=0.12)
    ratio = best["horizontal_diffusivity"] / TRUTH["horizontal_diffusivity"]
    assert 0.5 < ratio < 2.0


@pytest.mark.slow
def test_a_real_pair_beats_default_and_persistence(example, tmp_path):
    case = load_case(example("baniyas-1"))
    shorter = case.optimise.model_copy(update={"evaluations": 40})
    study = search(prepare(case.model_copy(update={"optimise": shorter})), tmp_path)
    assert study["persistence"]["fss"]["1"] == pytest.approx(0.469, abs=0.01)
    assert study["best"]["fss"]["1"] > 0.70
