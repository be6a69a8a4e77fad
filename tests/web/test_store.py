import importlib
import pkgutil
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import web.store
from web.store.base import Base, Store, StoreError, UtcTime, make_engine, now
from web.store.jobs import Job


def not_of_boxes(name):
    return name is None or not name.startswith("feature_boxes")


@pytest.mark.slow
def test_migrated_tables_are_those_of_the_models(database):
    for module in pkgutil.iter_modules(web.store.__path__):
        importlib.import_module(f"web.store.{module.name}")
    store = Store.open(database)
    engine = make_engine(database)
    with engine.connect() as connection:
        # the index of places is written for each database, not in the models
        opts = {"compare_type": True, "include_object": lambda _, name, *__: not_of_boxes(name)}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()
    store.close()


@pytest.mark.slow
def test_many_may_open_a_new_database_at_once(database):
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: Store.open(database), range(6)))
    for store in stores:
        with store.reading() as session:
            assert session.query(Job).count() == 0
        store.close()


def test_a_database_that_is_up_to_date_is_opened_without_alembic(database, monkeypatch):
    Store.open(database).close()
    monkeypatch.setitem(sys.modules, "alembic", None)  # to import it fails
    Store.open(database).close()


def test_a_database_of_a_later_version_is_refused(database):
    store = Store.open(database)
    with store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    store.close()
    with pytest.raises(StoreError, match="was made by another version of witoil") as caught:
        Store.open(database)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/name", "found mysql, expected sqlite or postgresql"),
        ("sqlite://", "without a file"),
        ("sqlite:///:memory:", "without a file"),
        ("witoil.sqlite", "not the address of one"),
        ("", "not the address of one"),
        ("postgresql://u:secret@127.0.0.1:1/none", "cannot be used"),
        ("postgres://u:secret@127.0.0.1:1/none", "cannot be used"),
        ("sqlite:////proc/none/at/all.sqlite", "cannot be made"),
        ("sqlite:////dev/null", "cannot be used"),
    ],
)
def test_what_is_no_database_is_refused_in_a_line(url, says):
    with pytest.raises(StoreError, match=says) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_text("no database\n" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text() == "no database\n" * 100


def test_the_folder_of_a_new_database_is_its_owners_only(tmp_path):
    Store.open(f"sqlite:///{tmp_path / 'new' / 'x.sqlite'}").close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_folder_with_odd_letters_in_its_name(tmp_path):
    folder = tmp_path / "50% of è"
    Store.open(f"sqlite:///{folder / 'x.sqlite'}").close()
    assert (folder / "x.sqlite").is_file()


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.booleans(),
)
def test_times_are_kept_in_utc(moment, minutes, keeps_zone):
    given_time = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    kept = UtcTime().process_bind_param(given_time, None)
    read = UtcTime().process_result_value(kept if keeps_zone else kept.replace(tzinfo=None), None)
    assert read == given_time
    assert read.tzinfo is UTC


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="expected a time with a zone"):
        UtcTime().process_bind_param(datetime(2021, 8, 24), None)


def test_the_clock_of_a_database(store):
    with store.reading() as session:
        assert abs(now(session) - datetime.now(UTC)) < timedelta(minutes=1)
        assert now(session).tzinfo is UTC


def test_what_fails_leaves_nothing(store):
    with pytest.raises(RuntimeError), store.session() as session:  # noqa: PT012
        session.execute(text("DELETE FROM jobs"))
        raise RuntimeError
    with store.session() as session:  # the lock is free
        session.execute(text("DELETE FROM jobs"))
