import json
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
from sqlalchemy import select, update

from web.jobs import callbacks, queue
from web.jobs.callbacks import CallbackError, call, deliver, delivering, refuse_unlisted
from web.store.base import now
from web.store.jobs import Callback

LISTED = ["hooks.example.org", "127.0.0.1", "::1", "10.1.2.3"]


class Subscriber(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Host"], json.loads(body)))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def subscriber(*statuses, tls=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Subscriber)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.got, server.statuses = [], list(statuses)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/done?job=1",
        "http://hooks.example.org:8080",
        "https://HOOKS.example.org/",
        "http://127.0.0.1:9/x",
        "http://[::1]/x",
    ],
)
def test_listed_hosts_may_be_called(url):
    refuse_unlisted({"successUri": url}, LISTED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "//hooks.example.org/",
        "file:///etc/passwd",
        "ftp://hooks.example.org/",
        "gopher://hooks.example.org/",
        "http://example.org/",
        "http://hooks.example.org.evil.net/",
        "http://evil.net/hooks.example.org",
        "http://hooks.example.org@evil.net/",
        "http://user:word@hooks.example.org/",
        "http://evil.net#@hooks.example.org/",
        "http://evil.net\\@hooks.example.org/",
        "http://hooks.example.org\\@evil.net/",
        "http://hooks.example.org./",
        "http://hooks.example.org:99999/",
        "http://hooks.example.org:x/",
        "http://hooks.example.org/\r\nHost: evil.net",
        "http://hooks.example.org/ x",
        "http://hooks.example.org/\0",
        "http://höoks.example.org/",
        "http://localhost/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1/",
        "http://10.1.2.4/",
        "http://hooks.example.org/" + "x" * 3000,
    ],
)
def test_others_are_refused_in_a_line(url):
    with pytest.raises(CallbackError, match=r"^subscriber\.failedUri: ") as caught:
        refuse_unlisted({"successUri": "http://10.1.2.3/", "failedUri": url}, LISTED)
    assert "\n" not in str(caught.value)
    with pytest.raises(CallbackError):
        call(url, {}, LISTED)


def resolving(monkeypatch, address):
    """Have a name stand for another address."""
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *arguments, **options):
        if host != "hooks.example.org":
            return real(host, port, *arguments, **options)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
    ],
)
def test_a_name_that_leads_into_the_house_is_not_called(address, monkeypatch):
    """However it is listed: whoever has the name may turn it anywhere."""
    resolving(monkeypatch, address)
    with pytest.raises(CallbackError, match="list the address itself"):
        call("http://hooks.example.org/", {}, LISTED)


def test_the_address_that_was_looked_at_is_called_under_the_name(monkeypatch):
    """As with a public one, which there is none of here: over TLS the name is checked."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example.org").configure_cert(tls)
    monkeypatch.setattr(callbacks, "address_of", lambda host, port: "127.0.0.1")
    with authority.cert_pem.tempfile() as trusted, subscriber(tls=tls) as server:
        url = f"https://hooks.example.org:{server.server_port}/done?job=1"
        with pytest.raises(CallbackError):  # nobody known has signed for it
            call(url, {}, LISTED)
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        call(url, {"jobID": "1"}, LISTED)
        name = f"hooks.example.org:{server.server_port}"
        assert server.got == [("/done?job=1", name, {"jobID": "1"})]
    with authority.cert_pem.tempfile() as trusted:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("another.example.org").configure_cert(tls)
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        with subscriber(tls=tls) as server, pytest.raises(CallbackError):
            call(f"https://hooks.example.org:{server.server_port}/", {}, LISTED)
        assert server.got == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_no_yes_is_a_fault(status):
    with subscriber(status) as server:
        with pytest.raises(CallbackError, match=f"answered {status}"):
            call(f"http://127.0.0.1:{server.server_port}/a", {}, LISTED)
        assert [path for path, _, _ in server.got] == ["/a"]  # and not where it leads


def test_who_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(callbacks, "CALL_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(CallbackError, match="Timeout"):
            call(f"http://127.0.0.1:{port}/", {}, LISTED)
    with pytest.raises(CallbackError):
        call(f"http://127.0.0.1:{port}/", {}, LISTED)  # nobody is there


def finished(store, url):
    with store.session() as session:
        queue.submit(session, "anna", "p", {}, "key", subscriber={"successUri": url})
        job = queue.claim(session, "one", timedelta(minutes=1))
        queue.finish(session, queue.Held.of(job), {"fss": 0.5})


def kept(store):
    with store.reading() as session:
        return list(session.scalars(select(Callback)))


@pytest.mark.slow
def test_a_subscriber_is_told_once(store):
    with subscriber() as server:
        finished(store, f"http://127.0.0.1:{server.server_port}/done")
        assert deliver(store, LISTED)
        assert not deliver(store, LISTED)
    ((_, _, body),) = server.got
    assert body == {"result": {"value": {"fss": 0.5}}}
    assert kept(store) == []


def test_who_does_not_take_it_is_told_again_and_at_last_given_up(store):
    with subscriber(*[503] * 20) as server:
        finished(store, f"http://127.0.0.1:{server.server_port}/done")
        for tries in range(1, len(callbacks.PAUSES_SECONDS) + 1):
            assert deliver(store, LISTED)
            assert not deliver(store, LISTED)  # not at once
            (left,) = kept(store)
            assert (left.tries, left.fault) == (tries, "127.0.0.1: answered 503")
            with store.session() as session:
                soon = now(session) - timedelta(seconds=1)
                session.execute(update(Callback).where(Callback.due.is_not(None)).values(due=soon))
        assert not deliver(store, LISTED)
        assert len(server.got) == len(callbacks.PAUSES_SECONDS)
    assert kept(store)[0].due is None


def test_a_host_that_has_been_taken_off_the_list_is_not_called(store):
    with subscriber() as server:
        finished(store, f"http://127.0.0.1:{server.server_port}/done")
        deliver(store, [])
        assert server.got == []
    assert "not on the operator's list" in kept(store)[0].fault


@pytest.mark.slow
def test_calls_are_made_beside_other_work(store):
    with subscriber() as server, delivering(store, LISTED):
        finished(store, f"http://127.0.0.1:{server.server_port}/done")
        while kept(store):
            threading.Event().wait(0.05)
        assert len(server.got) == 1
