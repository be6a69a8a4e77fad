"""What a client is told when something is wrong, always as a problem of RFC 9457."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.app import create_app
from web.context import service_of
from web.errors import without_paths

SIMULATE = "/ogc/processes/simulate/execution"


def problem(answer, status):
    """Return the problem that an answer is."""
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/problem+json"
    told = answer.json
    assert told["status"] == status
    assert told["detail"]
    assert "\n" not in told["detail"]
    assert told["request"] == answer.headers["X-Request-ID"]
    assert "Traceback" not in answer.text
    return told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,",
        b'{"inputs": NaN}',
        b'{"inputs": {"case": {"model": {"particles": Infinity}}}}',
        b'{"inputs": {}, "inputs": {}}',
        b'"text"',
        b'"{\\"inputs\\": {}}"',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_json(client, body):
    answer = client.post(SIMULATE, data=body, content_type="application/json")
    assert problem(answer, 400)["detail"].startswith("body: ")


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/xml", "multipart/form-data"]
)
def test_another_content_type(client, case, content_type):
    body = json.dumps({"inputs": {"case": case}})
    problem(client.post(SIMULATE, data=body, content_type=content_type), 415)


@pytest.mark.parametrize(
    "address",
    [
        "/ogc/jobs?limit=1&limit=2",
        "/ogc/jobs?offset=0&limit=1&offset=0",
        "/ogc/collections/observations/items?bbox=1,2,3,4&bbox=5,6,7,8",
        "/ogc/collections/observations/items?sensor=S1&sensor=S2",
    ],
)
def test_a_parameter_that_is_given_twice(client, address):
    assert problem(client.get(address), 400)["detail"].endswith("given 2 times, expected once")


@pytest.mark.slow
def test_a_parameter_that_is_a_list(client):
    assert client.get("/ogc/jobs?status=failed&status=running").status_code == 200


@pytest.mark.parametrize(
    "body", ["[]", "1", "null", "{}", '{"inputs": []}', '{"inputs": null}', '{"inputs": {}}']
)
def test_json_of_another_form(client, body):
    problem(client.post(SIMULATE, data=body, content_type="application/json"), 422)


def test_a_body_that_is_too_large(app, settings):
    body = b'{"inputs": "' + b"x" * settings.body_bytes + b'"}'
    answer = app.test_client().post(SIMULATE, data=body, content_type="application/json")
    problem(answer, 413)


FIELDS = {
    "unknown key": ({"oil": {"colour": "red"}}, "/oil/colour", "unknown key; expected one of"),
    "missing": (
        {"forcing": {"winds": "catalogue:winds"}},
        "/forcing/currents",
        "missing; expected",
    ),
    "number": ({"model": {"particles": -1}}, "/model/particles", "found -1, expected greater"),
    "in a list": (
        {"release": [{"kind": "point", "lon": 1e9}]},
        "/release/0/lon",
        "found 1000000000",
    ),
    "of no kind": ({"release": [{"kind": "air"}]}, "/release/0", "expected 'area', 'point'"),
    "folder": ({"folder": "/etc"}, "", "folder: unknown key"),
    "path": ({"oil": {"a/b~c": 1}}, "/oil/a~1b~0c", "unknown key"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_mistake_in_a_case_names_the_field(client, case, name):
    changes, pointer, message = FIELDS[name]
    told = problem(client.post(SIMULATE, json={"inputs": {"case": case | changes}}), 422)
    found = {error["pointer"]: error["detail"] for error in told["errors"]}
    assert message in found[f"/inputs/case{pointer}"]


def test_all_mistakes_are_told_at_once(client, case):
    case |= {"model": {"particles": 0, "seed": -1}, "oil": {"api_gravity": 200}}
    told = problem(client.post(SIMULATE, json={"inputs": {"case": case, "colour": 1}}), 422)
    assert len(told["errors"]) == 4
    assert told["detail"].endswith("(and 3 more)")


def test_a_case_is_not_sent_back_whole(client, case):
    answer = client.post(SIMULATE, json={"inputs": {"case": case | {"time": "x" * 100_000}}})
    problem(answer, 422)
    assert len(answer.data) < 2000


def test_variables_of_the_environment_stay_what_they_are(client, case, monkeypatch):
    monkeypatch.setenv("SECRET", "swordfish")
    case |= {"name": "${SECRET}", "oil": {"name": "${SECRET}", "api_gravity": 20}}
    answer = client.post(SIMULATE, json={"inputs": {"case": case}})
    problem(answer, 422)
    assert "swordfish" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/nothing", 404),
        ("get", "/ogc/processes/nothing", 404),
        ("get", "/ogc/jobs/nothing", 404),
        ("get", "/ogc/jobs/%00", 404),
        ("get", "/ogc/jobs/%0d%0aSet-Cookie:%20a", 404),
        ("get", "/ogc/jobs/" + "x" * 5000, 404),
        ("delete", "/ogc/jobs/nothing", 404),
        ("get", "/ogc/jobs/nothing/results", 404),
        ("get", "/ogc/jobs/nothing/events", 404),
        ("get", "/ogc/jobs/nothing/files/..%2f..%2fwitoil.sqlite", 404),
        ("post", "/ogc/processes/nothing/execution", 404),
        ("put", "/ogc/jobs/nothing", 405),
        ("get", "/ogc/jobs?limit=0", 422),
        ("get", "/ogc/jobs?limit=many", 422),
        ("get", "/ogc/jobs?status=lost", 422),
        ("get", "/ogc/jobs?colour=red", 422),
    ],
)
def test_addresses(client, method, path, status):
    problem(getattr(client, method)(path), status)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254"])
def test_a_host_by_another_name_is_refused_where_there_are_no_tokens(client, host):
    problem(client.get("/ogc/", headers={"Host": host}), 400)


@pytest.mark.parametrize("given", ["a\tb", "x" * 100, "<script>", ""])
def test_the_id_of_a_request_is_one(client, given):
    answer = client.get("/health/live", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] != given
    assert (
        client.get("/health/live", headers={"X-Request-ID": "a-1"}).headers["X-Request-ID"] == "a-1"
    )


def test_a_fault_of_the_program_is_told_without_its_words(app, client, monkeypatch, caplog):
    def fail(*_, **__):
        raise KeyError("/srv/secret")

    monkeypatch.setattr("web.jobs.queue.list_jobs", fail)
    told = problem(client.get("/ogc/jobs"), 500)
    assert "secret" not in json.dumps(told)
    assert "/srv/secret" in caplog.text


@pytest.mark.slow
def test_a_database_that_is_away(settings, tmp_path):
    app = create_app(settings)
    client = app.test_client()
    store = service_of(app).store
    store.close()
    (settings.data / "witoil.sqlite").rename(tmp_path / "away")
    (settings.data / "witoil.sqlite").mkdir()
    told = problem(client.get("/health/ready"), 503)
    assert str(settings.data) not in json.dumps(told)
    assert client.get("/health/live").status_code == 200


def test_subscribers_are_of_hosts_that_the_operator_allows(client, case):
    for address in ("http://127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd", "x"):
        body = {"inputs": {"case": case}, "subscriber": {"successUri": address}}
        told = problem(client.post(SIMULATE, json=body), 422)
        assert told["errors"][0]["pointer"] == "/subscriber"


NAMES = st.text(st.sampled_from("abz09._-é% +@=\u4e2d".replace(" ", "")), min_size=1, max_size=9)


@given(st.lists(NAMES, min_size=2, max_size=5), st.sampled_from(["", "case: ", "'", "found ("]))
def test_of_paths_the_last_name_stays(names, before):
    path = "/" + "/".join(names)
    assert without_paths(f"{before}{path}: missing") == f"{before}{names[-1]}: missing"


@pytest.mark.parametrize(
    "text",
    ["https://host/a/b.nc: 404", "upload:1/mask.tif", "6.5 kg/m3", "m s-1 / day", "1/24 degree"],
)
def test_what_is_no_path_stays(text):
    assert without_paths(text) == text


@pytest.mark.parametrize("host", ['evil"><script>', "a,b", "a/b?c#", "x:99999999", "a b"])
def test_a_host_that_is_none(client, host):
    problem(client.get("/ogc/", headers={"Host": host}), 400)
