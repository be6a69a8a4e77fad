"""Usage by day, filled from what jobs and uploads there are; accounts of sign-ons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_usage"
down_revision = "0003_features"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and count what can still be counted."""
    usage = op.create_table(
        "usage",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("activity", sa.String(12), primary_key=True),
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("country", sa.String(2)),
    )
    op.create_index("usage_by_activity", "usage", ["activity", "day"])
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column(
            "owner_name", sa.Text, sa.ForeignKey("owners.name", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("scope", sa.String(8)),
        sa.Column("request_id", sa.String(16)),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "pending_sign_ons",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
    )
    rows = {row[:4]: row for row in _rows(op.get_bind())}
    names = ("day", "activity", "owner", "subject", "process", "country")
    if rows:
        op.bulk_insert(usage, [dict(zip(names, row, strict=True)) for row in rows.values()])


def _rows(connection: Any) -> Iterator[tuple[date, str, str, str, str, str | None]]:
    countries = dict(connection.execute(sa.text("SELECT name, country FROM owners")).all())
    charges = "SELECT c.job_id, c.owner, c.time, j.process, j.state, j.finished FROM charges c"
    for job, owner, time, process, state, finished in connection.execute(
        sa.text(f"{charges} LEFT JOIN jobs j ON j.id = c.job_id")
    ):
        country, day = countries.get(owner), _day(time)
        yield day, "active", owner, "", "", country
        yield day, "job", owner, job, process or "", country
        if state == "successful" and finished is not None:
            yield _day(finished), "successful", owner, job, process, country
    uploads = "SELECT owner, sha256, purpose, facts, created FROM uploads"
    for owner, sha256, purpose, facts, created in connection.execute(sa.text(uploads)):
        country, day = countries.get(owner), _day(created)
        yield day, "active", owner, "", "", country
        told = json.loads(facts) if isinstance(facts, str) else facts
        if purpose == "mask" and told.get("times"):
            yield day, "ingested", owner, sha256, "", country


def _day(moment: Any) -> date:
    """Return the day of a time as the database has it: text in SQLite."""
    time: datetime = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)).date()


def downgrade() -> None:
    """Remove them."""
    for table in ("pending_sign_ons", "identities", "usage"):
        op.drop_table(table)
