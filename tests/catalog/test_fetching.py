"""Fetching from services: what they are asked, and what becomes of what they answer."""

import json
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import xarray as xr

from catalog import CatalogError, open_forcing
from catalog.forcing.names import EASTWARD_CURRENT, EASTWARD_WIND
from catalog.remote.store import Store
from catalog.services.cmems import PASSWORD, USERNAME, fetch_cmems, subset_arguments
from catalog.services.era5 import KEY, URL, retrievals
from catalog.services.fetching import fetch_forcing
from catalog.services.registry import Choice, Registry
from catalog.services.requests import Request
from tests.catalog.servers import serving_folder

BOX = (35.0, 34.0, 36.0, 36.0)
PERIOD = (datetime(2021, 8, 30, 6, 30, tzinfo=UTC), datetime(2021, 9, 1, 9, tzinfo=UTC))
SECRET = "4f3c2b1a-secret"


def choice(role: str, dataset: str, box=BOX) -> Choice:
    registry = Registry.load()
    return registry.choice_of(registry.find(dataset), role, box, PERIOD)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", 10**9)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch, tmp_path: Path) -> None:
    for name in (USERNAME, PASSWORD, URL, KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CDSAPI_RC", str(tmp_path / "cdsapirc"))
    monkeypatch.setenv("COPERNICUSMARINE_CREDENTIALS_DIRECTORY", str(tmp_path / "cmems"))


def test_the_marine_service_is_asked_for_the_part_that_is_wanted(tmp_path: Path) -> None:
    import inspect

    import copernicusmarine

    request = Request.of(choice("currents", "cmems_mod_glo_phy_myint_0.083deg_P1D-m"))
    arguments = subset_arguments(request, tmp_path / "out.nc")
    assert set(arguments) <= set(inspect.signature(copernicusmarine.subset).parameters)
    assert arguments["dataset_id"] == "cmems_mod_glo_phy_myint_0.083deg_P1D-m"
    assert arguments["variables"] == ["uo", "vo", "thetao"]
    assert arguments["minimum_longitude"] == 34.5
    assert arguments["maximum_latitude"] == 36.5
    assert arguments["start_datetime"] == datetime(2021, 8, 29, 6)
    assert arguments["end_datetime"] == datetime(2021, 9, 2, 10)
    assert arguments["maximum_depth"] == 5.0
    assert not {"username", "password"} & set(arguments)


def _answer_daily(**arguments: Any) -> None:
    """Write what the marine service does: days stamped at their start, a level near the surface."""
    times = np.arange(np.datetime64("2021-08-29"), np.datetime64("2021-09-04"))
    shape = (times.size, 1, 4, 5)
    ds = xr.Dataset(
        {
            name: (("time", "depth", "latitude", "longitude"), np.full(shape, 0.1, "f4"))
            for name in arguments["variables"]
        },
        coords={
            "time": times.astype("M8[ns]"),
            "depth": [0.494],
            "latitude": ("latitude", np.linspace(33.0, 37.0, 4), {"units": "degrees_north"}),
            "longitude": ("longitude", np.linspace(34.0, 37.0, 5), {"units": "degrees_east"}),
        },
    )
    for name in ds.data_vars:
        ds[name].attrs["units"] = "degrees_C" if name == "thetao" else "m s-1"
    folder = Path(arguments["output_directory"])
    ds.to_netcdf(folder / arguments["output_filename"], engine="netcdf4")


def test_days_of_the_marine_service_stand_at_noon(tmp_path: Path) -> None:
    request = Request.of(choice("currents", "cmems_mod_glo_phy_myint_0.083deg_P1D-m"))
    path = tmp_path / request.name
    fetch_cmems(request, path, subset=_answer_daily)
    times = open_forcing(path, "currents")["time"].to_numpy()
    assert times[0] == np.datetime64("2021-08-29T12:00")


@pytest.mark.parametrize(
    ("role", "dataset", "advice"),
    [
        ("currents", "med-cmcc-cur-rean-h", f"{USERNAME} and {PASSWORD} not set.*login"),
        ("winds", "era5", f"{URL} and {KEY} not set.*cdsapirc"),
    ],
)
def test_without_credentials_one_line_says_what_to_set(store, role, dataset, advice) -> None:
    with pytest.raises(CatalogError, match=advice) as caught:
        fetch_forcing(choice(role, dataset), store)
    assert "\n" not in str(caught.value)
    assert store.entries() == []


def test_without_the_client_one_line_says_what_to_install(store, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CatalogError, match=r"pip install 'witoil\[cmems\]'"):
        fetch_forcing(choice("currents", "med-cmcc-cur-rean-h"), store)


def test_the_service_saying_no_is_one_line(tmp_path: Path) -> None:
    def refuse(**arguments: Any) -> None:
        raise Exception("Dataset not found\nin the catalogue")

    request = Request.of(choice("currents", "med-cmcc-cur-rean-h"))
    with pytest.raises(CatalogError, match=r"did not give it \(Dataset not found in the"):
        fetch_cmems(request, tmp_path / "x.nc", subset=refuse)


def test_months_are_asked_for_one_by_one() -> None:
    asked = list(retrievals(Request.of(choice("winds", "era5"))))
    assert [(r["month"], r["day"]) for r in asked] == [
        (["08"], ["30", "31"]),
        (["09"], ["01"]),
    ]
    assert asked[0]["area"] == [36.5, 34.5, 33.5, 36.5]
    assert asked[0]["variable"] == ["10m_u_component_of_wind", "10m_v_component_of_wind"]


def _era5(retrieval: dict[str, Any], path: Path) -> Path:
    """Write what the Climate Data Store does since 2024."""
    days = [
        np.datetime64(f"{retrieval['year'][0]}-{retrieval['month'][0]}-{day}")
        for day in retrieval["day"]
    ]
    times = np.concatenate([day + np.arange(24).astype("m8[h]") for day in days])
    north, west, south, east = retrieval["area"]
    lat, lon = np.arange(north, south - 0.1, -0.25), np.arange(west, east + 0.1, 0.25)
    dims = ("valid_time", "latitude", "longitude")
    values = np.full((times.size, lat.size, lon.size), 5.0, "f4")
    attrs = {"units": "m s**-1", "standard_name": "unknown"}
    ds = xr.Dataset(
        dict.fromkeys(("u10", "v10"), (dims, values, attrs)),
        coords={
            "valid_time": ("valid_time", times.astype("M8[ns]"), {"standard_name": "time"}),
            "latitude": ("latitude", lat, {"units": "degrees_north"}),
            "longitude": ("longitude", lon, {"units": "degrees_east"}),
            "number": 0,
            "expver": ("valid_time", np.full(times.size, "0001")),
        },
    )
    ds.to_netcdf(path, engine="netcdf4")
    return path


class ClimateDataStore(ThreadingHTTPServer):
    """What the Climate Data Store answers, zipped or not, or refusing the licence."""

    def __init__(self, folder: Path, *, zipped: bool, refuses: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.folder, self.zipped, self.refuses = folder, zipped, refuses
        self.keys: set[str | None] = set()
        self.files: list[Path] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def prepare(self, retrieval: dict[str, Any]) -> int:
        plain = _era5(retrieval, self.folder / f"answer-{len(self.files)}.nc")
        self.files.append(plain)
        if self.zipped:
            self.files[-1] = plain.with_suffix(".zip")
            with zipfile.ZipFile(self.files[-1], "w") as archive:
                archive.write(plain, "data_stream-oper_stepType-instant.nc")
        return len(self.files) - 1


class _Answers(BaseHTTPRequestHandler):
    server: ClimateDataStore

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        number = path.rpartition("/")[2]
        if "/files/" in path:
            self._send(self.server.files[int(number)].read_bytes(), "application/octet-stream")
            return
        self.server.keys.add(self.headers.get("PRIVATE-TOKEN"))
        if path.endswith("/results"):
            number = path.split("/")[-2]
            size = self.server.files[int(number)].stat().st_size
            value = {"href": f"{self.server.url}/files/{number}", "file:size": size}
            self._send_json({"asset": {"value": value}})
        elif "/jobs/" in path:
            self._send_json({"status": "successful", "jobID": number})
        else:
            self._send_json({"id": number})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refuses:
            self._send_json({"title": "required licences not accepted"}, 403)
            return
        number = self.server.prepare(json.loads(body)["inputs"])
        monitor = f"{self.server.url}/retrieve/v1/jobs/{number}"
        self._send_json({"status": "accepted", "links": [{"rel": "monitor", "href": monitor}]})

    def log_message(self, *arguments: object) -> None:
        pass

    def _send_json(self, document: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(document).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@pytest.fixture
def climate_data_store(request, tmp_path: Path, monkeypatch) -> Iterator[ClimateDataStore]:
    folder = tmp_path / "server"
    folder.mkdir()
    server = ClimateDataStore(folder, **request.param)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(URL, server.url)
    monkeypatch.setenv(KEY, SECRET)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "climate_data_store", [{"zipped": False}, {"zipped": True}], indirect=True, ids=str
)
def test_era5_by_its_own_client(store, climate_data_store, caplog, capfd) -> None:
    caplog.set_level(logging.DEBUG)
    path = fetch_forcing(choice("winds", "era5"), store)
    ds = open_forcing(path, "winds", period=None)
    times = ds["time"].to_numpy()
    assert times[0] == np.datetime64("2021-08-30T00:00")
    assert times[-1] == np.datetime64("2021-09-01T23:00")
    assert (np.diff(ds["latitude"]) > 0.0).all()
    np.testing.assert_allclose(ds[EASTWARD_WIND], 5.0)
    assert climate_data_store.keys == {SECRET}
    # a second time without asking
    count = len(climate_data_store.files)
    assert fetch_forcing(choice("winds", "era5"), store) == path
    assert len(climate_data_store.files) == count
    shown = capfd.readouterr()
    assert SECRET not in caplog.text + shown.out + shown.err
    assert all(SECRET not in entry.identifier for entry in store.entries())


@pytest.mark.parametrize(
    "climate_data_store", [{"zipped": False, "refuses": True}], indirect=True, ids=str
)
def test_a_licence_not_accepted_is_one_line(store, climate_data_store) -> None:
    with pytest.raises(CatalogError, match="required licences not accepted") as caught:
        fetch_forcing(choice("winds", "era5"), store)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert store.entries() == []


@pytest.mark.slow
def test_opendap_is_read_and_kept(store, tmp_path: Path, monkeypatch, write_currents) -> None:
    (tmp_path / "served").mkdir()
    write_currents(
        "served/model.nc",
        times=120.0 + np.arange(0.0, 96.0, 3.0),
        latitude=np.linspace(30.0, 40.0, 21),
        longitude=np.linspace(30.0, 40.0, 21),
    )
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "pieces"))
    found = choice("currents", "hycom-gofs-3.1")
    with serving_folder(tmp_path / "served") as url:
        url = url.replace("catalog/catalog.xml", "dodsC/model.nc")
        served = found.dataset.model_copy(update={"urls": (url,)})
        path = fetch_forcing(replace(found, dataset=served), store)
    ds = open_forcing(path, "currents")
    np.testing.assert_array_equal(ds["latitude"], np.arange(33.0, 37.1, 0.5))
    assert str(ds["time"].to_numpy()[0]) == "2021-08-30T03:00:00.000000000"
    np.testing.assert_allclose(ds[EASTWARD_CURRENT], 0.1)
