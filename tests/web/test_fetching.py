"""Fetching as a job: from services and servers that the operator has named, and from no others."""

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread

import numpy as np
import pytest

from catalog import open_forcing
from catalog.services.registry import Registry
from tests.catalog.servers import serving_folder
from tests.web.fields import write_field
from tests.web.people import assert_problem, people
from web.confinement import confined
from web.data.inputs import resolver
from web.data.products import admit_fetch
from web.jobs import queue
from web.jobs.inputs import FetchInputs
from web.work.runner import Runner

BOX = [35.0, 35.0, 36.0, 36.0]
TIME = {"start": "2021-08-24T03:00:00Z", "end": "2021-08-24T09:00:00Z"}
HOURS = np.datetime64("2021-08-23T00", "ns") + np.timedelta64(1, "h") * np.arange(72)

DATASET = """
[[dataset]]
id = "{id}"
title = "Currents of {id}"
service = "opendap"
product = "p"
roles = ["currents"]
box = [30.0, 30.0, 40.0, 40.0]
resolution_deg = {resolution}
step_hours = 1.0
values = "instant"
start = 2021-08-01
end = 2021-08-31
variables = {{ uo = "eastward_sea_water_velocity", vo = "northward_sea_water_velocity" }}
urls = ["{url}"]
"""


def ask(client, **inputs):
    return client.post("/ogc/processes/fetch/execution", json={"inputs": inputs})


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Add data sets to the registry, the finest of which is not allowed."""

    def add(url):
        text = DATASET.format(id="ours", resolution=0.6, url=url)
        text += DATASET.format(id="finer", resolution=0.1, url="http://127.0.0.1:9/none")
        (tmp_path / "datasets.toml").write_text(text)
        monkeypatch.setenv("WITOIL_DATASETS", str(tmp_path / "datasets.toml"))

    return add


@contextmanager
def running(service):
    """Run a runner in a thread, which may fetch from this machine."""
    runner = Runner(
        service.store,
        service.settings.jobs,
        resolve=resolver(service.settings),
        environment=confined(["127.0.0.1"]),
    )
    thread = Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join()


def ended(service, job_id):
    while True:
        with service.store.reading() as session:
            job = queue.get(session, None, job_id)
        if job.state in queue.ENDED:
            return job
        time.sleep(0.05)


@pytest.mark.slow
def test_forcing_is_fetched_and_named_by_cases(tmp_path, registry, monkeypatch):
    served = tmp_path / "served"
    served.mkdir()
    write_field(served / "model.nc", ("uo", "vo"), (30, 30, 40, 40), HOURS)
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WITOIL_PRODUCTS", "ours")
    with serving_folder(served) as url, people(tmp_path, private_hosts=["127.0.0.1"]) as service:
        registry(url.replace("catalog/catalog.xml", "dodsC/model.nc"))
        anna = service.client("anna")
        asked = ask(anna, roles=["currents"], box=BOX, time=TIME)
        assert asked.status_code == 201, asked.text
        with running(service):
            job = ended(service, asked.json["jobID"])
        assert job.state == "successful", job.reason
        (file,) = job.result["files"]
        assert (file["dataset"], file["role"], file["missing"]) == ("ours", "currents", [])
        name = f"job:{job.id}/data/{file['name']}"
        looked = anna.post(
            "/forcing/coverage", json={"box": BOX, "time": TIME, "forcing": {"currents": [name]}}
        )
        assert looked.json["roles"]["currents"]["products"][0]["share"] == 1.0
        fetched = open_forcing(service.settings.jobs / job.id / "data" / file["name"], "currents")
        np.testing.assert_allclose(fetched["eastward_sea_water_velocity"], 0.1)
        links = anna.get(f"/ogc/jobs/{job.id}/results").json["files"]
        assert [link["href"].rpartition("/")[2] for link in links] == [file["name"]]
        assert ask(anna, roles=["currents"], box=BOX, time=TIME).json["status"] == "successful"


@pytest.mark.slow
def test_files_of_servers_are_fetched(tmp_path, monkeypatch):
    served = tmp_path / "served"
    served.mkdir()
    write_field(served / "a.nc", ("uo", "vo"), (34, 34, 37, 37), HOURS)
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    hosts = {"private_hosts": ["127.0.0.1"]}
    with serving_folder(served) as url:
        host = url.split("/")[2]
        with people(tmp_path, allowed_hosts=[host], **hosts) as service:
            anna = service.client("anna")
            whole = ask(anna, names=[f"thredds:{url}"]).json
            part = ask(
                anna,
                names=[f"opendap:{url.replace('catalog/catalog.xml', 'dodsC/a.nc')}"],
                box=BOX,
                time=TIME,
                variables=["uo"],
            ).json
            lost = ask(anna, names=[f"{url}/none.nc"]).json
            with running(service):
                jobs = [ended(service, each["jobID"]) for each in (whole, part, lost)]
            folders = [service.settings.jobs / job.id / "data" for job in jobs]
            assert (folders[0] / "a.nc").read_bytes() == (served / "a.nc").read_bytes()
            assert [f["name"] for f in jobs[1].result["files"]] == ["a.nc"]
            assert (folders[1] / "a.nc").stat().st_size < (served / "a.nc").stat().st_size
            assert jobs[2].state == "failed"
            assert "none.nc" in jobs[2].reason


@pytest.mark.slow
def test_only_what_the_operator_names_is_fetched(tmp_path, registry):
    registry("http://127.0.0.1:9/x")
    wanted = {"box": BOX, "time": TIME}
    with people(tmp_path) as service:
        refused = ask(service.client("anna"), roles=["currents"], **wanted)
        assert_problem(refused, 422, "the operator lets jobs fetch: none")
    with people(tmp_path, products=["ours"]) as service:
        anna = service.client("anna")
        assert ask(anna, roles=["currents"], **wanted).status_code == 201
        assert ask(anna, dataset="ours", **wanted).status_code == 201
        assert_problem(ask(anna, dataset="finer", **wanted), 422, "not in the registry")
        assert_problem(ask(anna, roles=["winds"], **wanted), 422, "has winds for")
    with people(tmp_path, products=["opendap"], upload_bytes=1000) as service:
        anna = service.client("anna")
        assert_problem(ask(anna, roles=["currents"], **wanted), 413, "ask for a smaller area")


@pytest.mark.slow
@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"box": BOX, "time": TIME},
        {"box": BOX, "roles": ["currents"]},
        {"names": ["https://data.example.org/a.nc"], "roles": ["currents"]},
        {"names": ["https://data.example.org/a.nc"], "dataset": "ours"},
        {"names": ["https://other.example.org/a.nc"]},
        {"names": ["http://127.0.0.1/a.nc"]},
        {"names": ["opendap:http://169.254.169.254/a.nc"]},
        {"names": ["thredds:http://[::1]/catalog.xml"]},
        {"names": ["file:///etc/passwd"]},
        {"names": ["catalogue:winds"]},
        {"names": ["job:00000000-0000-0000-0000-000000000000/a.nc"]},
        {"names": ["https://data.example.org/a.nc"] * 51},
        {"dataset": "ours", "box": BOX, "time": TIME, "variables": ["uo"]},
        {"dataset": "../ours", "box": BOX, "time": TIME},
        {"roles": ["tides"], "box": BOX, "time": TIME},
        {"roles": ["currents"], "box": [1, 2, 3], "time": TIME},
        {"roles": ["currents"], "box": BOX, "time": {"start": TIME["end"], "end": TIME["start"]}},
    ],
)
def test_what_is_not_fetched(tmp_path, registry, inputs):
    registry("http://127.0.0.1:9/x")
    with people(tmp_path, allowed_hosts=["data.example.org"], products=["ours"]) as service:
        assert_problem(ask(service.client("anna"), **inputs), 422)


@pytest.mark.slow
def test_forecasts_are_fetched_anew(tmp_path):
    with people(tmp_path, products=["opendap", "cmems", "era5"]) as service:
        now = datetime.now(UTC)

        def identity(end):
            time = {"start": end - timedelta(hours=6), "end": end}
            inputs = FetchInputs(roles=["winds"], box=BOX, time=time)
            return admit_fetch(inputs, service.settings)

        assert list(identity(now).values()) == [""]  # it may change at any time
        past = now - timedelta(days=400)
        assert "" not in (known := list(identity(past).values()))
        assert known


def test_a_registry_is_narrowed_by_ids_former_ids_and_services():
    registry = Registry.load()
    assert registry.only([]).datasets == registry.only([""]).datasets == ()
    by_alias = registry.only(["med-cmcc-cur-rean-h"]).datasets
    assert [each.id for each in by_alias] == ["cmems_mod_med_phy-cur_my_4.2km_PT1H-m"]
    assert {each.service for each in registry.only(["era5"]).datasets} == {"era5"}
    assert "WITOIL_PRODUCTS" not in os.environ
