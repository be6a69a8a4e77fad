"""Where files are fetched for others, private addresses are out of reach in any spelling."""

import socket
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import CatalogError, UnreadableFileError
from catalog.remote.addresses import ADDRESSES, PRIVATE_HOSTS, address_of
from catalog.remote.download import Patience, download
from catalog.remote.opendap import Opendap
from catalog.remote.store import Store
from catalog.thredds import read_catalogue
from tests.catalog.servers import Quiet, file_handler, serving

QUICK = Patience(silence_seconds=1.0, total_seconds=5.0, attempts=2, pause_seconds=0.001)

SPELLINGS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.8.9.10",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "①②⑦.⓪.⓪.①",
)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES, "public")


class Counting(Quiet):
    requests: ClassVar[list] = []

    def do_GET(self) -> None:  # noqa: N802
        self.requests.append((self.path, {}))
        self.send(200, b"secret")


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_reaches_a_private_address(host: str, tmp_path: Path):
    with serving(file_handler({"/a": b"secret"})) as url:
        port = url.rpartition(":")[2]
        with pytest.raises(CatalogError) as caught:
            download(f"http://{host}:{port}/a", tmp_path / "a", patience=QUICK)
    assert "secret" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("public")
def test_redirect_to_a_private_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with serving(file_handler({"/a": b"secret"})) as inner:

        class Leading(Quiet):
            requests: ClassVar[list] = []

            def do_GET(self) -> None:  # noqa: N802
                self.send(302, Location=f"{inner}/a")

        with serving(Leading) as outer:
            monkeypatch.setenv(PRIVATE_HOSTS, outer.removeprefix("http://"))
            with pytest.raises(UnreadableFileError, match="private network"):
                download(f"{outer}/a", tmp_path / "a", patience=QUICK)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("public")
def test_host_that_resolves_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second answer of a resolver, which is the private one, is never asked for."""
    answers = iter(["93.184.215.14", "127.0.0.1"])
    connected = []
    resolve = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        return resolve(next(answers) if host == "rebinding.test" else host, port, *args, **kwargs)

    def connect(self, address):
        connected.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    once = Patience(silence_seconds=1.0, total_seconds=5.0, attempts=1)
    with pytest.raises(UnreadableFileError):
        download("http://rebinding.test/a", tmp_path / "a", patience=once)
    assert connected == ["93.184.215.14"]
    with pytest.raises(UnreadableFileError, match="private network"):
        download("http://rebinding.test/a", tmp_path / "a", patience=once)
    assert connected == ["93.184.215.14"]


@pytest.mark.usefixtures("public")
def test_proxy_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with serving(Counting) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(UnreadableFileError):
            download("http://10.0.0.1/a", tmp_path / "a", patience=QUICK)
    assert not Counting.requests


@pytest.mark.usefixtures("public")
def test_host_that_the_operator_names_may_be_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with serving(file_handler({"/a": b"data"})) as url:
        for name in ("127.0.0.1", url.removeprefix("http://")):
            monkeypatch.setenv(PRIVATE_HOSTS, f"data.example.org, {name}")
            download(f"{url}/a", tmp_path / "a", patience=QUICK)
            assert (tmp_path / "a").read_bytes() == b"data"
        monkeypatch.setenv(PRIVATE_HOSTS, "127.0.0.1:1")
        with pytest.raises(UnreadableFileError, match="private network"):
            download(f"{url}/a", tmp_path / "a", patience=QUICK)


@pytest.mark.usefixtures("public")
def test_all_that_talks_to_servers_is_guarded(tmp_path: Path):
    """Data sets and catalogues go the same way as files."""
    with serving(Counting) as url:
        with pytest.raises(UnreadableFileError, match="private network"):
            Opendap(f"{url}/dodsC/a").open(Store(tmp_path, 10**9))
        with pytest.raises(UnreadableFileError, match="private network"):
            read_catalogue(f"{url}/catalog.xml", patience=QUICK)
    assert not Counting.requests


def test_without_a_guard_all_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(ADDRESSES, raising=False)
    with serving(file_handler({"/a": b"data"})) as url:
        download(f"{url}/a", tmp_path / "a", patience=QUICK)
    monkeypatch.setenv(ADDRESSES, "no")
    with pytest.raises(CatalogError, match="expected any or public"):
        download("http://127.0.0.1/a", tmp_path / "a", patience=QUICK)


@given(st.ip_addresses(v=4))
def test_ipv4_is_public_in_every_spelling_or_in_none(address):
    number = int(address)
    forms = (str(address), str(number), hex(number), f"::ffff:{address}")
    found = {_is_public(form) for form in forms}
    assert len(found) == 1
    if not address.is_global:
        assert found == {False}


def _is_public(host: str) -> bool:
    try:
        address_of(host, 80)
    except UnreadableFileError:
        return False
    return True
