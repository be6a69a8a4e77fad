import io

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.server.ranges import RangedResponse

CONTENT = bytes(range(100))


@pytest.fixture(scope="module")
def client():
    app = flask.Flask(__name__)
    app.response_class = RangedResponse

    @app.get("/<int:size>")
    def content(size):
        return flask.send_file(io.BytesIO(CONTENT[:size]), mimetype="text/plain", etag="some")

    return app.test_client()


def of(client, wanted, size=100, **headers):
    return client.get(f"/{size}", headers={"Range": wanted, **headers}, buffered=True)


@given(size=st.integers(1, 100), last=st.integers(1, 10**20))
def test_last_bytes_are_the_whole_where_there_are_fewer(client, size, last):
    answer = of(client, f"bytes=-{last}", size)
    assert answer.status_code == 206
    assert answer.data == CONTENT[max(size - last, 0) : size]
    assert answer.headers["Content-Range"] == f"bytes {max(size - last, 0)}-{size - 1}/{size}"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@given(size=st.integers(1, 100), first=st.integers(0, 200), more=st.integers(0, 200))
def test_ranges_that_begin_at_a_byte_end_with_the_file(client, size, first, more):
    for wanted, end in [
        (f"bytes={first}-", size),
        (f"bytes={first}-{first + more}", first + more + 1),
    ]:
        answer = of(client, wanted, size)
        assert answer.status_code == (206 if first < size else 416)
        if first < size:
            assert answer.data == CONTENT[first : min(end, size)]


@pytest.mark.parametrize(
    "wanted", ["bytes=-0", "bytes=-00", "bytes=5-4", "bytes=a-b", "bytes=-", "bytes"]
)
def test_what_is_no_range_or_has_no_byte_is_refused(client, wanted):
    answer = of(client, wanted)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */100")


@pytest.mark.parametrize("wanted", ["items=0-1", "rows=-5", "bytes=0-1,5-6", "bytes=0-1,-200"])
def test_other_units_and_several_ranges_have_the_whole(client, wanted):
    answer = of(client, wanted)
    assert (answer.status_code, answer.data) == (200, CONTENT)
    assert "Content-Range" not in answer.headers


def test_a_file_that_has_changed_since_is_sent_whole(client):
    assert of(client, "bytes=-200", **{"If-Range": '"other"'}).status_code == 200
    assert of(client, "bytes=-200", **{"If-Range": '"some"'}).status_code == 206


def test_a_head_has_no_range_and_an_empty_file_is_whole(client):
    head = client.head("/100", headers={"Range": "bytes=-5"})
    assert (head.status_code, head.headers["Content-Length"]) == (200, "100")
    assert (of(client, "bytes=-5", 0).status_code, of(client, "bytes=-5", 0).data) == (200, b"")
