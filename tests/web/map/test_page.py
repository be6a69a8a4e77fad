"""The page and its files over HTTP: for whom, with which policy, and nothing else."""

import gzip
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.people import people
from web.api.page import ours, policy
from web.settings import SettingsError, read_settings

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with people(tmp_path_factory.mktemp("service")) as made:
        yield made.client()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("*/*", "application/json"),
        (None, "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_browsers_get_the_page_and_programs_what_there_is(client, accept, kind):
    with client.get("/", headers={"Accept": accept} if accept else {}) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == kind
        assert "Accept" in answer.headers["Vary"]
        assert ("Content-Security-Policy" in answer.headers) is True
        if kind == "application/json":
            assert answer.json["links"]


def test_all_that_the_page_loads_is_here_and_nothing_stands_in_it(client):
    with client.get("/", headers={"Accept": BROWSER}) as answer:
        page, rules = answer.text, answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in rules
    assert "unsafe-eval" not in rules
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert not re.search(r"\sstyle=|\son\w+=|<style", page)
    loaded = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', page)
    assert len(loaded) > 4
    for name in loaded:
        assert "://" not in name
        with client.get(f"/{name}") as answer:
            assert answer.status_code == 200, name


def test_modules_import_only_what_is_sent(client):
    seen, wanted = set(), ["static/now/map/main.js"]
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        with client.get(f"/{name}") as answer:
            assert answer.status_code == 200, name
            assert answer.mimetype == "text/javascript"
            text = answer.text
        at_first = re.findall(r'^(?:import|export) .*from "([^"]+)";$', text, re.MULTILINE)
        for found in [*at_first, *re.findall(r'await import\("([^"]+)"\)', text)]:
            parts = name.split("/")[:-1]
            for step in found.split("/"):
                if step == "..":
                    parts.pop()
                elif step != ".":
                    parts.append(step)
            wanted.append("/".join(parts))
    assert len(seen) > 30


@pytest.mark.parametrize(
    "path",
    [
        "static/now/map/page.html",
        "static/now/map/../app.py",
        "static/now/map/..%2fapp.py",
        "static/now/map/%2e%2e/app.py",
        "static/now/map/../../witoil/__init__.py",
        "static/now/map/",
        "static/now/map/none.js",
        "static/now/map/a%00.js",
        "static/now/player/page.html",
        "static/now/maplibre/../map.py",
        "static/now/maplibre/" + "a" * 5000 + ".js",
        "static/now/other/main.js",
    ],
)
def test_nothing_else_is_sent(client, path):
    with client.get(f"/{path}") as answer:
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


def test_files_travel_packed_once(client):
    path = "/static/now/map/main.js"
    with client.get(path) as plain, client.get(path, headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert "Accept-Encoding" in packed.headers["Vary"]
        tag = packed.headers["ETag"]
    known = {"If-None-Match": tag, "Accept-Encoding": "gzip"}
    with client.get(path, headers=known) as again:
        assert again.status_code == 304
    with client.get(path, headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"}) as part:
        assert part.status_code == 206
        assert len(part.data) == 10
    with client.get(path, headers={"Range": "bytes=-9999999"}) as last, client.get(path) as whole:
        assert (last.status_code, last.data) == (206, whole.data)


def test_files_are_kept_by_browsers_until_one_of_them_changes(client, tmp_path, monkeypatch):
    shutil.copytree(ours(), tmp_path / "static")
    monkeypatch.setattr("web.api.page.ours", lambda: tmp_path / "static")

    def address():
        with client.get("/", headers={"Accept": BROWSER}) as answer:
            assert answer.cache_control.no_cache
            return re.search(r'src="(static/[^"]+/map/main.js)"', answer.text)[1]

    first = address()
    with client.get(f"/{first}") as answer:
        assert answer.cache_control.immutable
        assert answer.cache_control.max_age > 3e7
    changed = tmp_path / "static" / "words.js"
    changed.write_text(changed.read_text() + "\n")
    assert address() != first
    with client.get(f"/{first}") as answer:  # what is open still asks for it
        assert answer.status_code == 200
        assert answer.cache_control.no_cache
        assert not answer.cache_control.immutable


def test_the_policy_lets_in_the_host_of_the_base_map_and_no_other():
    tiles = "https://tiles.example.org/a/{z}/{x}/{y}.png"
    assert "tiles.example.org" not in policy(None)
    rules = dict(rule.split(" ", 1) for rule in policy(tiles).split("; "))
    assert rules["connect-src"] == "'self' https://tiles.example.org"
    assert rules["script-src"] == "'self'"


@pytest.mark.parametrize(
    "address",
    [
        "http://tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}.png",
        "https://*/{z}/{x}/{y}.png",
        "https://{s}.example.org/{z}/{x}/{y}.png",
        "https://a b/{z}/{x}/{y}.png",
        "https://a;script-src */{z}/{x}/{y}.png",
        "https://me:secret@tiles.example.org/{z}/{x}/{y}.png",
        "https://tílés.example.org/{z}/{x}/{y}.png",
        "javascript:alert(1)/{z}/{x}/{y}",
        "/{z}/{x}/{y}.png",
    ],
)
def test_other_base_maps_are_refused(address):
    with pytest.raises(SettingsError, match=r"BASE_MAP: found .* expected the address of tiles"):
        read_settings(base_map=address)


@given(st.text(max_size=30))
def test_no_host_adds_to_the_policy(host):
    try:
        settings = read_settings(base_map=f"https://{host}/{{z}}/{{x}}/{{y}}.png")
    except SettingsError:
        return
    rules = policy(settings.base_map).split("; ")
    assert len(rules) == 10
    assert [rule.split(" ")[0] for rule in rules] == [
        rule.split(" ")[0] for rule in policy(None).split("; ")
    ]
