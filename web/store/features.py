"""Features: what was seen and what was computed, each with a place and a time, to be searched.

Places are searched by an index: an R*Tree in SQLite (`feature_boxes`, which triggers keep), GiST on
`box` in PostgreSQL (no PostGIS). Both are made by the migration.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from web.store.base import Base, UtcTime

PUBLIC = ""
"""Owner of what is everybody's: what the operator has added."""

NEVER = 1e18
"""Start and end of what has no known time: after all others, and within no period. [s]"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Count = BigInteger().with_variant(Integer, "sqlite")


class Feature(Base):
    """One feature of one collection."""

    __tablename__ = "features"
    __table_args__ = (
        Index("features_by_id", "collection", "id", unique=True),
        # in the order in which they are listed, with all that boxes and periods are compared with
        Index(
            "features_in_order",
            *("collection", "owner", "start", "number"),
            *("end", "west", "east", "south", "north"),
        ),
        Index("features_by_duration", "collection", "owner", "duration"),
        Index("features_by_parent", "parent"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(_Count, primary_key=True)
    collection: Mapped[str] = mapped_column(String(16))
    id: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    """Whose it is; `PUBLIC`: everybody's."""

    parent: Mapped[str] = mapped_column(Text)
    """What it was made from, ``job:ID``, ``upload:ID`` or ``events:NAME``: it goes with that."""

    start: Mapped[float] = mapped_column(Float)
    """Seconds since 1970, UTC; `NEVER` where no time is known. [s]"""

    end: Mapped[float] = mapped_column(Float)
    duration: Mapped[float] = mapped_column(Float)
    """[s]"""

    west: Mapped[float] = mapped_column(Float)
    """Longitude, -180 to 180. [degrees]"""

    south: Mapped[float] = mapped_column(Float)
    east: Mapped[float] = mapped_column(Float)
    """Not less than west: past 180 where it lies across. [degrees]"""

    north: Mapped[float] = mapped_column(Float)
    geometry: Mapped[bytes] = mapped_column(LargeBinary)
    """WKB, longitude and latitude, cut at 180. [degrees]"""

    properties: Mapped[dict[str, Any]] = mapped_column(JSON)
    assets: Mapped[dict[str, str]] = mapped_column(JSON)
    """Files that it was made of or describes: names, and where they are."""


class Annotation(Base):
    """What an analyst has said of a feature; the last word on each property counts."""

    __tablename__ = "annotations"
    __table_args__ = (
        Index("annotations_by_feature", "feature_id", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(_Count, primary_key=True)
    feature_id: Mapped[str] = mapped_column(Text)
    """Id of a feature; not its row, which is made anew where its file is read again."""

    person: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(UtcTime)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)


class GatheredJob(Base):
    """A job whose features have been taken into the database."""

    __tablename__ = "gathered_jobs"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)


TREE_SECONDS = 864_000.0
"""Unit of the times in the R*Tree: ten days, so that times spread as far as degrees do. [s]"""

BOXES = Table(
    "feature_boxes",
    MetaData(),  # not of the models: a virtual table of SQLite
    Column("number", Integer, primary_key=True),
    *(Column(name, Float) for name in ("west", "east", "south", "north", "start", "end")),
    # not searched by, but at hand without another look-up
    *(Column(name, Text) for name in ("collection", "owner")),
    *(Column(name, Float) for name in ("exact_start", "exact_end")),
)
"""The R*Tree of SQLite; what it searches by has 32 bits, rounded so that no box gets smaller."""


def seconds_of(time: datetime) -> float:
    """Return a time as features have it. [s]"""
    return (time - _EPOCH) / timedelta(seconds=1)


def time_of(seconds: float) -> datetime | None:
    """Return the time that a feature has; None: none is known."""
    return None if seconds == NEVER else _EPOCH + timedelta(seconds=seconds)


def parent_of_job(job_id: str) -> str:
    """Return the parent of what a job has made."""
    return f"job:{job_id}"


def parent_of_upload(upload_id: str) -> str:
    """Return the parent of what a file holds that somebody has brought."""
    return f"upload:{upload_id}"


def forget(session: Session, parent: str) -> None:
    """Remove all features of a job, an upload or events.

    What analysts have said of them stays, as they may be read again; see `forget_words`.
    """
    session.execute(delete(Feature).where(Feature.parent == parent))


def forget_words(session: Session, parent: str) -> None:
    """Remove what analysts have said of the features of a parent, which will not come back."""
    of = select(Feature.id).where(Feature.parent == parent)
    session.execute(delete(Annotation).where(Annotation.feature_id.in_(of)))
