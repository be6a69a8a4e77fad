"""What was used of quotas, what is shared, and who has asked to be let in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.store.base import Base, UtcTime

_Large = BigInteger().with_variant(Integer, "sqlite")


class Charge(Base):
    """A job that counts against the quotas of its owner, whatever becomes of it."""

    __tablename__ = "charges"
    __table_args__ = (Index("charges_by_owner", "owner", "time"),)

    job_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(UtcTime)
    particle_steps: Mapped[int] = mapped_column(_Large)


class Share(Base):
    """A link by which anybody may read one job, for a while."""

    __tablename__ = "shares"
    __table_args__ = (Index("shares_by_job", "job_id"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of what the link holds, hexadecimal."""

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    owner: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime)


class AccessRequest(Base):
    """What somebody who wants to be let in has written in the form."""

    __tablename__ = "access_requests"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    institution: Mapped[str] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(String(2))
    purpose: Mapped[str] = mapped_column(String(8))
    message: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcTime)
    answered: Mapped[datetime | None] = mapped_column(UtcTime)
    granted: Mapped[bool | None]
