"""Jobs, what has happened to them, and who is still to be told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.store.base import Base, UtcTime


class State(StrEnum):
    """What a job is at, in the words of OGC API - Processes."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


class Job(Base):
    """One piece of work that somebody has asked for."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("jobs_by_state", "state", "created"),
        Index("jobs_by_owner", "owner", "created"),
        Index("jobs_by_key", "owner", "key"),
        Index("jobs_by_folder", "folder"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(Text)
    process: Mapped[str] = mapped_column(Text)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    key: Mapped[str] = mapped_column(Text)
    """What is asked for with the same key gives the same."""

    state: Mapped[str] = mapped_column(String(10))
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    """Share that is done, 0 to 1."""

    message: Mapped[str] = mapped_column(Text, default="")
    runner: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """How often a runner has begun it; with the runner it says whose a job is."""

    losses: Mapped[int] = mapped_column(Integer, default=0)
    """How many of the attempts ended without a word."""

    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    created: Mapped[datetime] = mapped_column(UtcTime)
    started: Mapped[datetime | None] = mapped_column(UtcTime)
    finished: Mapped[datetime | None] = mapped_column(UtcTime)
    updated: Mapped[datetime] = mapped_column(UtcTime)
    folder: Mapped[str | None] = mapped_column(Text)
    """Name within the folder of jobs; several jobs of one key share one, None once removed."""

    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it failed."""

    subscriber: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Addresses to call, by ``successUri``, ``inProgressUri`` and ``failedUri``."""


_Count = BigInteger().with_variant(Integer, "sqlite")


class JobEvent(Base):
    """A change of a job, for those who follow it."""

    __tablename__ = "job_events"
    __table_args__ = (
        Index("job_events_by_job", "job_id", "id"),
        {"sqlite_autoincrement": True},  # no number is given twice
    )

    id: Mapped[int] = mapped_column(_Count, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    time: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(10))
    progress: Mapped[float] = mapped_column(Float)
    message: Mapped[str] = mapped_column(Text)


class Callback(Base):
    """A call to a subscriber that is still to be made, or was given up."""

    __tablename__ = "callbacks"
    __table_args__ = (Index("callbacks_by_due", "due"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_Count, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    due: Mapped[datetime | None] = mapped_column(UtcTime)
    """When to try next; None: given up."""

    fault: Mapped[str | None] = mapped_column(Text)
