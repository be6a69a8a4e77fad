"""Events of the operator's catalogue over HTTP, and cases made of them."""

import numpy as np
import pytest
from shapely import box, to_geojson

from tests.web.fields import write_field
from tests.web.people import assert_problem, people
from witoil.case.schema import Case

SLICKS = {
    "20210824-0343-SYR-PL-B-01-S1": (35.80, 35.20, 35.90, 35.30),
    "20210824-0810-SYR-PL-A-01-S3": (35.82, 35.22, 35.92, 35.32),
    "20190105-1130-FJI-UO-C-01-S1": (179.95, -17.0, 180.05, -16.9),
    "20190106-1130-FJI-UO-C-01-S2": (179.96, -17.0, 180.06, -16.9),
    "20230101-0000-ITA-UO-A-01-S2": (12.0, 41.0, 12.1, 41.1),
}


TIMES = np.arange("2021-08-24T00", "2021-08-25T01", dtype="datetime64[h]").astype("datetime64[ns]")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalogue")
    slicks = folder / "slicks" / "by year"
    slicks.mkdir(parents=True)
    for name, bounds in SLICKS.items():
        (slicks / f"{name}.geojson").write_text(to_geojson(box(*bounds)))
    (slicks / "damaged.geojson").write_text('{"coordinates"')
    write_field(folder / "currents.nc", ("uo", "vo"), (34, 34, 37, 37), TIMES)
    (folder / "winds").mkdir()
    for k, times in enumerate((TIMES[:13], TIMES[13:])):
        write_field(folder / "winds" / f"w{k}.nc", ("u10", "v10"), (34, 34, 37, 37), times)
    catalogue = folder / "catalogue.toml"
    catalogue.write_text(
        "[spills]\ntitle = 'Slicks'\nfiles = 'slicks'\nspills = true\n"
        "[levant-currents]\ntitle = 'Currents'\nfiles = 'currents.nc'\n"
        "[levant-winds]\ntitle = 'Winds'\nfiles = 'winds/*.nc'\n"
        "[lost]\ntitle = 'Lost'\nfiles = 'lost/*.nc'\n"
    )
    with people(folder, catalogue=catalogue) as made:
        yield made


@pytest.fixture
def anna(service):
    return service.client("anna")


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [event["id"] for event in answer.json["events"]]


FIJI, SYRIA, ITALY = "20190105-1130-FJI-UO", "20210824-0343-SYR-PL", "20230101-0000-ITA-UO"


def test_events_are_listed_in_the_order_of_time(anna, service):
    answer = anna.get("/events")
    assert ids(answer) == [FIJI, SYRIA, ITALY]
    assert answer.json["number_matched"] == 3
    (left_out,) = answer.json["left_out"]
    assert left_out.startswith("catalogue:spills/by year/damaged.geojson: cannot be read")
    assert str(service.settings.catalogue.parent) not in answer.text
    event = answer.json["events"][1]
    assert (event["start"], event["end"]) == ("2021-08-24T03:43:00Z", "2021-08-24T08:10:00Z")
    assert event["bbox"] == pytest.approx([35.8, 35.2, 35.92, 35.32])
    first = event["detections"][0]
    assert (first["sensor"], first["country"], first["quality"]) == ("S1", "SYR", "B")
    name = "20210824-0343-SYR-PL-B-01-S1.geojson"
    assert first["references"] == [f"catalogue:spills/by year/{name}"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("bbox=35,35,36,36", [SYRIA]),
        ("bbox=35.92,35.32,36,36", [SYRIA]),  # at the corner
        ("bbox=35.921,35,36,36", []),
        ("bbox=170,-20,-170,-10", [FIJI]),
        ("bbox=-180,-20,-179.99,-10", [FIJI]),
        ("bbox=179,-20,179.96,-10", [FIJI]),
        ("bbox=-179,-20,179,-10", []),
        ("bbox=-180,-90,180,90", [FIJI, SYRIA, ITALY]),
        ("datetime=2021-08-24T08:10:00Z", [SYRIA]),
        ("datetime=2021-08-24T08:10:01Z", []),
        ("datetime=2021-08-24T08:00:00Z/..", [SYRIA, ITALY]),
        ("datetime=../2020-01-01", [FIJI]),
        ("country=syr", [SYRIA]),
        ("sensor=S2", [FIJI, ITALY]),
        ("sensor=S2&country=FJI", [FIJI]),
        ("q=platform", [SYRIA]),
        ("q=%25", []),
        ("limit=1&offset=1", [SYRIA]),
        ("offset=1000000", []),
    ],
)
def test_events_are_narrowed(anna, query, expected):
    assert ids(anna.get(f"/events?{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "bbox=35,36", "bbox=35,36,36,35", "bbox=nan,0,1,1", "bbox=0,0,inf,1", "bbox=0,0,1000,1",
        "bbox=", "bbox=a,b,c,d", "bbox=0,-91,1,0", "datetime=..", "datetime=x", "limit=0",
        "limit=1000000000", "offset=-1", "unknown=1", "q=", f"q={'x' * 101}",
    ],
)  # fmt: skip
def test_what_narrows_nothing_is_refused(anna, query):
    assert_problem(anna.get(f"/events?{query}"), 422)


def test_pages_hold_each_event_once(anna):
    found, address = [], "/events?limit=1&bbox=-180,-90,180,90"
    while address:
        answer = anna.get(address)
        found += ids(answer)
        links = {link["rel"]: link["href"] for link in answer.json["links"]}
        address = links.get("next")
    assert found == [FIJI, SYRIA, ITALY]


def test_an_event_is_shown_with_outlines(anna):
    shown = anna.get(f"/events/{FIJI}").json
    geometry = shown["detections"][0]["geometry"]
    assert geometry["type"] == "MultiPolygon"  # cut at 180 degrees
    longitudes = [lon for polygon in geometry["coordinates"] for lon, _ in polygon[0]]
    assert min(longitudes) == -180.0
    assert max(longitudes) == 180.0
    by_detection = anna.get("/events/20190106-1130-FJI-UO-C-01-S2").json
    assert by_detection["id"] == FIJI
    assert_problem(anna.get("/events/none"), 404)


@pytest.mark.slow
def test_a_case_of_an_event_is_ready_to_run(anna, service):
    answer = anna.get(f"/events/{SYRIA}/case")
    assert answer.status_code == 200, answer.text
    case = answer.json["case"]
    assert case["forcing"]["currents"] == ["catalogue:levant-currents/currents.nc"]
    assert case["forcing"]["winds"] == [
        "catalogue:levant-winds/w0.nc",
        "catalogue:levant-winds/w1.nc",
    ]
    assert case["time"] == {"start": "2021-08-24T03:43:00Z", "end": "2021-08-24T08:10:00Z"}
    stem = "catalogue:spills/by year/20210824"
    assert case["release"][0]["geometry"] == f"{stem}-0343-SYR-PL-B-01-S1.geojson"
    assert case["observation"][0]["geometry"] == f"{stem}-0810-SYR-PL-A-01-S3.geojson"
    Case.model_validate(case)
    asked = anna.post("/ogc/processes/simulate/execution", json={"inputs": {"case": case}})
    assert asked.status_code == 201, asked.text
    other = anna.get(f"/events/{SYRIA}/case?winds=catalogue:levant-winds").json["case"]
    assert other["forcing"]["winds"] == ["catalogue:levant-winds"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (f"{FIJI}/case", "no currents and no winds in the catalogue"),
        (f"{ITALY}/case", "no currents"),
        (f"{SYRIA}/case?winds=catalogue:levant-currents", "nothing of it covers the slicks"),
        (f"{SYRIA}/case?winds=/etc/passwd", "expected a stored file"),
        (f"{SYRIA}/case?winds=catalogue:spills", "is a list of spills"),
        (f"{SYRIA}/case?winds=catalogue:lost", "has lost its files"),
        (f"{SYRIA}/case?winds=upload:00000000-0000-0000-0000-000000000000", "there is no upload"),
    ],
)  # fmt: skip
def test_cases_that_cannot_be_made(anna, address, says):
    assert_problem(anna.get(f"/events/{address}"), 422, says)


@pytest.mark.parametrize(
    "name",
    [
        "spills/../currents.nc",
        "spills//etc/passwd",
        "spills/none",
        "spills/.hidden.geojson",
        "spills",
    ],
)
def test_files_of_entries_are_theirs_only(anna, service, name):
    (service.settings.catalogue.parent / "slicks" / ".hidden.geojson").write_text("{}")
    asked = anna.get(f"/events/{SYRIA}/case").json["case"]
    asked["forcing"]["winds"] = f"catalogue:{name}"
    answer = anna.post("/ogc/processes/simulate/execution", json={"inputs": {"case": asked}})
    assert_problem(answer, 422)


def test_changes_of_the_folder_are_seen(anna, service):
    folder = service.settings.catalogue.parent / "slicks"
    new = folder / "20240101-0000-ITA-UO-A-01-S2.geojson"
    new.write_text(to_geojson(box(12.0, 41.0, 12.1, 41.1)))
    assert len(ids(anna.get("/events"))) == 4
    new.unlink()
    assert len(ids(anna.get("/events"))) == 3


@pytest.mark.slow
def test_without_a_catalogue_there_are_no_events(tmp_path):
    with people(tmp_path) as service:
        answer = service.client("anna").get("/events").json
    assert (answer["events"], answer["number_matched"], answer["left_out"]) == ([], 0, [])


@pytest.mark.slow
def test_events_on_servers_are_refused(tmp_path):
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(
        "[a]\ntitle = 'x'\nfiles = 'https://data.example.org/catalog.xml'\nspills = true\n"
    )
    with people(tmp_path, catalogue=catalogue) as service:
        assert_problem(service.client("anna").get("/events"), 503)
