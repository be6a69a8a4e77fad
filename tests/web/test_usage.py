"""What the service is used for: counted once in each period, and kept when jobs are gone."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.web.people import FEATURES, assert_problem, bring, case, people
from web.data import uploads
from web.jobs import queue
from web.jobs.queue import Held
from web.people import usage
from web.people.usage import _MONTHS, _starts, note
from web.people.usage import usage as used
from web.store.base import _MIGRATIONS, Store, make_engine
from web.store.usage import Activity


@pytest.fixture
def clock(monkeypatch):
    """The day for which use is noted."""

    class Clock:
        now = datetime(2025, 11, 20, 12, tzinfo=UTC)

    monkeypatch.setattr(usage, "now", lambda session: Clock.now)
    return Clock


@pytest.fixture
def service(tmp_path, monkeypatch):
    found = {"times": ["2021-08-24T03:43:00"]}
    monkeypatch.setattr(
        uploads, "check", lambda path, purpose: found if "undated" not in path.name else {}
    )
    (tmp_path / "winds.nc").touch()
    (tmp_path / "slicks").mkdir()
    (tmp_path / "slicks" / "s.geojson").touch()
    (tmp_path / "catalogue.toml").write_text(
        "[winds]\ntitle = 'Winds'\nfiles = 'winds.nc'\n"
        "[spills]\ntitle = 'Spills'\nfiles = 'slicks'\nspills = true\n"
    )
    with people(tmp_path, catalogue=tmp_path / "catalogue.toml", guests=3) as made:
        yield made


def finish(service):
    """End all jobs that wait."""
    with service.store.session() as session:
        while (job := queue.claim(session, "r", timedelta(minutes=1))) is not None:
            queue.finish(session, Held.of(job), {})


def observed(*names, **more):
    asked = case() | {"observation": [{"geometry": name} for name in names], **more}
    return {"inputs": {"case": asked}}


def simulate(client, *names, **more):
    address = "/ogc/processes/simulate/execution?anew=true"
    answer = client.post(address, json=observed(*names, **more))
    assert answer.status_code == 201, answer.text
    return answer.json["jobID"]


def periods(service, query=""):
    answer = service.client("root", scope="admin").get(f"/usage?{query}")
    assert answer.status_code == 200, answer.text
    return {each["period"]: each for each in answer.json["periods"]}


@pytest.mark.slow
def test_what_is_the_same_counts_once_in_a_period(service, clock):
    anna = service.client("anna", country="IT")
    bob = service.client("bob", country="SY")
    first = bring(anna, "a.geojson", FEATURES).json["reference"]
    same = bring(bob, "b.geojson", FEATURES).json["reference"]
    other = bring(bob, "c.geojson", FEATURES + b" ").json["reference"]
    bring(bob, "undated.geojson", FEATURES + b"  ")
    bring(bob, "w.nc", b"CDF", "forcing")
    simulate(anna, first)
    simulate(anna, first)
    simulate(bob, same, other, "catalogue:spills/s.geojson")
    finish(service)
    simulate(bob, other)  # not yet done
    clock.now += timedelta(days=11)  # December
    service.app.extensions["witoil"].active.clear()
    simulate(anna, first)
    finish(service)

    found = periods(service, "period=month&start=2025-11-01&end=2025-12-31")
    november, december = found["2025-11"], found["2025-12"]
    assert november["unique_users"] == 2
    assert november["countries"] == {
        "count": 2,
        "names": [{"code": "IT", "name": "Italy"}, {"code": "SY", "name": "Syria"}],
    }
    assert november["images_processed"] == 3
    assert november["images_ingested"] == 2
    assert november["jobs"] == {"simulate": 4}
    assert november["jobs_successful"] == 3
    assert december["images_processed"] == 2  # that of November which waited, too
    assert december["jobs"] == {"simulate": 1}
    year = periods(service, "period=year&end=2025-12-31")["2025"]
    assert year["images_processed"] == 3
    assert year["jobs"] == {"simulate": 5}
    assert year["unique_users"] == 3  # with the operator, who has asked for the first report
    quarter = periods(service, "period=quarter&end=2025-12-31")["2025-Q4"]
    assert (quarter["start"], quarter["end"]) == ("2025-10-01", "2025-12-31")


def test_counts_stay_when_jobs_and_files_are_removed(service, clock):
    anna = service.client("anna", country="IT")
    upload = bring(anna, "a.geojson", FEATURES).json
    job = simulate(anna, upload["reference"])
    finish(service)
    before = periods(service, "end=2025-11-30")
    assert anna.delete(f"/ogc/jobs/{job}").status_code == 200
    assert anna.delete(f"/uploads/{upload['id']}").status_code == 204
    with service.store.session() as session:
        session.execute(text("DELETE FROM jobs"))
        session.execute(text("DELETE FROM owners WHERE name = 'anna'"))
    assert periods(service, "end=2025-11-30") == before
    assert before["2025-11"]["images_processed"] == before["2025-11"]["images_ingested"] == 1


def test_only_slicks_that_were_seen_are_images(service, clock):
    anna = service.client("anna")
    track = bring(anna, "t.csv", b"1", "track").json["reference"]
    lines = bring(anna, "l.geojson", FEATURES, "lines").json["reference"]
    job = simulate(anna)
    finish(service)
    folder = service.settings.jobs / job
    folder.mkdir(parents=True)
    (folder / "mask.tif").touch()
    ship = {"kind": "ship", "track": track, "rate_tonnes_per_hour": 1}
    line = {"kind": "line", "geometry": lines, "mass_tonnes": 1}
    simulate(anna, f"job:{job}/mask.tif", release=[ship, line])
    finish(service)
    assert periods(service, "end=2025-11-30")["2025-11"]["images_processed"] == 0


def test_guests_are_counted_apart(service, clock):
    guest = service.app.test_client()
    answer = guest.post("/session/guest", headers={"Origin": "http://localhost"})
    assert answer.status_code == 201
    assert guest.get("/session").status_code == 200
    found = periods(service, "end=2025-11-30")["2025-11"]
    assert (found["guests"], found["unique_users"]) == (1, 1)
    assert "guest-" not in str(found)


def test_forms(service, clock):
    root = service.client("root", scope="admin", country="IT")
    root.get("/session")
    table = root.get("/usage?period=year&end=2025-12-31", headers={"Accept": "text/csv"})
    assert table.mimetype == "text/csv"
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert (row["period"], row["unique_users"], row["country_names"]) == ("2025", "1", "Italy")
    assert root.get("/usage?f=csv&period=year&end=2025-12-31").data == table.data
    page = root.get(
        "/usage",
        headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    )
    assert page.mimetype == "text/html"
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Italy" in page.text
    assert root.get("/usage", headers={"Accept": "*/*"}).mimetype == "application/json"
    assert root.get("/usage", headers={"Accept": "image/png"}).mimetype == "application/json"


@pytest.mark.parametrize(
    "query",
    [
        "period=week", "start=x", "start=2025-13-01", "start=2026-01-01&end=2025-01-01",
        "start=0001-01-01", "start=1900-01-01&period=month", "end=9999-12-31", "f=xml", "more=1",
        "start=9999-12-01&end=9999-12-31", "start=2025-01-01T10:00:00",
    ],
)  # fmt: skip
def test_what_is_no_period(service, query):
    assert_problem(service.client("root", scope="admin").get(f"/usage?{query}"), 422)


def test_operators_only(service):
    for address in ("/usage", "/metrics"):
        assert_problem(service.client("anna").get(address), 403)
        assert_problem(service.client().get(address), 401)


def test_metrics_are_those_of_prometheus(service):
    anna = service.client("anna")
    simulate(anna)
    simulate(anna)
    with service.store.session() as session:
        queue.claim(session, "r", timedelta(minutes=1))
    answer = service.client("root", scope="admin").get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["witoil_jobs", "running"] == found["witoil_jobs", "accepted"] == 1
    assert found["witoil_jobs_asked_total", "simulate"] == 2
    assert found["witoil_busy_runners",] == 1
    assert 0 <= found["witoil_waiting_seconds",] < 600
    assert found["witoil_users_today",] == 2


@pytest.mark.slow
def test_an_empty_service_has_a_report(tmp_path):
    with people(tmp_path) as service:
        (only,) = periods(service).values()
        assert (only["unique_users"], only["complete"]) == (1, False)


@given(
    st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    st.integers(0, 2000),
    st.sampled_from(list(_MONTHS)),
)
def test_periods_follow_each_other_and_hold_all_days(first, days, period):
    last = first + timedelta(days=days)
    found = _starts(first, last, _MONTHS[period])
    assert found[0][0] <= first <= found[0][1]
    assert found[-1][0] <= last <= found[-1][1]
    for (_, end), (start, _) in pairwise(found):
        assert start == end + timedelta(days=1)
    assert all(start.day == 1 for start, _ in found)


def test_on_any_database_the_same_is_noted_once(store):
    for _ in range(2):
        with store.session() as session:
            note(session, "anna", Activity.JOB, "1", "simulate")
            note(session, "anna", Activity.ACTIVE)
    with store.reading() as session:
        (found,) = used(session, "month")
    assert (found.jobs, found.unique_users, found.countries) == ({"simulate": 1}, 1, ())


@pytest.mark.slow
def test_what_was_used_before_is_counted(database):
    """A database of the version before has jobs and files, which are counted as it is upgraded."""
    engine = make_engine(database)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002_people_and_uploads")
        moment = "2025-11-20T12:00:00+00:00"
        for statement in (
            f"INSERT INTO owners (name, country, created) VALUES ('anna', 'IT', '{moment}')",
            "INSERT INTO charges (job_id, owner, time, particle_steps) VALUES "
            f"('1', 'anna', '{moment}', 5), ('2', 'anna', '{moment}', 5)",
            "INSERT INTO uploads (id, owner, name, purpose, sha256, size, facts, created) VALUES "
            f"('1', 'anna', 'a', 'mask', 'abc', 1, '{{\"times\": [\"x\"]}}', '{moment}'), "
            f"('2', 'anna', 'b', 'mask', 'abc', 1, '{{\"times\": [\"x\"]}}', '{moment}'), "
            f"('3', 'anna', 'b', 'mask', 'abd', 1, '{{}}', '{moment}')",
        ):
            connection.execute(text(statement))
        connection.commit()
    engine.dispose()
    store = Store.open(database)
    with store.reading() as session:
        (found,) = used(session, "year", date(2025, 1, 1), date(2025, 12, 31))
    store.close()
    assert (found.unique_users, found.countries, found.images_ingested) == (1, ("IT",), 1)
    assert sum(found.jobs.values()) == 2
