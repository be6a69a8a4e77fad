"""Results of jobs as THREDDS serves them, for programs with a token and for nobody else."""

import os
import subprocess
import sys

import numpy as np
import pytest
import requests
import xarray as xr

from tests.catalog.servers import serving_app
from tests.web.people import assert_problem, ended_with, people

pytestmark = [
    pytest.mark.filterwarnings("ignore:PyDAP was unable to determine:UserWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture(scope="module")
def job(service, twin_run):
    return ended_with(service, service.client("anna"), twin_run)


@pytest.fixture(scope="module")
def served(service, job):
    with serving_app(service.app) as url:
        yield url


class Bearer(requests.auth.AuthBase):
    def __init__(self, token):
        self._token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@pytest.fixture
def session(service):
    with requests.Session() as made:
        made.headers["Authorization"] = f"Bearer {service.token('anna')}"
        yield made


def test_siphon_reads_the_catalogue_with_a_token(service, served, job, twin_run, tmp_path):
    from siphon.catalog import TDSCatalog
    from siphon.http_util import session_manager

    session_manager.set_session_options(auth=Bearer(service.token("anna")))
    try:
        top = TDSCatalog(f"{served}/thredds/catalog/catalog.xml")
        (title,) = top.catalog_refs
        assert title.startswith("simulate, 20")
        inner = top.catalog_refs[title].follow()
        assert {"particles.nc", "summary.json"} <= set(inner.datasets)
        assert not [name for name in inner.datasets if name.startswith(".")]
        inner.datasets["summary.json"].download(tmp_path / "summary.json")
        top.session.close()
        inner.session.close()
    finally:
        session_manager.options.pop("auth")
    assert (tmp_path / "summary.json").read_bytes() == (twin_run / "summary.json").read_bytes()


@pytest.mark.slow
def test_the_netcdf_library_shows_the_token_as_a_password(service, served, job, twin_run, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1\nlogin anna\npassword {service.token('anna')}\n")
    netrc.chmod(0o600)
    (tmp_path / ".ncrc").write_text(f"HTTP.NETRC={netrc}\n")
    code = "import sys, xarray as xr; xr.open_dataset(sys.argv[1]).lon.to_netcdf(sys.argv[2])"
    url, copy = f"{served}/thredds/dodsC/{job}/particles.nc", tmp_path / "lon.nc"
    subprocess.run(
        [sys.executable, "-c", code, url, copy],
        check=True,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    with xr.open_dataset(twin_run / "particles.nc") as local, xr.open_dataset(copy) as remote:
        np.testing.assert_array_equal(remote["lon"].values, local["lon"].values)


def test_a_password_is_asked_for_where_the_netcdf_library_reads_and_nowhere_else(service):
    for path, kinds in (
        ("/thredds/catalog/catalog.xml", ["Bearer", "Basic"]),
        ("/uploads", ["Bearer"]),
    ):
        answer = service.client().get(path)
        assert_problem(answer, 401)
        asked = answer.headers.getlist("WWW-Authenticate")
        assert [each.partition(" ")[0] for each in asked] == kinds


@pytest.mark.slow
def test_xarray_reads_the_numbers_with_a_token(served, job, twin_run, session):
    url = f"{served}/thredds/dodsC/{job}/particles.nc"
    store = xr.backends.PydapDataStore.open(url, session=session)
    with xr.open_dataset(twin_run / "particles.nc") as local, xr.open_dataset(store) as remote:
        for name in ("lon", "lat", "mass", "status"):
            np.testing.assert_array_equal(remote[name].values, local[name].values)
            part = remote[name].isel(time=2, trajectory=slice(3, 90, 7))
            wanted = local[name].isel(time=2, trajectory=slice(3, 90, 7))
            np.testing.assert_array_equal(part.values, wanted.values)


def test_people_find_a_page(service, job):
    anna = service.client("anna")
    page = anna.get("/thredds", follow_redirects=True)
    assert page.mimetype == "text/html"
    assert f'href="{job}/catalog.html"' in page.text
    inner = anna.get(f"/thredds/catalog/{job}/catalog.html")
    assert f'href="/thredds/dodsC/{job}/particles.nc.dds"' in inner.text
    assert "/tmp" not in inner.text + page.text


def test_others_find_nothing(service, job):
    bob, nobody = service.client("bob"), service.client()
    assert job not in bob.get("/thredds/catalog/catalog.xml").text
    for path in (
        f"catalog/{job}/catalog.xml",
        f"fileServer/{job}/summary.json",
        f"dodsC/{job}/particles.nc.dds",
    ):
        assert_problem(bob.get(f"/thredds/{path}"), 404)
        assert_problem(nobody.get(f"/thredds/{path}"), 401)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("fileServer/{job}/../../witoil.sqlite", 404),
        ("fileServer/{job}/%2e%2e/%2e%2e/witoil.sqlite", 404),
        ("fileServer/{job}/.kept-2/particles.bin", 404),
        ("fileServer/{job}/summary.json%00", 404),
        ("fileServer/%00/x", 404),
        ("fileServer/{job}/" + "a" * 5000, 404),
        ("fileServer/" + "a" * 5000, 404),
        ("catalog/nothing/catalog.xml", 404),
        ("catalog/{job}/summary.json/catalog.html", 404),
        ("dodsC/{job}/summary.json.dds", 404),
        ("dodsC/{job}/particles.nc.exe", 404),
    ],
)
def test_what_there_is_not(service, job, path, status):
    assert_problem(service.client("anna").get("/thredds/" + path.format(job=job)), status)


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """A service with a catalogue of files of several folders."""
    folder = tmp_path_factory.mktemp("operated")
    (folder / "slicks" / "2021").mkdir(parents=True)
    (folder / "slicks" / "2021" / "a b.geojson").write_text("{}")
    (folder / "slicks" / ".hidden.geojson").write_text("{}")
    (folder / "beside.txt").write_text("not named")
    xr.Dataset({"uo": ("x", np.arange(3.0))}).to_netcdf(folder / "currents.nc")
    (folder / "catalogue.toml").write_text(
        """
        [currents]
        title = "Currents"
        files = "currents*.nc"
        [spills]
        title = "Slicks"
        files = "slicks"
        spills = true
        [far]
        title = "Elsewhere"
        files = "https://data.example.org/winds.nc"
        [gone]
        title = "Gone"
        files = "gone.nc"
        """
    )
    with people(folder / "data", catalogue=folder / "catalogue.toml") as made:
        yield made


def test_data_of_the_operator_are_read_by_everybody(operated):
    anna = operated.client("anna")
    assert b'"catalogue/catalog.xml"' in anna.get("/thredds/catalog/catalog.xml").data
    listed = anna.get("/thredds/catalog/catalogue/catalog.xml").data
    assert b"Currents" in listed
    assert b"Elsewhere" not in listed
    files = anna.get("/thredds/catalog/catalogue/currents/catalog.xml").data
    assert b"catalogue/currents/currents.nc" in files
    got = anna.get("/thredds/dodsC/catalogue/currents/currents.nc.ascii?uo[1:1:2]")
    assert (got.status_code, got.data.split()[-4:]) == (200, [b"[0]", b"1", b"[1]", b"2"])
    assert b"2021" in anna.get("/thredds/catalog/catalogue/spills/catalog.xml").data
    assert b"a%20b" in anna.get("/thredds/catalog/catalogue/spills/2021/catalog.html").data
    slick = anna.get("/thredds/fileServer/catalogue/spills/2021/a b.geojson")
    assert (slick.status_code, slick.data) == (200, b"{}")


@pytest.mark.parametrize(
    "name",
    [
        "none/x.nc", "gone/gone.nc", "far/winds.nc", "currents/beside.txt",
        "currents/../beside.txt",
        "spills/.hidden.geojson", "spills/2021", "spills//2021/a b.geojson", "currents", "",
        "currents/%00", "currents/currents.nc/x", "currents/" + "x" * 5000,
    ],
)  # fmt: skip
def test_nothing_beside_the_catalogue_is_served(operated, name):
    anna = operated.client("anna")
    assert anna.get(f"/thredds/fileServer/catalogue/{name}").status_code == 404
    assert anna.get(f"/thredds/dodsC/catalogue/{name}.dds").status_code == 404


def test_data_of_the_operator_want_a_token(operated):
    nobody = operated.app.test_client()
    assert nobody.get("/thredds/fileServer/catalogue/currents/currents.nc").status_code == 401
    assert nobody.get("/thredds/catalog/catalogue/catalog.xml").status_code == 401
