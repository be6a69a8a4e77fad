"""Guests leave after ten minutes, and what they made goes with them."""

import time
from datetime import timedelta
from functools import partial
from threading import Thread

import pytest
from sqlalchemy import select, text

from tests.web.people import FEATURES, SEEN, assert_problem, bring, case, people
from web.data import uploads
from web.jobs import queue
from web.store.base import now
from web.store.features import Annotation, Feature
from web.store.jobs import Job
from web.store.tokens import Owner, Token
from web.work.guests import remove_guests
from web.work.runner import Runner

ORIGIN = {"Origin": "http://localhost"}
ITEMS = "/ogc/collections/observations/items"


@pytest.mark.slow
def test_what_guests_made_goes_with_them(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "check", lambda path, purpose: {"detections": [SEEN, SEEN]})
    (tmp_path / "winds.nc").touch()
    (tmp_path / "catalogue.toml").write_text("[winds]\ntitle = 'W'\nfiles = 'winds.nc'\n")
    with people(tmp_path, guests=2, catalogue=tmp_path / "catalogue.toml") as service:
        anna, guest, other = service.client("anna"), *(service.app.test_client() for _ in range(2))
        for client in (guest, other):
            assert client.post("/session/guest", headers=ORIGIN).status_code == 201
        # the same content is Anna's, too; of another the guest is alone
        kept = bring(anna, "a.geojson", FEATURES).json
        bring(guest, "a.geojson", FEATURES, headers=ORIGIN)
        lost = bring(guest, "b.geojson", FEATURES + b" ", headers=ORIGIN).json
        others = bring(other, "c.geojson", FEATURES + b"  ", headers=ORIGIN).json
        asked = {"inputs": {"case": case()}}
        jobs = [
            each.post("/ogc/processes/simulate/execution", json=asked, headers=ORIGIN).json["jobID"]
            for each in (guest, other, anna)
        ]
        said = {"verdict": "confirmed"}
        for client, upload in [(anna, kept), (guest, lost)]:
            assert client.patch(f"{ITEMS}/{upload['id']}-1", json=said, headers=ORIGIN).json
        remove_guests(service.store, service.settings.uploads)  # nobody's time is up
        assert guest.get("/uploads").json["number_matched"] == 2
        name = guest.get("/session").json["name"]
        with service.store.session() as session:
            for token in session.query(Token).filter_by(owner_name=name):
                token.expires = now(session)

        runner = Runner(
            service.store,
            service.settings.jobs,
            resolve=lambda session, job: {}["nothing runs here"],
            tidy=partial(remove_guests, service.store, service.settings.uploads),
        )
        with service.store.session() as session:  # so that the runner has nothing to do
            session.execute(text("UPDATE jobs SET state = 'failed' WHERE state = 'accepted'"))
        thread = Thread(target=runner.run)
        thread.start()
        time.sleep(0.5)
        runner.stop()
        thread.join()

        with service.store.reading() as session:
            assert session.get(Owner, name) is None
            assert session.get(Job, jobs[0]).state == "dismissed"
            assert {session.get(Job, each).state for each in jobs[1:]} == {"failed"}
            assert set(session.scalars(select(Feature.id))) == {
                f"{each['id']}-{k}" for each in (kept, others) for k in (1, 2)
            }
            assert set(session.scalars(select(Annotation.feature_id))) == {f"{kept['id']}-1"}
        folder = service.settings.uploads
        assert (folder / kept["sha256"] / "a.geojson").read_bytes() == FEATURES
        assert not (folder / lost["sha256"]).exists()
        assert (folder / others["sha256"]).exists()
        assert_problem(guest.get("/session"), 401)
        assert other.get("/uploads").json["number_matched"] == 1


@pytest.mark.slow
def test_a_job_of_a_guest_that_runs_is_ended(tmp_path):
    with people(tmp_path, guests=1) as service:
        guest = service.app.test_client()
        guest.post("/session/guest", headers=ORIGIN)
        name = guest.get("/session").json["name"]
        with service.store.session() as session:
            job = queue.submit(session, name, "simulate", {}, "key")
            held = queue.Held.of(queue.claim(session, "r", timedelta(minutes=1)))
            session.query(Token).filter_by(owner_name=name).update({"expires": now(session)})
        remove_guests(service.store, service.settings.uploads)
        with service.store.session() as session:
            assert queue.get(session, None, job.id).state == "dismissed"
            try:
                queue.renew(session, held, timedelta(minutes=1))
            except queue.NotHeldError:
                return
        raise AssertionError("the runner still holds it")
