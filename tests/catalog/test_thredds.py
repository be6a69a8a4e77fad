"""Catalogues of THREDDS are read whole, or refused in one line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, UnreadableFileError
from catalog.remote.download import Patience
from catalog.remote.store import default_store
from catalog.remote.thredds_xml import Catalogue, RemoteDataset, parse_catalogue
from catalog.thredds import find_datasets, read_catalogue, time_of, walk, within
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


def parse(inside: str, *, head: str = HEAD) -> Catalogue:
    return parse_catalogue(f"{head}{inside}</catalog>".encode(), "http://h/c/catalog.xml")


def accesses(inside: str, *, head: str = HEAD) -> list[dict[str, str]]:
    return [dataset.access for dataset in parse(inside, head=head).datasets]


FILE = {"httpserver": "http://h/thredds/fileServer/x.nc"}
VALUES = {"opendap": "http://h/thredds/dodsC/x.nc"}
PARTS = {"netcdfsubset": "http://h/thredds/ncss/grid/x.nc"}


@pytest.mark.parametrize(
    ("inside", "access"),
    [
        ('<dataset name="a" urlPath="x.nc" serviceName="http" />', FILE),
        ('<dataset name="a" urlPath="x.nc"><serviceName>http</serviceName></dataset>', FILE),
        (
            '<dataset name="a" urlPath="x.nc"><metadata><serviceName> http </serviceName>'
            "</metadata></dataset>",
            FILE,
        ),
        (
            '<dataset name="o"><metadata inherited="true"><serviceName>odap</serviceName>'
            '</metadata><dataset name="m"><dataset name="a" urlPath="x.nc" /></dataset></dataset>',
            VALUES,
        ),
        # what is its own goes before what is inherited, and the nearest before the others
        (
            '<dataset name="o"><metadata inherited="true"><serviceName>odap</serviceName>'
            '</metadata><dataset name="a" urlPath="x.nc"><serviceName>http</serviceName>'
            "</dataset></dataset>",
            FILE,
        ),
        (
            '<dataset name="o"><metadata inherited="true"><serviceName>odap</serviceName>'
            '</metadata><dataset name="m"><metadata inherited="true"><serviceName>http'
            '</serviceName></metadata><dataset name="a" urlPath="x.nc" /></dataset></dataset>',
            FILE,
        ),
        # what is not inherited goes after what is, and is better than nothing
        (
            '<dataset name="o"><metadata inherited="true"><serviceName>http</serviceName>'
            '</metadata><dataset name="m"><serviceName>odap</serviceName>'
            '<dataset name="a" urlPath="x.nc" /></dataset></dataset>',
            FILE,
        ),
        (
            '<dataset name="o"><metadata><serviceName>http</serviceName></metadata>'
            '<dataset name="a" urlPath="x.nc" /></dataset>',
            FILE,
        ),
        (
            '<metadata inherited="true"><serviceName>http</serviceName></metadata>'
            '<dataset name="a" urlPath="x.nc" />',
            FILE,
        ),
        ('<dataset name="a" urlPath="x.nc" serviceName="all" />', FILE | VALUES | PARTS),
        ('<dataset name="a" urlPath="x.nc" serviceName="ALL" />', FILE | VALUES | PARTS),
        ('<dataset name="a"><access serviceName="http" urlPath="x.nc" /></dataset>', FILE),
        (
            '<dataset name="a"><access serviceName="all" urlPath="x.nc" /></dataset>',
            FILE | VALUES | PARTS,
        ),
        (
            '<dataset name="a"><access serviceName="http" urlPath="x.nc" />'
            '<access serviceName="odap" urlPath="x.nc" /></dataset>',
            FILE | VALUES,
        ),
        (
            '<dataset name="a" urlPath="x.nc" serviceName="odap">'
            '<access serviceName="http" urlPath="x.nc" /></dataset>',
            FILE | VALUES,
        ),
        ('<dataset name="a" serviceName="http"><access urlPath="x.nc" /></dataset>', FILE),
        ('<dataset name="a" urlPath="x.nc" serviceName="nobody" />', {}),
        ('<dataset name="a" urlPath="x.nc" />', {}),
    ],
)
def test_the_service_of_a_data_set(inside: str, access: dict[str, str]):
    assert accesses(inside) == [access]


@pytest.mark.parametrize(
    ("service", "path", "link"),
    [
        ('base="/f/"', "x.nc", "http://h/f/x.nc"),
        ('base="f/"', "x.nc", "http://h/c/f/x.nc"),
        ('base="../f/"', "x.nc", "http://h/f/x.nc"),
        ('base=""', "x.nc", "http://h/c/x.nc"),
        ("", "x.nc", "http://h/c/x.nc"),
        ('base=""', "https://other/x.nc", "https://other/x.nc"),
        ('base="https://other:8080/f/"', "x.nc", "https://other:8080/f/x.nc"),
        ('base="/f/" suffix=".nc"', "x", "http://h/f/x.nc"),
        ('base="/f/"', "a b#1 [2].nc", "http://h/f/a%20b%231%20%5B2%5D.nc"),
        ('base="/f/"', "50%25.nc", "http://h/f/50%25.nc"),
        ('base="/f/"', "Ölteppich.nc", "http://h/f/%C3%96lteppich.nc"),
        ('base="http://[::1]:80/"', "x.nc", "http://[::1]:80/x.nc"),
        ('base="file:///data/"', "x.nc", None),
        ('base="http://["', "x.nc", None),
    ],
)
def test_the_url_of_a_data_set(service: str, path: str, link: str | None):
    head = HEAD.partition("<service")[0]
    access = accesses(
        f'<service name="s" serviceType="HTTPServer" {service} />'
        f'<dataset name="a" serviceName="s" urlPath="{path}" />',
        head=head,
    )
    assert access == [{} if link is None else {"httpserver": link}]


def test_services_within_services_and_data_sets():
    head = HEAD.partition("<service")[0]
    services = (
        '<service name="all" serviceType="Compound" base="">'
        '<service name="values" serviceType="compound" base="">'
        '<service name="odap" serviceType="OPeNDAP" base="/d/" />'
        '<service name="late" serviceType="Resolver" base="" /></service>'
        '<service name="http" serviceType="HTTPServer" base="/f/" /></service>'
    )
    inside = (
        '<dataset name="a" urlPath="x" serviceName="all" />'
        '<dataset name="b" urlPath="x" serviceName="values" />'
        '<dataset name="c" urlPath="x" serviceName="own">'
        '<service name="own" serviceType="HTTPServer" base="/o/" /></dataset>'
        '<dataset name="d" urlPath="x" serviceName="twice" />'
        '<service name="twice" serviceType="HTTPServer" base="/t/" />'
        '<service name="twice" serviceType="OPENDAP" base="/u/" />'
    )
    assert accesses(services + inside, head=head) == [
        {"opendap": "http://h/d/x", "httpserver": "http://h/f/x"},
        {"opendap": "http://h/d/x"},
        {"httpserver": "http://h/o/x"},
        {"httpserver": "http://h/t/x", "opendap": "http://h/u/x"},
    ]


def test_data_sets_and_references_of_one_name_are_all_kept():
    found = parse(
        '<dataset name="c.nc" ID="a" urlPath="x/c.nc" serviceName="http" />'
        '<dataset name="c.nc" ID="b" urlPath="y/c.nc" serviceName="http" />'
        '<dataset name="c.nc" ID="b" urlPath="z/c.nc" serviceName="odap" />'
        '<dataset name="d"><dataset name="c.nc" urlPath="c.nc" serviceName="http" /></dataset>'
        '<catalogRef xlink:href="p/catalog.xml" xlink:title="A" ID="r" />'
        '<catalogRef xlink:href="q/catalog.xml" xlink:title="A" ID="r" />'
        '<dataset name="e"><catalogRef xlink:href="catalog.xml" xlink:title="A" /></dataset>'
    )
    assert [(d.name, d.id, *d.access.values()) for d in found.datasets] == [
        ("c.nc", "a", "http://h/thredds/fileServer/x/c.nc"),
        ("c.nc", "b", "http://h/thredds/fileServer/y/c.nc"),
        ("c.nc", "b", "http://h/thredds/dodsC/z/c.nc"),
        ("c.nc", "", "http://h/thredds/fileServer/c.nc"),
    ]
    assert found.references == (
        ("A", "http://h/c/p/catalog.xml"),
        ("A", "http://h/c/q/catalog.xml"),
        ("A", "http://h/c/catalog.xml"),
    )


# Few names, so that many are the same.
names = st.sampled_from(["c.nc", "A", "", "latest"])
leaves = st.one_of(
    st.tuples(st.just("data"), names, names),
    st.tuples(st.just("access"), names, names),
    st.tuples(st.just("link"), names, names),
)
trees = st.recursive(
    leaves,
    lambda inner: st.tuples(
        st.sampled_from(["folder", "data"]), names, st.lists(inner, max_size=4)
    ),
    max_leaves=25,
)


def written(tree, found: list[tuple[str, str]]) -> str:
    """Return a tree as XML, and note where its data sets and references lead, in their order."""
    kind, name, inside = tree
    where = f"{len(found)}"
    label = f'name="{name}" ID="{name}"'
    if kind == "link":
        found.append((kind, f"http://h/c/{where}/catalog.xml"))
        return f'<catalogRef xlink:href="{where}/catalog.xml" xlink:title="{name}" {label} />'
    if kind != "folder":
        found.append(("data", f"http://h/thredds/fileServer/{where}"))
    children = "" if isinstance(inside, str) else "".join(written(t, found) for t in inside)
    path = f'urlPath="{where}" serviceName="http"' if kind == "data" else ""
    if kind == "access":
        children = f'<access serviceName="http" urlPath="{where}" />'
    return f"<dataset {label} {path}>{children}</dataset>"


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(trees, max_size=5))
def test_whatever_the_names_nothing_is_lost(forest):
    leads: list[tuple[str, str]] = []
    found = parse("".join(written(tree, leads) for tree in forest))
    data = [where for kind, where in leads if kind == "data"]
    assert [dataset.access for dataset in found.datasets] == [{"httpserver": w} for w in data]
    assert [link for _, link in found.references] == [w for kind, w in leads if kind == "link"]


def test_a_data_set_that_holds_others_and_is_one_itself():
    inside = (
        '<dataset name="all years" urlPath="x.nc" serviceName="http">'
        '<dataset name="2021" urlPath="2021.nc" serviceName="http" /></dataset>'
        '<dataset name="empty"><dataset name="still empty" /></dataset>'
    )
    assert [d.name for d in parse(inside).datasets] == ["all years", "2021"]


def test_what_a_catalogue_leaves_out(caplog):
    found = parse(
        '<service name="odd" base="/odd/" />'
        '<dataset urlPath="x/a.nc" ID="i" serviceName="http" />'
        '<dataset ID="i" serviceName="http"><access urlPath="x.nc" /></dataset>'
        '<dataset name="b" urlPath="b.nc" serviceName="odd" />'
        '<catalogRef xlink:href="p/catalog.xml" name="by name" />'
        '<catalogRef href="q/catalog.xml#there" />'
        '<catalogRef xlink:title="nowhere" />'
        '<catalogRef xlink:href="file:///etc/catalog.xml" xlink:title="local" />'
        '<catalogRef xlink:href="http://[" xlink:title="broken" />'
    )
    assert [(d.name, bool(d.access)) for d in found.datasets] == [
        ("a.nc", True),
        ("i", True),
        ("b", False),
    ]
    assert found.references == (
        ("by name", "http://h/c/p/catalog.xml"),
        ("q/catalog.xml#there", "http://h/c/q/catalog.xml"),
    )
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "http://h/c/catalog.xml: the service 'odd' has no type; left out",
        "http://h/c/catalog.xml: a catalogRef leads to ''; left out",
        "http://h/c/catalog.xml: a catalogRef leads to 'file:///etc/catalog.xml'; left out",
        "http://h/c/catalog.xml: a catalogRef leads to 'http://['; left out",
    ]


def test_catalogues_without_a_namespace_or_of_another_are_read():
    for space in ("", 'xmlns="http://www.unidata.ucar.edu/thredds"'):
        head = f'<catalog {space} version="0.6"><service name="s" serviceType="DODS" base="/d/" />'
        inside = '<dataset name="a" serviceName="s" urlPath="x" /><catalogRef href="p.xml" />'
        found = parse(inside, head=head)
        assert found.datasets[0].access == {"opendap": "http://h/d/x"}
        assert found.references == (("p.xml", "http://h/c/p.xml"),)


@pytest.mark.slow
def test_very_deep_and_very_many():
    depth = 50_000
    deep = '<dataset name="d">' * depth + '<dataset name="a" urlPath="x" />' + "</dataset>" * depth
    assert [d.name for d in parse(deep).datasets] == ["a"]
    with pytest.raises(UnreadableFileError, match="defines 2004 services; expected at most 1000"):
        parse('<service name="s" serviceType="Compound">' * 2000 + "</service>" * 2000)


LATEST = '<service name="late" serviceType="Resolver" base="" />'
SOME = (
    LATEST
    + '<dataset name="o"><metadata inherited="true"><serviceName>http</serviceName></metadata>'
    '<dataset name="latest of all" ID="l" urlPath="latest.xml">SERVICE</dataset>'
    '<dataset name="a_20210824.nc" urlPath="a.nc" />'
    '<dataset name="b_20210825.nc" urlPath="b.nc" /></dataset></catalog>'
)
NEWEST = '<dataset name="b_20210825.nc" urlPath="b.nc" serviceName="http" /></catalog>'


@pytest.mark.slow
@pytest.mark.parametrize("service", ["<serviceName>late</serviceName>", ""])
def test_what_stands_for_the_latest(service: str, caplog):
    files = {
        "/c/catalog.xml": (HEAD + SOME.replace("SERVICE", service)).encode(),
        "/c/latest.xml": (HEAD + NEWEST).encode(),
    }
    handler = file_handler(files)
    with serving(handler) as url:
        found = read_catalogue(f"{url}/c/catalog.xml")
        assert [d.name for d in found.datasets] == [
            "latest of all",
            "a_20210824.nc",
            "b_20210825.nc",
        ]
        assert found.datasets[0].access == {"resolver": f"{url}/c/latest.xml"}
        assert {path for path, _ in handler.requests} == {"/c/catalog.xml"}

        def names(address: str) -> list[str]:
            return [d.name for d in find_datasets(f"{url}/c/catalog.xml{address}")]

        assert names("") == ["a_20210824.nc", "b_20210825.nc"]
        assert names("#latest*") == names("?dataset=l") == ["b_20210825.nc"]
        assert names("#*a*") == ["a_20210824.nc", "b_20210825.nc"]  # the latest only once
        del files["/c/latest.xml"]
        assert names("") == ["a_20210824.nc", "b_20210825.nc"]
        with pytest.raises(UnreadableFileError, match=r"latest\.xml: the server answers 404"):
            names("#latest*")
        assert names("#*") == ["a_20210824.nc", "b_20210825.nc"]
        assert (
            "latest.xml: the server answers 404 Not Found; check the address; left" in caplog.text
        )


def test_a_resolver_that_leads_to_itself_is_refused():
    loop = HEAD + LATEST + '<dataset name="l" urlPath="latest.xml" serviceName="late" /></catalog>'
    files = dict.fromkeys(("/catalog.xml", "/latest.xml"), loop.encode())
    with (
        serving(file_handler(files)) as url,
        pytest.raises(UnreadableFileError, match=r"latest\.xml: names no data set"),
    ):
        find_datasets(f"{url}/catalog.xml#l")


def test_a_catalogue_that_is_gone_or_broken_hides_no_other(caplog):
    links = "".join(
        f'<catalogRef xlink:href="{name}/catalog.xml" xlink:title="{name}" />'
        for name in ("gone", "broken", "good")
    )
    files = {
        "/catalog.xml": f"{HEAD}{links}</catalog>".encode(),
        "/broken/catalog.xml": b"<catalog>",
        "/good/catalog.xml": EMPTY.encode(),
    }
    faults: list[CatalogError] = []
    with serving(file_handler(files)) as url:
        found = [c.url for _, c in walk(f"{url}/catalog.xml", on_fault=faults.append)]
        assert found == [f"{url}/catalog.xml", f"{url}/good/catalog.xml"]
        assert len(list(walk(f"{url}/catalog.xml"))) == 2
        with pytest.raises(UnreadableFileError, match="404"):
            list(walk(f"{url}/gone/catalog.xml"))
    assert "gone/catalog.xml: the server answers 404" in str(faults[0])
    assert "broken/catalog.xml: is not XML" in str(faults[1])
    assert [str(fault) + "; left out" for fault in faults] == caplog.messages


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


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(damage, min_size=1, max_size=3))
def test_damaged_catalogues_are_read_or_refused(damages):
    text = SCAN
    for kind, where, what in damages:
        if kind == "cut":
            text = text[:where]
        elif kind == "put":
            text = text[:where] + what + text[where:]
        else:
            text = text.replace(where, what)
    try:
        found = parse_catalogue(text.encode(), "http://host/thredds/catalog.xml")
    except CatalogError as error:
        refusal = str(error)
    else:
        assert isinstance(found, Catalogue)
        return
    assert refusal.startswith("http://host/thredds/catalog.xml: is ")
    assert "\n" not in refusal
