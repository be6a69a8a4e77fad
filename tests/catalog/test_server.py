"""A folder that we serve is read by others: the same numbers, and nothing beside the folder."""

import threading
from pathlib import Path

import numpy as np
import pytest
import requests
import xarray as xr

from catalog import CatalogError, UnreadableFileError
from catalog.remote.download import download
from catalog.remote.opendap import Opendap
from catalog.server.app import create_app, serve
from catalog.thredds import walk
from tests.catalog.servers import serving_folder

# PyDAP's client says that DAP 2 is old, and leaves its session to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PyDAP was unable to determine:UserWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "run one").mkdir()
    (folder / ".hidden").mkdir()
    (folder / ".hidden/secret.nc").write_bytes(b"CDF")
    (folder.parent / "outside.nc").write_bytes(b"CDF")
    (folder / "link.nc").symlink_to(folder.parent / "outside.nc")
    (folder / "run one/mask.tif").write_bytes(b"II*\0" + bytes(1000))
    dataset().to_netcdf(
        folder / "run one/run.nc",
        encoding={
            "packed": {
                "dtype": "i2",
                "scale_factor": 0.00123456789012,
                "add_offset": 0.1234567891234,
                "_FillValue": -32768,
                "zlib": True,
                "chunksizes": (1, 3, 8),
            },
            "bytes": {"dtype": "u1", "scale_factor": 0.5, "_FillValue": 255},
            "u": {"zlib": True, "shuffle": True, "fletcher32": True},
        },
    )
    return folder


def dataset() -> xr.Dataset:
    chance = np.random.default_rng(1)
    u = chance.normal(size=(6, 7, 8)).astype("f4")
    u[0, 0, 0] = np.nan
    grid = ("time", "lat", "lon")
    return xr.Dataset(
        {
            "u": (grid, u, {"units": "m s-1"}),
            "u_bias": ("lat", np.arange(7.0)),
            "packed": (grid, chance.normal(size=(6, 7, 8))),
            "bytes": ("lat", np.array([0.0, 0.5, 100, 127, np.nan, 64, 63.5])),
            "status": (("trajectory", "time"), chance.integers(-2, 6, (5, 6)).astype("i1")),
            "large": ("lat", np.arange(7) * 10**12),
            "crs": ((), np.int32(3)),
            "name": ("lat", np.array(list("abcdefg"), dtype=object)),
        },
        coords={
            "time": ("time", np.arange(6), {"units": "hours since 2020-01-01"}),
            "lat": np.linspace(0, 1, 7),
            "lon": np.linspace(0, 1, 8).astype("f4"),
        },
        attrs={"title": 'he said "hi" \\ there', "one tenth": np.float32(0.1), "who": "Zoë"},
    )


@pytest.fixture(scope="module")
def catalogue(folder: Path):
    with serving_folder(folder) as url:
        yield url


@pytest.fixture(scope="module")
def served(catalogue: str) -> dict[str, str]:
    (found,) = [d for _, c in walk(catalogue) for d in c.datasets if d.name == "run.nc"]
    return found.access


@pytest.mark.slow
def test_catalogue_lists_the_folder_and_nothing_else(catalogue: str):
    from siphon.catalog import TDSCatalog

    top = TDSCatalog(catalogue)
    assert list(top.datasets) == []
    assert list(top.catalog_refs) == ["run one"]
    inner = top.catalog_refs["run one"].follow()
    assert list(inner.datasets) == ["mask.tif", "run.nc"]
    assert set(inner.datasets["run.nc"].access_urls) == {"opendap", "httpserver"}
    assert set(inner.datasets["mask.tif"].access_urls) == {"httpserver"}
    for catalogue_ in (top, inner):
        catalogue_.session.close()


def test_siphon_downloads_a_file(catalogue: str, folder: Path, tmp_path: Path):
    from siphon.catalog import TDSCatalog

    inner = TDSCatalog(catalogue).catalog_refs["run one"].follow()
    inner.datasets["mask.tif"].download(tmp_path / "mask.tif")
    assert (tmp_path / "mask.tif").read_bytes() == (folder / "run one/mask.tif").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["netcdf4", "pydap"])
def test_clients_read_the_numbers_of_the_file(served, folder: Path, engine: str):
    with (
        xr.open_dataset(folder / "run one/run.nc") as local,
        xr.open_dataset(served["opendap"], engine=engine) as remote,
    ):
        assert set(local.variables) - set(remote.variables) == {"name"}
        for name in remote.variables:
            here, there = local[name], remote[name]
            np.testing.assert_array_equal(there.values, here.values, err_msg=str(name))
            part = {"time": slice(1, 5, 2)} if "time" in here.dims else {}
            np.testing.assert_array_equal(there.isel(part).values, here.isel(part).values)
        assert remote["u"].attrs["units"] == "m s-1"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["netcdf4", "pydap"])
def test_packed_numbers_travel_as_they_are(served, folder: Path, engine: str):
    with (
        xr.open_dataset(folder / "run one/run.nc", mask_and_scale=False) as local,
        xr.open_dataset(served["opendap"], engine=engine, mask_and_scale=False) as remote,
    ):
        np.testing.assert_array_equal(remote["packed"], local["packed"])
        assert remote["packed"].dtype == np.int16
        assert remote["packed"].attrs["scale_factor"] == local["packed"].attrs["scale_factor"]


@pytest.mark.slow
def test_witoil_reads_what_witoil_serves(served, folder: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path))
    remote = Opendap(served["opendap"]).open()
    with xr.open_dataset(folder / "run one/run.nc", decode_times=False) as local:
        for name in remote.variables:
            np.testing.assert_array_equal(remote[name], local[name], err_msg=str(name))
        assert remote.attrs["who"] == "Zoë"
        assert remote.attrs["one tenth"] == np.float32(0.1)
        part = remote["u"][1:3, 2, ::3]
        np.testing.assert_array_equal(part, local["u"][1:3, 2, ::3])


def test_files_come_with_digest_and_ranges(served, folder: Path, tmp_path: Path):
    content = (folder / "run one/run.nc").read_bytes()
    facts = download(served["httpserver"], tmp_path / "run.nc")
    assert (tmp_path / "run.nc").read_bytes() == content
    assert facts["etag"]
    part = requests.get(served["httpserver"], headers={"Range": "bytes=10-19"}, timeout=5)
    assert (part.status_code, part.content) == (206, content[10:20])
    last = requests.get(served["httpserver"], headers={"Range": "bytes=-99999999"}, timeout=5)
    assert (last.status_code, last.content) == (206, content)
    whole = requests.head(served["httpserver"], timeout=5)
    assert whole.headers["Repr-Digest"].startswith("sha-256=:")


@pytest.mark.parametrize(
    "path",
    [
        "/thredds/fileServer/../outside.nc",
        "/thredds/fileServer/%2e%2e/outside.nc",
        "/thredds/fileServer//etc/passwd",
        "/thredds/fileServer/link.nc",
        "/thredds/fileServer/.hidden/secret.nc",
        "/thredds/fileServer/run one",
        "/thredds/catalog/.hidden/catalog.xml",
        "/thredds/catalog/../catalog.xml",
        "/thredds/dodsC/link.nc.dds",
        "/thredds/dodsC/run one/mask.tif.dds",
        "/thredds/dodsC/run one/run.nc.exe",
        "/thredds/dodsC/run one/run.nc",
    ],
)
def test_nothing_outside_is_served(folder: Path, path: str):
    client = create_app(folder).test_client()
    assert client.get(path, follow_redirects=True).status_code == 404


@pytest.mark.parametrize(
    "constraint",
    [
        "nosuch",
        "u[0:1",
        "u[0]",
        "u[0:1:99][0][0]",
        "u[5:1:2][0][0]",
        "u[0:0:1][0][0]",
        "u[-1][0][0]",
        "u.nosuch",
        "eval(1)",
        "u&u>1",
        "__class__",
    ],
)
def test_bad_constraints_are_errors_of_dap(folder: Path, constraint: str):
    client = create_app(folder).test_client()
    answer = client.get("/thredds/dodsC/run one/run.nc.dods", query_string=constraint)
    assert answer.status_code == 400
    assert answer.text.startswith("Error {")
    assert "Traceback" not in answer.text


def test_variables_are_told_apart_by_their_whole_name(folder: Path):
    client = create_app(folder).test_client()
    answer = client.get("/thredds/dodsC/run one/run.nc.dds", query_string="u_bias[0:1:2]")
    assert answer.text == "Dataset {\n    Float64 u_bias[lat = 3];\n} run%2Enc;\n"


def test_start_leads_to_the_catalogue(folder: Path):
    answer = create_app(folder).test_client().get("/")
    assert answer.headers["Location"] == "/thredds/catalog/catalog.html"


def test_damaged_file_is_told_in_a_line(tmp_path: Path):
    (tmp_path / "bad.nc").write_bytes(b"CDF\x01 not at all")
    answer = create_app(tmp_path).test_client().get("/thredds/dodsC/bad.nc.dds")
    assert answer.status_code == 422
    assert "cannot be read as NetCDF" in answer.text


def test_what_cannot_be_served_is_one_line(tmp_path: Path, catalogue: str):
    with pytest.raises(UnreadableFileError, match="is no folder"):
        create_app(tmp_path / "nothing")
    port = int(catalogue.split(":")[2].split("/")[0])
    with pytest.raises(CatalogError, match="expected a free port"):
        serve(tmp_path, "127.0.0.1", port, on_start=print)


@pytest.mark.slow
def test_many_clients_at_once(served, folder: Path):
    with xr.open_dataset(folder / "run one/run.nc", mask_and_scale=False) as local:
        expected = local["packed"].values
    results: list[bool] = []

    def read(k: int) -> None:
        url = f"{served['opendap']}.dods?packed[{k % 6}][0:1:6][0:1:7]"
        values = requests.get(url, timeout=10).content.partition(b"Data:\n")[2][8:]
        found = np.frombuffer(values, ">i4").reshape(7, 8)
        results.append(bool((found == expected[k % 6]).all()))

    threads = [threading.Thread(target=read, args=(k,)) for k in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 24
