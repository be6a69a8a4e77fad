"""Who sees what on the page: tokens, other people, and links that somebody has sent."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.web.map.conftest import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


LINKS_TOO = {("/session", "GET"), ("/tiles/coast/<z>/<x>/<y>.mvt", "GET")}
"""What whoever has a link may see beside the job."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service with tokens."""
    with serving(tmp_path_factory.mktemp("guarded")) as made:
        yield made


@pytest.fixture(scope="module")
def annas(guarded, seen_run):
    """Id of a job of Anna."""
    return guarded.job(seen_run, guarded.made.client("anna"))


def signed_in(page, token):
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector("html[data-ready]")


@pytest.fixture(scope="module")
def door(kept_open, guarded):
    """A page that nobody is signed in at, for tests that leave it so."""
    return kept_open(at=guarded, ready=False)


def test_nobody_gets_in_without_a_token(guarded, door):
    page = door
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_contain_text("Paste a token first")
    page.get_by_label("Token").fill("nonsense")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("unknown, has expired or was revoked")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    signed_in(page, guarded.made.token("anna"))
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Sign out").click()
    expect(dialog).to_be_visible()


def test_two_browsers_see_nothing_of_each_other(guarded, annas, opened):
    anna = opened(f"#run={annas}", at=guarded, ready=False)
    signed_in(anna, guarded.made.token("anna"))
    expect(anna.locator(".layer-box")).to_contain_text("Afloat")
    bob = opened(f"#run={annas}", at=guarded, ready=False)
    signed_in(bob, guarded.made.token("bob"))
    expect(bob.locator(".message")).to_contain_text("no such run of yours")
    expect(bob.locator(".layer-box")).not_to_contain_text("Afloat")
    assert annas not in bob.locator("#left").inner_html()


def test_who_is_not_known_any_more_signs_in_and_goes_on(guarded, annas, door):
    page = door
    signed_in(page, guarded.made.token("anna"))
    page.context.clear_cookies()
    page.evaluate("(id) => { location.hash = `run=${id}` }", annas)
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    page.get_by_label("Token").fill(guarded.made.token("anna"))
    page.keyboard.press("Enter")
    expect(page.locator(".layer-box")).to_contain_text("Afloat")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()


@pytest.fixture
def link(guarded, annas):
    """What a link to Anna's job holds, and its id."""
    made = guarded.made.client("anna").post("/shares", json={"job": annas}).json
    return made["href"].rpartition("/")[2], made["id"]


def test_a_link_shows_a_run_to_whoever_has_it_until_it_ends(guarded, link, opened):
    """Land that does not come any more must not be taken for sea."""
    secret, name = link
    page = opened(f"#shared={secret}", at=guarded)
    expect(page.locator(".layer-box")).to_contain_text("Afloat")
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    page.reload()
    expect(page.locator(".layer-box")).to_contain_text("Afloat")
    page.wait_for_load_state("networkidle")
    assert guarded.made.client("anna").delete(f"/shares/{name}").status_code == 204
    page.evaluate("location.hash = 'camera=36.55,19.42,13'")  # tiles that are not here yet
    expect(page.locator(".pane .message")).to_contain_text("expired or was taken back")


def test_a_link_that_was_taken_back_says_so(guarded, link, opened):
    secret, name = link
    assert guarded.made.client("anna").delete(f"/shares/{name}").status_code == 204
    page = opened(f"#shared={secret}", at=guarded, ready=False)
    expect(page.locator("#banner")).to_contain_text("expired or was taken back")


def test_a_link_is_good_for_one_job_and_to_look_at(guarded, annas, link, seen_run):
    secret, _ = link
    another = guarded.job(seen_run, guarded.made.client("anna"))
    client = guarded.made.app.test_client(use_cookies=False)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Share {secret}"
    assert client.get(f"/jobs/{annas}/particles").status_code == 200
    assert client.get(f"/ogc/jobs/{annas}/results").status_code == 200
    known = client.get("/session").json
    assert known["job"] == annas
    assert "anna" not in json.dumps(known)
    for rule in guarded.made.app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            _assert_closed(client, rule, method, annas, another)


def _assert_closed(client, rule, method, shared, another):
    """A route is open to a link only to look at the job that it is for, and where it is to all."""
    from web.people.access import scope_of

    scope = scope_of(client.application, rule.endpoint)
    if scope is None or (rule.rule, method) in LINKS_TOO:
        return
    path = rule.rule
    for argument in rule.arguments:
        value = another if argument == "jobID" else "1"
        path = re.sub(rf"<(path:)?{argument}>", value, path)
    path = re.sub(r"<any\((\w+).*?\):\w+>", r"\1", path)
    assert client.open(path, method=method).status_code in (401, 403), (method, path)
    if method != "GET" and "jobID" in rule.arguments:
        own = path.replace(another, shared)
        assert client.open(own, method=method).status_code == 403, (method, own)


@pytest.mark.parametrize("header", ["Share", "Share ", "Share x", "Share " + "a" * 5000, "share é"])
def test_no_link_at_all(guarded, annas, header):
    client = guarded.made.app.test_client(use_cookies=False)
    answer = client.get(f"/jobs/{annas}/particles", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
