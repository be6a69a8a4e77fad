"""Files come in whole or not at all, and each is its owner's."""

import hashlib
import io
import os

import pytest

from tests.web.people import FEATURES, assert_problem, bring, case, people, zipped
from web.data import uploads
from web.data.uploads import safe_name
from web.errors import ContentError
from web.store.base import now
from web.store.jobs import Job


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A service that takes every file for good: the checks are tested by themselves."""
    monkeypatch.setattr(uploads, "check", lambda path, purpose: {"read": path.read_bytes().hex()})
    with people(tmp_path, upload_bytes=100_000, stored_bytes=250_000) as made:
        yield made


def kept(service):
    """Return the files in the folder of uploads."""
    return sorted(p for p in service.settings.uploads.rglob("*") if p.is_file())


def test_file_is_kept_and_given_back(service):
    client = service.client("anna")
    answer = bring(client, "20210824-0343 slick.geojson", FEATURES)
    assert answer.status_code == 201
    told = answer.json
    assert told["name"] == "20210824-0343_slick.geojson"
    assert told["reference"] == f"upload:{told['id']}"
    assert told["sha256"] == hashlib.sha256(FEATURES).hexdigest()
    assert (told["size"], told["purpose"]) == (len(FEATURES), "mask")
    assert told["facts"] == {"read": FEATURES.hex()}
    assert answer.headers["Location"].endswith(f"/uploads/{told['id']}")
    assert client.get(f"/uploads/{told['id']}").json == told
    content = client.get(f"/uploads/{told['id']}/content")
    assert content.data == FEATURES
    content.close()
    assert content.headers["Content-Disposition"].startswith("attachment")
    assert content.mimetype == "application/octet-stream"
    part = client.get(f"/uploads/{told['id']}/content", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, FEATURES[1:4])
    part.close()
    last = client.get(f"/uploads/{told['id']}/content", headers={"Range": "bytes=-99999"})
    assert (last.status_code, last.data) == (206, FEATURES)
    last.close()


@pytest.mark.slow
def test_bodies_larger_than_json_may_be_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "check", lambda path, purpose: {})
    content = os.urandom(1_000_000)
    with people(tmp_path, body_bytes=1000) as service:
        answer = bring(service.client("anna"), "a.nc", content)
        assert answer.json["sha256"] == hashlib.sha256(content).hexdigest()


def test_same_content_is_kept_once(service):
    anna, bob = service.client("anna"), service.client("bob")
    first, second = bring(anna, "a.geojson", FEATURES).json, bring(bob, "b.geojson", FEATURES).json
    one, two = kept(service)
    assert one.stat().st_ino == two.stat().st_ino
    assert (one.name, two.name) == ("a.geojson", "b.geojson")
    assert anna.delete(f"/uploads/{first['id']}").status_code == 204
    assert kept(service) == [two]
    with bob.get(f"/uploads/{second['id']}/content") as content:
        assert content.data == FEATURES
    third = bring(anna, "b.geojson", FEATURES).json
    assert bob.delete(f"/uploads/{second['id']}").status_code == 204
    with anna.get(f"/uploads/{third['id']}/content") as content:
        assert content.data == FEATURES
    anna.delete(f"/uploads/{third['id']}")
    assert not list(service.settings.uploads.iterdir())


def test_list_is_paged_and_ones_own(service):
    anna, bob = service.client("anna"), service.client("bob")
    for k in range(3):
        bring(anna, f"{k}.geojson", FEATURES + b" " * k)
    page = anna.get("/uploads?limit=2").json
    assert [each["name"] for each in page["uploads"]] == ["2.geojson", "1.geojson"]
    assert page["number_matched"] == 3
    links = {link["rel"]: link["href"] for link in page["links"]}
    rest = anna.get(links["next"]).json
    assert [each["name"] for each in rest["uploads"]] == ["0.geojson"]
    assert {link["rel"] for link in rest["links"]} == {"self", "prev"}
    assert bob.get("/uploads").json["uploads"] == []


def test_too_large_is_refused_as_it_comes_and_leaves_nothing(service):
    client = service.client("anna")
    assert_problem(bring(client, "a.nc", bytes(100_001)), 413)
    assert_problem(bring(client, "a.nc", bytes(10_000_000)), 413, "longer than what is taken")
    assert kept(service) == []
    for k in range(2):
        assert bring(client, f"{k}.nc", bytes([k]) * 100_000).status_code == 201
    assert_problem(bring(client, "a.nc", bytes(60_000)), 413)
    assert bring(client, "b.nc", bytes(50_000)).status_code == 201
    assert_problem(bring(client, "c.nc", b"x"), 429, "remove some")
    assert len(kept(service)) == 3


def test_file_that_is_refused_leaves_nothing(service, monkeypatch):
    def refuse(path, purpose):
        (path.parent / "beside").write_text("x")
        raise ContentError([uploads.Fault("/file", "a.nc: is none")])

    monkeypatch.setattr(uploads, "check", refuse)
    answer = bring(service.client("anna"), "a.nc", b"x")
    assert_problem(answer, 422, "a.nc: is none")
    assert answer.json["errors"][0]["pointer"] == "/file"
    assert list(service.settings.uploads.iterdir()) == []


def test_client_that_leaves_in_the_middle_leaves_nothing(service):
    body = io.BytesIO(
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.nc"\r\n\r\n' + bytes(5000)
    )
    answer = service.client("anna").post(
        "/uploads?purpose=mask",
        input_stream=body,
        content_length=50_000,
        content_type="multipart/form-data; boundary=x",
    )
    assert_problem(answer, 400)
    assert kept(service) == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {}}, 415),
        ({"data": b"x", "content_type": "application/octet-stream"}, 415),
        ({"data": b"x", "content_type": "multipart/form-data"}, 400),
        ({"data": b"x", "content_type": "multipart/form-data; boundary=y"}, 400),
        ({"data": {"other": "x"}, "content_type": "multipart/form-data"}, 422),
        ({"data": {"file": "no file"}, "content_type": "multipart/form-data"}, 422),
        ({"data": {"file": (io.BytesIO(b""), "a.nc")}}, 422),
        ({"data": {"a": (io.BytesIO(b"x"), "a.nc"), "b": (io.BytesIO(b"x"), "b.nc")}}, 422),
        ({"data": {f"f{k}": "x" for k in range(100)}, "content_type": "multipart/form-data"}, 422),
        ({"data": {"f": "x" * 300_000}, "content_type": "multipart/form-data"}, 413),
        ({"data": {"f": "x" * 250_000}, "content_type": "multipart/form-data"}, 422),
    ],
)
def test_bodies_that_are_none(service, options, status):
    assert_problem(service.client("anna").post("/uploads?purpose=mask", **options), status)
    assert kept(service) == []


def test_much_beside_a_file_is_told(service):
    data = {f"f{k}": "x" for k in range(11)} | {"file": (io.BytesIO(b"x"), "a.nc")}
    answer = service.client("anna").post("/uploads?purpose=mask", data=data)
    assert_problem(answer, 422, "expected one in a form of at most 10 parts")
    assert kept(service) == []


@pytest.mark.parametrize("query", ["", "?purpose=", "?purpose=virus", "?purpose=mask&x=1"])
def test_purpose_is_said(service, query):
    answer = service.client("anna").post(f"/uploads{query}", data={})
    assert_problem(answer, 422)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/a.nc", "etc_a.nc"),
        ("/etc/passwd.nc", "etc_passwd.nc"),
        ("C:\\a\\b.tif", "Cab.tif"),
        ("a b[1]*?.zip", "a_b1.zip"),
        ("<script>.tif", "script.tif"),
        ("a\r\nX: y.tif", "a_X_y.tif"),
        ("upload:x.tif", "uploadx.tif"),
        (".htaccess.nc", "htaccess.nc"),
        ("a" * 300 + ".nc", "a" * 118 + ".nc"),
        ("20210824-0343-SYR-PL-B-01-S1_sheen.zip", "20210824-0343-SYR-PL-B-01-S1_sheen.zip"),
    ],
)
def test_names_are_made_safe(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["", ".", "..", "/", "passwd", "../..", "\x00", "....", "снимок"])
def test_names_of_which_nothing_is_left(name):
    with pytest.raises(ContentError, match="expected one such as"):
        safe_name(name)


def test_upload_that_a_job_needs_stays(service):
    client = service.client("anna")
    one = bring(client, "a.nc", b"x", "forcing").json
    job = client.post(
        "/ogc/processes/simulate/execution",
        json={"inputs": {"case": case(winds=one["reference"])}},
    ).json["jobID"]
    assert_problem(client.delete(f"/uploads/{one['id']}"), 409, job)
    client.delete(f"/ogc/jobs/{job}")
    assert client.delete(f"/uploads/{one['id']}").status_code == 204


def test_what_a_killed_process_left_is_removed(service):
    bring(service.client("anna"), "a.nc", b"x")
    folder = service.settings.uploads / ("0" * 64)
    folder.mkdir()
    (folder / "lost.nc").write_text("x")
    uploads.tidy(service.store, service.settings.uploads)
    assert [path.name for path in kept(service)] == ["a.nc"]


@pytest.mark.slow
def test_whole_way_in_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("WITOIL_TOKEN_HOST", "secret")
    with people(tmp_path) as service:
        client = service.client("anna")
        good = bring(client, "20210824_0343.zip", zipped({"20210824_0343.geojson": FEATURES}))
        assert good.json["facts"]["times"] == ["2021-08-24T03:43:00+00:00"]
        assert_problem(bring(client, "a.geojson", b'{"type": "Topology"}'), 422, "a.geojson")
        deep = b'{"type": "FeatureCollection", "features": ' + b"[" * 10**6
        assert_problem(bring(client, "a.geojson", deep), 422, "a.geojson")
        assert len(list(service.settings.uploads.iterdir())) == 1


def test_times_are_those_of_the_database(service):
    bring(service.client("anna"), "a.nc", b"x")
    with service.store.reading() as session:
        upload = uploads.list_uploads(session, "anna", limit=1, offset=0)[0][0]
        assert (now(session) - upload.created).total_seconds() < 60
        assert session.query(Job).count() == 0
