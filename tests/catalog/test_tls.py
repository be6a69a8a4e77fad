"""A certificate that cannot be trusted is named, with what to do, and not asked for again."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from catalog import CatalogError, UnreadableFileError
from catalog.remote.download import Patience, download
from catalog.remote.opendap import Opendap
from catalog.thredds import read_catalogue
from tests.catalog.servers import Quiet, file_handler, serving

# A second attempt would take longer than any test.
PATIENCE = Patience(attempts=3, pause_seconds=600.0)
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
FILES = {"/a": b"abc"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch) -> Path:
    """Have the environment trust the authority."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    return path


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def context_of(authority: trustme.CA, host: str = "localhost", **options) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **options).configure_cert(context)
    return context


def fetch(url: str, folder: Path) -> bytes:
    download(url, folder / "file", patience=PATIENCE)
    return (folder / "file").read_bytes()


def refused(url: str, folder: Path) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        fetch(url, folder)
    assert "\n" not in str(caught.value)
    assert not list(folder.glob("file*"))
    return str(caught.value)


def test_what_the_environment_trusts_is_trusted(authority, trusted, tmp_path: Path):
    with serving(file_handler(FILES), context_of(authority)) as url:
        assert fetch(f"{url}/a", tmp_path) == b"abc"


UNKNOWN = "name a file of their certificates (PEM) by REQUESTS_CA_BUNDLE"


@pytest.mark.parametrize(
    ("options", "fault", "advice"),
    [
        ({"not_before": NOW - 9 * DAY, "not_after": NOW - DAY}, "certificate has expired", "clock"),
        ({"not_before": NOW + DAY}, "certificate is not yet valid", "clock"),
        ({"host": "example.org"}, "certificate is not valid for 'localhost'", "check the address"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    authority, trusted, tmp_path: Path, options, fault: str, advice: str
):
    handler = file_handler(FILES)
    with serving(handler, context_of(authority, **options)) as url:
        said = refused(f"{url}/a", tmp_path)
    assert said.startswith(f"{url}/a: the certificate of localhost cannot be trusted (")
    assert fault in said
    assert advice in said
    assert "REQUESTS_CA_BUNDLE" not in said  # which would not help
    assert not handler.requests


def test_an_address_that_the_certificate_is_not_for(authority, trusted, tmp_path: Path):
    with serving(file_handler(FILES), context_of(authority)) as url:
        said = refused(f"{url.replace('localhost', '127.0.0.1')}/a", tmp_path)
    assert "certificate of 127.0.0.1 cannot be trusted (IP address mismatch" in said


def test_of_an_authority_that_nobody_knows(authority, tmp_path: Path):
    with serving(file_handler(FILES), context_of(authority)) as url:
        said = refused(f"{url}/a", tmp_path)
    assert "unable to get local issuer certificate" in said
    assert UNKNOWN in said


def test_self_signed_until_it_is_named(tmp_path: Path, monkeypatch):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    own, private = tmp_path / "own.pem", tmp_path / "key.pem"
    pem = serialization.Encoding.PEM
    own.write_bytes(certificate.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(pem, *plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, private)
    with serving(file_handler(FILES), context) as url:
        said = refused(f"{url}/a", tmp_path)
        assert "self-signed certificate" in said
        assert UNKNOWN in said
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own))
        assert fetch(f"{url}/a", tmp_path) == b"abc"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, b"", b"hello"])
def test_a_bundle_without_certificates_is_named(
    authority, tmp_path: Path, monkeypatch, variable: str, content: bytes | None
):
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv(variable, str(bundle))
    with serving(file_handler(FILES), context_of(authority)) as url:
        said = refused(f"{url}/a", tmp_path)
    assert f"{variable} names {bundle}, which has no certificates" in said


def test_the_host_that_is_led_to_is_named(authority, tmp_path: Path):
    with serving(file_handler(FILES), context_of(authority)) as target:

        class Leading(Quiet):
            def answer(self):
                self.send(302, Location=f"{target}/a")

        with serving(Leading) as url:
            said = refused(f"{url}/a", tmp_path)
    assert said.startswith(f"{url}/a: the certificate of localhost cannot be trusted")


def test_catalogues_and_opendap_say_the_same(authority):
    with serving(file_handler(FILES), context_of(authority)) as url:
        for read in (lambda: read_catalogue(f"{url}/catalog.xml"), Opendap(f"{url}/a").open):
            with pytest.raises(CatalogError, match=r"certificate of localhost cannot be trusted"):
                read()


def test_what_is_no_tls_is_asked_again_and_said(tmp_path: Path):
    quick = Patience(attempts=2, pause_seconds=0.0)
    with serving(file_handler(FILES)) as url:
        address = f"{url.replace('http:', 'https:')}/a"
        with pytest.raises(
            UnreadableFileError, match=r"2 attempts \(no connection by TLS: wrong v"
        ):
            download(address, tmp_path / "file", patience=quick)
