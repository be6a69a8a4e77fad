"""Signing on by a provider of OpenID Connect, which the tests start; and what is refused."""

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.web.people import assert_problem, people
from tests.witoil.command import witoil
from web.people import sign_on
from web.store.base import now
from web.store.identities import Identity, PendingSignOn

ORIGIN = {"Origin": "http://localhost"}


@contextmanager
def provider(*options):
    """Start a provider, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                requests.get(f"{url}/jwks", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def issuer():
    with provider() as url:
        yield url


@pytest.fixture
def site(tmp_path, issuer):
    options = {"sso_issuer": issuer, "sso_client": "witoil", "sso_secret": "swordfish"}
    with people(tmp_path, sso_scope="run", **options) as made:
        yield made


def begin(site):
    """Return a browser that has begun, and where it is sent to."""
    browser = site.app.test_client()
    answer = browser.get("/session/sso")
    assert answer.status_code == 302, answer.text
    return browser, answer.headers["Location"]


def agree(url, who="subject-1"):
    """Sign in at the provider, and return the path that the browser is sent back to."""
    answer = requests.post(url, data={"sub": who}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def signed_on(site, who="subject-1"):
    browser, url = begin(site)
    answer = browser.get(agree(url, who))
    return browser, answer


@pytest.mark.slow
def test_somebody_is_signed_on_and_off(site):
    browser, answer = signed_on(site)
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == "http://localhost/"
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("witoil_session"))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    person = browser.get("/session").json
    assert person["scopes"] == ["read", "run"]
    assert person["name"].startswith("sso-")
    assert "subject-1" not in str(person)
    _, again = signed_on(site)
    other, _ = signed_on(site, "subject-2")
    assert again.status_code == 303
    assert other.get("/session").json["name"] != person["name"]
    kept = browser.get_cookie("witoil_session").value
    assert browser.delete("/session", headers=ORIGIN).status_code == 204
    browser.set_cookie("witoil_session", kept)  # whoever has stolen it
    assert_problem(browser.get("/session"), 401)


def test_the_request_is_guarded(site, issuer):
    _, url = begin(site)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{issuer}/")
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost/session/sso/callback"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(map(len, (asked["state"], asked["nonce"], asked["code_challenge"]))) >= 43
    _, other = begin(site)
    assert parse_qs(urlsplit(other).query)["state"][0] != asked["state"]
    assert "swordfish" not in url


def test_the_verifier_of_pkce_goes_with_the_code(site, monkeypatch):
    sent = {}
    client = sign_on._client

    def spying(*arguments):
        made = client(*arguments)
        fetch = made.fetch_token

        def fetch_token(url, **given):
            sent.update(given)
            return fetch(url, **given)

        made.fetch_token = fetch_token
        return made

    monkeypatch.setattr(sign_on, "_client", spying)
    _, answer = signed_on(site)
    assert answer.status_code == 303
    assert len(sent["code_verifier"]) >= 43


def test_a_state_is_good_once_and_for_its_browser(site):
    browser, url = begin(site)
    back = agree(url)
    stranger, _ = begin(site)
    assert_problem(stranger.get(back), 401, "state")
    assert_problem(site.app.test_client().get(back), 401, "state")
    # the stranger has not used it up
    kept = browser.get_cookie("witoil_sign_on", path="/session/sso/callback").value
    assert browser.get(back).status_code == 303
    browser.set_cookie("witoil_sign_on", kept, path="/session/sso/callback")
    assert_problem(browser.get(back), 401, "used before")


@pytest.mark.slow
def test_a_code_is_good_once(site):
    browser, url = begin(site)
    back = agree(url)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert browser.get(back).status_code == 303
    second, url = begin(site)
    state = parse_qs(urlsplit(url).query)["state"][0]
    replayed = second.get(f"/session/sso/callback?code={code}&state={state}")
    assert_problem(replayed, 401, "does not vouch")


def test_whoever_takes_too_long_begins_anew(site):
    browser, url = begin(site)
    back = agree(url)
    with site.store.session() as session:
        (pending,) = session.query(PendingSignOn).all()
        pending.expires = now(session)
    assert_problem(browser.get(back), 401, "took too long")


@pytest.mark.parametrize(
    "query", ["", "state=", "code=x", "state=x&code=y", "error=access_denied&state=x", "state=%00"]
)
def test_what_is_no_way_back(site, query):
    browser, _ = begin(site)
    assert_problem(browser.get(f"/session/sso/callback?{query}"), 401)


def test_a_refusal_of_the_provider_is_said(site):
    browser, url = begin(site)
    state = parse_qs(urlsplit(url).query)["state"][0]
    answer = browser.get(f"/session/sso/callback?error=access_denied&state={state}")
    assert_problem(answer, 401, "has not signed anybody in")


@pytest.mark.slow
def test_an_expired_token_is_refused(tmp_path):
    with provider("-e", "-7200") as url:
        options = {"sso_issuer": url, "sso_client": "w", "sso_secret": "s", "sso_scope": "run"}
        with people(tmp_path, **options) as site:
            _, answer = signed_on(site)
            assert_problem(answer, 401, "does not vouch")


@pytest.mark.slow
def test_another_issuer_is_refused(tmp_path, issuer):
    other = issuer.replace("127.0.0.1", "localhost")
    # what it says of itself is made from the name by which it is asked; as with a stroke at the end
    with people(tmp_path, sso_issuer=f"{other}/", sso_client="witoil", sso_scope="run") as site:
        assert_problem(site.app.test_client().get("/session/sso"), 503, "does not answer")


KEY = RSAKey.generate_key(2048, {"kid": "ours"})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, None),
        ({"iss": "https://other.example.org"}, KEY),
        ({"aud": "another"}, KEY),
        ({"aud": ["witoil", "another"]}, KEY),
        ({"azp": "another"}, KEY),
        ({"nonce": "another"}, KEY),
        ({"nonce": None}, KEY),
        ({"exp": 1}, KEY),
        ({"exp": None}, KEY),
        ({"sub": None}, KEY),
        ({"sub": ""}, KEY),
        ({}, RSAKey.generate_key(2048, {"kid": "ours"})),
    ],
)
def test_only_what_is_signed_for_us_now_counts(site, monkeypatch, changes, key):
    """The first is right but for the algorithm, of the others one claim or the key is wrong."""
    moment = int(time.time())

    class Client:
        def fetch_token(self, url, **given):
            claims = {
                "iss": site.settings.sso_issuer,
                "aud": "witoil",
                "sub": "x",
                "iat": moment,
                "exp": moment + 60,
                "nonce": "n",
            } | changes
            claims = {name: value for name, value in claims.items() if value is not None}
            if key is None:
                import base64
                import json

                parts = ({"alg": "none"}, claims)
                coded = (base64.urlsafe_b64encode(json.dumps(p).encode()) for p in parts)
                return {"id_token": b".".join([*coded, b""]).decode().replace("=", "")}
            return {"id_token": jwt.encode({"alg": "RS256", "kid": "ours"}, claims, key)}

    document = sign_on._document
    monkeypatch.setattr(
        sign_on,
        "_document",
        lambda url: {"keys": [KEY.as_dict(private=False)]} if "jwks" in url else document(url),
    )
    monkeypatch.setattr(sign_on, "_client", lambda *_: Client())
    pending = PendingSignOn(digest="d", nonce="n", verifier="v")
    with pytest.raises(sign_on.UnauthenticatedError):
        sign_on.subject_of(site.settings, pending, "code", "http://localhost/back")


@pytest.mark.slow
def test_somebody_waits_for_the_operators_yes(tmp_path, issuer):
    data = {"WITOIL_DATA": str(tmp_path / "data")}
    with people(tmp_path, sso_issuer=issuer, sso_client="w", sso_secret="s") as site:
        _, answer = signed_on(site)
        assert_problem(answer, 403, "has not let you in (request ")
        _, again = signed_on(site)
        assert again.json["detail"] == answer.json["detail"]
        said = witoil("token", "requests", env=data).stdout
        request = said.split()[0]
        assert f"(request {request})" in answer.json["detail"]
        assert "subject-1" not in said
        assert witoil("token", "answer", request, "--grant", env=data).returncode == 0
        browser, let_in = signed_on(site)
        assert let_in.status_code == 303
        name = browser.get("/session").json["name"]
        assert witoil("token", "revoke", name, env=data).returncode == 0
        assert_problem(browser.get("/session"), 401)
        _, shut_out = signed_on(site)
        assert_problem(shut_out, 403)
        with site.store.reading() as session:
            (identity,) = session.query(Identity).all()
            assert identity.scope is None


@pytest.mark.slow
def test_without_a_provider_there_is_no_sign_on(tmp_path):
    with people(tmp_path) as site:
        assert_problem(site.app.test_client().get("/session/sso"), 404, "no provider")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {"sso_issuer": f"http://127.0.0.1:{port}", "sso_client": "witoil"}
    with people(tmp_path, **options) as site:
        assert_problem(site.app.test_client().get("/session/sso"), 503, "does not answer")


def test_the_secret_goes_to_nobody(site):
    assert "swordfish" not in str(site.settings.environment())
    assert "swordfish" not in repr(site.settings)
