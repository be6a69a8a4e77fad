"""Features that are made anew are those that were, and what was lost comes back."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete

from tests.web.api.test_features import run_folder
from tests.web.people import FEATURES, bring, people
from tests.witoil.command import witoil
from web.jobs import queue
from web.store.features import Annotation, Feature
from web.work.rebuild import rebuild_all

EVENT = "20210824-0810-SYR-PL-A-01-S3"


@pytest.fixture
def service(tmp_path):
    (tmp_path / "slicks").mkdir()
    (tmp_path / "slicks" / f"{EVENT}.geojson").write_bytes(FEATURES)
    (tmp_path / "slicks" / "damaged.geojson").write_bytes(FEATURES[:50] + b'"coordinates"')
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text('[spills]\ntitle = "Slicks"\nfiles = "slicks"\nspills = true\n')
    with people(tmp_path, catalogue=catalogue) as made:
        yield made


def run_of(service, owner):
    case = {"name": "spill", "time": {"start": "2021-08-24T00:00Z", "end": "2021-08-24T12:00Z"}}
    with service.store.session() as session:
        job_id = queue.submit(session, owner, "simulate", {"case": case}, "key").id
        held = queue.Held.of(queue.claim(session, "runner", timedelta(minutes=1)))
        queue.finish(session, held, {})
    folder = service.settings.jobs / job_id
    folder.mkdir(parents=True)
    run_folder(folder)
    return job_id


def rows(store):
    with store.reading() as session:
        return sorted(
            (
                row.collection,
                row.id,
                row.owner,
                row.parent,
                row.geometry,
                json.dumps(row.properties),
            )
            for row in session.query(Feature)
        )


@pytest.mark.slow
def test_all_features_come_back(service):
    anna, chief = service.client("anna"), service.client("chief", scope="admin")
    job_id = run_of(service, "anna")
    upload = bring(anna, f"{EVENT}.geojson", FEATURES).json
    lines = []
    rebuild_all(service.store, service.settings, lines.append)
    assert lines[-3:] == ["1 observations of 1 events", "1 masks", "1 jobs"]
    assert any("damaged" in line for line in lines[:-3])
    items = "/ogc/collections/observations/items"
    assert chief.patch(f"{items}/{EVENT}", json={"verdict": "confirmed"}).status_code == 200
    before = rows(service.store)
    assert sorted(each[:3] for each in before) == sorted(
        [
            ("coast-impact", f"{job_id}-coast-1", "anna"),
            ("observations", EVENT, ""),
            ("observations", f"{upload['id']}-1", "anna"),
            ("runs", job_id, "anna"),
            ("slicks", f"{job_id}-slick-1", "anna"),
        ]
    )
    with service.store.session() as session:
        session.execute(delete(Feature))
    for _ in range(2):
        rebuild_all(service.store, service.settings, lines.append)
        assert rows(service.store) == before
    with anna.get(f"{items}/{EVENT}/files/{EVENT}.geojson") as file:
        assert file.data == FEATURES
    assert anna.get(f"{items}/{EVENT}/files/..%2Fdamaged.geojson").status_code == 404
    item = anna.get(f"/stac/collections/observations/items/{EVENT}").json
    assert item["assets"][f"{EVENT}.geojson"]["href"].endswith(f"{EVENT}/files/{EVENT}.geojson")
    assert "/tmp" not in json.dumps(item)
    with service.store.reading() as session:
        assert session.query(Annotation).count() == 1


@pytest.mark.slow
def test_a_mask_whose_file_has_gone_leaves_its_features(service):
    anna = service.client("anna")
    upload = bring(anna, f"{EVENT}.geojson", FEATURES).json
    before = rows(service.store)
    (service.settings.uploads / upload["sha256"] / f"{EVENT}.geojson").unlink()
    lines = []
    rebuild_all(service.store, service.settings, lines.append)
    assert any(line.startswith(f"{upload['id']}: left as it was") for line in lines)
    assert set(before) <= set(rows(service.store))


@pytest.mark.slow
def test_the_command(service, monkeypatch):
    monkeypatch.setenv("WITOIL_CATALOGUE", str(service.settings.catalogue))
    done = witoil("features", "--events", "--data", service.settings.data)
    assert done.returncode == 0
    assert "1 observations of 1 events" in done.stdout
    service.settings.catalogue.write_text("[")
    done = witoil("features", "--data", service.settings.data)
    assert done.returncode == 2
    assert "catalogue: not TOML" in done.stderr
    assert "Traceback" not in done.stderr
