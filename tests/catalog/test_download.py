"""Downloads end in the right bytes or in one clear line, and leave nothing half-done."""

import base64
import hashlib
import time
from datetime import timedelta
from pathlib import Path

import pytest

from catalog import CatalogError, UnreadableFileError
from catalog.remote.download import Patience, credentials, download
from catalog.remote.store import Store
from tests.catalog.servers import Quiet, file_handler, flaky, serving

QUICK = Patience(
    silence_seconds=0.3, total_seconds=5.0, attempts=4, pause_seconds=0.001, redirects=3
)
CONTENT = bytes(range(256)) * 400


def fetch(url: str, folder: Path, **options) -> bytes:
    options.setdefault("patience", QUICK)
    path = folder / "file"
    try:
        download(url, path, **options)
        return path.read_bytes()
    finally:
        assert {p.name for p in folder.iterdir()} <= {"file"}


def refused(url: str, folder: Path, match: str, **options) -> None:
    with pytest.raises(UnreadableFileError, match=match) as caught:
        fetch(url, folder, **options)
    assert "\n" not in str(caught.value)
    assert not list(folder.iterdir())


def test_file_and_what_is_known_of_it(tmp_path: Path):
    with serving(file_handler({"/a.nc": CONTENT})) as url:
        facts = download(f"{url}/a.nc", tmp_path / "a.nc", patience=QUICK)
        assert facts["url"] == f"{url}/a.nc"
        assert facts["etag"]
    assert (tmp_path / "a.nc").read_bytes() == CONTENT


def test_part_that_was_left_is_gone_on_with(tmp_path: Path):
    handler = file_handler({"/a": CONTENT})
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    with serving(handler) as url:
        (tmp_path / "file.validator").write_text(f'"\\"{hash(CONTENT)}\\""')
        assert fetch(f"{url}/a", tmp_path) == CONTENT
    assert handler.requests[0][1]["Range"] == "bytes=1000-"


def test_part_of_another_version_is_not_gone_on_with(tmp_path: Path):
    (tmp_path / "file.part").write_bytes(b"old" * 1000)
    (tmp_path / "file.validator").write_text('"\\"old\\""')
    with serving(file_handler({"/a": CONTENT})) as url:
        assert fetch(f"{url}/a", tmp_path) == CONTENT


def test_cut_connection_is_resumed_where_it_was_cut(tmp_path: Path):
    class Cutting(file_handler({"/a": CONTENT})):
        def send(self, status, body=b"", **headers):
            if status == 200:
                headers["Content-Length"] = str(len(body))
                self.close_connection = True
                super().send(status, body[:5000], **headers)
            else:
                super().send(status, body, **headers)

    with serving(Cutting) as url:
        assert fetch(f"{url}/a", tmp_path) == CONTENT
    assert [r[1].get("Range") for r in Cutting.requests[:2]] == [None, "bytes=5000-"]


@pytest.mark.slow
@pytest.mark.parametrize("ranges", [True, False])
def test_200_faults_give_no_wrong_data_and_no_leftovers(tmp_path: Path, ranges: bool):
    """Each file comes right or is refused, within the attempts stated, the cache clean."""
    files = {f"/{k}.bin": bytes([k]) * (2000 + 37 * k) for k in range(110)}
    faults = ("cut", "slow", "5xx", "too long", "reset", *(("too short",) if ranges else ()))
    share = 0.5 if ranges else 0.6
    handler = flaky(file_handler(files, ranges=ranges), seed=11, share=share, faults=faults)
    patience = Patience(silence_seconds=0.05, total_seconds=5.0, attempts=4, pause_seconds=0.0)
    store = Store(tmp_path, 10**9)
    failed = 0
    with serving(handler) as url:
        for name, content in files.items():
            try:
                path = store.get(
                    url + name,
                    lambda path, name=name: download(url + name, path, patience=patience),
                )
                assert path.read_bytes() == content
            except CatalogError:
                failed += 1
                assert store.find(url + name) is None
            verifying = 2 if ranges else 1
            # a busy server may note a request that nobody waits for when others have begun
            asked = sum(path == name for path, _ in handler.requests)
            assert 1 <= asked <= verifying * patience.attempts
    assert len(handler.injected) >= 100
    assert set(handler.injected) == set(faults)
    assert failed < 60
    assert len(store.entries()) == len(files) - failed
    assert not list((tmp_path / "making").iterdir())
    kept = [p for p in (tmp_path / "objects").rglob("*") if p.is_file()]
    assert len(kept) == len(files) - failed


def test_too_short_an_announcement_is_noticed(tmp_path: Path):
    class Short(file_handler({"/a": CONTENT})):
        def send(self, status, body=b"", **headers):
            super().send(status, body[:100] if status == 200 else body, **headers)

    with serving(Short) as url:
        assert fetch(f"{url}/a", tmp_path) == CONTENT


@pytest.mark.parametrize("header", ["Repr-Digest", "Digest", "Content-MD5"])
@pytest.mark.parametrize("right", [True, False])
def test_digest_of_the_server_is_verified(tmp_path: Path, header: str, right: bool):
    digest = hashlib.md5 if header == "Content-MD5" else hashlib.sha256
    value = base64.b64encode(digest(CONTENT if right else b"other").digest()).decode()
    text = {"Repr-Digest": f"sha-256=:{value}:", "Digest": f"SHA-256={value}"}.get(header, value)

    class Digesting(Quiet):
        def answer(self):
            self.send(200, CONTENT, **{header: text})

    with serving(Digesting) as url:
        if right:
            assert fetch(url, tmp_path) == CONTENT
        else:
            refused(url, tmp_path, "after 4 attempts .the .* is")
            assert len(Digesting.requests) == 4


def test_digest_that_is_known_is_verified(tmp_path: Path):
    with serving(file_handler({"/a": CONTENT})) as url:
        good = hashlib.sha256(CONTENT).hexdigest()
        assert fetch(f"{url}/a", tmp_path, sha256=good) == CONTENT
        (tmp_path / "file").unlink()
        refused(f"{url}/a", tmp_path, "sha256 is", sha256="0" * 64)


def test_slow_server_ends_within_the_time_limit(tmp_path: Path):
    class Dripping(Quiet):
        def answer(self):
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)

    started = time.monotonic()
    with serving(Dripping) as url:
        patience = Patience(silence_seconds=1.0, total_seconds=0.6, pause_seconds=0.0)
        refused(url, tmp_path, "not done within 0.6 s", patience=patience)
        assert time.monotonic() - started < 1.5


def test_slow_header_ends_within_the_time_limit(tmp_path: Path):
    class Dripping(Quiet):
        def answer(self):
            for _ in range(100):
                self.wfile.write(b"H")
                time.sleep(0.05)

    started = time.monotonic()
    with serving(Dripping) as url:
        patience = Patience(silence_seconds=1.0, total_seconds=0.6, pause_seconds=0.0)
        refused(url, tmp_path, "not done within 0.6 s", patience=patience)
        assert time.monotonic() - started < 1.5


def test_silent_server(tmp_path: Path):
    class Silent(Quiet):
        def answer(self):
            time.sleep(0.3)

    with serving(Silent) as url:
        patience = Patience(silence_seconds=0.05, attempts=3, pause_seconds=0.0)
        refused(url, tmp_path, r"after 3 attempts \(no answer for 0.05 s\)", patience=patience)
        assert len(Silent.requests) == 3


def test_no_server(tmp_path: Path):
    refused("http://127.0.0.1:9", tmp_path, "no connection: Connection refused")


def test_redirects_are_followed_and_loops_are_not(tmp_path: Path):
    class Leading(file_handler({"/end": CONTENT})):
        def answer(self):
            if self.path == "/start":
                self.send(302, Location="/end")
            elif self.path == "/loop":
                self.send(302, Location="/loop")
            elif self.path == "/file":
                self.send(302, Location="file:///etc/passwd")
            else:
                super().answer()

    with serving(Leading) as url:
        assert fetch(f"{url}/start", tmp_path) == CONTENT
        (tmp_path / "file").unlink()
        Leading.requests.clear()
        refused(f"{url}/loop", tmp_path, "leads on to another place 4 times")
        assert len(Leading.requests) == 4
        with pytest.raises(CatalogError, match="not a URL"):
            fetch(f"{url}/file", tmp_path)


def test_404_is_not_asked_for_again(tmp_path: Path):
    handler = file_handler({})
    with serving(handler) as url:
        refused(f"{url}/a", tmp_path, "answers 404 Not Found; check the address")
    assert len(handler.requests) == 1


def test_404_halfway_leaves_nothing(tmp_path: Path):
    class Vanishing(file_handler({"/a": CONTENT})):
        def answer(self):
            if len(self.requests) > 1:
                self.send(404)
            else:
                self.close_connection = True
                self.send(200, CONTENT[:500], **{"Content-Length": "9999", "ETag": '"1"'})

    with serving(Vanishing) as url:
        refused(f"{url}/a", tmp_path, "answers 404")
    assert len(Vanishing.requests) == 2


@pytest.mark.slow
def test_server_that_is_busy_says_when_to_come_back(tmp_path: Path):
    class Busy(file_handler({"/a": CONTENT})):
        def answer(self):
            if len(self.requests) == 1:
                self.send(503, Retry_After="1")
            else:
                super().answer()

    started = time.monotonic()
    with serving(Busy) as url:
        assert fetch(f"{url}/a", tmp_path) == CONTENT
    assert time.monotonic() - started > 1.0


def test_page_instead_of_data(tmp_path: Path):
    page = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
    handler = file_handler({"/a.nc": page})
    with serving(handler) as url:
        refused(f"{url}/a.nc", tmp_path, "HTML page instead of data")


def test_content_that_fails_its_check_is_fetched_again(tmp_path: Path):
    class Changing(Quiet):
        def answer(self):
            self.send(200, b"good" if len(self.requests) == 3 else b"bad")

    def check(path: Path) -> None:
        if path.read_bytes() != b"good":
            raise CatalogError("is bad")

    with serving(Changing) as url:
        assert fetch(url, tmp_path, check=check) == b"good"


def test_size_limit(tmp_path: Path):
    class Endless(Quiet):
        def answer(self):
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)

    with serving(file_handler({"/a": CONTENT})) as url:
        refused(f"{url}/a", tmp_path, "expected at most 0.001 MB", most_bytes=1000)
    with serving(Endless) as url:
        refused(url, tmp_path, "expected at most 1 MB", most_bytes=10**6)


class Guarded(file_handler({"/a": CONTENT})):
    def answer(self):
        expected = {"Basic bWU6c2VjcmV0", "Bearer s3cr3t"}
        if self.headers.get("Authorization") in expected:
            super().answer()
        else:
            self.send(401)


def test_login_from_netrc_environment_or_not_at_all(tmp_path: Path, monkeypatch, caplog):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    with caplog.at_level("DEBUG"), serving(Guarded) as url:
        refused(f"{url}/a", tmp_path / "out", "401 Unauthorized; expected a login: in ~/.netrc")
        monkeypatch.setenv("NETRC", str(netrc))
        assert fetch(f"{url}/a", tmp_path / "out") == CONTENT
        monkeypatch.delenv("NETRC")
        monkeypatch.setenv("WITOIL_TOKEN_127_0_0_1", "s3cr3t")
        assert fetch(f"{url}/a", tmp_path / "out") == CONTENT
        monkeypatch.delenv("WITOIL_TOKEN_127_0_0_1")
        monkeypatch.setenv("WITOIL_USER_127_0_0_1", "me")
        monkeypatch.setenv("WITOIL_PASSWORD_127_0_0_1", "secret")
        assert fetch(f"{url}/a", tmp_path / "out") == CONTENT
    assert "s3cr3t" not in caplog.text
    assert "secret" not in caplog.text


def test_credentials_do_not_follow_to_another_host(tmp_path: Path, monkeypatch):
    with serving(file_handler({"/a": CONTENT})) as other:
        elsewhere = other.replace("127.0.0.1", "localhost")

        class Leading(Quiet):
            def answer(self):
                self.send(302, Location=f"{elsewhere}/a")

        monkeypatch.setenv("WITOIL_TOKEN_127_0_0_1", "s3cr3t")
        with serving(Leading) as url:
            assert fetch(f"{url}/a", tmp_path) == CONTENT
        assert Leading.requests[0][1]["Authorization"] == "Bearer s3cr3t"
    assert credentials("http://localhost/a") is None


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("http://me:secret@host/a", r"http://...@host/a: carries a user or password"),
        ("ftp://host/a", "not a URL"),
        ("http:///a", "not a URL"),
        ("http://host:port/", "not a URL"),
    ],
)
def test_foreign_urls_are_refused_without_their_password(tmp_path: Path, url: str, match: str):
    with pytest.raises(CatalogError, match=match) as caught:
        download(url, tmp_path / "a")
    assert "secret" not in str(caught.value)


def test_patience_from_the_environment(monkeypatch):
    monkeypatch.setenv("WITOIL_HTTP_ATTEMPTS", "2")
    monkeypatch.setenv("WITOIL_HTTP_TOTAL_SECONDS", "0.5")
    assert Patience.from_environment() == Patience(attempts=2, total_seconds=0.5)
    monkeypatch.setenv("WITOIL_HTTP_ATTEMPTS", "often")
    with pytest.raises(CatalogError, match="WITOIL_HTTP_ATTEMPTS: found 'often'"):
        Patience.from_environment()


def test_download_interrupted_by_a_kill_resumes_in_the_store(tmp_path: Path):
    handler = file_handler({"/a": CONTENT})
    store = Store(tmp_path, 10**9)
    with serving(handler) as url:

        def killed(path: Path) -> None:
            path.with_name("a.part").write_bytes(CONTENT[:7777])
            path.with_name("a.validator").write_text(f'"\\"{hash(CONTENT)}\\""')
            raise SystemExit

        with pytest.raises(SystemExit):
            store.get(f"{url}/a", killed)
        path = store.get(
            f"{url}/a",
            lambda path: download(f"{url}/a", path, patience=QUICK),
            max_age=timedelta(hours=1),
        )
    assert path.read_bytes() == CONTENT
    assert handler.requests[0][1]["Range"] == "bytes=7777-"
