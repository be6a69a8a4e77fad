"""What the service is used for, day by day: kept when jobs and files are gone."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import Date, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.store.base import Base


class Activity(StrEnum):
    """What is counted."""

    ACTIVE = "active"
    """Somebody has used the service."""

    JOB = "job"
    """A job was asked for."""

    SUCCESSFUL = "successful"
    """A job was successful."""

    PROCESSED = "processed"
    """A job that was successful has read an image."""

    LOOKED_AT = "looked at"
    """A model has looked at an image."""

    INGESTED = "ingested"
    """An image was stored for download, annotated: its slick outlined and its time known, or with
    what an analyst has said of what is on it."""


class UsageRow(Base):
    """Something that was used on a day; the same thing counts once a day."""

    __tablename__ = "usage"
    __table_args__ = (Index("usage_by_activity", "activity", "day"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    """UTC."""

    activity: Mapped[str] = mapped_column(String(12), primary_key=True)
    owner: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    """Id of a job, or what tells the content of an image; else nothing."""

    process: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str | None] = mapped_column(String(2))
    """ISO 3166-1 alpha-2, as the operator had it then."""
