"""Catalogues of THREDDS are read whole, or refused in one line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, UnreadableFileError
from catalog.download import Patience
from catalog.store import default_store
from catalog.thredds import (
    Catalogue,
    RemoteDataset,
    _refuse_bad_xml,
    find_datasets,
    read_catalogue,
    time_of,
    walk,
    within,
)
from tests.catalog.servers import Quiet, file_handler, serving

QUICK = Patience(silence_seconds=0.5, total_seconds=2.0, attempts=1, pause_seconds=0.0)

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0"
    xmlns:xlink="http://www.w3.org/1999/xlink" name="Slicks" version="1.2">
  <service name="all" serviceType="Compound" base="">
    <service name="odap" serviceType="OPENDAP" base="/thredds/dodsC/" />
    <service name="http" serviceType="HTTPServer" base="/thredds/fileServer/" />
    <service name="ncss" serviceType="NetcdfSubset" base="/thredds/ncss/grid/" />
  </service>
"""
# As a THREDDS server 5 writes a dataset scan, with folders as references.
SCAN = (
    HEAD
    + """  <dataset name="2021" ID="events/2021">
    <metadata inherited="true"><serviceName>all</serviceName><dataType>GRID</dataType></metadata>
    <dataset name="b_20210825.nc" ID="events/2021/b" urlPath="events/2021/b_20210825.nc">
      <dataSize units="Kbytes">12.3</dataSize>
      <date type="modified">2021-08-30T10:00:00Z</date>
    </dataset>
    <dataset name="a_20210824.nc" ID="events/2021/a" urlPath="events/2021/a_20210824.nc" />
    <catalogRef xlink:href="08/catalog.xml" xlink:title="08" ID="events/2021/08" name="" />
    <catalogRef xlink:href="/thredds/catalog/other/catalog.xml" xlink:title="other" name="" />
  </dataset>
</catalog>
"""
)
LEAF = (
    HEAD
    + """  <dataset name="c.tif" ID="c">
    <access serviceName="http" urlPath="events/c.tif" />
  </dataset>
  <catalogRef xlink:href="../catalog.xml" xlink:title="up again" />
</catalog>
"""
)
EMPTY = HEAD + "</catalog>"
FILES = {
    "/thredds/catalog/events/catalog.xml": SCAN.encode(),
    "/thredds/catalog/events/08/catalog.xml": LEAF.encode(),
    "/thredds/catalog/other/catalog.xml": EMPTY.encode(),
}
TOP = "/thredds/catalog/events/catalog.xml"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("WITOIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "store"


@pytest.fixture(scope="module")
def server():
    with serving(file_handler(FILES)) as url:
        yield url


def test_data_sets_services_and_references(server: str):
    catalogue = read_catalogue(server + TOP)
    assert catalogue.name == "Slicks"
    assert [dataset.name for dataset in catalogue.datasets] == ["b_20210825.nc", "a_20210824.nc"]
    assert catalogue.datasets[0].access == {
        "opendap": f"{server}/thredds/dodsC/events/2021/b_20210825.nc",
        "httpserver": f"{server}/thredds/fileServer/events/2021/b_20210825.nc",
        "netcdfsubset": f"{server}/thredds/ncss/grid/events/2021/b_20210825.nc",
    }
    assert catalogue.references == (
        ("08", f"{server}/thredds/catalog/events/08/catalog.xml"),
        ("other", f"{server}/thredds/catalog/other/catalog.xml"),
    )


def test_offline_the_last_catalogue_will_do(server: str, monkeypatch):
    before = read_catalogue(server + TOP)
    assert read_catalogue(server + TOP) == before
    assert len(default_store().entries()) == 1
    monkeypatch.setenv("WITOIL_OFFLINE", "1")
    assert read_catalogue(server + TOP) == before
    with pytest.raises(CatalogError, match="WITOIL_OFFLINE forbids"):
        read_catalogue(f"{server}/thredds/catalog/other/catalog.xml")


def test_the_address_of_the_page_will_do(server: str):
    assert read_catalogue(server + TOP.replace(".xml", ".html")).name == "Slicks"


def test_all_that_a_catalogue_leads_to_is_walked_once(server: str):
    found = [(level, c.url.removeprefix(server)) for level, c in walk(server + TOP)]
    assert found == [
        (0, TOP),
        (1, "/thredds/catalog/events/08/catalog.xml"),
        (1, "/thredds/catalog/other/catalog.xml"),
    ]
    assert len(list(walk(server + TOP, depth=0))) == 1


def test_data_sets_are_chosen_by_name_and_identifier(server: str):
    def names(address: str) -> list[str]:
        return [dataset.name for dataset in find_datasets(server + TOP + address)]

    assert names("") == ["a_20210824.nc", "b_20210825.nc"]
    assert names("#b*.nc") == ["b_20210825.nc"]
    assert names("?dataset=events/2021/a") == ["a_20210824.nc"]
    with pytest.raises(UnreadableFileError, match=r"no such data set among 2 .*b_20210825.nc, a_"):
        names("#c*")


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("20210824-0810-SYR-PL-A-01-S3", datetime(2021, 8, 24, 8, 10, tzinfo=UTC)),
        ("Sea_Med_slice_20060712_Lebanon.nc", datetime(2006, 7, 12, tzinfo=UTC)),
        ("gfs_2021-08-24T06.nc", datetime(2021, 8, 24, 6, tzinfo=UTC)),
        ("hycom_2021082412.nc", datetime(2021, 8, 24, 12, tzinfo=UTC)),
        ("x_20210824_20210825.nc", datetime(2021, 8, 24, tzinfo=UTC)),
        ("feb_20210231.nc", None),
        ("best.ncd", None),
    ],
)
def test_time_in_a_name(name: str, time: datetime | None):
    assert time_of(name) == time


def test_names_choose_the_period():
    names = [f"d_202108{day:02}.nc" for day in range(1, 20)] + ["grid.nc"]
    datasets = [RemoteDataset(name, "", {}) for name in names]
    start, end = datetime(2021, 8, 5, 6, tzinfo=UTC), datetime(2021, 8, 6, 1, tzinfo=UTC)
    chosen = [dataset.name for dataset in within(datasets, start, end)]
    assert chosen == ["d_20210805.nc", "d_20210806.nc", "grid.nc"]


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;">]><catalog name="&c;" />"""
FILE_BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<catalog name="&a;" />"""


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is not XML"),
        (b"<catalog>", "is not XML"),
        (b"\x89HDF\r\n\x1a\n", "is not XML"),
        (b'{"type": "FeatureCollection"}', "is not XML"),
        (b"<html><body>Log in</body></html>", "HTML page instead of data"),
        (b"<kml></kml>", r"root <kml>; expected <catalog>"),
        (BOMB.encode(), "declares entities or a document type"),
        (FILE_BOMB.encode(), "declares entities or a document type"),
        (SCAN.replace('name="b_20210825.nc" ', "").encode(), "is no catalogue of THREDDS"),
        (SCAN.replace('serviceType="OPENDAP"', "").encode(), "is no catalogue of THREDDS"),
        (SCAN.replace("UTF-8", "UTF-99").encode(), "is not XML"),
    ],
)
def test_what_is_no_catalogue_is_one_line(own_cache: Path, content: bytes, match: str):
    class Sending(Quiet):
        def answer(self):
            self.send(200, content)

    with serving(Sending) as url:
        with pytest.raises(UnreadableFileError, match=match) as caught:
            read_catalogue(f"{url}/catalog.xml", patience=QUICK)
        assert "\n" not in str(caught.value)
    if not match.startswith("is no catalogue"):  # what is well-formed is kept
        assert not default_store().entries()
    assert not list((own_cache / "making").iterdir())


def test_catalogues_that_lead_on_for_ever_come_to_an_end(monkeypatch):
    class Endless(Quiet):
        def answer(self):
            link = f'<catalogRef xlink:href="{self.path}x/catalog.xml" xlink:title="on" />'
            self.send(200, (HEAD + link + "</catalog>").encode())

    monkeypatch.setattr("catalog.thredds._MOST_CATALOGUES", 5)
    with serving(Endless) as url, pytest.raises(UnreadableFileError, match="more than 5 catal"):
        list(walk(f"{url}/catalog.xml"))


damage = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, len(SCAN)), st.just("")),
    st.tuples(
        st.just("put"),
        st.integers(0, len(SCAN)),
        st.text(st.sampled_from("<>/\"'=& \x00ané"), max_size=6),
    ),
    st.tuples(
        st.just("drop"),
        st.sampled_from(
            [
                "name=",
                "ID=",
                "urlPath=",
                "serviceName",
                "xlink:",
                "serviceType",
                "base=",
                "</",
                "08",
            ]
        ),
        st.text('<>"=abc:/ ', max_size=5),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(damage, min_size=1, max_size=3))
def test_damaged_catalogues_are_read_or_refused(tmp_path_factory, damages):
    text = SCAN
    for kind, where, what in damages:
        if kind == "cut":
            text = text[:where]
        elif kind == "put":
            text = text[:where] + what + text[where:]
        else:
            text = text.replace(where, what)
    content = text.encode()

    def fetch(url: str, _) -> tuple[str, bytes]:
        _refuse_bad_xml(url, content)
        return url, content

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catalog.thredds._fetch", fetch)
        try:
            found = read_catalogue("http://host/thredds/catalog.xml")
        except CatalogError as error:
            refusal = str(error)
        else:
            assert isinstance(found, Catalogue)
            return
    assert refusal.startswith("http://host/thredds/catalog.xml: is ")
