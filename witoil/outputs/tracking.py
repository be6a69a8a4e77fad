"""Evaluations of a search or a forecast as runs of MLflow, where the user asks for it."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optimizer
from witoil.case import Case
from witoil.errors import WitoilError
from witoil.files import read_json, write_json
from witoil.versions import versions

if TYPE_CHECKING:
    from witoil.forecast.walk import Trial

NAME = "mlflow.json"
"""File in the folder of a study that says which run of MLflow it is."""

EXPERIMENT = "witoil"
"""Where runs go unless MLFLOW_EXPERIMENT_NAME says otherwise."""

HOW_TO_GET_IT = (
    "MLflow is not installed; expected it where MLFLOW_TRACKING_URI or --mlflow is given: "
    "pip install 'witoil[mlflow]'"
)

_TRIAL, _FAILURE = "witoil.trial", "witoil.failure."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """One set of parameters, tried once.

    Attributes
    ----------
    number : int
        Of the set of parameters.
    parameters : mapping
    step : int
        Of a forecast, the number of the leg; else 0.
    metrics : mapping
        Scores; empty where it failed.
    failure : str or None
    """

    number: int
    parameters: Mapping[str, float]
    step: int
    metrics: Mapping[str, float]
    failure: str | None


Track = Callable[[Iterable[Evaluation]], None]


def of_history(history: optimizer.History) -> Iterator[Evaluation]:
    """Yield the evaluations of a calibration."""
    for trial in history:
        metrics = {} if trial.score is None else _metrics(trial.score, trial.details["fss"])
        yield Evaluation(trial.number, trial.parameters, 0, metrics, trial.failure)


def of_trials(trials: Sequence[Trial]) -> Iterator[Evaluation]:
    """Yield the evaluations of a walk forward: of each set of parameters on each leg."""
    for trial in trials:
        for leg, found in trial.outcomes.items():
            failure = found.get("failure")
            metrics = {} if failure else _metrics(found["score"], found["fss"])
            yield Evaluation(trial.number, trial.parameters, leg, metrics, failure)


def _metrics(score: float, fss: Mapping[str, float]) -> dict[str, float]:
    return {"score": score, **{f"fss_{window}": value for window, value in fss.items()}}


@contextmanager
def tracking(uri: str | None, command: str, case: Case, folder: Path) -> Iterator[Track]:
    """Give a function that sends evaluations to MLflow; without a URI it does nothing.

    The study is a run, each set of parameters a run below it, whose metrics have a step for each
    leg of a forecast. Those sent before, as before a break, are not sent again.

    Parameters
    ----------
    uri : str or None
        Of the tracking store.
    command : str
        What is done, as a tag.
    case : Case
    folder : Path
        Of the study; takes `mlflow.json`.

    Raises
    ------
    WitoilError
        Where MLflow is not installed, or its store cannot be written to. A store that fails later
        is warned of once, and the study goes on without it.
    """
    if uri is None:
        yield lambda evaluations: None
        return
    store = _Store(uri, command, case, folder)
    status = "FAILED"
    try:
        yield store.record
        status = "FINISHED"
    finally:
        store.close(status)


class _Store:
    """The runs of one study in a tracking store of MLflow."""

    def __init__(self, uri: str, command: str, case: Case, folder: Path) -> None:
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError:
            raise WitoilError(HOW_TO_GET_IT) from None
        # every table that is made in a new store would be a line on the terminal
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._error = MlflowException
        self._failed = False
        self._runs: dict[int, str] = {}
        self._sent: set[tuple[int, int]] = set()
        self._best = -float("inf")
        try:
            self._client = MlflowClient(tracking_uri=uri)
            self._experiment = self._find_experiment()
            self._parent = self._find_parent(folder / NAME, command, case)
        except (MlflowException, OSError) as error:
            raise WitoilError(
                f"MLflow: the tracking store cannot be used ({_without_secrets(error)}); expected "
                "MLFLOW_TRACKING_URI or --mlflow to name one that can be written to"
            ) from None

    def record(self, evaluations: Iterable[Evaluation]) -> None:
        """Send the evaluations that have not been sent yet."""
        if self._failed:
            return
        try:
            for each in evaluations:
                if (each.number, each.step) not in self._sent:
                    self._send(each)
        except (self._error, OSError) as error:
            self._failed = True
            _log.warning("MLflow: no longer tracked: %s", _without_secrets(error))

    def close(self, status: str) -> None:
        """Say how the study ended."""
        if not self._failed:
            try:
                self._client.set_terminated(self._parent, status)
            except (self._error, OSError) as error:
                _log.warning("MLflow: the end was not recorded: %s", _without_secrets(error))

    def _find_experiment(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))

    def _find_parent(self, path: Path, command: str, case: Case) -> str:
        """Return the run of the study: the one that a file names, if the store has it."""
        try:
            run_id = str(read_json(path)["run_id"])
            self._client.get_run(run_id)
        except (OSError, ValueError, LookupError, TypeError, self._error):
            return self._new_parent(path, command, case)
        self._client.update_run(run_id, status="RUNNING")
        self._recall(run_id)
        return run_id

    def _new_parent(self, path: Path, command: str, case: Case) -> str:
        tags = {f"witoil.version.{name}": number for name, number in versions().items()}
        run = self._client.create_run(
            self._experiment, run_name=case.name, tags={"witoil.command": command, **tags}
        )
        run_id = str(run.info.run_id)
        for name, value in (
            ("case", case.name),
            ("particles", case.model.particles),
            ("seed", case.model.seed),
        ):
            self._client.log_param(run_id, name, value)
        write_json(path, {"run_id": run_id})
        return run_id

    def _recall(self, parent: str) -> None:
        """Find out what was sent before."""
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self._experiment], f"tags.mlflow.parentRunId = '{parent}'", page_token=token
            )
            for run in page:
                number = int(run.data.tags[_TRIAL])
                self._runs[number] = str(run.info.run_id)
                for tag in run.data.tags:
                    if tag.startswith(_FAILURE):
                        self._sent.add((number, int(tag.removeprefix(_FAILURE))))
                if "score" in run.data.metrics:
                    for metric in self._client.get_metric_history(run.info.run_id, "score"):
                        self._sent.add((number, metric.step))
                        self._best = max(self._best, metric.value)
            token = page.token
            if not token:
                return

    def _send(self, each: Evaluation) -> None:
        from mlflow.entities import Metric

        run = self._run_of(each)
        now = time.time_ns() // 1_000_000
        if each.failure is None:
            metrics = [Metric(key, value, now, each.step) for key, value in each.metrics.items()]
            self._client.log_batch(run, metrics=metrics)
            self._best = max(self._best, each.metrics["score"])
            self._client.log_metric(self._parent, "best_score", self._best, step=each.number)
        else:
            self._client.set_tag(run, f"{_FAILURE}{each.step}", each.failure)
        self._client.set_terminated(run, "FINISHED" if each.failure is None else "FAILED")
        self._sent.add((each.number, each.step))

    def _run_of(self, each: Evaluation) -> str:
        """Return the run of a set of parameters, made where it is new."""
        from mlflow.entities import Param

        if each.number not in self._runs:
            run = self._client.create_run(
                self._experiment,
                run_name=f"{each.number}",
                tags={"mlflow.parentRunId": self._parent, _TRIAL: str(each.number)},
            )
            self._runs[each.number] = str(run.info.run_id)
            params = [Param(key, repr(float(value))) for key, value in each.parameters.items()]
            self._client.log_batch(run.info.run_id, params=params)
        return self._runs[each.number]


def _without_secrets(error: Any) -> str:
    """Return the first line of a message, without the user and password of a URI in it."""
    lines = str(error).splitlines() or [type(error).__name__]
    return re.sub(r"//[^/@\s]*@", "//", lines[0])
