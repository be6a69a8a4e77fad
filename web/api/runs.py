"""The run that a job has made, for those who show it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from web.api.documents import problems
from web.api.jobs import read_job
from web.api.results import refuse_unsuccessful
from web.context import service
from web.errors import NotFoundError
from web.store.cases import step_of
from web.store.jobs import Job

if TYPE_CHECKING:
    from witoil.runs.run import Run

RUN_PROBLEMS = problems(409)
"""What may be wrong where the run of a job is asked for."""

_MAKES_A_RUN = frozenset(("simulate", "ensemble", "optimise", "reconstruct", "forecast", "trace"))
"""Processes; a chain makes that of its last step."""


def successful_job(job_id: str) -> Job:
    """Return a job of whoever asks that has made a run.

    Raises
    ------
    NotFoundError
        There is none, it has not come to its end, was dismissed, or makes no runs.
    ConflictError
        It has failed.
    """
    job = read_job(job_id)
    refuse_unsuccessful(job)
    if not _MAKES_A_RUN & {job.process, step_of(job.inputs)}:
        raise NotFoundError(
            f"the job is one of {job.process}, which makes no run; expected one of "
            f"{', '.join(sorted(_MAKES_A_RUN))}"
        )
    if not folder_of(job).is_dir():
        raise NotFoundError("the files of the job are gone; ask for it again")
    return job


def folder_of(job: Job) -> Path:
    """Return the folder with the files of a job."""
    return service().settings.jobs.resolve() / str(job.folder)


def folder_of_run(job: Job) -> Path:
    """Return the folder in which a job has left its run."""
    step = step_of(job.inputs)
    return folder_of(job) / step if step else folder_of(job)


def successful_folder(job_id: str) -> Path:
    """Return the folder with the run of a job of whoever asks.

    Raises
    ------
    NotFoundError, ConflictError
        As for `successful_job`.
    """
    return folder_of_run(successful_job(job_id))


_OPENING = Lock()
"""A page asks for much of a run at once, which is opened for the first of it."""


def run_of(folder: Path) -> Run:
    """Return the run in the folder of a job; values of particles are read when they are used.

    Raises
    ------
    WitoilError, CatalogError
    """
    with _OPENING:
        return _opened(folder)


@lru_cache(maxsize=4)
def _opened(folder: Path) -> Run:
    from witoil.runs.opening import open_run  # a server that asks nothing of runs starts sooner

    return open_run(folder)
