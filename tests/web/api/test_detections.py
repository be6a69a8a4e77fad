"""What models find is a collection: searched by label, score, time and place; judged; counted."""

import io
import json
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from tests.plugins.builders import card, constant, plugin_in
from tests.web.people import assert_problem, bring, people
from web import queue
from web.features.records import gather
from web.inputs import resolver
from web.processes import PROCESSES
from web.rebuild import rebuild_all
from web.store.features import Annotation, Feature
from web.worker import done

ITEMS = "/ogc/collections/detections/items"
CARD = card(
    "detect",
    how='size = [64, 64]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "e2e"\nconf = 0.1\nlabels = ["boat", "buoy"]',
    rest='[geo]\nkinds = ["nadir", "station", "affine"]',
)
BOXES = [[8, 8, 24, 24, 0.9, 0], [32, 8, 48, 24, 0.6, 1], [8, 40, 24, 56, 0.2, 1]]
NADIR = {"kind": "nadir", "lon": 35.9, "lat": 35.2, "heading_deg": 0.0, "gsd_m": 10.0}


def image(shade=90):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 120, 160)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def service(tmp_path, monkeypatch):
    plugin_in(tmp_path / "models" / "boats", constant(["n", 3, 64, 64], y=[BOXES]), CARD)
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "models"))
    with people(tmp_path) as made:
        yield made


def asked(*files, **more):
    inputs = {"module": "made-detect", "version": "1", "files": list(files), "georef": NADIR}
    return {"inputs": inputs | {"time": "2024-05-01T08:00:00Z"} | more}


def done_by_runner(service):
    """Do the job that waits as a runner would, in this process; return its id."""
    with service.store.session() as session:
        job = queue.claim(session, "runner", timedelta(minutes=10))
        inputs = resolver(service.settings)(session, job)
    folder = service.settings.jobs.resolve() / job.folder
    told = {"job": job.id, "process": job.process, "inputs": inputs, "folder": str(folder)}
    answer = done(PROCESSES[job.process], told, lambda message: None)
    assert "result" in answer, answer
    with service.store.session() as session:
        queue.finish(session, queue.Held.of(job), answer["result"], answer["note"])
    gather(service.store, service.settings.jobs)
    return job.id


def predicted(service, client, *files, **more):
    """Return the id of a job that has run the model."""
    answer = client.post("/ogc/processes/predict/execution", json=asked(*files, **more))
    assert answer.status_code == 201, answer.text
    return done_by_runner(service)


def stored(client, name="a.png", content=None, purpose="image"):
    answer = bring(client, name, content or image(), purpose)
    assert answer.status_code == 201, answer.text
    return answer.json["reference"]


def test_what_is_found_is_searched(service):
    anna = service.client("anna")
    job = predicted(service, anna, stored(anna), formats=["csv"])
    page = anna.get(ITEMS).json
    assert page["numberMatched"] == 3
    first = page["features"][0]
    assert first["id"] == f"{job}-detection-1"
    told = first["properties"]
    assert {name: told[name] for name in ("label", "module", "version", "file", "job")} == {
        "label": "boat",
        "module": "made-detect",
        "version": "1",
        "file": "a.png",
        "job": job,
    }
    assert told["score"] == pytest.approx(0.9, abs=1e-6)
    assert (told["time"], told["verdict"]) == ("2024-05-01T08:00:00Z", "unchecked")
    assert "pixel" not in told
    # the box is 160 m wide, its middle 160 m west of that of the image
    lons, lats = np.array(first["geometry"]["coordinates"][0]).T
    assert np.ptp(lats) * 111_000 == pytest.approx(160, rel=0.01)
    assert (lons.mean() - 35.9) * 111_320 * np.cos(np.radians(35.2)) == pytest.approx(-160, rel=0.1)


@pytest.mark.parametrize(
    ("query", "matched"),
    [
        ("label=boat", 1),
        ("label=buoy", 2),
        ("label=whale", 0),
        ("score_min=0.5", 2),
        ("score_max=0.5", 1),
        ("score_min=0.5&score_max=0.7", 1),
        ("score_min=0.5&label=buoy", 1),
        ("datetime=2024-05-01", 3),
        ("datetime=2024-05-02/..", 0),
        ("module=made-detect", 3),
        ("module=other", 0),
        ("bbox=35.8,35.1,36,35.3", 3),
        ("bbox=35.8,35.1,35.9,35.2", 1),
        ("bbox=35.8,35.1,36,35.3&score_min=0.7", 1),
        ("bbox=10,35.1,11,35.3", 0),
        ("verdict=unchecked&limit=1", 3),
    ],
)
def test_what_is_asked_for(service, query, matched):
    anna = service.client("anna")
    predicted(service, anna, stored(anna))
    assert anna.get(f"{ITEMS}?{query}").json["numberMatched"] == matched
