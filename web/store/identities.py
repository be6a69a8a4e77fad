"""Accounts at a provider of sign-ons, and sign-ons that have begun."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.store.base import Base, UtcTime


class Identity(Base):
    """Somebody whom a provider knows: of what it tells, only who they are is kept."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    owner_name: Mapped[str] = mapped_column(ForeignKey("owners.name", ondelete="CASCADE"))
    scope: Mapped[str | None] = mapped_column(String(8))
    """What they may; None until the operator says yes, and after it was revoked."""

    request_id: Mapped[str | None] = mapped_column(String(16))
    """The request for access that waits, or was answered."""

    created: Mapped[datetime] = mapped_column(UtcTime)


class PendingSignOn(Base):
    """A sign-on that has begun: what has to come back once, soon, to the same browser."""

    __tablename__ = "pending_sign_ons"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the state, hexadecimal."""

    nonce: Mapped[str] = mapped_column(Text)
    verifier: Mapped[str] = mapped_column(Text)
    """Verifier of PKCE, RFC 7636."""

    expires: Mapped[datetime] = mapped_column(UtcTime)
