"""What is one person's is no other's: each route with each object of the other."""

import json
import re
from datetime import timedelta

import pytest

from tests.web.people import FEATURES, GEOJSON, assert_problem, bring, case, people
from web.data import uploads
from web.features.records import gather
from web.jobs import queue
from web.people.access import scope_of

SEEN = {"geometry": json.loads(GEOJSON), "time": "2021-08-24T08:10:00Z", "properties": {}}
FOUND = {
    "id": "",
    "geometry": json.loads(GEOJSON),
    "start": None,
    "end": None,
    "properties": {"name": "secret"},
    "assets": {},
}

OF_JOBS = ("runs", "slicks", "coast-impact", "detections")

OPEN = {
    "/session": {"POST", "DELETE"},
    "/session/guest": {"POST"},
    "/session/sso": {"GET"},
    "/session/sso/callback": {"GET"},
    "/access-requests": {"POST"},
    "/shared/<secret>": {"GET"},
    "/shared/<secret>/files/<path:name>": {"GET"},
}
"""What anybody may ask for, beside documents of the service itself."""

PUBLIC = (
    "/",
    "/ogc/",
    "/ogc/conformance",
    "/stac/",
    "/stac/conformance",
    "/try",
    "/openapi.json",
    "/api",
    "/health",
    "/static",
)
"""How the addresses of documents and pages begin that tell of nobody."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "check", lambda path, purpose: {"detections": [SEEN]})
        with people(tmp_path_factory.mktemp("service"), allowed_hosts="data.example.org") as made:
            yield made


@pytest.fixture(scope="module")
def objects(service):
    """Return what Anna has, by the name of the argument that stands for it in a route."""
    anna = service.client("anna")
    upload = bring(anna, "a.geojson", FEATURES).json
    asked = case(winds="https://data.example.org/a.nc", currents=upload["reference"])
    job = anna.post("/ogc/processes/simulate/execution", json={"inputs": {"case": asked}}).json
    with service.store.session() as session:
        claimed = queue.claim(session, "r", timedelta(minutes=1))
        queue.finish(session, queue.Held.of(claimed), {"secret": 1})
    folder = service.settings.jobs / job["jobID"]
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text("{}")
    features = [FOUND | {"collection": name} for name in OF_JOBS]
    (folder / ".features.json").write_text(json.dumps({"features": features}))
    gather(service.store, service.settings.jobs)
    share = anna.post("/shares", json={"job": job["jobID"]}).json
    return {
        "jobID": [job["jobID"]],
        "id": [upload["id"], share["id"], job["jobID"], f"{upload['id']}-1"],
        "name": ["summary.json"],
        "field": ["winds"],
        "form": ["xml"],
        "kind": ["dds"],
        "processID": ["simulate"],
        **{name: [value] for name, value in {"z": "9", "first": "0", "last": "1"}.items()},
        **{name: ["0"] for name in "xy"},
        "upload": upload,
        "share": share,
    }


def _routes(service):
    for rule in service.app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule, method


def _is_public(rule, method):
    return method in OPEN.get(rule.rule, ()) or any(
        rule.rule.rstrip("/") == start.rstrip("/")
        or (len(start) > 1 and rule.rule.startswith(start + "/"))
        for start in PUBLIC
        if not rule.arguments or start in ("/static", "/api")
    )


def test_every_route_needs_a_scope_or_is_known_to_be_open(service):
    unknown = [
        f"{method} {rule.rule}"
        for rule, method in _routes(service)
        if scope_of(service.app, rule.endpoint) is None and not _is_public(rule, method)
    ]
    assert unknown == []


READ_BY_POST = {"/stac/search"}
"""What is asked by POST for the sake of long questions, and changes nothing."""


def test_routes_that_write_need_more_than_to_read(service):
    for rule, method in _routes(service):
        scope = scope_of(service.app, rule.endpoint)
        if scope is not None and method != "GET" and rule.rule not in READ_BY_POST:
            assert scope in ("run", "admin"), rule.rule


def _addresses(rule, objects):
    """Yield addresses of a route, with each object that may be meant by its arguments."""
    addresses = [rule.rule]
    for argument in rule.arguments:
        values = objects.get(argument, ["0" * 32])
        mark = re.compile(rf"<(?:[^<>]*:)?{argument}>")
        addresses = [
            mark.sub(lambda _, value=value: value, address)
            for address in addresses
            for value in values
        ]
    return addresses


@pytest.mark.slow
def test_nobody_has_what_is_anothers(service, objects):
    bob = service.client("bob", scope="admin")
    bodies = {
        "/shares": {"job": objects["jobID"][0]},
        "/ogc/collections/observations/items/<id>": {"verdict": "confirmed"},
        "/ogc/collections/detections/items/<id>": {"verdict": "confirmed"},
    }
    queries = {
        "/jobs/<jobID>/fields/<field>": "?bbox=0,0,1,1&time=2021-08-24T00:00:00Z",
        "/jobs/<jobID>/rasters/<raster>/point": "?lon=0&lat=0",
    }
    seen = set()
    for rule, method in _routes(service):
        scope = scope_of(service.app, rule.endpoint)
        if scope is None or not rule.arguments & {"jobID", "id"}:
            continue
        for address in _addresses(rule, objects):
            address = f"{address}{queries.get(rule.rule, '')}"
            with bob.open(address, method=method, json=bodies.get(rule.rule)) as answer:
                assert answer.status_code in (403, 404), (method, address)
                assert_problem(answer, answer.status_code)
                assert "secret" not in answer.get_data(as_text=True)
            seen.add((method, rule.rule))
    assert {("GET", "/ogc/jobs/<jobID>"), ("DELETE", "/uploads/<id>")} <= seen
    assert_problem(bob.post("/shares", json={"job": objects["jobID"][0]}), 404)


@pytest.mark.slow
def test_lists_hold_nothing_of_others(service, objects):
    bob = service.client("bob")
    for rule, method in _routes(service):
        if method == "GET" and not rule.arguments and scope_of(service.app, rule.endpoint):
            text = bob.get(rule.rule).get_data(as_text=True)
            for secret in (*objects["id"], "anna"):
                assert secret not in text, rule.rule


def test_cases_name_nothing_of_others(service, objects):
    bob = service.client("bob")
    job, upload = objects["jobID"][0], objects["upload"]
    for name in (upload["reference"], f"job:{job}", f"job:{job}/summary.json"):
        asked = {"case": case(winds=name)}
        answer = bob.post("/ogc/processes/simulate/execution", json={"inputs": asked})
        assert_problem(answer, 422)
        # as though it had never been
        other = name.replace(job, "0" * 36).replace(upload["id"], "0" * 36)
        asked = {"case": case(winds=other)}
        none = bob.post("/ogc/processes/simulate/execution", json={"inputs": asked})
        assert json.loads(answer.data)["detail"] == json.loads(none.data)["detail"].replace(
            "0" * 36, job if "job:" in name else upload["id"]
        )


def test_everything_is_still_annas(service, objects):
    anna = service.client("anna")
    job = objects["jobID"][0]
    assert anna.get(f"/ogc/jobs/{job}").json["status"] == "successful"
    for name in OF_JOBS:
        assert anna.get(f"/ogc/collections/{name}/items/{job}").status_code == 200
    assert anna.get(f"/uploads/{objects['upload']['id']}").status_code == 200
    assert len(anna.get("/shares").json["shares"]) == 1


def test_without_a_token_nothing_is_had(service, objects):
    for rule, method in _routes(service):
        if scope_of(service.app, rule.endpoint) is not None:
            for address in _addresses(rule, objects):
                assert_problem(service.client().open(address, method=method), 401)


def test_whoever_may_read_only_changes_nothing(service, objects):
    reader = service.client("anna", scope="read")
    for rule, method in _routes(service):
        writes = method != "GET" and rule.rule not in READ_BY_POST
        if scope_of(service.app, rule.endpoint) is not None and writes:
            for address in _addresses(rule, objects):
                assert_problem(reader.open(address, method=method), 403)


def test_link_shows_one_job_until_it_is_taken_back(service, objects):
    nobody, anna = service.client(), service.client("anna")
    share = anna.post("/shares", json={"job": objects["jobID"][0], "hours": 1}).json
    address = share["href"].removeprefix("http://localhost")
    shown = nobody.get(address)
    assert shown.json["result"]["value"] == {"secret": 1}
    assert shown.json["summary"]["href"] == f"{share['href']}/files/summary.json"
    with nobody.get(f"{address}/files/summary.json") as file:
        assert file.data == b"{}"
    for method in ("POST", "PUT", "DELETE"):
        assert nobody.open(address, method=method).status_code == 405
    for name in ("../../witoil.sqlite", "%2e%2e/x", "other.json"):
        assert_problem(nobody.get(f"{address}/files/{name}"), 404)
    assert share["href"] not in anna.get("/shares").get_data(as_text=True)
    assert anna.delete(f"/shares/{share['id']}").status_code == 204
    assert_problem(nobody.get(address), 404)


def test_log_does_not_hold_the_secret_of_a_link(service, objects, caplog):
    anna = service.client("anna")
    share = anna.post("/shares", json={"job": objects["jobID"][0]}).json
    address = share["href"].removeprefix("http://localhost")
    with caplog.at_level("INFO"):
        assert service.client().get(address).status_code == 200
    told = [record.fields["path"] for record in caplog.records if hasattr(record, "fields")]
    assert told == ["/shared/<secret>"]


def test_link_expires(service, objects):
    anna = service.client("anna")
    share = anna.post("/shares", json={"job": objects["jobID"][0], "hours": 1e-9}).json
    address = share["href"].removeprefix("http://localhost")
    assert_problem(service.client().get(address), 404, "expired")
    assert share["id"] not in anna.get("/shares").get_data(as_text=True)


@pytest.mark.parametrize("secret", ["x", "0" * 32, "%00", "' OR 1=1", "a" * 3000])
def test_links_that_are_none(service, secret):
    assert_problem(service.client().get(f"/shared/{secret}"), 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"job": ""},
        {"job": 1},
        {"job": "\x00"},
        {"job": "0" * 36, "hours": 0},
        {"job": "x" * 99},
    ],
)
def test_shares_of_nothing(service, body):
    assert_problem(service.client("anna").post("/shares", json=body), 422)
