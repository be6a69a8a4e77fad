"""Who a request is from: tokens, cookies, pages of other sites."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest

from tests.web.people import assert_problem, people
from web.people.access import COOKIE
from web.people.tokens import revoke_tokens

OWN = {"Origin": "http://localhost"}


@pytest.fixture
def service(tmp_path):
    with people(tmp_path, guests=1) as made:
        yield made


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "bearer witoil_",
        "Bearer \xff\xfe",
        "Bearer ' OR 1=1 --",
        "Bearer " + "a" * 10_000,
    ],
)
def test_without_a_good_token_nobody_is_let_in(service, header):
    headers = {} if header is None else {"Authorization": header}
    for path in ("/uploads", "/session", "/shares", "/ogc/jobs"):
        answer = service.client().get(path, headers=headers)
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def password(name, secret):
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


def test_a_token_is_the_password_of_its_person(service):
    client, token = service.client(), service.token("anna")
    assert client.get("/session", headers=password("anna", token)).json["name"] == "anna"
    for wrong in (password("bob", token), password("", token), password("anna", "")):
        assert_problem(client.get("/session", headers=wrong), 401)
    for header in ("Basic", "Basic ", "Basic !", "Basic " + b64encode(b"anna").decode()):
        assert_problem(client.get("/session", headers={"Authorization": header}), 401)


def test_pages_of_other_sites_write_with_no_password_that_a_browser_remembers(service):
    client, given = service.client(), password("anna", service.token("anna"))
    for headers, status in (({}, 422), (OWN, 422), ({"Origin": "http://evil.example"}, 403)):
        assert_problem(client.post("/shares", json={}, headers=given | headers), status)


def test_scopes_include_those_before(service):
    reader, runner = service.client("ann", scope="read"), service.client("bob", scope="run")
    assert reader.get("/uploads").status_code == 200
    assert_problem(reader.post("/uploads?purpose=mask"), 403, "expected one with the scope run")
    assert runner.get("/session").json["scopes"] == ["read", "run"]
    assert service.client("eve", scope="admin").get("/session").json["scopes"] == [
        "read",
        "run",
        "admin",
    ]


def test_token_that_expired_or_was_revoked(service):
    client = service.client("anna")
    assert client.get("/session").status_code == 200
    with service.store.session() as session:
        revoke_tokens(session, "anna")
    assert_problem(client.get("/session"), 401, "revoked")
    assert_problem(
        service.client("bob", lasts=timedelta(microseconds=1)).get("/session"), 401, "expired"
    )


@pytest.mark.parametrize("token", ["\ud800", "\x00", "a" * 200, "' OR 1=1"])
def test_tokens_that_are_none(service, token):
    body = json.dumps({"token": token})
    answer = service.client().post("/session", data=body, content_type="application/json")
    assert answer.status_code in (401, 422)
    assert "Set-Cookie" not in answer.headers


def signed_in(service, name="anna", **headers):
    client = service.client()
    answer = client.post("/session", json={"token": service.token(name)}, headers=headers)
    assert answer.status_code == 201
    return client, answer


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(service):
    _, answer = signed_in(service)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Expires="):
        assert part in cookie
    assert "Secure" not in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    token = service.token("bob")
    over_tls = service.client().post(
        "/session", json={"token": token}, base_url="https://localhost"
    )
    assert "Secure" in over_tls.headers["Set-Cookie"]
    assert token not in over_tls.get_data(as_text=True) + str(over_tls.headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN, 422),  # let in, and without a body
        (OWN | {"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost.evil.test"}, 403),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_writes_with_a_cookie_come_from_a_page_of_the_service(service, headers, status):
    client, _ = signed_in(service)
    answer = client.post("/shares", json={}, headers=headers)
    assert_problem(answer, status)
    assert client.get("/session", headers=headers).status_code == 200


def test_token_in_the_header_needs_no_origin(service):
    client = service.client("anna")
    assert_problem(client.post("/shares", json={}), 422)
    assert_problem(client.post("/shares", json={}, headers={"Origin": "http://evil.test"}), 422)


def test_signing_out(service):
    client, answer = signed_in(service)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert client.delete("/session", headers=OWN).status_code == 204
    assert_problem(client.get("/session"), 401)
    again = service.app.test_client(use_cookies=False).get("/session", headers={"Cookie": cookie})
    assert_problem(again, 401, "sign in again")


def test_pages_of_other_sites_sign_nobody_in(service):
    body = {"token": service.token("anna")}
    for path in ("/session", "/session/guest", "/access-requests"):
        answer = service.client().post(path, json=body, headers={"Origin": "http://evil.test"})
        assert answer.status_code in (403, 422)
        assert "Set-Cookie" not in answer.headers


def test_guest_comes_and_has_little(service):
    client = service.client()
    assert client.post("/session/guest", headers=OWN).status_code == 201
    person = client.get("/session").json
    assert person["name"].startswith("guest-")
    assert person["quotas"]["jobs_at_once"] == 1
    assert_problem(service.client().post("/session/guest", headers=OWN), 429, "1 guests")


@pytest.mark.slow
def test_no_guests_by_default(tmp_path):
    with people(tmp_path) as service:
        assert_problem(service.client().post("/session/guest"), 403, "no guests")


@pytest.mark.slow
def test_without_tokens_other_sites_are_kept_out_too(tmp_path):
    with people(tmp_path, auth="off") as service:
        client = service.client()
        assert client.get("/session").json["name"] == "local"
        assert_problem(client.post("/shares", json={}), 422)
        assert_problem(client.post("/shares", json={}, headers={"Origin": "http://evil.test"}), 403)


FORM = {
    "name": "Anna Rossi",
    "email": "anna@example.org",
    "institution": "Coast guard",
    "country": "it",
    "purpose": "analyse",
    "message": "Slicks off\nBaniyas",
}


def test_request_for_access_is_noted(service):
    from web.people.admission import answer, list_requests
    from web.people.tokens import TokenError

    asked = service.client().post("/access-requests", json=FORM)
    assert asked.status_code == 201
    with service.store.session() as session:
        (request,) = list_requests(session)
        assert (request.id, request.country) == (asked.json["id"], "IT")
        answer(session, request.id, granted=True)
        assert not list_requests(session)
        assert [r.granted for r in list_requests(session, answered=True)] == [True]
        for again in (request.id, "none"):
            with pytest.raises(TokenError):
                answer(session, again, granted=False)


@pytest.mark.parametrize(
    "change",
    [
        {"email": "anna"},
        {"email": "a@b\nBcc: c@d"},
        {"name": ""},
        {"name": "a\r\nX: y"},
        {"name": "a\x00"},
        {"name": "a" * 101},
        {"country": "ITA"},
        {"purpose": "steal"},
        {"message": "a\x1b[2J"},
        {"message": "a" * 2001},
        {"admin": True},
    ],
)
def test_requests_for_access_that_are_none(service, change):
    assert_problem(service.client().post("/access-requests", json=FORM | change), 422)


def test_requests_for_access_are_bounded(service, monkeypatch):
    monkeypatch.setattr("web.people.admission.MOST_WAITING", 2)
    for _ in range(2):
        assert service.client().post("/access-requests", json=FORM).status_code == 201
    assert_problem(service.client().post("/access-requests", json=FORM), 429)
