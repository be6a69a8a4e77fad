"""What each person may use: jobs, particle-steps, bytes. Kept in the database, counted there."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from web.errors import QuotaError, TooLargeError
from web.people.access import Person
from web.store.base import now
from web.store.grants import Charge
from web.store.jobs import Job, State
from web.store.tokens import Owner
from web.store.uploads import Upload

if TYPE_CHECKING:
    from pydantic import BaseModel

    from web.settings import Settings
    from witoil.case.schema import Case

DAY = timedelta(days=1)

MOST_PREVIEWED = 50_000_000
"""Particle-steps of a preview: a second's work."""

_TRACE_HOURS = 48.0


@dataclass(frozen=True)
class Quotas:
    """What somebody may use.

    Attributes
    ----------
    jobs_at_once : int
        Jobs that wait or run.
    jobs_a_day : int
        In any 24 hours.
    particle_steps : int
        In any 24 hours; one is a particle moved by one time step.
    upload_bytes : int
        Of one file. [byte]
    stored_bytes : int
        Of all files. [byte]
    """

    jobs_at_once: int
    jobs_a_day: int
    particle_steps: int
    upload_bytes: int
    stored_bytes: int


OF_GUESTS = Quotas(1, 5, 1_000_000_000, 10_000_000, 20_000_000)

_NO_BOUND = 2**62


def quotas_of(session: Session, person: Person, settings: Settings) -> Quotas:
    """Return what somebody may use: what they were granted, else what everybody may.

    Whoever is alone with the service (`auth` off) has the bound on one file only.
    """
    if settings.auth == "off":
        return Quotas(_NO_BOUND, _NO_BOUND, _NO_BOUND, settings.upload_bytes, _NO_BOUND)
    if person.is_guest:
        return OF_GUESTS
    owner = session.get(Owner, person.name)
    granted = {f.name: getattr(owner, f.name, None) for f in fields(Quotas)}
    return Quotas(
        **{
            name: getattr(settings, name) if value is None else value
            for name, value in granted.items()
        }
    )


def refuse_job(session: Session, person: Person, quotas: Quotas, particle_steps: int) -> None:
    """Refuse a job beyond what its owner may use; others of theirs wait until the transaction ends.

    Raises
    ------
    TooLargeError
        If it would be at any time.
    QuotaError
        If it may be possible later.
    """
    _refuse_ever(particle_steps, quotas.particle_steps)
    _lock(session, person.name)
    active = _count(
        session, Job, Job.owner == person.name, Job.state.in_((State.ACCEPTED, State.RUNNING))
    )
    if active >= quotas.jobs_at_once:
        raise QuotaError(
            f"found {active} jobs that wait or run, as many as may be at once; wait until one ends"
        )
    jobs = _count(session, Charge, *_recent(session, person.name))
    if jobs >= quotas.jobs_a_day:
        raise QuotaError(f"found {jobs} jobs in 24 hours, as many as may be; go on later")
    _refuse_beyond(session, person, quotas, particle_steps)


def refuse_preview(session: Session, person: Person, quotas: Quotas, particle_steps: int) -> None:
    """Refuse a preview of a case that its owner could not have simulated; it costs them nothing.

    Raises
    ------
    TooLargeError
        If it is larger than previews may be, or than they may ever ask for.
    QuotaError
        If it may be possible later.
    """
    _refuse_ever(particle_steps, min(MOST_PREVIEWED, quotas.particle_steps))
    _refuse_beyond(session, person, quotas, particle_steps)


def _refuse_ever(particle_steps: int, most: int) -> None:
    if particle_steps > most:
        raise TooLargeError(
            f"found {particle_steps:.3g} particle-steps, expected {most:.3g} at "
            "most; ask for fewer particles, less time, longer time steps or fewer runs"
        )


def _recent(session: Session, owner: str) -> tuple[ColumnElement[bool], ...]:
    return Charge.owner == owner, Charge.time > now(session) - DAY


def _spent(session: Session, owner: str) -> int:
    """Return the particle-steps that somebody was charged in 24 hours."""
    query = select(func.sum(Charge.particle_steps)).where(*_recent(session, owner))
    return int(session.scalar(query) or 0)


def _refuse_beyond(session: Session, person: Person, quotas: Quotas, particle_steps: int) -> None:
    spent = _spent(session, person.name)
    if spent + particle_steps > quotas.particle_steps:
        raise QuotaError(
            f"found {spent:.3g} particle-steps in 24 hours and {particle_steps:.3g} asked for, "
            f"expected {quotas.particle_steps:.3g} at most together; go on later"
        )


def charge(session: Session, job: Job, particle_steps: int) -> None:
    """Count a job, whatever becomes of it; one that has its result already costs no steps."""
    steps = 0 if job.state == State.SUCCESSFUL else particle_steps
    session.add(
        Charge(job_id=job.id, owner=job.owner, time=job.created, particle_steps=min(steps, 2**62))
    )


def stored_bytes(session: Session, owner: str) -> int:
    """Return how much somebody has brought. [byte]"""
    return int(session.scalar(select(func.sum(Upload.size)).where(Upload.owner == owner)) or 0)


def refuse_storage(session: Session, person: Person, quotas: Quotas, size: int) -> None:
    """Refuse a file beyond what its owner may store.

    Raises
    ------
    QuotaError
    """
    _lock(session, person.name)
    stored = stored_bytes(session, person.name)
    if stored + size > quotas.stored_bytes:
        raise QuotaError(
            f"found {stored:,} bytes of uploads and {size:,} more, expected "
            f"{quotas.stored_bytes:,} at most together; remove some"
        )


@dataclass(frozen=True)
class Use:
    """What somebody uses at a moment; times of jobs and steps are those of 24 hours."""

    jobs_at_once: int
    jobs_a_day: int
    particle_steps: int
    stored_bytes: int


def use_of(session: Session, owner: str) -> Use:
    """Return what somebody uses."""
    return Use(
        _count(session, Job, Job.owner == owner, Job.state.in_((State.ACCEPTED, State.RUNNING))),
        _count(session, Charge, *_recent(session, owner)),
        _spent(session, owner),
        stored_bytes(session, owner),
    )


def _count(session: Session, table: type[Job] | type[Charge], *conditions: object) -> int:
    query = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
    return session.scalar(query) or 0


def _lock(session: Session, owner: str) -> None:
    """Have others of the same owner wait until the transaction ends; on SQLite they do anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            sql("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 0))"), {"owner": owner}
        )


def particle_steps(process: str, inputs: BaseModel) -> int:
    """Return how often a job moves a particle by a step, at most.

    Parameters
    ----------
    process : str
        Its id.
    inputs : BaseModel
        As they were checked; those without a case run nothing, and neither does `check`.
    """
    case: Case | None = getattr(inputs, "case", None)
    if case is None:
        return 0
    if process == "trace":
        return _of_trace(case)
    runs = {
        "check": 0,
        "optimise": case.optimise.evaluations,
        "reconstruct": case.optimise.evaluations,
        "forecast": case.forecast.evaluations + case.forecast.members,
        "ensemble": getattr(inputs, "members", None)
        or (case.ensemble.members if case.ensemble else 1),
    }
    hours = (case.time.end - case.time.start) / timedelta(hours=1)
    return case.model.particles * _steps(case, hours) * runs.get(process, 1)


def _of_trace(case: Case) -> int:
    hours = (case.time.end - case.time.start) / timedelta(hours=1)
    if case.trace is None:
        return case.model.particles * _steps(case, max(hours, _TRACE_HOURS))
    return case.trace.particles * _steps(case, case.trace.hours or max(hours, _TRACE_HOURS))


def _steps(case: Case, hours: float) -> int:
    return math.ceil(60.0 * hours / case.model.time_step_minutes)
