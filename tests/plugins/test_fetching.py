"""Weights that come from elsewhere: fetched or brought, pinned when they first come."""

import hashlib
import json
import ssl

import pytest
import trustme

from tests.catalog.servers import file_handler, serving
from tests.plugins.builders import card, mean_colour, plugin_in
from tests.witoil.command import witoil

MODEL = mean_colour()
OTHER = mean_colour().replace(b"test", b"tset")
LABELS = 'labels = ["red", "green", "blue"]'
TEXT = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output=f'format = "probs"\n{LABELS}',
)
NAME = "made-image-classify"


@pytest.fixture(scope="module")
def context():
    """Return the context of a server, and the certificate of who vouches for it."""
    authority = trustme.CA()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(made)
    return made, authority.cert_pem


@pytest.fixture
def served(context, tmp_path, monkeypatch):
    """Return what serves files over HTTPS."""
    context[1].write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WITOIL_HTTP_PAUSE_SECONDS", "0.01")

    def serve(files):
        return serving(file_handler(files), context[0])

    return serve


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return what makes a plug-in with other weights in its card, none beside it."""

    def make(weights):
        folder = plugin_in(tmp_path / "plugins" / "made", MODEL, TEXT)
        (folder / "model.onnx").unlink()
        (folder / "card.toml").write_text(f"{TEXT}\n[weights]\n{weights}")
        monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "plugins"))
        return folder

    return make


def listed():
    lines = witoil("modules", "list").stdout.splitlines()
    return next(line for line in lines if line.startswith(NAME))


@pytest.mark.slow
def test_a_model_without_a_checksum_is_pinned_when_it_first_comes(served, made):
    with served({"/model.onnx": MODEL}) as url:
        folder = made(f'uri = "{url}/model.onnx"')
        assert "to fetch, unverified" in listed()
        first = witoil("modules", "fetch", NAME)
        assert first.returncode == 0, first.stderr
        assert "unverified: nothing was known of it; pinned now" in first.stdout
        assert hashlib.sha256(MODEL).hexdigest() in first.stdout
        assert "ready, pinned" in listed()
        assert "as expected" in witoil("modules", "fetch", NAME).stdout
    assert witoil("modules", "check", NAME).returncode == 0
    (folder / "model.onnx").unlink()
    with served({"/model.onnx": OTHER}) as other:
        text = (folder / "card.toml").read_text().replace(url, other)
        (folder / "card.toml").write_text(text)
        refused = witoil("modules", "fetch", NAME)
        assert refused.returncode == 2
        assert "sha256" in refused.stderr
        assert not (folder / "model.onnx").exists()
        renewed = witoil("modules", "fetch", NAME, "--renew")
        assert "pinned now" in renewed.stdout
    assert (folder / "model.onnx").read_bytes() == OTHER


@pytest.mark.slow
def test_a_model_that_is_changed_after_it_was_pinned_is_not_run(served, made):
    with served({"/model.onnx": MODEL}) as url:
        folder = made(f'uri = "{url}/model.onnx"')
        witoil("modules", "fetch", NAME)
    (folder / "model.onnx").write_bytes(OTHER)
    answer = witoil("modules", "check", NAME)
    assert answer.returncode == 2
    assert "found the checksum" in answer.stderr


def test_no_more_is_fetched_than_the_card_says(served, made):
    checksum = hashlib.sha256(MODEL).hexdigest()
    with served({"/model.onnx": MODEL + b"more" * 1000}) as url:
        said = f'uri = "{url}/model.onnx"\nsha256 = "{checksum}"\nbytes = {len(MODEL)}'
        folder = made(said)
        answer = witoil("modules", "fetch", NAME)
    assert answer.returncode == 2
    assert f"expected at most {len(MODEL) / 1e6:g} MB" in answer.stderr
    assert [path.name for path in folder.iterdir()] == ["card.toml"]


UPSTREAM = 'uri = "model.onnx"\n[weights.upstream]\nform = "torch"\n'


@pytest.mark.slow
def test_weights_of_the_makers_are_kept_until_they_are_turned_into_onnx(served, made, tmp_path):
    with served({"/best.pt": b"a program"}) as url:
        folder = made(f'{UPSTREAM}uri = "{url}/best.pt"')
        answer = witoil("modules", "fetch", NAME)
    assert answer.returncode == 0, answer.stderr
    assert "docs/conversion.md" in answer.stdout
    assert (folder / "best.pt").read_bytes() == b"a program"
    assert witoil("modules", "check", NAME).returncode == 2
    (tmp_path / "converted.onnx").write_bytes(MODEL)
    answer = witoil("modules", "fetch", NAME, "--from", tmp_path / "converted.onnx")
    assert answer.returncode == 0, answer.stderr
    assert witoil("modules", "check", NAME).returncode == 0
    pins = json.loads((folder / "pins.json").read_text())
    assert {name: pin["bytes"] for name, pin in pins.items()} == {
        "best.pt": 9,
        "model.onnx": len(MODEL),
    }


@pytest.mark.slow
def test_weights_with_a_checksum_of_their_makers_are_compared_with_it(served, made, tmp_path):
    checksum = hashlib.sha256(b"a program").hexdigest()
    with served({"/best.pt": b"another"}) as url:
        folder = made(f'{UPSTREAM}uri = "{url}/best.pt"\nsha256 = "{checksum}"')
        assert "unverified" not in listed()
        answer = witoil("modules", "fetch", NAME)
    assert answer.returncode == 2
    assert checksum in answer.stderr
    assert not (folder / "best.pt").exists()
    (tmp_path / "best.pt").write_bytes(b"another")
    answer = witoil("modules", "fetch", NAME, "--from", tmp_path / "best.pt")
    assert answer.returncode == 2
    assert checksum[:12] in answer.stderr
    assert "--renew" not in answer.stderr  # it would be refused, too


def test_without_a_network_it_is_said_what_to_do(served, made):
    with served({}) as url:
        made(f'{UPSTREAM}uri = "{url}/best.pt"')
    answer = witoil("modules", "fetch", NAME)
    assert answer.returncode == 2
    line = answer.stderr.strip().splitlines()[-1]
    assert f"get {url}/best.pt elsewhere and give it with --from" in line


@pytest.mark.slow
def test_weights_on_request_name_who_gives_them(made, tmp_path):
    made(f'{UPSTREAM}access = "request"\ncontact = "somebody@example.org"\nfile = "best.pt"')
    assert "weights on request" in listed()
    answer = witoil("modules", "fetch", NAME)
    assert answer.returncode == 2
    assert "somebody@example.org" in answer.stderr
    (tmp_path / "given.pt").write_bytes(b"a program")
    answer = witoil("modules", "fetch", NAME, "--from", tmp_path / "given.pt")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("model.onnx", b"no model", "is no ONNX"),
        ("missing.onnx", None, "expected a file of weights"),
    ],
)
def test_what_is_no_model_is_not_taken(made, tmp_path, name, content, text):
    folder = made('uri = "https://example.org/model.onnx"')
    if content is not None:
        (tmp_path / name).write_bytes(content)
    answer = witoil("modules", "fetch", NAME, "--from", tmp_path / name)
    assert answer.returncode == 2
    assert text in answer.stderr
    assert {it.name for it in folder.iterdir()} == {"card.toml"}


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ('uri = "model.onnx"', "sha256, bytes: found none"),
        ('uri = "model.onnx"\nbytes = 3', "expected both or none"),
        (f'{UPSTREAM}access = "request"', "expected who gives the weights on request"),
        (f'{UPSTREAM}uri = "http://example.org/best.pt"', "expected an https address"),
        (f'{UPSTREAM}uri = "https://example.org/best.pt"\nfile = "../best.pt"', "../best.pt"),
        (f'{UPSTREAM}uri = "https://example.org/.."', "name of a file of weights"),
        (f'{UPSTREAM}uri = "https://example.org/"', "name of a file of weights"),
        (f'{UPSTREAM}uri = "https://example.org/card.toml"', "name of a file of weights"),
        (f'{UPSTREAM}uri = "https://example.org/pins.json"', "name of a file of weights"),
        (f'{UPSTREAM}uri = "https://example.org/model.onnx"', "expected another name"),
    ],
)
def test_weights_that_cannot_be_had_are_a_fault_of_the_card(made, weights, text):
    made(weights)
    lines = witoil("modules", "list").stdout.splitlines()
    (line,) = (line for line in lines if "broken" in line)
    assert text in line


@pytest.mark.slow
def test_damaged_pins_are_said_and_stop_no_list(served, made):
    with served({"/model.onnx": MODEL}) as url:
        folder = made(f'uri = "{url}/model.onnx"')
        witoil("modules", "fetch", NAME)
    (folder / "pins.json").write_text("[]")
    assert "checksums damaged" in listed()
    answer = witoil("modules", "check", NAME)
    assert answer.returncode == 2
    assert "remove it, and fetch again" in answer.stderr
    (folder / "pins.json").unlink()
    assert "has no checksum" in witoil("modules", "check", NAME).stderr
    assert "pinned now" in witoil("modules", "fetch", NAME).stdout
