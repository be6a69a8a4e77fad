"""What forcing covers of an area and a period, over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.fields import write_field
from tests.web.people import assert_problem, bring, people
from tests.web.sites import serving
from web.data import coverage, uploads
from web.data.coverage import _rest

HOUR = np.timedelta64(1, "h")
START = np.datetime64("2021-08-24T00", "ns")
HOURS = START + HOUR * np.arange(25)
BOUNDS = (34, 34, 37, 37)
WANTED = {
    "box": [35.0, 35.0, 36.0, 36.0],
    "time": {"start": "2021-08-24T03:00:00Z", "end": "2021-08-25T03:00:00Z"},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forcing")
    write_field(folder / "whole.nc", ("uo", "vo"), BOUNDS, HOURS)
    # two records are missing, and there is nothing before 06:00
    holed = np.delete(HOURS[6:], [4, 5])
    write_field(folder / "holed.nc", ("uo", "vo"), BOUNDS, holed)
    write_field(folder / "elsewhere.nc", ("uo", "vo"), (0, 0, 3, 3), HOURS)
    write_field(folder / "winds.nc", ("u10", "v10"), BOUNDS, HOURS)
    (folder / "notes.nc").write_text("none")
    (folder / "slicks").mkdir()
    text = "".join(
        f"[{name}]\ntitle = 'About {name}'\nfiles = '{name}.nc'\n"
        for name in ("whole", "holed", "elsewhere", "winds", "notes", "lost")
    )
    text += "[far]\ntitle = 'Far'\nfiles = 'https://data.example.org/a.nc'\n"
    text += "[spills]\ntitle = 'Spills'\nfiles = 'slicks'\nspills = true\n"
    (folder / "catalogue.toml").write_text(text)
    with people(
        folder,
        catalogue=folder / "catalogue.toml",
        products=["era5"],
        allowed_hosts=["data.example.org"],
    ) as made:
        yield made


@pytest.fixture
def anna(service):
    return service.client("anna")


def ask(client, **changes):
    return client.post("/forcing/coverage", json=WANTED | changes)


def spans(*hours):
    """Return spans of hours since the start."""
    text = [np.datetime_as_string(START + HOUR * h, unit="s") + "Z" for h in hours]
    return [list(pair) for pair in zip(text[::2], text[1::2], strict=True)]


@pytest.mark.slow
def test_what_the_catalogue_covers(anna):
    answer = ask(anna, roles=["currents"])
    assert answer.status_code == 200, answer.text
    products = {p["names"][0]: p for p in answer.json["roles"]["currents"]["products"]}
    assert set(products) == {f"catalogue:{n}" for n in ("whole", "holed", "elsewhere", "far")}
    whole = products["catalogue:whole"]
    assert whole["title"] == "About whole"
    assert whole["share"] == pytest.approx(21 / 24)
    assert whole["resolution_deg"] == pytest.approx(0.6)
    for variable in whole["variables"]:
        assert variable["covered"] == spans(3, 24)
        assert variable["missing"] == spans(24, 27)
        assert variable["step_hours"] == 1.0
    assert len(whole["variables"]) == 2
    holed = products["catalogue:holed"]["variables"][0]
    assert holed["missing"] == spans(3, 6, 9, 12, 24, 27)
    assert holed["covered"] == spans(6, 9, 12, 24)
    elsewhere = products["catalogue:elsewhere"]
    assert (elsewhere["share"], elsewhere["variables"]) == (0.0, [])
    assert "expected" in elsewhere["remark"] or "hold" in elsewhere["remark"]
    assert "/" not in elsewhere["remark"].replace("N/E", "")
    assert "on a server" in products["catalogue:far"]["remark"]
    first = answer.json["roles"]["currents"]["products"][0]
    assert first["names"] == ["catalogue:whole"]


@pytest.mark.slow
def test_a_period_without_data_is_all_missing(anna):
    time = {"start": "2022-01-01T00:00:00Z", "end": "2022-01-02T00:00:00Z"}
    answer = ask(anna, roles=["currents"], time=time).json["roles"]["currents"]["products"]
    for product in answer:
        assert product["share"] == 0.0
        for variable in product["variables"]:
            assert variable["covered"] == []
            assert variable["missing"] == [[time["start"], time["end"]]]


def test_a_single_moment(anna):
    moment = "2021-08-24T03:30:00Z"
    answer = ask(anna, roles=["winds"], time={"start": moment, "end": moment})
    (winds,) = [p for p in answer.json["roles"]["winds"]["products"] if p["title"] != "Far"]
    assert winds["share"] == 1.0


@pytest.mark.slow
def test_what_services_have_and_the_operator_allows(anna):
    found = ask(anna, roles=["winds", "currents"]).json["roles"]
    era5 = next(each for each in found["winds"]["datasets"] if each["service"] == "era5")
    assert era5["may_be_fetched"]
    assert era5["covered"] == [[WANTED["time"]["start"], WANTED["time"]["end"]]]
    assert not any(each["may_be_fetched"] for each in found["currents"]["datasets"])
    assert [each["share"] for each in found["currents"]["datasets"]] == sorted(
        (each["share"] for each in found["currents"]["datasets"]), reverse=True
    )


@pytest.mark.slow
def test_all_roles_unless_some_are_named(anna):
    assert set(ask(anna).json["roles"]) == {"currents", "winds", "waves", "temperature"}
    named = ask(anna, forcing={"winds": ["catalogue:winds"]})
    assert set(named.json["roles"]) == {"winds"}
    (product,) = named.json["roles"]["winds"]["products"]
    assert (product["names"], product["share"]) == (["catalogue:winds"], pytest.approx(21 / 24))


@pytest.mark.slow
def test_an_upload_is_looked_at(service, anna, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "check", lambda path, purpose: {})
    write_field(tmp_path / "a.nc", ("u10", "v10"), BOUNDS, HOURS)
    upload = bring(anna, "a.nc", (tmp_path / "a.nc").read_bytes(), "forcing").json
    answer = ask(anna, forcing={"winds": [upload["reference"]]})
    assert answer.json["roles"]["winds"]["products"][0]["share"] == pytest.approx(21 / 24)
    assert_problem(ask(service.client("bob"), forcing={"winds": [upload["reference"]]}), 422)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"forcing": {"winds": ["catalogue:whole"]}}, "forcing.winds: catalogue:whole: "),
        ({"forcing": {"winds": ["catalogue:notes"]}}, "catalogue:notes"),
        ({"forcing": {"winds": ["catalogue:far"]}}, "on a server"),
        ({"forcing": {"winds": ["https://data.example.org/a.nc"]}}, "on a server"),
        ({"forcing": {"winds": ["/etc/passwd"]}}, "expected a stored file"),
        ({"forcing": {"winds": []}}, ""),
        ({"forcing": {"tides": ["catalogue:whole"]}}, ""),
        ({"roles": ["tides"]}, ""),
        ({"box": [36.0, 36.0, 35.0, 35.0]}, "expected south, then north"),
        ({"box": [0.0, 0.0, 361.0, 1.0]}, "longitudes"),
        ({"box": [0.0, 0.0]}, ""),
        ({"time": {"start": "2021-08-25T00:00:00Z", "end": "2021-08-24T00:00:00Z"}}, "end"),
        ({"time": {"start": "0001-01-01T00:00:00Z", "end": "2021-08-24T00:00:00Z"}}, "year"),
        ({"more": 1}, ""),
    ],
)
def test_what_cannot_be_looked_at(anna, changes, says):
    assert_problem(ask(anna, **changes), 422, says)


def test_too_much_is_refused(anna, monkeypatch):
    monkeypatch.setattr(coverage, "MOST_VALUES", 100)
    assert_problem(ask(anna, roles=["currents"]), 413, "values of currents")


def test_it_waits_for_others_to_look(anna, monkeypatch):
    monkeypatch.setattr(coverage, "WAIT_SECONDS", 0.01)
    assert coverage._looking.acquire()
    assert coverage._looking.acquire()
    try:
        assert_problem(ask(anna, roles=["currents"]), 429)
    finally:
        coverage._looking.release()
        coverage._looking.release()


@pytest.mark.slow
def test_a_server_that_is_asked_by_several_at_once_answers_all(tmp_path):
    write_field(tmp_path / "sea.nc", ("uo", "vo"), BOUNDS, HOURS)
    write_field(tmp_path / "air.nc", ("u10", "v10"), BOUNDS, HOURS)
    named = "".join(
        f"[{name}]\ntitle = 'About {name}'\nfiles = '{name}.nc'\n" for name in ("sea", "air")
    )
    (tmp_path / "catalogue.toml").write_text(named)
    with serving(
        tmp_path / "data", "--runners", "0", catalogue=tmp_path / "catalogue.toml"
    ) as site:

        def shares(hours):
            time = {"start": "2021-08-24T03:00:00Z", "end": f"2021-08-24T{hours:02}:00:00Z"}
            wanted = WANTED | {"time": time, "roles": ["currents", "winds"]}
            answer = site.ask("POST", "/forcing/coverage", json=wanted)
            assert answer.status_code == 200, answer.text
            roles = answer.json()["roles"]
            return [product["share"] for role in roles.values() for product in role["products"]]

        with ThreadPoolExecutor(4) as pool:
            assert [*pool.map(shares, [*range(5, 23)] * 2)] == [[1.0, 1.0]] * 36
        assert site.process.poll() is None


@given(st.lists(st.integers(0, 100), max_size=20))
def test_covered_and_missing_make_the_period(hours):
    from datetime import UTC, datetime, timedelta

    ends = [datetime(2021, 1, 1, tzinfo=UTC) + timedelta(hours=h) for h in sorted(hours)]
    ends = ends[: len(ends) // 2 * 2]
    missing = [span for span in zip(ends[::2], ends[1::2], strict=True) if span[0] < span[1]]
    period = datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=5)
    covered = _rest(period, missing)
    total = sum((b - a for a, b in [*covered, *missing]), timedelta(0))
    assert total == period[1] - period[0]
    assert all(a < b for a, b in covered)
