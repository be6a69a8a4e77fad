"""POST /preview: who may ask for what, and what is refused before anything is prepared."""

import pytest

from tests.web.people import FEATURES, assert_problem, bring, case, people
from web.data import uploads
from web.errors import ConflictError, TooLargeError
from web.people import quotas
from web.previews import asking
from witoil.errors import CaseError

ANSWER = {
    "time": "2021-08-24T12:00:00Z",
    "score": 0.5,
    "fss": {"1": 0.25, "7": None},
    "scores": [{"time": "2021-08-24T12:00:00Z", "fss": {"1": 0.25, "7": None}}],
    "area_m2": 1e6,
    "positions": {
        "count": 0,
        "bounds": [35.0, 35.0, 36.0, 36.0],
        "encoding": "uint16le-base64",
        "data": "",
        "statuses": "",
    },
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    (folder / "winds.nc").touch()
    (folder / "catalogue.toml").write_text('[winds]\ntitle = "Winds"\nfiles = "winds.nc"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "check", lambda path, purpose: {})
        with people(
            folder, catalogue=folder / "catalogue.toml", allowed_hosts="data.example.org"
        ) as made:
            yield made


@pytest.fixture
def asked(monkeypatch):
    """Return what the process of previews was asked, which has one answer for all."""
    questions = []

    def ask(data, question):
        questions.append(question)
        return ANSWER

    monkeypatch.setattr(asking, "ask", ask)
    return questions


def post(client, **options):
    return client.post("/preview", json={"case": case()} | options)


def test_a_case_is_asked_for_with_its_files(service, asked):
    answer = post(
        service.client("anna"),
        parameters={"wind_drift_factor": 0.02},
        particles=700,
        session="tab 1",
        time="2021-08-24T10:00:00+02:00",
        polygons=True,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json.pop("elapsed_ms") >= 0.0
    assert {name: answer.json[name] for name in ANSWER} == ANSWER
    (question,) = asked
    assert question["inputs"]["case"]["model"]["particles"] == 700
    assert question["inputs"]["case"]["forcing"]["winds"].endswith("/winds.nc")
    assert question["time"] == "2021-08-24T08:00:00Z"
    rest = {name: question[name] for name in ("owner", "session", "parameters", "polygons")}
    assert rest == {
        "owner": "anna",
        "session": "tab 1",
        "parameters": {"wind_drift_factor": 0.02},
        "polygons": True,
    }


def test_what_may_stay_prepared(service, asked):
    """The key is that of case and data; a server's data are taken as they were for a while."""
    anna = service.client("anna")
    far = case(winds="https://data.example.org/a.nc")
    for options in (
        {},
        {"parameters": {"wind_drift_factor": 0.02}},
        {"session": "other"},
        {"particles": 10},
        {"case": case() | {"name": "other"}},
        {"case": far},
        {"case": far},
    ):
        assert post(anna, **options).status_code == 200
    same, moved, other, fewer, renamed, once, again = (question["key"] for question in asked)
    assert same == moved == other
    assert once == again
    assert len({same, fewer, renamed, once}) == 4
    winds = service.settings.catalogue.parent / "winds.nc"
    winds.write_bytes(b"new")
    post(anna)
    assert asked[-1]["key"] != same


@pytest.mark.parametrize(
    ("options", "pointer", "says"),
    [
        ({"parameters": {"wind": 1.0}}, "/parameters", "unknown parameter"),
        ({"parameters": {"wind_drift_factor": 9.0}}, "/parameters", "expected 0 to 0.2"),
        ({"particles": 20_001}, "/particles", "20000"),
        ({"particles": 0}, "/particles", ""),
        ({"session": "s" * 101}, "/session", ""),
        ({"session": 1}, "/session", ""),
        ({"time": "noon"}, "/time", ""),
        ({"more": 1}, "/more", "unknown here"),
        ({"case": case(winds="/etc/passwd")}, "/case/forcing/winds", "expected a stored file"),
        ({"case": case(winds="http://169.254.169.254/")}, "/case/forcing/winds", "host"),
        ({"case": case() | {"folder": "/"}}, "/case", "folder"),
        ({"case": case() | {"time": {}}}, "/case/time/start", "missing"),
    ],
)
def test_content_at_fault_is_named(service, asked, options, pointer, says):
    answer = post(service.client("anna"), **options)
    assert_problem(answer, 422, says)
    assert answer.json["errors"][0]["pointer"] == pointer
    assert not asked


def test_what_is_anothers_is_not_there(service, asked):
    upload = bring(service.client("anna"), "a.geojson", FEATURES).json
    mine = case() | {
        "release": [{"kind": "area", "geometry": upload["reference"], "mass_tonnes": 1}]
    }
    assert post(service.client("anna"), case=mine).status_code == 200
    answer = post(service.client("bob"), case=mine)
    assert_problem(answer, 422, "there is no upload")
    assert len(asked) == 1
    assert_problem(post(service.client()), 401)
    assert_problem(post(service.client("anna", scope="read")), 403)


def test_bounds(service, asked, monkeypatch):
    anna = service.client("anna")
    fine = case() | {"model": {"particles": 10**6, "time_step_minutes": 0.01}}
    assert_problem(post(anna, case=fine), 413, "particle-steps, expected 5e+07")
    # the particles of the case itself do not count
    assert post(anna, case=case() | {"model": {"particles": 10**9}}).status_code in (200, 422)
    monkeypatch.setattr(quotas, "_spent", lambda session, owner: 10**12)
    assert_problem(post(anna), 429, "particle-steps in 24 hours")
    assert len(asked) <= 1


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (ConflictError("superseded by a newer request of its session"), 409),
        (TooLargeError("the case takes longer than 10 s to run"), 413),
        (CaseError("/tmp/room/1/winds.nc: not there"), 422),
    ],
)
def test_how_else_it_may_end(service, monkeypatch, ending, status):
    def ask(data, question):
        raise ending

    monkeypatch.setattr(asking, "ask", ask)
    assert_problem(post(service.client("anna")), status)


def test_without_the_process_of_previews(service):
    answer = post(service.client("anna"))
    assert_problem(answer, 503, "not there")
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b'{"case": NaN}', 400),
        ("text/plain", b"{}", 415),
        ("application/json", b"[]", 422),
        ("application/json", b'{"case": []}', 422),
        ("application/json", b'{"case": {"model": 1}}', 422),
        ("application/json", b'{"case": {"href": "https://a/b"}}', 422),
    ],
)
def test_bodies_that_are_none(service, asked, content_type, body, status):
    answer = service.client("anna").post("/preview", data=body, content_type=content_type)
    assert_problem(answer, status)
    assert not asked


def test_a_wrapped_case(service, asked):
    assert post(service.client("anna"), case={"value": case()}).status_code == 200
    assert asked[0]["inputs"]["case"]["name"] == "spill"
