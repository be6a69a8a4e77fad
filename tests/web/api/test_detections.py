"""What models find is a collection: searched by label, score, time and place; judged; counted."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.plugins.builders import card, constant, plugin_in
from tests.web.people import assert_problem, bring, people
from tests.web.runners import done_by_runner
from web.store.features import Annotation, Feature
from web.work.rebuild import rebuild_all

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


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folder of a model that finds the same three things in any image."""
    folder = tmp_path_factory.mktemp("models")
    plugin_in(folder / "boats", constant(["n", 3, 64, 64], y=[BOXES]), CARD)
    return folder


@pytest.fixture
def service(tmp_path, models, monkeypatch):
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(models))
    with people(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def found(tmp_path_factory, models):
    """A client of somebody for whom the model has found three things."""
    with pytest.MonkeyPatch.context() as patch, people(tmp_path_factory.mktemp("found")) as made:
        patch.setenv("WITOIL_PLUGIN_PATH", str(models))
        anna = made.client("anna")
        predicted(made, anna, stored(anna))
        yield anna


def asked(*files, **more):
    inputs = {"module": "made-detect", "version": "1", "files": list(files), "georef": NADIR}
    return {"inputs": inputs | {"time": "2024-05-01T08:00:00Z"} | more}


def predicted(service, client, *files, **more):
    """Return the id of a job that has run the model."""
    answer = client.post("/ogc/processes/predict/execution", json=asked(*files, **more))
    assert answer.status_code == 201, answer.text
    return done_by_runner(service)


def stored(client, name="a.png", content=None, purpose="image"):
    answer = bring(client, name, content or image(), purpose)
    assert answer.status_code == 201, answer.text
    return answer.json["reference"]


@pytest.mark.slow
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
def test_what_is_asked_for(found, query, matched):
    assert found.get(f"{ITEMS}?{query}").json["numberMatched"] == matched


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("score_min=nan", "finite"),
        ("score_max=inf", "finite"),
        ("score_min=much", "number"),
        ("score_min=", "number"),
        ("label_min=a", "label_min"),
        ("score_least=1", "score_least"),
        ("verdict=wrong", "verdict"),
    ],
)
def test_what_cannot_be_asked_for(found, query, says):
    assert_problem(found.get(f"{ITEMS}?{query}"), 400, says)


def test_they_are_of_stac_with_their_file(found):
    page = found.post("/stac/search", json={"collections": ["detections"]}).json
    assert page["numberMatched"] == 3
    item = page["features"][0]
    assert item["properties"]["datetime"] == "2024-05-01T08:00:00Z"
    assert item["properties"]["witoil:label"] == "boat"
    with found.get(item["assets"]["features"]["href"]) as file:
        assert len(json.loads(file.data)["features"]) == 3


@pytest.mark.slow
def test_what_is_not_on_the_map_is_in_no_collection(service):
    anna = service.client("anna")
    job = predicted(service, anna, stored(anna), georef=None)
    assert anna.get(ITEMS).json["numberMatched"] == 0
    result = anna.get(f"/ogc/jobs/{job}/results").json["result"]["value"]
    assert result["features"] == 3
    assert any("not on the map" in remark for remark in result["remarks"])


@pytest.mark.slow
def test_they_are_of_whoever_asked_and_go_with_the_job(service):
    anna, bob = service.client("anna"), service.client("bob")
    job = predicted(service, anna, stored(anna))
    assert anna.patch(f"{ITEMS}/{job}-detection-1", json={"verdict": "confirmed"}).json
    assert bob.get(ITEMS).json["numberMatched"] == 0
    assert_problem(bob.get(f"{ITEMS}/{job}-detection-1"), 404)
    assert_problem(bob.patch(f"{ITEMS}/{job}-detection-1", json={"verdict": "confirmed"}), 404)
    assert anna.delete(f"/ogc/jobs/{job}").status_code == 200
    assert anna.get(ITEMS).json["numberMatched"] == 0
    with service.store.reading() as session:
        assert session.query(Feature).count() == session.query(Annotation).count() == 0


@pytest.mark.slow
def test_what_analysts_say_stays_when_they_are_made_anew(service):
    anna, looker = service.client("anna"), service.client("anna2", scope="read")
    job = predicted(service, anna, stored(anna))
    item = f"{ITEMS}/{job}-detection-2"
    said = anna.patch(item, json={"verdict": "false positive", "note": "a wave"})
    assert said.json["properties"]["verdict"] == "false positive"
    assert_problem(anna.patch(item, json={"type": "mineral"}), 400, "type")
    assert_problem(anna.patch(item, json={"verdict": "maybe"}), 400, "verdict")
    assert_problem(looker.patch(item, json={"verdict": "confirmed"}), 403)
    (word,) = anna.get(f"{item}/history").json["annotations"]
    assert (word["before"]["verdict"], word["after"]["note"]) == ("unchecked", "a wave")
    with service.store.session() as session:
        session.query(Feature).delete()
    lines = []
    rebuild_all(service.store, service.settings, lines.append)
    assert lines[-1] == "1 jobs"
    assert anna.get(ITEMS).json["numberMatched"] == 3
    assert anna.get(item).json["properties"]["note"] == "a wave"
    assert anna.get(f"{ITEMS}?verdict=false positive").json["numberMatched"] == 1


@pytest.mark.slow
def test_of_very_many_the_first_are_listed_and_that_is_said(service, monkeypatch):
    monkeypatch.setattr("web.features.detections.MOST", 2)
    anna = service.client("anna")
    job = predicted(service, anna, stored(anna))
    assert anna.get(ITEMS).json["numberMatched"] == 2
    result = anna.get(f"/ogc/jobs/{job}/results").json["result"]["value"]
    assert result["remarks"] == [
        "maps list the first 2 of the 3 that were found; features.geojson has all"
    ]


def used(service):
    (year,) = service.client("root", scope="admin").get("/usage?period=year").json["periods"]
    return tuple(year[f"images_{name}"] for name in ("processed", "looked_at", "ingested"))


@pytest.mark.slow
def test_images_are_counted_when_they_are_looked_at_and_when_they_are_judged(service):
    anna, bob = service.client("anna"), service.client("bob")
    first, second = stored(anna), stored(anna, "b.png", image(10))
    job = predicted(service, anna, first, second)
    assert used(service) == (2, 2, 0)
    predicted(service, bob, stored(bob, "same.png"))  # the content is that of the first
    assert used(service) == (2, 2, 0)
    anna.patch(f"{ITEMS}/{job}-detection-1", json={"note": "looks odd"})
    anna.patch(f"{ITEMS}/{job}-detection-1", json={"verdict": "unchecked"})
    assert used(service) == (2, 2, 0)
    anna.patch(f"{ITEMS}/{job}-detection-1", json={"verdict": "confirmed"})
    anna.patch(f"{ITEMS}/{job}-detection-2", json={"verdict": "false positive"})
    assert used(service) == (2, 2, 1)  # both are in the first image
    anna.patch(f"{ITEMS}/{job}-detection-4", json={"verdict": "uncertain"})
    assert used(service) == (2, 2, 2)


@pytest.mark.slow
def test_of_two_images_with_one_name_none_is_taken_for_the_other(service):
    anna = service.client("anna")
    job = predicted(service, anna, stored(anna), stored(anna, "a.png", image(10)))
    anna.patch(f"{ITEMS}/{job}-detection-1", json={"verdict": "confirmed"})
    assert used(service) == (2, 2, 0)


@pytest.mark.slow
def test_images_of_forms_are_counted_as_those_of_jobs(service):
    anna = service.client("anna")
    address = "/v2/models/made-detect/predict/"
    for content in (image(), image(), image(10)):
        answer = anna.post(address, data={"files": (io.BytesIO(content), "a.png")})
        assert answer.status_code == 200, answer.text
    assert used(service) == (2, 2, 0)
    assert anna.post(address, data={"files": (io.BytesIO(b"none"), "a.png")}).status_code == 422
    assert used(service) == (2, 2, 0)
