"""The database: SQLite in one file for most, PostgreSQL for larger sites.

A session is one transaction. On SQLite a session that may write takes the lock for writing when it
begins, not when it first writes: what it has read is then still true when it writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, func, select
from sqlalchemy import text as sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from witoil.errors import WitoilError

BUSY_SECONDS = 30.0
"""How long to wait for others that write. [s]"""

_READS_ONLY = "witoil_reads_only"
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x7717011  # any number; that of witoil among the advisory locks of a database


class StoreError(WitoilError):
    """One line: what is wrong with the database, and what to do."""


class Base(DeclarativeBase):
    """What all tables are based on."""


class UtcTime(TypeDecorator[datetime]):
    """A time with the zone UTC, also where the database keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database gets.

        Raises
        ------
        ValueError
            For a time without a zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"found {value}, expected a time with a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the program gets."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(url: str) -> Engine:
    """Return what connects to a database.

    Parameters
    ----------
    url : str
        ``sqlite:///PATH``, whose folder is made, or ``postgresql://USER@HOST/NAME``.

    Raises
    ------
    StoreError
    """
    parsed = _parse(url)
    options: dict[str, Any] = {"json_serializer": partial(json.dumps, allow_nan=False)}
    if parsed.get_backend_name() == "postgresql":
        try:
            return create_engine(parsed, pool_pre_ping=True, **options)
        except ImportError as error:
            raise StoreError(
                f"database: {error}; to use PostgreSQL: pip install 'witoil[site]'"
            ) from error
    try:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"database: the folder of {parsed.database} cannot be made ({error.strerror}); "
            "expected one that can be written to"
        ) from error
    engine = create_engine(parsed, **options)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_on_sqlite)
    return engine


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StoreError(
            "database: not the address of one; expected sqlite:///PATH or "
            "postgresql://USER@HOST/NAME"
        ) from None
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"database: found {backend}, expected sqlite or postgresql")
    if parsed.database in (None, "", ":memory:"):
        raise StoreError(
            "database: found sqlite without a file, which would lose all with its process; "
            "expected sqlite:///PATH"
        )
    return parsed


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin as said below, not as the driver likes
    for pragma in (
        f"busy_timeout={1000 * BUSY_SECONDS:.0f}",  # the first, since the next may have to wait
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_on_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(_READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


class Store:
    """The database of a service, open.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{_READS_ONLY: True})

    @classmethod
    def open(cls, url: str) -> Store:
        """Connect to a database, and bring its tables up to date.

        Raises
        ------
        StoreError
        """
        store = cls(make_engine(url))
        try:
            store.migrate()
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a transaction that may write; it is kept at the end, unless something is raised."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a transaction that only reads, which waits for nobody and nobody for it."""
        with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    def migrate(self) -> None:
        """Bring the tables up to date; others that want the same meanwhile wait.

        Raises
        ------
        StoreError
        """
        if self._is_up_to_date():
            return
        from alembic import command  # takes a tenth of the start of a process, and is seldom needed
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        where = self._engine.url.render_as_string(hide_password=True)
        try:
            with self._file_lock(), self._engine.connect() as connection:
                if self._engine.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_lock(_MIGRATION_LOCK)))
                config.attributes["connection"] = connection
                try:
                    command.upgrade(config, "heads")
                    connection.commit()
                finally:
                    if self._engine.dialect.name == "postgresql":
                        with suppress(DBAPIError):
                            connection.rollback()
                            connection.execute(select(func.pg_advisory_unlock(_MIGRATION_LOCK)))
        except CommandError as error:
            raise StoreError(
                f"{where}: was made by another version of witoil ({error}); expected one of this "
                "version or before"
            ) from error
        except DBAPIError as error:
            fault = " ".join(str(error.orig).split())
            raise StoreError(
                f"{where}: cannot be used ({fault}); expected a database that is there and can be "
                "written to"
            ) from error

    def _is_up_to_date(self) -> bool:
        """Tell whether the last step has been taken; each is named as its file is."""
        last = max(path.stem for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
        with suppress(DBAPIError), self.reading() as session:
            return session.scalars(sql("SELECT version_num FROM alembic_version")).all() == [last]
        return False

    def _file_lock(self) -> Any:
        if self._engine.dialect.name != "sqlite":
            return nullcontext()
        return FileLock(f"{self._engine.url.database}.migrating")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def now(session: Session) -> datetime:
    """Return the time by the clock that all who use a database share: its own."""
    if session.get_bind().dialect.name == "postgresql":
        moment: datetime = session.execute(sql("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)
