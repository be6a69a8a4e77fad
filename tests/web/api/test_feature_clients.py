"""Programs of others that read features: GDAL and pystac-client, over HTTP, with a token."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pystac
import pystac_client
import pytest
import shapely
from werkzeug.serving import make_server

from tests.web.people import people
from web.api.stac import SEARCHED
from web.features.found import Found
from web.features.records import replace_features
from web.store.features import PUBLIC

ROOT = Path(__file__).parents[3]
START = datetime(2021, 8, 24, 3, 43, tzinfo=UTC)
STORED = {
    "observations": 2500,
    "slicks": 1203,
    "runs": 17,
    "coast-impact": 1001,
    "detections": 1100,
}
ACROSS = 100  # each hundredth lies across 180

gdal = pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="no gdal-bin (apt-get install)")


def made(collection, count):
    for number in range(count):
        west = 179.9 if number % ACROSS == 0 else 20.0 + 0.001 * number
        shape = shapely.box(west, 35.0, west + 0.2, 35.1)
        start = START + timedelta(minutes=number)
        end = start + timedelta(hours=6) if collection == "runs" else start
        told = {
            "name": f"{collection} {number}",
            "type": "unknown",
            "area_m2": None if number < 2000 else 2.5,
        }
        assets = {"mask": "mask.tif"} if number == 0 else {}
        yield Found(collection, f"{collection}-{number}", shape, start, end, told, assets)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Address of a service, a token, and the token of somebody who has nothing."""
    with people(tmp_path_factory.mktemp("service")) as service:
        with service.store.session() as session:
            for name, count in STORED.items():
                owner = PUBLIC if name == "observations" else "anna"
                replace_features(session, f"job:{name}", owner, made(name, count))
        server = make_server("127.0.0.1", 0, service.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.port}"
        yield address, service.token("anna"), service.token("bob")
        server.shutdown()
        thread.join()
        server.server_close()


def ogr(program, token, *arguments):
    """Run a program of GDAL and return what it prints."""
    environment = os.environ | {
        "GDAL_HTTP_HEADERS": f"Authorization: Bearer {token}",
        "no_proxy": "127.0.0.1",
    }
    for name in ("GDAL_DATA", "PROJ_DATA", "PROJ_LIB", "GDAL_DRIVER_PATH"):
        environment.pop(name, None)  # those of Python's GDAL
    command = [program, *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@gdal
@pytest.mark.slow
def test_gdal_lists_the_collections(served):
    address, token, _ = served
    listed = ogr("ogrinfo", token, "-ro", f"OAPIF:{address}/ogc")
    for name in STORED:
        assert f": {name} " in listed


@gdal
@pytest.mark.slow
@pytest.mark.parametrize("name", STORED)
def test_gdal_reads_every_feature_once_over_many_pages(served, tmp_path, name):
    address, token, _ = served
    copy = tmp_path / "copy.geojsonl"
    source = f"OAPIF:{address}/ogc/collections/{name}"
    options = ("-oo", "PAGE_SIZE=400", "-f", "GeoJSONSeq")
    ogr("ogr2ogr", token, *options, str(copy), source, name)
    features = [json.loads(line) for line in copy.read_text().splitlines()]
    assert len({each["properties"]["name"] for each in features}) == STORED[name]
    assert len(features) == STORED[name]
    assert f"Feature Count: {STORED[name]}" in ogr("ogrinfo", token, "-ro", "-so", source, name)


@gdal
@pytest.mark.slow
def test_gdal_loses_no_column_that_the_first_page_has_nothing_of(served):
    """The first 2000 have no area."""
    address, token, _ = served
    source = f"OAPIF:{address}/ogc/collections/observations"
    told = ogr(
        "ogrinfo",
        token,
        "-ro",
        "-q",
        source,
        "observations",
        "-where",
        "name = 'observations 2400'",
    )
    assert re.search(r"area_m2 \(\w+\) = 2.5", told)  # older ones call it a String
    assert "OGRFeature" in told


@gdal
@pytest.mark.slow
def test_gdal_asks_for_boxes_on_both_sides_of_180(served):
    address, token, _ = served
    source = f"OAPIF:{address}/ogc/collections/slicks"
    for box in (("179.95", "30", "180", "40"), ("-180", "30", "-179.95", "40")):
        told = ogr("ogrinfo", token, "-ro", "-so", "-spat", *box, source, "slicks")
        assert "Feature Count: 13" in told


@gdal
@pytest.mark.slow
def test_gdal_sees_nothing_of_others(served):
    address, _, bobs = served
    told = ogr("ogrinfo", bobs, "-ro", "-so", f"OAPIF:{address}/ogc/collections/runs", "runs")
    assert "Feature Count: 0" in told


@pytest.fixture(scope="module")
def catalogue(served):
    address, token, _ = served
    return pystac_client.Client.open(
        f"{address}/stac", headers={"Authorization": f"Bearer {token}"}
    )


@pytest.mark.slow
def test_stac_catalogue_leads_to_its_collections(catalogue):
    assert catalogue.conforms_to("ITEM_SEARCH")
    assert catalogue.conforms_to("COLLECTIONS")
    collections = list(catalogue.get_collections())
    assert [each.id for each in collections] == ["observations", "runs", "detections"]
    for each in collections:
        each.validate()
    assert collections[1].extent.spatial.bboxes == [[20.001, 35.0, -179.9, 35.1]]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stac_search_over_many_pages(catalogue, method):
    search = catalogue.search(method=method, limit=500)
    found = [item.id for item in search.items()]
    assert len(found) == len(set(found)) == sum(map(STORED.get, SEARCHED))
    assert search.matched() == len(found)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"collections": ["runs"]}, 17),
        ({"collections": ["runs"], "bbox": [179.0, 30.0, -179.0, 40.0]}, 1),
        ({"collections": ["runs"], "datetime": "2021-08-24T03:43:00Z"}, 1),
        ({"collections": ["runs"], "datetime": "2021-08-24T04:00:00Z"}, 17),
        ({"collections": ["runs"], "datetime": "2021-08-24T09:58:30Z/.."}, 1),
        ({"datetime": "2021-08-24T03:43:00Z/2021-08-24T03:44:00Z"}, 6),
        ({"ids": ["runs-3", "observations-4", "other"]}, 2),
        ({"intersects": {"type": "Point", "coordinates": [-179.95, 35.05]}}, 37),
        ({"intersects": shapely.geometry.mapping(shapely.box(179.0, 30, 181, 40))}, None),
        ({"bbox": [0.0, 35.0, 0.0, 180.0, 35.1, 0.0], "collections": ["runs"]}, 17),
        (
            {
                "collections": ["detections"],
                "datetime": "2021-08-24T03:43:00Z/2021-08-24T04:12:00Z",
            },
            30,
        ),
        ({"collections": ["none"]}, 0),
    ],
)
def test_stac_search(catalogue, method, asked, count):
    search = catalogue.search(method=method, max_items=100, **asked)
    if count is None:  # beyond 180 there is nothing to ask for
        with pytest.raises(pystac_client.exceptions.APIError, match="from -180 to 180"):
            list(search.items())
        return
    assert len(list(search.items())) == count
    assert search.matched() == count


@pytest.mark.slow
def test_stac_items_are_valid(catalogue, served):
    items = list(catalogue.search(max_items=3, limit=3).items())
    items += list(catalogue.search(collections=["runs"], max_items=3).items())
    for item in items:
        item.validate()
        again = pystac.Item.from_dict(catalogue._stac_io.read_json(item.get_self_href()))
        assert again.to_dict() == item.to_dict()
    assert items[0].assets["mask"].href == f"{served[0]}/ogc/jobs/observations/files/mask.tif"
    assert items[0].bbox == [179.9, 35.0, pytest.approx(-179.9), 35.1]
    run = items[-1]
    assert run.datetime is None
    assert run.common_metadata.start_datetime == START + timedelta(minutes=2)


def blocks(name, language):
    """Return the blocks of a document that are in a language."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@gdal
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl (apt-get install)")
def test_the_page_for_gdal_can_be_done_as_it_is_written(served, tmp_path):
    address, token, _ = served
    environment = {"PATH": os.environ["PATH"], "TOKEN": token, "SERVICE": address}
    environment |= {"ID": "observations-1", "no_proxy": "127.0.0.1"}
    written = [block for block in blocks("service-qgis.md", "sh") if "witoil features" not in block]
    assert len(written) == 3
    for block in written:
        done = subprocess.run(
            ["bash", "-euc", block],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr
        assert '"status":4' not in done.stdout or "scope admin" in done.stdout
    assert (tmp_path / "observations.gpkg").stat().st_size > 100_000


@pytest.mark.slow
def test_the_page_for_stac_can_be_done_as_it_is_written(served):
    address, token, _ = served
    (block,) = blocks("service-stac.md", "python")
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(block, {"service": address, "token": token})
    assert told.getvalue() == ""  # nothing was seen there
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(
            block.replace("[35, 34, 36, 36]", "[20, 35, 20.0015, 35.05]"),
            {"service": address, "token": token},
        )
    assert told.getvalue() != ""
