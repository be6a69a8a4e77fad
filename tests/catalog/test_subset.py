"""Parts of data sets: found by what they cover, fetched and no more."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import xarray as xr
from pydap.handlers.lib import BaseHandler
from pydap.model import BaseType, DatasetType

from catalog import CatalogError, CoverageError
from catalog.remote.store import default_store
from catalog.services.subset import Part, cut, fetch_parts, search
from tests.catalog.servers import Quiet, file_handler, serving, serving_app
from tests.catalog.test_thredds import HEAD

DAY = (datetime(2021, 8, 24, 6, tzinfo=UTC), datetime(2021, 8, 24, 12, tzinfo=UTC))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WITOIL_HTTP_ATTEMPTS", "1")


def fields(west: float = 0.0) -> xr.Dataset:
    """Return hourly values of two days on whole degrees, 20 to 40 N, round the world."""
    shape = (48, 21, 360)
    return xr.Dataset(
        {
            name: (("time", "lat", "lon"), np.arange(np.prod(shape), dtype="f4").reshape(shape))
            for name in ("uo", "vo")
        },
        coords={
            "time": ("time", np.arange(48.0), {"units": "hours since 2021-08-24"}),
            "lat": ("lat", np.arange(40.0, 19.0, -1.0), {"units": "degrees_north"}),
            "lon": ("lon", west + np.arange(360.0), {"units": "degrees_east"}),
        },
    )


@pytest.fixture(scope="module")
def url():
    data = DatasetType("global")
    for name, variable in fields().variables.items():
        data[name] = BaseType(name, variable.values, variable.dims, dict(variable.attrs))
    with serving_app(BaseHandler(data)) as url:
        yield f"{url}/thredds/dodsC/global"


@pytest.mark.parametrize("west", [0.0, -180.0])
def test_box_and_period_are_cut_with_a_neighbour_all_round(west: float):
    part = cut(fields(west), Part(box=(-2.5, 30.2, 1.5, 33.0), period=DAY), "global")
    assert part["lat"].values.tolist() == [34, 33, 32, 31, 30]
    assert sorted((part["lon"].values + 180.0) % 360.0 - 180.0) == [-3, -2, -1, 0, 1, 2]
    assert part["time"].values.tolist() == list(range(5, 14))


@pytest.mark.parametrize(
    ("part", "match"),
    [
        (Part(box=(0, 50, 10, 60)), "latitude runs from 20.0 to 40.0, expected some of 50"),
        (Part(period=(datetime(2020, 1, 1), datetime(2020, 1, 2))), "time runs from 2021-08-24"),
    ],
)
def test_nothing_of_it(part: Part, match: str):
    with pytest.raises(CoverageError, match=match):
        cut(fields(), part, "global")


def test_unknown_variable():
    with pytest.raises(CatalogError, match="no variable wo among"):
        cut(fields(), Part(variables=("wo",)), "global")


@pytest.mark.slow
def test_part_of_a_data_set_becomes_a_file(url: str):
    part = Part(box=(10, 30, 12, 31), period=DAY, variables=("uo",))
    (entry,) = fetch_parts(url, part)
    assert entry.path.name == "global.nc"
    expected = cut(fields(), part, "global")
    with xr.open_dataset(entry.path, decode_times=False) as found:
        xr.testing.assert_equal(found, expected)
    assert entry.facts["url"] == url
    (again,) = fetch_parts(url, part)
    assert again.fetched == entry.fetched
    (anew,) = fetch_parts(url, part, refresh=True)
    assert anew.fetched > entry.fetched
    pieces = [e for e in default_store().entries() if ".dods?uo" in e.identifier]
    assert all(piece.fetched > again.fetched for piece in pieces)


def test_only_what_is_wanted_is_asked_for(url: str, tmp_path: Path):
    list(fetch_parts(url, Part(box=(10, 30, 12, 31), period=DAY, variables=("uo",))))
    sizes = [path.stat().st_size for path in tmp_path.rglob("values.dods")]
    assert max(sizes) < 5000


def access(*services: str) -> str:
    return "".join(f'<access serviceName="{s}" urlPath="global" />' for s in services)


def test_search_goes_by_names_and_by_what_servers_say(url: str):
    base = url.removesuffix("/thredds/dodsC/global")
    listed = (
        f'<dataset name="now_20210824">{access("odap")}</dataset>'
        f'<dataset name="before_20200101">{access("odap")}</dataset>'
        f'<dataset name="files_20210824.nc">{access("http")}</dataset>'
        '<service name="lost" serviceType="OPENDAP" base="/lost/" />'
        '<dataset name="broken"><access serviceName="lost" urlPath="x" /></dataset>'
    )
    xml = (HEAD + listed + "</catalog>").replace('base="/thredds', f'base="{base}/thredds')
    with serving(file_handler({"/catalog.xml": xml.encode()})) as server:
        top = f"{server}/catalog.xml"
        near = dict_of(search(top, box=(0, 30, 10, 35), period=DAY))
        far = dict_of(search(top, box=(0, 60, 10, 65), period=DAY))
    assert near["now_20210824"].startswith("2021-08-24T00:00Z to 2021-08-25T23:00Z, 48 times")
    assert near["files_20210824.nc"] == "coverage not known"
    assert near["broken"].startswith("coverage not known (http")
    assert set(near) == {"now_20210824", "files_20210824.nc", "broken"}
    assert set(far) == {"files_20210824.nc", "broken"}


def dict_of(found) -> dict[str, str]:
    return {dataset.name: text for dataset, text in found}


def test_ncss_is_asked_for_the_part(write_currents):
    content = write_currents().read_bytes()

    class Subsetting(Quiet):
        def answer(self):
            self.send(200, content)

    part = Part(box=(10, 30, 12, 31), period=DAY, variables=("uo", "vo"))
    with serving(Subsetting) as server:
        name = f"{server}/thredds/ncss/grid/best.ncd"
        (entry,) = fetch_parts(name, part, by_ncss=True)
    assert entry.path.read_bytes() == content
    query = parse_qs(urlsplit(Subsetting.requests[0][0]).query)
    assert set(query.pop("var")) == {"uo", "vo"}
    assert query == {
        "north": ["31"],
        "south": ["30"],
        "west": ["10"],
        "east": ["12"],
        "time_start": ["2021-08-24T06:00:00"],
        "time_end": ["2021-08-24T12:00:00"],
        "accept": ["netcdf4"],
    }


def test_catalogue_is_fetched_by_period():
    names = [f"c_202108{day}.nc" for day in range(22, 27)]
    listed = "".join(
        f'<dataset name="{n}"><access serviceName="http" urlPath="{n}" /></dataset>' for n in names
    )
    files = {f"/thredds/fileServer/{name}": name.encode() for name in names}
    files["/catalog.xml"] = (HEAD + listed + "</catalog>").encode()
    with serving(file_handler(files)) as server:
        found = [entry.path for entry in fetch_parts(f"{server}/catalog.xml", Part(period=DAY))]
        with pytest.raises(CatalogError, match="has no NCSS, only httpserver"):
            list(fetch_parts(f"{server}/catalog.xml#*22*", Part(), by_ncss=True))
    assert [path.name for path in found] == ["c_20210824.nc"]
    assert found[0].read_bytes() == b"c_20210824.nc"


def test_what_is_no_url_is_refused():
    with pytest.raises(CatalogError, match=r"'currents\.nc': not a URL"):
        list(fetch_parts("currents.nc", Part()))
