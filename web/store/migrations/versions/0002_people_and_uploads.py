"""People, tokens, browsers signed in, uploads, charges, shares and requests for access."""

import sqlalchemy as sa
from alembic import op

revision = "0002_people_and_uploads"
down_revision = "0001_jobs"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_LARGE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "owners",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("country", sa.String(2)),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("jobs_at_once", sa.Integer),
        sa.Column("jobs_a_day", sa.Integer),
        sa.Column("particle_steps", _LARGE),
        sa.Column("upload_bytes", _LARGE),
        sa.Column("stored_bytes", _LARGE),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column(
            "owner_name", sa.Text, sa.ForeignKey("owners.name", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("expires", _TIME),
        sa.Column("revoked", _TIME),
    )
    op.create_index("tokens_by_owner", "tokens", ["owner_name"])
    op.create_table(
        "browser_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column(
            "token_id",
            sa.String(16),
            sa.ForeignKey("tokens.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", _LARGE, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("created", _TIME, nullable=False),
    )
    op.create_index("uploads_by_owner", "uploads", ["owner", "created"])
    op.create_index("uploads_by_content", "uploads", ["sha256", "name"])
    op.create_table(
        "charges",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("particle_steps", _LARGE, nullable=False),
    )
    op.create_index("charges_by_owner", "charges", ["owner", "time"])
    op.create_table(
        "shares",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column(
            "job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
    )
    op.create_index("shares_by_job", "shares", ["job_id"])
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("country", sa.String(2)),
        sa.Column("purpose", sa.String(8), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("answered", _TIME),
        sa.Column("granted", sa.Boolean),
    )


def downgrade() -> None:
    """Remove them."""
    for table in (
        "access_requests",
        "shares",
        "charges",
        "uploads",
        "browser_sessions",
        "tokens",
        "owners",
    ):
        op.drop_table(table)
