"""OGC API - Features: as clients ask, and as they should not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from tests.web.people import FEATURES, GEOJSON, assert_problem, bring, case, people
from web.features.collections import COLLECTIONS
from web.features.found import Found
from web.features.records import gather, replace_features
from web.features.runs import features_of
from web.jobs import queue
from web.store.features import PUBLIC, Feature
from witoil.files import write_json

ITEMS = "/ogc/collections/observations/items"
START = datetime(2021, 8, 24, 3, 43, tzinfo=UTC)
NAMES = ("observations", "slicks", "runs", "coast-impact", "detections")


def found(number, **properties):
    """Return an observation of the operator; every tenth lies across 180."""
    west = 179.9 if number % 10 == 0 else 30.0 + 0.01 * number
    shape = shapely.box(west, 35.0, west + 0.2, 35.1)
    time = START + timedelta(hours=number)
    told = {"name": f"slick {number}", "sensor": f"S{1 + number % 3}", "type": "unknown"}
    return Found("observations", f"slick-{number}", shape, time, time, told | properties)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with people(tmp_path_factory.mktemp("service")) as made:
        with made.store.session() as session:
            replace_features(session, "events:all", PUBLIC, map(found, range(250)))
        yield made


@pytest.fixture(scope="module")
def anna(service):
    return service.client("anna")


def test_the_first_pages_lead_to_all_others(service, anna):
    landing = service.client().get("/ogc/").json
    links = {link["rel"]: link["href"] for link in landing["links"]}
    assert {"service-desc", "conformance", "data"} <= links.keys()
    conforms = anna.get(links["conformance"]).json["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in conforms
    listed = anna.get(links["data"]).json["collections"]
    assert [each["id"] for each in listed] == list(NAMES)
    for each in listed:
        assert each["crs"] == ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
        for link in each["links"]:
            answer = anna.get(link["href"])
            assert (answer.status_code, answer.mimetype) == (200, link["type"])
    assert listed[0]["extent"]["spatial"]["bbox"] == [[30.01, 35.0, -179.9, 35.1]]
    assert listed[0]["extent"]["temporal"]["interval"][0][0] == "2021-08-24T03:43:00Z"
    assert "extent" not in listed[1]


def test_pages_by_links_hold_each_feature_once(anna):
    address, seen = f"{ITEMS}?limit=60", []
    while address:
        answer = anna.get(address)
        assert answer.headers["Content-Crs"].endswith("CRS84>")
        page = answer.json
        assert page["numberMatched"] == 250
        assert page["numberReturned"] == len(page["features"])
        seen += [each["id"] for each in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        address = links.get("next")
    assert seen == [f"slick-{number}" for number in range(250)]


@pytest.mark.parametrize(
    ("query", "matched"),
    [
        ("bbox=30,35,30.045,36", 4),
        ("bbox=30,35,0,30.045,36,0", 4),
        ("bbox=179,-80,-179,80", 25),
        ("bbox=-180,-80,-179.95,80", 25),
        ("bbox=-179.8,-80,179.8,80", 225),
        ("datetime=2021-08-24T03:43:00Z", 1),
        ("datetime=2021-08-24T05:43:00%2B02:00", 1),
        ("datetime=2021-08-24", 21),
        ("datetime=2021-08-25/2021-08-25", 24),
        ("datetime=2021-08-24T03:43:00Z/2021-08-24T05:43:00Z", 3),
        ("datetime=../2021-08-24T05:43:00Z", 3),
        ("datetime=/2021-08-24T05:43:00Z", 3),
        ("datetime=2021-08-24T05:43:00Z/..", 248),
        ("sensor=S1", 84),
        ("sensor=S1&datetime=2021-08-24&bbox=30,35,31,36", 6),
        ("type=mineral", 0),
        ("name=slick 7", 1),
        ("area_m2=1.5", 0),
        ("offset=249", 250),
        ("limit=10000", 250),
    ],
)
def test_what_is_asked_for(anna, query, matched):
    answer = anna.get(f"{ITEMS}?{query}")
    assert answer.json["numberMatched"] == matched


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("bbox=36,35,35,34", "south, then north"),
        ("bbox=1,2", "four numbers"),
        ("bbox=1,2,3", "four numbers"),
        ("bbox=1,2,3,4,5", "four numbers"),
        ("bbox=nan,1,2,3", "four numbers"),
        ("bbox=1,2,3,inf", "four numbers"),
        ("bbox=", "four numbers"),
        ("bbox=a,b,c,d", "four numbers"),
        ("bbox=-190,0,0,10", "from -180 to 180"),
        ("bbox=0,0,10,100", "from -90 to 90"),
        ("datetime=../..", "one may be"),
        ("datetime=/", "one may be"),
        ("datetime=..", "one may be"),
        ("datetime=yesterday", "expected a time"),
        ("datetime=2021-08-25/2021-08-24", "ends before it starts"),
        ("datetime=2021-08-24/2021-08-25/2021-08-26", "expected a time"),
        ("datetime=0001-01-01T00:00:00%2B14:00", "expected"),
        ("datetime=9999-12-31T23:59:59-14:00", "expected"),
        ("datetime=20210824", "a date as"),
        ("datetime=2021-W34-2", "a date as"),
        ("datetime=../20210824", "a date as"),
        ("limit=0", "greater than or equal to 1"),
        ("limit=-1", "greater than or equal to 1"),
        ("limit=1000000000", "less than or equal to 10000"),
        ("limit=ten", "integer"),
        ("offset=250", "fewer than there are"),
        ("offset=1000000", "fewer than there are"),
        ("offset=-1", "greater than or equal to 0"),
        ("bbox=30,35,30.045,36&offset=4", "fewer than there are"),
        ("colour=red", "unknown"),
        ("mass_kg=1", "unknown"),
        ("type=water", "mineral"),
        ("sensor=%00", "match"),
        ("area_m2=nan", "finite"),
        ("cursor=abc", "link to the next page"),
        ("cursor=nan_1", "link to the next page"),
    ],
)
def test_what_cannot_be_asked_for(anna, query, says):
    assert_problem(anna.get(f"{ITEMS}?{query}"), 400, says)


@pytest.mark.parametrize("name", ["none", "slick-250", "%00", "x" * 3000, "..", "%2e%2e/x"])
def test_a_feature_that_is_none(anna, name):
    assert_problem(anna.get(f"{ITEMS}/{name}"), 404)
    assert_problem(anna.get(f"/ogc/collections/{name[:50]}/items"), 404)


def test_a_feature_across_180_is_cut_there(anna):
    feature = anna.get(f"{ITEMS}/slick-10").json
    assert feature["geometry"]["type"] == "MultiPolygon"
    bounds = [shapely.geometry.shape(feature["geometry"]).bounds[k] for k in (0, 2)]
    assert bounds == [-180.0, 180.0]
    links = {link["rel"]: link["href"] for link in feature["links"]}
    assert anna.get(links["self"]).json == feature


@pytest.mark.slow
def test_what_an_analyst_says_is_kept_with_what_was_said_before(service):
    chief, anna = service.client("chief", scope="admin"), service.client("anna")
    address = f"{ITEMS}/slick-3"
    assert_problem(anna.patch(address, json={"verdict": "confirmed"}), 403, "scope admin")
    said = {"type": "biogenic", "verdict": "false positive", "note": "algae, ü", "class": "C"}
    answer = chief.patch(address, json=said)
    assert answer.status_code == 200, answer.json
    chief.patch(address, json={"type": "mineral"})
    chief.patch(address, json={"type": "mineral"})  # nothing new
    seen = anna.get(address).json["properties"]
    assert (seen["type"], seen["verdict"], seen["class"]) == ("mineral", "false positive", "C")
    told = anna.get(f"{address}/history").json["annotations"]
    assert [(each["person"], each["after"].get("type")) for each in told] == [
        ("chief", "biogenic"),
        ("chief", "mineral"),
    ]
    assert told[1]["before"] == {"type": "biogenic"}
    assert anna.get(f"{ITEMS}?type=mineral").json["numberMatched"] == 1
    # what is read again does not take it away
    with service.store.session() as session:
        replace_features(session, "events:all", PUBLIC, map(found, range(250)))
    assert anna.get(address).json["properties"]["type"] == "mineral"
    assert len(anna.get(f"{address}/history").json["annotations"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"type": "water"},
        {"verdict": None},
        {"owner": "me"},
        {"area_m2": 3},
        {"note": "x" * 3000},
        {"class": ["A"]},
        {"note": "\0"},
    ],
)
def test_what_no_analyst_may_say(service, body):
    chief = service.client("chief", scope="admin")
    assert_problem(chief.patch(f"{ITEMS}/slick-4", json=body), 400)


def test_half_a_character_is_no_note(service):
    chief = service.client("chief", scope="admin")
    body = b'{"note": "\\ud800"}'
    answer = chief.patch(f"{ITEMS}/slick-4", data=body, content_type="application/json")
    assert_problem(answer, 400)


@pytest.mark.slow
def test_a_mask_is_an_observation_as_long_as_it_is_stored(service):
    anna, bob = service.client("anna"), service.client("bob")
    upload = bring(anna, "20210824-0810-SYR-PL-A-01-S3.geojson", FEATURES).json
    assert "detections" not in upload["facts"]
    address = f"{ITEMS}/{upload['id']}-1"
    seen = anna.get(address).json
    assert shapely.geometry.shape(seen["geometry"]).equals(shapely.from_geojson(GEOJSON))
    told = {"country": "SYR", "sensor": "S3", "class": "A", "origin": "upload", "event": None}
    assert told.items() <= seen["properties"].items()
    assert seen["properties"]["time"] == "2021-08-24T08:10:00Z"
    assert 1e8 < seen["properties"]["area_m2"] < 1.02e8
    assert_problem(bob.get(address), 404)
    assert bob.get(f"{ITEMS}?name=20210824-0810-SYR-PL-A-01-S3").json["numberMatched"] == 0
    assert anna.patch(address, json={"verdict": "uncertain"}).status_code == 200
    assert anna.delete(f"/uploads/{upload['id']}").status_code == 204
    assert_problem(anna.get(address), 404)
    assert_problem(anna.get(f"{address}/history"), 404)


@pytest.mark.slow
def test_a_mask_without_a_time_is_an_observation_within_no_period(service):
    anna = service.client("anna")
    upload = bring(anna, "slick.geojson", FEATURES).json
    seen = anna.get(f"{ITEMS}/{upload['id']}-1").json["properties"]
    assert (seen["time"], seen["start"], seen["end"]) == (None, None, None)
    assert anna.get(f"{ITEMS}?name=slick").json["numberMatched"] == 1
    for period in ("2000-01-01/..", "../2100-01-01", "2021-08-24"):
        assert anna.get(f"{ITEMS}?name=slick&datetime={period}").json["numberMatched"] == 0
    assert anna.get(f"{ITEMS}?limit=1000").json["features"][-1]["id"] == f"{upload['id']}-1"
    anna.delete(f"/uploads/{upload['id']}")


def run_folder(folder):
    """Write what a run leaves, without its particles."""
    slick = {"type": "Feature", "geometry": json.loads(GEOJSON)}
    oiled = {"shore_type": "sand", "mass_kg": 5.0, "first_oiled": "2021-08-24T04:00:00Z"}
    line = {"type": "LineString", "coordinates": [[35.8, 35.2], [35.9, 35.2]]}
    slick["properties"] = {"time": "2021-08-24T08:10:00Z", "area_km2": 101.0}
    coast = [{"type": "Feature", "geometry": line, "properties": oiled}]
    score = {"time": "20210824T0810", "observation": ["/srv/x.shp"], "fss": {"1": 0.5, "7": 0.7}}
    write_json(folder / "slick_20210824T0810.geojson", {"features": [slick]})
    write_json(folder / "coast.geojson", {"features": coast})
    write_json(folder / "summary.json", {"particles": 100, "scores": [score]})


@pytest.mark.slow
def test_a_run_has_features_until_it_is_dismissed(service):
    anna, bob = service.client("anna"), service.client("bob")
    asked = case(winds="https://data.example.org/a.nc")
    with service.store.session() as session:
        job_id = queue.submit(session, "anna", "simulate", {"case": asked}, "a key").id
        held = queue.Held.of(queue.claim(session, "runner", timedelta(minutes=1)))
        queue.finish(session, held, {})
    folder = service.settings.jobs / job_id
    folder.mkdir(parents=True)
    run_folder(folder)
    documents = [each.document() for each in features_of(folder, "simulate", asked)]
    write_json(folder / ".features.json", {"features": documents})
    for _ in range(2):
        gather(service.store, service.settings.jobs)
    counts = {n: anna.get(f"/ogc/collections/{n}/items").json["numberMatched"] for n in NAMES[1:4]}
    assert counts == {"slicks": 1, "runs": 1, "coast-impact": 1}
    run = anna.get(f"/ogc/collections/runs/items/{job_id}").json["properties"]
    assert (run["job"], run["name"], run["fss"], run["fss_window"]) == (job_id, "spill", 0.5, 1)
    assert "/srv" not in json.dumps(run)
    slick = anna.get("/ogc/collections/slicks/items").json["features"][0]["properties"]
    assert (slick["time"], slick["area_m2"]) == ("2021-08-24T08:10:00Z", 1.01e8)
    coast = anna.get("/ogc/collections/coast-impact/items?shore_type=sand").json["features"][0]
    assert (coast["properties"]["start"], coast["properties"]["mass_kg"]) == (
        "2021-08-24T04:00:00Z",
        5.0,
    )
    for name in NAMES[1:]:
        assert bob.get(f"/ogc/collections/{name}/items").json["numberMatched"] == 0
    with service.store.session() as session:  # the same asked for again
        again = queue.submit(session, "anna", "simulate", {"case": asked}, "a key").id
    gather(service.store, service.settings.jobs)
    assert anna.get(f"/ogc/collections/runs/items/{again}").status_code == 200
    assert anna.delete(f"/ogc/jobs/{job_id}").status_code == 200
    assert_problem(anna.get(f"/ogc/collections/runs/items/{job_id}"), 404)
    assert anna.get(f"/ogc/collections/runs/items?job={again}").json["numberMatched"] == 1
    with service.store.reading() as session:
        assert session.query(Feature).filter_by(parent=f"job:{job_id}").count() == 0


def test_a_file_of_features_that_is_damaged_holds_nobody_up(service, caplog):
    with service.store.session() as session:
        job_id = queue.submit(session, "anna", "simulate", {}, "another").id
        held = queue.Held.of(queue.claim(session, "runner", timedelta(minutes=1)))
        queue.finish(session, held, {})
    folder = service.settings.jobs / job_id
    folder.mkdir(parents=True)
    (folder / ".features.json").write_text('{"features": [{"id": 3}]}')
    gather(service.store, service.settings.jobs)
    assert "its features cannot be read" in caplog.text
    assert_problem(service.client("anna").get(f"/ogc/collections/runs/items/{job_id}"), 404)


@pytest.mark.parametrize("number", ["9" * 25, "9" * 400, "-9223372036854775809", "1e400"])
def test_numbers_beyond_what_a_database_takes_are_refused(anna, number):
    asked = [
        (collection.id, each.name)
        for collection in COLLECTIONS.values()
        for each in collection.properties
        if each.kind in ("integer", "number")
    ]
    assert {name for _, name in asked} >= {"particles", "area_m2"}
    for collection, name in asked:
        answer = anna.get(f"/ogc/collections/{collection}/items?{name}={number}")
        assert answer.status_code in (200, 400), (collection, name, answer.text)
        assert answer.status_code == 400 or answer.json["features"] == []
