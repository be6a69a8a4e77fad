"""Runs of other models, brought over HTTP: scored, compared, exported as on the command line."""

import json

import pytest
from shapely import box, to_geojson

from simulator import Status
from tests.web.sites import serving
from tests.witoil import model_files
from tests.witoil.command import witoil
from tests.witoil.model_files import LAT, LON, STATUS, TIMES

pytestmark = pytest.mark.slow

MODELS = ("medslik", "opendrift", "pygnome")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Runs of each model, and a slick that was seen where they have oil."""
    folder = tmp_path_factory.mktemp("files")
    found = {}
    for model in MODELS:
        # of MEDSLIK-II only a name says when the spill began
        stem = "MDK_SIM_2021_08_24_0300_baniyas" if model == "medslik" else model
        found[model] = folder / f"{stem}.nc"
        getattr(model_files, model)(found[model])
    k = 2
    afloat = STATUS[:, k] == Status.AFLOAT
    lon, lat = LON[afloat, k], LAT[afloat, k]
    stamp = (
        str(TIMES[k].astype("datetime64[m]")).replace("-", "").replace(":", "").replace("T", "-")
    )
    found["slick"] = folder / f"{stamp}-SYR-PL-A-01-S3.geojson"
    found["slick"].write_text(
        to_geojson(box(lon.min() - 0.01, lat.min() - 0.01, lon.max() + 0.01, lat.max() + 0.01))
    )
    return found


@pytest.fixture(scope="module")
def names(site, files):
    return {
        name: site.bring(path, "mask" if name == "slick" else "run") for name, path in files.items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_scores_are_those_of_the_command_line(site, files, names, model):
    taken = {"coastline": "none", "detection_limit_um": 0.001}
    job = site.do("score", run=names[model], observation=names["slick"], **taken)
    found = site.results(job)["result"]["value"]
    options = ("--coastline", "none", "--detection-limit", "0.001", "--json")
    said = witoil("score", files[model], files["slick"], *options)
    expected = json.loads(said.stdout)
    for ours in ("run", "observation"):
        del found[ours], expected[ours]
    assert found == expected
    assert 0.0 < found["fss"]["1"] <= 1.0


def test_runs_are_compared(site, names):
    job = site.do(
        "compare",
        runs=[names[model] for model in MODELS],
        observations=[names["slick"]],
        coastline="none",
    )
    results = site.results(job)
    assert len(results["result"]["value"]["runs"]) == 3
    page = site.ask("GET", results["report"]["href"])
    assert page.headers["Content-Type"].startswith("text/html")
    for model in ("MEDSLIK-II", "OpenDrift", "PyGNOME"):
        assert model in page.text
    assert "/uploads/" not in page.text


@pytest.mark.parametrize("form", ["kmz", "gpkg", "csv", "geojson", "zarr"])
def test_a_run_is_exported(site, names, form):
    results = site.results(site.do("export", run=names["opendrift"], format=form))
    links = results["files"]
    assert links
    for link in links:
        assert len(site.ask("GET", link["href"]).content) > 100


def test_what_is_no_run_is_refused(site, files):
    with files["slick"].open("rb") as file:
        answer = site.ask("POST", "/uploads?purpose=run", files={"file": file})
    assert answer.status_code == 422
    assert len(answer.json()["detail"].splitlines()) == 1
