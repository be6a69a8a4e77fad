"""Run by Alembic: steps from one version of the tables to the next, on the connection it is given.

The steps stand in ``versions``. Their tables are written out, not taken from the models: a step
must do the same when the models have moved on.
"""

from alembic import context

from web.store.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
