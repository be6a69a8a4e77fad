"""Databases with all tables and nothing in them, which are made once: copied, or emptied again."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from web.store.base import Store

_spare: list[str] = []
"""Addresses of those of PostgreSQL that no test has just now."""


def lay_empty(path: Path) -> None:
    """Put an empty database where there is none; whoever opens it finds its tables up to date."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        Store.open(f"sqlite:///{path}").close()
        return path.read_bytes()


@contextmanager
def created(postgres: str) -> Iterator[str]:
    """Give the address of a new database of PostgreSQL, without tables.

    Parameters
    ----------
    postgres : str
        Address of the server, with a place for the name of a database.
    """
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres.format(name)


@contextmanager
def laid(postgres: str) -> Iterator[str]:
    """Give the address of a database of PostgreSQL with all tables and nothing in them."""
    if _spare:
        address = _spare.pop()
    else:
        with created(postgres) as address:
            Store.open(address).close()
    yield address
    with psycopg.connect(address) as connection:
        (tables,) = connection.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename != 'alembic_version'"
        ).fetchone()
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
    _spare.append(address)
