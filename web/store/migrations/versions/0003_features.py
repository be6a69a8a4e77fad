"""Features with an index of places, and what analysts say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003_features"
down_revision = "0002_people_and_uploads"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# times in the tree are in tens of days, so that they spread as far as degrees do: in seconds they
# alone would rule how the tree is cut, and boxes would be looked for all over it
_ROW = (
    "new.number, new.west, new.east, new.south, new.north, "
    'new.start / 864000.0, new."end" / 864000.0, '
    'new.collection, new.owner, new.start, new."end"'
)

_SQLITE = (
    "CREATE VIRTUAL TABLE feature_boxes "
    'USING rtree(number, west, east, south, north, start, "end", '
    "+collection, +owner, +exact_start, +exact_end)",
    "CREATE TRIGGER feature_boxes_added AFTER INSERT ON features BEGIN "
    f"INSERT INTO feature_boxes VALUES ({_ROW}); END",
    "CREATE TRIGGER feature_boxes_moved AFTER UPDATE OF west, east, south, north, start, "
    '"end", collection, owner ON features BEGIN '
    "DELETE FROM feature_boxes WHERE number = old.number; "
    f"INSERT INTO feature_boxes VALUES ({_ROW}); END",
    "CREATE TRIGGER feature_boxes_removed AFTER DELETE ON features BEGIN "
    "DELETE FROM feature_boxes WHERE number = old.number; END",
)
_POSTGRESQL = (
    "CREATE INDEX feature_boxes ON features USING gist "
    "(box(point(west, south), point(east, north)))",
)


def upgrade() -> None:
    """Make the tables and the index of places."""
    op.create_table(
        "features",
        sa.Column("number", _COUNT, primary_key=True),
        sa.Column("collection", sa.String(16), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("start", sa.Float, nullable=False),
        sa.Column("end", sa.Float, nullable=False),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("west", sa.Float, nullable=False),
        sa.Column("south", sa.Float, nullable=False),
        sa.Column("east", sa.Float, nullable=False),
        sa.Column("north", sa.Float, nullable=False),
        sa.Column("geometry", sa.LargeBinary, nullable=False),
        sa.Column("properties", sa.JSON, nullable=False),
        sa.Column("assets", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("features_by_id", "features", ["collection", "id"], unique=True)
    op.create_index(
        "features_in_order",
        "features",
        ["collection", "owner", "start", "number", "end", "west", "east", "south", "north"],
    )
    op.create_index("features_by_duration", "features", ["collection", "owner", "duration"])
    op.create_index("features_by_parent", "features", ["parent"])
    op.create_table(
        "annotations",
        sa.Column("number", _COUNT, primary_key=True),
        sa.Column("feature_id", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("annotations_by_feature", "annotations", ["feature_id", "number"])
    op.create_table(
        "gathered_jobs",
        sa.Column(
            "job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
        ),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE feature_boxes")
    for table in ("gathered_jobs", "annotations", "features"):
        op.drop_table(table)
