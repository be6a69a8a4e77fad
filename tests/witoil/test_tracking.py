import json
import logging
import shutil
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from witoil.case import load_case
from witoil.cli.main import app
from witoil.errors import WitoilError
from witoil.outputs import tracking as module
from witoil.outputs.tracking import Evaluation, of_trials, tracking

# not imported here: every process that collects tests would load it, for a second and a half
if find_spec("mlflow") is None:
    pytest.skip("MLflow is not installed", allow_module_level=True)

SMALL = (("particles = 20_000", "particles = 1_000"), ("evaluations = 80", "evaluations = 9"))
ANEW = """
[optimise]
start_from = "observations"

[forecast]
evaluations = 8
members = 4
"""

# of MLflow and the libraries that it calls, not of ours
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def case(changed):
    return changed(*SMALL)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """A tracking store without runs, to copy: to make its tables takes a core for a second."""
    import mlflow

    path = tmp_path_factory.mktemp("mlflow") / "runs.db"
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def database(empty_database, tmp_path):
    """A database as tracking store."""
    shutil.copyfile(empty_database, tmp_path / "runs.db")
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture(params=["sqlite", "file"])
def uri(request, tmp_path, monkeypatch):
    """A new database and a folder as tracking stores."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/runs.db"
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return (tmp_path / "runs").as_uri()


def runs_of(uri):
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("witoil")
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    return client, parents, sorted(children, key=lambda run: int(run.data.tags["witoil.trial"]))


@pytest.mark.slow
def test_every_evaluation_is_a_run_with_parameters_and_scores(case, uri, tmp_path):
    command = ["optimise", str(case), "--out", str(tmp_path / "out"), "--no-pictures"]
    command += ["--mlflow", uri]
    assert CliRunner().invoke(app, command, catch_exceptions=False).exit_code == 0
    study = json.loads((tmp_path / "out" / "study.json").read_text())
    client, (parent,), children = runs_of(uri)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["witoil.command"] == "optimise"
    assert parent.data.metrics["best_score"] == max(row["score"] for row in study["history"])
    assert len(client.get_metric_history(parent.info.run_id, "best_score")) == 9
    for row, run in zip(study["history"], children, strict=True):
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert {k: float(v) for k, v in run.data.params.items()} == row["parameters"]
        assert run.data.metrics["score"] == row["score"]
        assert run.data.metrics["fss_7"] == row["details"]["fss"]["7"]


@pytest.mark.slow
def test_a_study_that_goes_on_sends_nothing_twice(case, database, tmp_path):
    command = ["optimise", str(case), "--out", str(tmp_path / "out"), "--no-pictures"]
    environment = {"MLFLOW_TRACKING_URI": database}
    for more in (["--evaluations", "4"], ["--evaluations", "6"], ["--evaluations", "6"]):
        assert CliRunner().invoke(app, command + more, env=environment).exit_code == 0
    _, parents, children = runs_of(database)
    assert len(parents) == 1
    assert [run.data.tags["witoil.trial"] for run in children] == list("012345")


@pytest.mark.slow
def test_a_forecast_has_a_step_for_each_leg(changed, database, tmp_path):
    path = changed(*SMALL)
    text = path.read_text()
    path.write_text(text[: text.index("[optimise]")] + ANEW)
    command = ["forecast", str(path), "--out", str(tmp_path / "out"), "--no-pictures"]
    command += ["--mlflow", database]
    for _ in range(2):
        assert CliRunner().invoke(app, command, catch_exceptions=False).exit_code == 0
    study = json.loads((tmp_path / "out" / "study.json").read_text())
    client, _, children = runs_of(database)
    assert len(children) == len(study["history"])
    for row, run in zip(study["history"], children, strict=True):
        steps = client.get_metric_history(run.info.run_id, "score")
        found = {str(metric.step): metric.value for metric in steps}
        assert found == {k: outcome["score"] for k, outcome in row["outcomes"].items()}
        assert len(steps) == len(found)


@pytest.mark.slow
def test_a_failed_evaluation_says_why(twin, database, tmp_path):
    trial = SimpleNamespace(
        number=3,
        parameters={"current_factor": 1.5},
        outcomes={0: {"score": 0.5, "fss": {"1": 0.4}}, 1: {"failure": "no wind"}},
    )
    for _ in range(2):
        with tracking(database, "forecast", load_case(twin / "demo.toml"), tmp_path) as track:
            track(of_trials([trial]))
    _, _, (run,) = runs_of(database)
    assert run.info.status == "FAILED"
    assert run.data.tags["witoil.failure.1"] == "no wind"
    assert run.data.metrics == {"score": 0.5, "fss_1": 0.4}


def test_without_mlflow_one_line_says_what_to_install(case, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(WitoilError, match=r"MLflow is not installed.*witoil\[mlflow\]") as caught:
        CliRunner().invoke(
            app,
            ["optimise", str(case), "--out", str(tmp_path), "--mlflow", "sqlite://"],
            catch_exceptions=False,
        )
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "study.json").exists()


def test_without_a_store_nothing_is_tracked(twin, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with tracking(None, "optimise", load_case(twin / "demo.toml"), tmp_path) as track:
        track([Evaluation(0, {}, 0, {"score": 1.0}, None)])
    assert not (tmp_path / "mlflow.json").exists()


def test_a_store_that_cannot_be_used_is_one_line_without_its_password(twin, tmp_path):
    uri = "bogus://user:geheim@nowhere/runs"
    with (
        pytest.raises(WitoilError, match="tracking store cannot be used") as caught,
        tracking(uri, "optimise", load_case(twin / "demo.toml"), tmp_path),
    ):
        pass
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_store_that_fails_later_does_not_stop_the_study(
    twin, database, tmp_path, caplog, monkeypatch
):
    with tracking(database, "optimise", load_case(twin / "demo.toml"), tmp_path) as track:

        def fails(store, each):
            raise OSError("http://user:geheim@host is gone")

        monkeypatch.setattr(module._Store, "_send", fails)
        with caplog.at_level(logging.WARNING, "witoil.outputs.tracking"):
            for number in range(3):
                track([Evaluation(number, {}, 0, {"score": 1.0}, None)])
    assert len(caplog.records) == 1
    assert "no longer tracked" in caplog.text
    assert "geheim" not in caplog.text
