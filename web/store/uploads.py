"""Files that people have brought."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.store.base import Base, UtcTime


class Upload(Base):
    """A file that was checked and is kept."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("uploads_by_owner", "owner", "created"),
        Index("uploads_by_content", "sha256", "name"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    """Name of the file, without a folder; readers take times and classes from it."""

    purpose: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the content, hexadecimal."""

    size: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    """[byte]"""

    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What its reader found."""

    created: Mapped[datetime] = mapped_column(UtcTime)
