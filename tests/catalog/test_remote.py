"""Names that are no paths: files of servers, data sets of OPeNDAP, and bad ones."""

import io
import zipfile
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydap.handlers.lib import BaseHandler
from pydap.model import BaseType, DatasetType, GridType

from catalog import CatalogError, UnreadableFileError, open_forcing, read_land, read_slick
from catalog.locate import fetch, locate
from catalog.remote.opendap import Opendap
from catalog.remote.store import Store, default_store
from tests.catalog.servers import (
    Quiet,
    file_handler,
    serving,
    serving_app,
    serving_folder_by_pydap,
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WITOIL_HTTP_ATTEMPTS", "2")
    monkeypatch.setenv("WITOIL_HTTP_PAUSE_SECONDS", "0")
    monkeypatch.setenv("WITOIL_HTTP_SILENCE_SECONDS", "2")
    return tmp_path / "cache"


def contents(folder: Path) -> dict[str, bytes]:
    return {f"/{p.relative_to(folder)}": p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def clean(cache: Path) -> bool:
    return not list((cache / "store/making").iterdir()) and not list(
        (cache / "store/objects").iterdir()
    )


def test_forcing_from_a_url_is_that_of_the_file(write_currents):
    path = write_currents()
    with serving(file_handler({"/f/currents.nc": path.read_bytes()})) as url:
        remote = open_forcing(f"{url}/f/currents.nc", "currents")
    local = open_forcing(path, "currents")
    xr.testing.assert_identical(remote.reset_coords(drop=True), local.reset_coords(drop=True))


@pytest.mark.slow
def test_case_of_pydap_is_listed_and_opened(tmp_path: Path, write_currents):
    (tmp_path / "data").mkdir()
    path = write_currents("data/currents_20210824.nc")
    with serving_folder_by_pydap(tmp_path / "data") as url:
        catalogue = f"thredds:{url}/catalog.xml"
        by_file = open_forcing(f"{catalogue}#currents*", "currents")
        by_dap = open_forcing(f"opendap:{url}/currents_20210824.nc", "currents")
        with pytest.raises(UnreadableFileError, match="no such data set"):
            locate(f"{catalogue}#winds*")
    local = open_forcing(path, "currents").reset_coords(drop=True)
    xr.testing.assert_identical(by_file.reset_coords(drop=True), local)
    xr.testing.assert_identical(by_dap.reset_coords(drop=True), local)


def packed() -> DatasetType:
    """Return a data set as a server has it, with a grid that brings its own axes."""
    data = DatasetType("test", attributes={"NC_GLOBAL": {"title": "packed"}})
    data["uo"] = BaseType(
        "uo",
        np.arange(-60, 60, dtype="i2").reshape(4, 5, 6),
        dims=("time", "lat", "lon"),
        attributes={"scale_factor": 0.25, "add_offset": 1.0, "_FillValue": np.int16(-60)},
    )
    for name, size in (("time", 4), ("lat", 5)):
        data[name] = BaseType(name, np.arange(size, dtype="f8"), dims=(name,))
    grid = data["vo"] = GridType("vo", {"units": "m s-1"})
    grid["vo"] = BaseType(
        "vo", np.linspace(0, 1, 30, dtype="f4").reshape(5, 6), dims=("lat", "lon")
    )
    grid["lat"] = BaseType("lat", np.arange(5.0), dims=("lat",))
    grid["lon"] = BaseType("lon", np.arange(6.0), dims=("lon",))
    return data


@pytest.fixture
def packed_url():
    with serving_app(BaseHandler(packed())) as url:
        yield f"{url}/packed"


def test_values_are_unpacked_and_masked(packed_url: str):
    found = Opendap(packed_url).open()
    expected = np.arange(-60, 60).reshape(4, 5, 6) * 0.25 + 1.0
    expected[0, 0, 0] = np.nan
    np.testing.assert_array_equal(found["uo"], expected)
    np.testing.assert_array_equal(found["vo"], np.linspace(0, 1, 30, dtype="f4").reshape(5, 6))
    assert found["uo"].dims == ("time", "lat", "lon")
    assert found["lon"].values.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.attrs == {"title": "packed"}


@pytest.mark.slow
@pytest.mark.parametrize("most_bytes", [4, 50, 300, 10**6])
def test_parts_are_fetched_in_answers_within_the_limit(packed_url: str, most_bytes: int):
    store = default_store()
    found = Opendap(packed_url).open(store, most_bytes=most_bytes)["uo"]
    expected = np.arange(-60, 60).reshape(4, 5, 6) * 0.25 + 1.0
    part = found.isel(time=slice(1, None, 2), lat=slice(None, None, -1), lon=[5, 0, 3])
    np.testing.assert_array_equal(part, expected[1::2, ::-1][:, :, [5, 0, 3]])
    np.testing.assert_array_equal(found[2, 1:4, 3], expected[2, 1:4, 3])
    assert found[0, 5:5].size == 0
    answers = [e for e in store.entries() if "?uo" in e.identifier]
    assert all(entry.size < most_bytes + 150 for entry in answers)


def test_nothing_is_read_before_it_is_asked_for(packed_url: str):
    store = default_store()
    found = Opendap(packed_url).open(store)
    assert not any("?uo" in entry.identifier for entry in store.entries())
    found["uo"].isel(time=0).load()
    (entry,) = [entry for entry in store.entries() if "?uo" in entry.identifier]
    assert "?uo[0:0][0:4][0:5] of " in entry.identifier


def test_offline_reads_what_was_read_before(packed_url: str, own_cache: Path):
    Opendap(packed_url).open()["uo"].isel(time=0).load()
    offline = Store(own_cache / "store", 10**9, offline=True)
    found = Opendap(packed_url).open(offline)
    assert found["uo"].isel(time=0).shape == (5, 6)
    with pytest.raises(CatalogError, match="WITOIL_OFFLINE forbids"):
        found["uo"].isel(time=1).load()


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (
            b"Dataset {\n Float32 u[x = 2];\n} x;\nData:\n\x00\x00\x00\x02\x00\x00\x00\x02"
            + bytes(8),
            r"expected 4 val",
        ),
        (
            b"Dataset {\n Float32 u[x = 4];\n} x;\nData:\n\x00\x00\x00\x04\x00\x00\x00\x04"
            + bytes(7),
            r"not whole",
        ),
        (b"Dataset {\n Float32 u;\n} x;\nData:\n" + bytes(4), r"expected 4 values"),
        (b"Dataset {\n} x;\nData:\n", r"expected 4 values"),
        (b'Error {\n code = 500;\n message = "too much";\n};\n', "too much"),
    ],
)
def test_answers_that_are_not_whole_are_refused(own_cache: Path, answer: bytes, match: str):
    class Server(Quiet):
        def answer(self):
            if self.path.endswith(".dds"):
                self.send(200, b"Dataset {\n Float32 u[x = 4];\n} t;\n")
            elif self.path.endswith(".das"):
                self.send(200, b"Attributes {\n}\n")
            else:
                self.send(200, answer)

    with serving(Server) as url:
        found = Opendap(f"{url}/t").open()
        with pytest.raises(UnreadableFileError, match=match) as caught:
            found["u"].load()
    assert "\n" not in str(caught.value)
    assert not any("dods" in entry.identifier for entry in default_store().entries())


def test_coordinates_that_come_along_with_values_are_passed_over():
    """As servers on opendap-protocol (xpublish) send them, which take strides otherwise, too."""
    grid = "Grid {\n Array:\n Float32 u[x = 3];\n Maps:\n Float64 x[x = 3];\n } u;\n"
    three = b"\x00\x00\x00\x03" * 2
    u, x = np.array([1.5, 2.5, 3.5], ">f4"), np.array([7.0, 8.0, 9.0], ">f8")

    class Server(Quiet):
        def answer(self):
            if self.path.endswith(".dds"):
                self.send(200, f"Dataset {{\n Float64 x[x = 3];\n {grid}}} t;\n".encode())
            elif self.path.endswith(".das"):
                self.send(200, b"Attributes {\n}\n")
            elif "u.u" in self.path:
                assert self.path.endswith("u.u%5B0:2%5D")
                head = f"Dataset {{\n {grid}}} t;\nData:\n".encode()
                self.send(200, head + three + u.tobytes() + three + x.tobytes())
            else:
                head = b"Dataset {\n Float64 x[x = 3];\n} t;\nData:\n"
                self.send(200, head + three + x.tobytes())

    with serving(Server) as url:
        found = Opendap(f"{url}/t").open()
        assert found["u"].values.tolist() == [1.5, 2.5, 3.5]
        assert found["x"].values.tolist() == [7.0, 8.0, 9.0]


@pytest.mark.parametrize(
    ("dds", "das", "match"),
    [
        (b"<html></html>", b"", "HTML page"),
        (b"no", b"", r"expected OPeNDAP \(Dataset"),
        (b"Dataset {\n Float32 u[x = ", b"Attributes {\n}\n", "layout that the server sends"),
        (b"Dataset {\n Complex u;\n} t;", b"Attributes {\n}\n", "layout that the server sends"),
        (b"Dataset {\n Float32 u;\n} t;", b"Attributes {\n u { Int32 a", "attributes that the ser"),
    ],
)
def test_headers_that_cannot_be_read_are_one_line(dds: bytes, das: bytes, match: str):
    class Server(Quiet):
        def answer(self):
            self.send(200, das if self.path.endswith(".das") else dds)

    with serving(Server) as url:
        with pytest.raises(UnreadableFileError, match=match) as caught:
            Opendap(f"{url}/t").open()
        assert "\n" not in str(caught.value)


def test_dataset_is_no_file():
    with pytest.raises(UnreadableFileError, match="is a data set of OPeNDAP, expected a file"):
        read_slick("http://host/thredds/dodsC/slick.nc")


def shapefile(folder: Path) -> Path:
    import geopandas
    import shapely

    path = folder / "20210824-0810-SYR-PL-A-01-S3.shp"
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(35, 35, 35.1, 35.1)], crs=4326)
    frame.to_file(path)
    return path


def test_shapefile_comes_with_its_parts(tmp_path: Path):
    (tmp_path / "data").mkdir()
    path = shapefile(tmp_path / "data")
    with serving(file_handler(contents(tmp_path / "data"))) as url:
        remote = read_slick(f"{url}/{path.name}")
        land = read_land((34.9, 34.9, 35.2, 35.2), f"{url}/{path.name}")
        assert fetch(f"{url}/{path.name}").name == f"{path.stem}.zip"
    local = read_slick(path)
    assert (remote.time, remote.geometry) == (local.time, local.geometry)
    assert land.equals(local.geometry)


def test_shapefile_without_its_index_is_refused(tmp_path: Path, own_cache: Path):
    (tmp_path / "data").mkdir()
    path = shapefile(tmp_path / "data")
    path.with_suffix(".shx").unlink()
    with (
        serving(file_handler(contents(tmp_path / "data"))) as url,
        pytest.raises(UnreadableFileError, match=r"\.shx: the server answers 404"),
    ):
        read_slick(f"{url}/{path.name}")
    assert clean(own_cache)


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("slick.shp", bytes(2 * 10**6))
    return content.getvalue()


def slip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("../outside.shp", b"x")
    return content.getvalue()


def test_bad_zips_are_refused(tmp_path: Path):
    with serving(file_handler({"/slip.zip": slip(), "/cut.zip": slip()[:40]})) as url:
        with pytest.raises(CatalogError, match="points outside"):
            read_slick(f"{url}/slip.zip")
        with pytest.raises(CatalogError, match="is not a whole zip"):
            read_slick(f"{url}/cut.zip")
    assert not list(tmp_path.rglob("outside.shp"))


def test_zip_that_expands_a_thousandfold_is_refused(monkeypatch):
    monkeypatch.setattr("catalog.files.archives.MOST_UNPACKED_BYTES", 10**6)
    with (
        serving(file_handler({"/bomb.zip": bomb()})) as url,
        pytest.raises(CatalogError, match=r"unpacks to 0\.0 GB, more than the 0\.001 GB"),
    ):
        read_slick(f"{url}/bomb.zip")


def test_netcdf_that_is_html_or_cut_is_refused(write_currents, own_cache: Path):
    whole = write_currents().read_bytes()
    classic = write_currents("classic.nc", format="NETCDF3_CLASSIC").read_bytes()
    files = {
        "/page.nc": b"<!doctype html><title>Login</title>",
        "/cut.nc": whole[: len(whole) // 2],
        "/classic.nc": classic[:-50],
    }
    with serving(file_handler(files)) as url:
        for name, match in (("page", "HTML page"), ("cut", "NetCDF"), ("classic", "NetCDF")):
            with pytest.raises(UnreadableFileError, match=match) as caught:
                open_forcing(f"{url}/{name}.nc", "currents")
            assert "\n" not in str(caught.value)
    assert clean(own_cache)


def test_netcdf_is_whole_in_every_format(tmp_path: Path):
    for kind in ("NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"):
        path = tmp_path / f"{kind}.nc"
        with netCDF4.Dataset(path, "w", format=kind) as file:
            file.createDimension("x", 3)
            file.createVariable("x", "f4", ("x",))[:] = [1, 2, 3]
        with serving(file_handler({"/a.nc": path.read_bytes()})) as url:
            assert fetch(f"{url}/a.nc").read_bytes() == path.read_bytes()


LAYOUT = """Dataset {
    Grid {
     Array:
        Float32 uo[time = 4][lat = 5];
     Maps:
        Float64 time[time = 4];
        Float64 lat[lat = 5];
    } uo;
    Int16 vo[time = 4][lat = 5];
    Structure { Byte b; } s;
} x;
"""
ATTRIBUTES = """Attributes {
    uo { Float32 _FillValue 1e+20; String units "m s-1"; maps { String a "b"; } }
    vo { Float64 scale_factor 0.1, 0.2; Int16 _FillValue NaN; }
    NC_GLOBAL { String title "a \\"b\\""; }
}
"""
places = st.integers(0, max(len(LAYOUT), len(ATTRIBUTES)))
inserted = st.text('{}[];:="\\ aF3.\n\x00é', max_size=5)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(places, places, inserted, st.booleans())
def test_damaged_headers_are_read_or_refused(
    tmp_path_factory, start: int, end: int, text: str, is_layout: bool
):
    """Whatever is cut out or put in, the outcome is a data set or one line."""
    whole = LAYOUT if is_layout else ATTRIBUTES
    damaged = whole[:start] + text + whole[max(start, end) :]
    texts = {".dds": LAYOUT, ".das": ATTRIBUTES, (".dds" if is_layout else ".das"): damaged}

    def send(url: str, file: Path, *, check, **_) -> None:
        if url[-4:] not in texts:
            raise UnreadableFileError(f"{url}: no values")
        file.write_text(texts[url[-4:]], encoding="utf-8")
        check(file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catalog.remote.opendap.download", send)
        store = Store(tmp_path_factory.mktemp("store"), 10**6)
        try:
            found = Opendap("http://host/x").open(store)
        except CatalogError as error:
            refusal = str(error)
        else:
            assert isinstance(found, xr.Dataset)
            return
    assert "\n" not in refusal


def test_password_in_a_url_is_not_repeated(own_cache: Path, monkeypatch):
    monkeypatch.setenv("WITOIL_OFFLINE", "1")
    for name in ("{}/a.nc", "opendap:{}/a", "thredds:{}/catalog.xml", "{}/a.shp"):
        with pytest.raises(CatalogError, match="carries a user or password") as caught:
            locate(name.format("http://me:secret@host"))
        assert "secret" not in str(caught.value)
