"""Who may use the service: people, their tokens, and where they are signed in with a browser.

Of what is secret only a digest is kept.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.store.base import Base, UtcTime

_Large = BigInteger().with_variant(Integer, "sqlite")


class Owner(Base):
    """Somebody to whom jobs and uploads belong, and what was granted beside the usual quotas."""

    __tablename__ = "owners"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    country: Mapped[str | None] = mapped_column(String(2))
    """ISO 3166-1 alpha-2."""

    created: Mapped[datetime] = mapped_column(UtcTime)
    jobs_at_once: Mapped[int | None] = mapped_column(Integer)
    jobs_a_day: Mapped[int | None] = mapped_column(Integer)
    particle_steps: Mapped[int | None] = mapped_column(_Large)
    upload_bytes: Mapped[int | None] = mapped_column(_Large)
    stored_bytes: Mapped[int | None] = mapped_column(_Large)


class Token(Base):
    """What shows that a request comes from somebody."""

    __tablename__ = "tokens"
    __table_args__ = (Index("tokens_by_owner", "owner_name"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    owner_name: Mapped[str] = mapped_column(ForeignKey("owners.name", ondelete="CASCADE"))
    owner: Mapped[Owner] = relationship(lazy="joined", innerjoin=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token, hexadecimal."""

    scope: Mapped[str] = mapped_column(String(8))
    created: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked: Mapped[datetime | None] = mapped_column(UtcTime)


class BrowserSession(Base):
    """A browser that was given a cookie in exchange for a token; it ends with the token."""

    __tablename__ = "browser_sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie, hexadecimal."""

    token_id: Mapped[str] = mapped_column(ForeignKey("tokens.id", ondelete="CASCADE"))
    token: Mapped[Token] = relationship(lazy="joined", innerjoin=True)
    created: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime)
