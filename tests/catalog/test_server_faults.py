"""Requests that ask for what there is not, or for much: a status below 500, right numbers, soon."""

import re
import socket
import subprocess
import sys
import time
from contextlib import closing
from urllib.parse import quote

import netCDF4
import numpy as np
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.server.app import create_app

SHAPE = (6, 7, 8)
VALUES = np.random.default_rng(1).normal(size=SHAPE).astype("f4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with netCDF4.Dataset(folder / "base.nc", "w") as file:
        for name, size in zip(("time", "latitude", "longitude"), SHAPE, strict=True):
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,))[:] = np.arange(size)
        grid = ("time", "latitude", "longitude")
        file.createVariable("uo", "f4", grid, zlib=True, chunksizes=(2, 7, 8))[:] = VALUES
        file.createVariable("crs", "i4")[...] = 7
    return folder


@pytest.fixture(scope="module")
def client(folder):
    return create_app(folder).test_client()


def told(answer):
    """Return the text of an answer that tells nothing of the server."""
    text = answer.get_data(as_text=True)
    for secret in ("Traceback", "/tmp", "site-packages", "line "):
        assert secret not in text
    return text


numbers = st.integers(-1, 9) | st.sampled_from(["", "x", "99999999999999999999", " 1", "1e1"])
slices = st.lists(numbers, min_size=0, max_size=4).map(lambda n: f"[{':'.join(map(str, n))}]")
good = st.tuples(
    *(
        st.sampled_from(
            [
                f"[{first}:{step}:{last}]"
                for first in range(size)
                for step in (1, 2, 3)
                for last in range(first, size)
            ]
        )
        for size in SHAPE
    )
).map("".join)
names = st.sampled_from(
    ["uo", "time", "crs", "uo.uo", "no", "", "base.nc.uo", "__class__", "uo%5B0"]
)
terms = st.builds("{}{}".format, names, good | st.lists(slices, max_size=4).map("".join))
constraints = st.lists(terms, max_size=4).map(",".join) | st.text(max_size=30)


@pytest.mark.slow
@settings(max_examples=1000, deadline=2000)
@given(constraint=constraints, kind=st.sampled_from(["dds", "das", "dods", "ascii", "ver"]))
def test_random_constraints(client, constraint, kind):
    answer = client.get(
        f"/thredds/dodsC/base.nc.{kind}", query_string=quote(constraint, safe="[]:,%()&=<>")
    )
    assert answer.status_code in (200, 400)
    text = answer.data if kind == "dods" else told(answer).encode()
    if answer.status_code == 400:
        assert text.startswith(b"Error {")
    elif kind in ("dods", "ascii"):
        assert_right(constraint, kind, text)


def assert_right(constraint, kind, content):
    """Numbers of `uo` are those that a constraint means."""
    if not re.fullmatch(r"uo(\[\d+(:\d+)*\])*", constraint):
        return
    parts = re.findall(r"\[([\d:]+)\]", constraint)
    wanted = VALUES
    if parts:
        index = []
        for part in parts:
            found = [int(number) for number in part.split(":")]
            step = found[1] if len(found) == 3 else 1
            index.append(slice(found[0], found[-1] + 1, step))
        wanted = VALUES[tuple(index)]
    if kind == "dods":
        data = content.partition(b"Data:\n")[2][8:]
        np.testing.assert_array_equal(np.frombuffer(data, ">f4"), wanted.ravel())
    else:
        found = re.findall(rb"^(?:\[\d+\])+ (\S+)$", content, re.MULTILINE)
        np.testing.assert_allclose(np.array(found, float), wanted.ravel(), rtol=1e-5)


def test_part_as_text_has_its_numbers(client):
    text = told(client.get("/thredds/dodsC/base.nc.ascii?uo[0:1][0:1][0:1]"))
    assert text.count("] ") == 8
    assert_right("uo[0:1][0:1][0:1]", "ascii", text.encode())


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("uo.uo", "unknown variable"),
        (",".join(["uo[0][0][0]"] * 1000), "expected 500 at most"),
        ("uo,uo", "expected each variable once"),
        ("uo[0][0][0],uo", "expected each variable once"),
        ("u" * 30_000, "longer than"),
        ("uo[0:1:2:3][0][0]", "unknown variable"),
    ],
)
@pytest.mark.parametrize("kind", ["dods", "ascii", "dds"])
def test_constraints_that_are_refused(client, query, says, kind):
    answer = client.get(f"/thredds/dodsC/base.nc.{kind}?{query}")
    assert answer.status_code == 400
    assert says in told(answer)


def test_too_much_at_once_is_refused(folder, client):
    with netCDF4.Dataset(folder / "large.nc", "w") as file:
        for name in "xy":
            file.createDimension(name, 20_000)
        file.createVariable("a", "f8", ("x", "y"), zlib=True, chunksizes=(1000, 1000))
    answer = client.get("/thredds/dodsC/large.nc.dods")
    assert answer.status_code == 400
    assert "100,000,000 at most" in told(answer)
    # with steps it is not less to read
    assert client.get("/thredds/dodsC/large.nc.dods?a[0:9999:19999][0:19999]").status_code == 400
    assert client.get("/thredds/dodsC/large.nc.dds").status_code == 200
    assert client.get("/thredds/dodsC/large.nc.ascii?a[0:999][0:999]").status_code == 400
    part = client.get("/thredds/dodsC/large.nc.dods?a[5:9][0:19999]")
    assert part.status_code == 200
    (folder / "large.nc").unlink()


@pytest.mark.parametrize(
    "path",
    [
        "fileServer/base.nc%00.txt",
        "fileServer/%00",
        "fileServer/" + "a" * 5000,
        "fileServer/" + "a/" * 3000,
        "catalog/" + "a" * 300 + "/catalog.xml",
        "catalog/%00/catalog.html",
        "dodsC/" + "a" * 300 + ".nc.dds",
        "dodsC/base.nc%00.dds",
        "dodsC/%ff%fe.nc.dds",
        "fileServer/~root/x",
    ],
)
def test_names_that_no_file_can_have(client, path):
    answer = client.get(f"/thredds/{path}")
    assert answer.status_code == 404
    told(answer)


def test_links_in_a_circle(folder, client):
    (folder / "round.nc").symlink_to(folder / "round.nc")
    assert client.get("/thredds/fileServer/round.nc").status_code == 404
    assert client.get("/thredds/catalog/catalog.xml").status_code == 200
    assert client.get("/thredds/catalog/catalog.html").status_code == 200
    (folder / "round.nc").unlink()


@pytest.mark.parametrize("share", [0.02, 0.4, 0.9])
def test_damaged_files(folder, client, share):
    content = bytearray((folder / "base.nc").read_bytes())
    start = int(share * len(content))
    content[start : start + 400] = bytes(400)
    (folder / "bad.nc").write_bytes(content)
    for kind in ("dds", "das", "dods", "ascii"):
        answer = client.get(f"/thredds/dodsC/bad.nc.{kind}")
        assert answer.status_code in (200, 422)
        if kind != "dods" or answer.status_code != 200:
            told(answer)


def test_damage_in_the_numbers_is_no_torn_answer(folder, client):
    with netCDF4.Dataset(folder / "sums.nc", "w") as file:
        file.createDimension("x", 1000)
        file.createVariable("a", "f8", ("x",), fletcher32=True)[:] = np.pi
    content = (folder / "sums.nc").read_bytes()
    spot = content.rindex(np.float64(np.pi).tobytes() * 10)
    (folder / "sums.nc").write_bytes(content[:spot] + b"\1" + content[spot + 1 :])
    assert client.get("/thredds/dodsC/sums.nc.dds").status_code == 200
    for kind in ("dods", "ascii"):
        answer = client.get(f"/thredds/dodsC/sums.nc.{kind}")
        assert answer.status_code == 422
        assert "damaged" in told(answer)


def test_version_tells_nothing_of_the_machine(client):
    assert "python" not in told(client.get("/thredds/dodsC/base.nc.ver")).lower()


@pytest.mark.slow
def test_slow_and_half_open_connections_hold_up_nobody(folder):
    large = folder / "much.nc"
    with netCDF4.Dataset(large, "w") as file:
        file.createDimension("x", 4_000_000)
        file.createVariable("a", "f8", ("x",))[:] = 1.0
    code = (
        "import sys; from pathlib import Path; from catalog.server.app import serve; "
        "serve(Path(sys.argv[1]), '127.0.0.1', 0, on_start=lambda url: print(url, flush=True))"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True
    )
    held = []
    try:
        url = server.stdout.readline().strip()
        port = int(url.split(":")[2].split("/")[0])
        for k in range(150):
            held.append(socket.create_connection(("127.0.0.1", port)))
            if k % 3 == 0:  # half a request
                held[-1].sendall(b"GET /thredds/catalog/catalog.xml HTTP/1.1\r\nHost:")
        for path in ("/thredds/dodsC/much.nc.dods?a", "/thredds/fileServer/much.nc"):
            for _ in range(10):  # ask for much and read nothing of it
                held.append(socket.create_connection(("127.0.0.1", port)))
                held[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        deadline = time.monotonic() + 60.0
        answers = 0
        while answers < 5 and time.monotonic() < deadline:
            answers += requests.get(url, timeout=60).status_code == 200
        assert answers == 5
    finally:
        for each in held:
            with closing(each):
                pass
        server.terminate()
        server.wait()
        server.stdout.close()
        large.unlink()
