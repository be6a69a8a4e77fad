"""What a model finds on a scene is simulated and scored, or traced back, by one request."""

import json

import pytest
import shapely

from tests.plugins.builders import card, constant, plugin_in
from tests.plugins.scenes import DARK, dark_spots, radar_scene
from tests.web.people import assert_problem, bring, people
from tests.web.runners import done_by_runner

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled")]

EXECUTION = "/ogc/processes/predict/execution"
SHIP = card(
    "detect",
    how='size = [64, 64]\nresize = "stretch"',
    output='format = "e2e"\nconf = 0.1\nlabels = ["oil"]',
    rest='[geo]\nkinds = ["nadir", "station"]',
)
SEEN = "2025-06-01T06:00:00Z"


@pytest.fixture(scope="module")
def service(tmp_path_factory, demo_twin):
    """A service with a model of scenes, one that finds a box, and the data of the twin."""
    folder = tmp_path_factory.mktemp("chains")
    plugin_in(folder / "models" / "dark", dark_spots(), DARK)
    box = [[[24.0, 24.0, 40.0, 40.0, 0.9, 0.0]]]
    plugin_in(folder / "models" / "ship", constant(["n", 3, 64, 64], y=box), SHIP)
    names = {"currents": "currents.nc", "winds": "winds.nc", "land": "island.geojson"}
    names |= {"noon": "mask_20250601T1200.tif", "evening": "mask_20250601T1800.tif"}
    (folder / "catalogue.toml").write_text(
        "".join(f'[{k}]\ntitle = "{k}"\nfiles = "{demo_twin / v}"\n' for k, v in names.items())
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITOIL_PLUGIN_PATH", str(folder / "models"))
        with people(folder, catalogue=folder / "catalogue.toml") as made:
            yield made


@pytest.fixture(scope="module")
def anna(service):
    return service.client("anna")


@pytest.fixture(scope="module")
def scene(service, anna, demo_twin, tmp_path_factory):
    """Name of a scene that is stored, and the slick on it."""
    file = tmp_path_factory.mktemp("scene") / "scene.tif"
    slick = radar_scene(file, demo_twin / "slick_20250601T0600.geojson")
    answer = bring(anna, "scene.tif", file.read_bytes(), "image")
    assert answer.status_code == 201, answer.text
    return answer.json["reference"], slick


def case(**more):
    return {
        "name": "found",
        "time": {"start": SEEN, "end": "2025-06-01T18:00:00Z"},
        "forcing": {
            "currents": "catalogue:currents",
            "winds": "catalogue:winds",
            "coastline": "catalogue:land",
        },
        "release": [{"kind": "area", "mass_tonnes": 500}],
        "observation": [{"geometry": "catalogue:noon"}, {"geometry": "catalogue:evening"}],
        "model": {"particles": 2000},
        "trace": {"hours": 3, "members": 4, "particles": 400},
        **more,
    }


def asked(scene, step, **more):
    inputs = {"module": "made-semantic-seg", "version": "1", "files": [scene], "time": SEEN}
    then = {"step": step, "case": case(), "pictures": False} | more.pop("then", {})
    return {"inputs": inputs | {"then": then} | more}


def test_segment_simulate_score(service, anna, scene):
    answer = anna.post(EXECUTION, json=asked(scene[0], "simulate"))
    assert answer.status_code == 201, answer.text
    job = done_by_runner(service)
    results = anna.get(f"/ogc/jobs/{job}/results").json
    value = results["result"]["value"]
    assert value["then"] == "simulate"
    assert value["found"]["labels"] == {"oil": value["found"]["features"]}
    assert len(value["scores"]) == 2
    # the slick is that of the run whose masks these are, but for the point beside it
    assert value["scores"][0]["fss"]["1"] > 0.4
    assert value["verdict"]
    with anna.get(results["features"]["href"]) as file:
        found = json.loads(file.data)["features"]
    oil = shapely.union_all([shapely.geometry.shape(it["geometry"]) for it in found])
    assert oil.intersection(scene[1]).area / oil.union(scene[1]).area > 0.9
    names = [it["href"].rpartition("/files/")[2] for it in results["documents"]]
    assert not any(name.startswith((".", "simulate/")) for name in names)
    assert results["particles"]["href"].endswith("/files/simulate/particles.nc")
    with anna.get(results["summary"]["href"]) as file:
        summary = json.loads(file.data)
    assert str(service.settings.data) not in json.dumps(summary)


def test_what_maps_draw_is_that_of_the_run(service, anna, scene):
    assert anna.post(EXECUTION, json=asked(scene[0], "simulate")).json["status"] == "successful"
    job = anna.get("/ogc/jobs?processID=predict").json["jobs"][0]["jobID"]
    for path in ("particles", "coast", "rasters", "fields/winds?bbox=19,36,20,37&time=" + SEEN):
        answer = anna.get(f"/jobs/{job}/{path}")
        assert answer.status_code == 200, answer.text
    from web.features.records import gather

    gather(service.store, service.settings.jobs)
    for name, count in {"runs": 1, "slicks": 2, "detections": None}.items():
        page = anna.get(f"/ogc/collections/{name}/items?job={job}").json
        assert page["numberMatched"] == (page["numberReturned"] or 1 if count is None else count)


@pytest.mark.parametrize("kind", ["nadir", "station"])
def test_detect_trace(service, anna, kind):
    """Boxes have an extent, places have one with a radius."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    image = bring(anna, "ship.png", file.getvalue(), "image").json["reference"]
    georef = {"kind": kind, "lon": 19.3, "lat": 36.5}
    georef |= {"gsd_m": 100.0, "heading_deg": 0.0} if kind == "nadir" else {}
    noon = "2025-06-01T12:00:00Z"
    body = asked(image, "trace", module="made-detect", georef=georef, time=noon)
    if kind == "station":
        body["inputs"]["then"]["radius_m"] = 500.0
    answer = anna.post(EXECUTION, json=body)
    assert answer.status_code == 201, answer.text
    job = done_by_runner(service)
    results = anna.get(f"/ogc/jobs/{job}/results").json
    assert results["result"]["value"]["then"] == "trace"
    assert results["summary"]["href"].endswith("/files/trace/trace.json")
    assert results["probability"]
    assert anna.get(f"/jobs/{job}/rasters").json["rasters"]
    area = (1600.0**2 if kind == "nadir" else 3.14 * 500.0**2) / 1e6
    slick = results["result"]["value"]["slick"]
    assert slick["area_km2"] == pytest.approx(area, rel=0.02)


@pytest.mark.parametrize(
    ("then", "status", "says"),
    [
        ({"step": "score"}, 422, "then.step"),
        ({"case": case(release=[{"kind": "area"}])}, 422, "mass_tonnes"),
        ({"case": case(folder="/etc")}, 422, "folder"),
        ({"case": case(forcing={"currents": "/etc/passwd", "winds": "none"})}, 422, "currents"),
        ({"radius_m": 0}, 422, "radius_m"),
        ({"case": None}, 422, "case"),
        ({"labels": "oil"}, 422, "labels"),
    ],
)
def test_what_cannot_be_asked_for(anna, scene, then, status, says):
    assert_problem(anna.post(EXECUTION, json=asked(scene[0], "simulate", then=then)), status, says)


def test_a_chain_costs_what_its_last_step_does(service, anna, scene):
    body = asked(scene[0], "simulate")
    body["inputs"]["then"]["case"]["model"]["particles"] = 20_000_000
    body["inputs"]["then"]["case"]["time"]["end"] = "2055-06-01T18:00:00Z"
    assert_problem(anna.post(EXECUTION, json=body), 413, "particle-steps")
