"""The commands of the service, as a person starts them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from catalog.server.bounds import MOST_BYTES
from tests.witoil import command
from web import logs
from web.app import create_app
from web.context import service_of
from web.server import listening
from web.settings import Settings


def witoil(*arguments, env):
    """Run a command that ends by itself."""
    whole = [sys.executable, "-m", "witoil", *map(str, arguments)]
    return subprocess.run(whole, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def environment(tmp_path):
    """A user who has set nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WITOIL_")}
    (tmp_path / "winds.nc").write_text("none")
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text('[winds]\ntitle = "Winds"\nfiles = "winds.nc"\n')
    return kept | {
        "WITOIL_DATA": str(tmp_path / "data"),
        "WITOIL_AUTH": "off",
        "WITOIL_CATALOGUE": str(catalogue),
    }


@pytest.fixture(scope="module")
def served_alone(tmp_path_factory):
    """Address of a web server in a thread of this process, for tests that only ask."""
    app = create_app(Settings(data=tmp_path_factory.mktemp("data"), auth="off", port=0))
    server = listening(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/"
    server.close()
    service_of(app).store.close()


@pytest.fixture
def served(environment):
    """A service with its runner, stopped at the end; its address and its process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "witoil", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process.stdout.readline().split()[-1], process
    finally:
        process.terminate()
        process.communicate()


def asked(address, path, body=None):
    """Return the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def is_running(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def begun(process, name):
    """Return the processes of a command that the server has begun."""
    found = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", f"witoil {name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(number) for number in found.stdout.split()]


def refused(address, path, body):
    """Return the status of an answer that is a problem, and its document."""
    with pytest.raises(urllib.error.HTTPError) as answer:
        asked(address, path, body)
    return answer.value.code, json.load(answer.value)


def until(condition, seconds=30.0):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found
    return found


@pytest.mark.slow
def test_a_job_is_done_and_all_ends_with_the_server(served):
    address, process = served
    assert asked(address, "health/ready") == {"status": "ok"}
    body = {
        "inputs": {
            "case": {
                "name": "nothing to read",
                "time": {"start": "2021-08-24T00:00:00Z", "end": "2021-08-24T01:00:00Z"},
                "forcing": {"currents": "none", "winds": "upload:nothing"},
                "release": [{"kind": "point", "lon": 1, "lat": 1, "mass_tonnes": 1}],
            }
        }
    }
    with pytest.raises(urllib.error.HTTPError) as refused:
        asked(address, "ogc/processes/simulate/execution", body)
    assert json.load(refused.value)["errors"][0]["pointer"] == "/inputs/case/forcing/winds"

    (runner,) = until(lambda: begun(process, "runner"))
    (previewer,) = until(lambda: begun(process, "preview"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert not is_running(runner)
    assert not is_running(previewer)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["runner", "preview"])
def test_what_is_killed_is_started_again_and_ends_when_the_server_is_killed(served, name):
    _, process = served
    (first,) = until(lambda: begun(process, name))
    os.kill(first, signal.SIGKILL)
    (second,) = until(lambda: [each for each in begun(process, name) if each != first])
    time.sleep(2.0)  # until it watches its parent
    process.kill()
    process.wait()
    until(lambda: not is_running(second))


@pytest.mark.slow
def test_previews_are_there_after_a_moment(served, tmp_path):
    """They refuse what a job would, after they have looked at it."""
    address, _ = served
    case = {
        "name": "nothing to read",
        "time": {"start": "2021-08-24T00:00:00Z", "end": "2021-08-24T01:00:00Z"},
        "forcing": {"currents": "none", "winds": "catalogue:winds"},
        "release": [{"kind": "point", "lon": 1, "lat": 1, "mass_tonnes": 1}],
    }

    def ask():
        status, problem = refused(address, "preview", {"case": case})
        return None if status == 503 else (status, problem["detail"])

    status, detail = until(ask)
    assert status == 422
    assert "winds.nc" in detail
    assert os.fspath(tmp_path) not in detail


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000000", 413),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * 300_000, 431),
        ("POST /uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: -3", 400),
        ("POST /uploads HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: x", 501),
    ],
)
def test_what_waitress_refuses_is_a_problem(served_alone, head, status):
    host, port = served_alone.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        problem = json.load(answer)
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert (answer.status, problem["status"]) == (status, status)
    assert problem["request"] == answer.getheader("X-Request-ID")


@pytest.mark.slow
def test_an_address_in_use_is_one_line(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = witoil("serve", "--port", port, "--runners", 0, env=environment)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"witoil: 127.0.0.1:{port}: no server can listen there (")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "WITOIL_PORT: found 70000, expected "),
        (["--host", "0.0.0.0"], "WITOIL_AUTH: found off with host 0.0.0.0"),
        (["--database", "mysql://host/name"], "database: found mysql, expected sqlite"),
        (["--database", "nothing"], "database: not the address of one"),
    ],
)
def test_settings_at_fault_are_one_line(environment, monkeypatch, arguments, message):
    monkeypatch.setattr(logs, "log_to_stderr", lambda: None)  # of all that is in this process
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    answer = command.witoil("serve", "--runners", 0, *arguments, env=environment)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"witoil: {message}")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.slow
def test_commands_of_the_service_are_listed(environment):
    answer = witoil("--help", env=environment)
    assert answer.returncode == 0
    for name in ("simulate", "serve", "runner", "token"):
        assert f" {name} " in answer.stdout


@pytest.mark.slow
def test_other_commands_load_nothing_of_the_service():
    code = (
        "from witoil.cli.main import app; app(['oils'], standalone_mode=False); import sys; "
        "print('web' in sys.modules, 'importlib.metadata' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1].startswith("False")


@pytest.mark.slow
def test_the_largest_answer_waits_for_a_slow_client_outside_the_threads(tmp_path):
    app = create_app(Settings(data=tmp_path, auth="off", port=0))
    server = listening(app)
    try:
        assert server.adj.outbuf_high_watermark > MOST_BYTES
    finally:
        server.close()
        service_of(app).store.close()
