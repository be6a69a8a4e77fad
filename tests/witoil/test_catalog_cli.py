"""The commands of `witoil catalog`, and runs whose every input is a URL."""

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from tests.catalog.servers import file_handler, serving, serving_folder, serving_folder_by_pydap
from tests.catalog.test_thredds import FILES, HEAD, TOP
from tests.witoil.command import witoil
from witoil.cli.catalog import parse_box
from witoil.errors import WitoilError
from witoil.outputs.provenance import read_provenance


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "WITOIL_CACHE": str(tmp_path / "cache"),
        "WITOIL_HTTP_ATTEMPTS": "2",
        "WITOIL_HTTP_PAUSE_SECONDS": "0",
    }


@pytest.fixture(scope="module")
def server():
    with serving(file_handler(FILES)) as url:
        yield url


@pytest.mark.slow
def test_ls_and_tree(server: str, environment):
    listed = witoil("catalog", "ls", server + TOP, env=environment)
    assert listed.returncode == 0, listed.stderr
    assert f"08/  {server}/thredds/catalog/events/08/catalog.xml" in listed.stdout
    assert "b_20210825.nc  httpserver, netcdfsubset, opendap" in listed.stdout
    tree = witoil("catalog", "tree", server + TOP, env=environment)
    assert "  Slicks  " in tree.stdout
    assert "    - c.tif" in tree.stdout


def test_ls_tells_data_sets_of_one_name_apart(environment):
    datasets = (
        '<dataset name="c.nc" ID="x/c" urlPath="x/c.nc" serviceName="http" />'
        '<dataset name="c.nc" urlPath="y/c.nc" serviceName="http" />'
        '<dataset name="d.nc" ID="d" urlPath="d.nc" serviceName="nobody" />'
    )
    with serving(file_handler({TOP: f"{HEAD}{datasets}</catalog>".encode()})) as url:
        listed = witoil("catalog", "ls", url + TOP, env=environment)
    assert listed.stdout.splitlines() == [
        "c.nc  httpserver  x/c",
        f"c.nc  httpserver  {url}/thredds/fileServer/y/c.nc",
        "d.nc  no service",
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("ls", "{server}/nothing/catalog.xml"), "answers 404 Not Found; check the address"),
        (("ls", "catalog.xml"), "'catalog.xml': not a URL; expected https://host/path"),
        (("get", "thredds:{server}/thredds/catalog/other/catalog.xml"), "no such data set among 0"),
        (("serve", "/nowhere/at/all"), "is no folder; expected one to serve"),
    ],
)
def test_mistakes_end_in_one_line(server: str, environment, arguments, line: str):
    arguments = [argument.format(server=server) for argument in arguments]
    answer = witoil("catalog", *arguments, env=environment)
    assert answer.returncode == 2
    assert line in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [("--bbox", "1,2,3"), ("--bbox", "5,0,1,9"), ("--time", "2021"), ("--time", "2022/2021")],
)
def test_boxes_and_periods_are_checked(server: str, environment, option: str, value: str):
    answer = witoil("catalog", "search", server + TOP, option, value, env=environment)
    assert answer.returncode == 2
    assert f"found '{value}'" in re.sub(r"[│\s]+", " ", answer.stderr)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("179,-20,181,-15", (179.0, -20.0, -179.0, -15.0)),
        ("179,-20,-179,-15", (179.0, -20.0, -179.0, -15.0)),
        ("190,-20,200,-15", (-170.0, -20.0, -160.0, -15.0)),
        ("-180,-20,180,-15", (-180.0, -20.0, 180.0, -15.0)),
        ("10,-20,20,-15", (10.0, -20.0, 20.0, -15.0)),
    ],
)
def test_boxes_across_180(text: str, box) -> None:
    assert parse_box(text) == box


@pytest.mark.slow
def test_get_says_what_it_got(twin: Path, tmp_path: Path, environment):
    with serving_folder(twin) as catalogue:
        answer = witoil(
            *("catalog", "get", f"{catalogue}#winds.nc", "--out", tmp_path / "got"),
            env=environment,
        )
        found = witoil(
            *("catalog", "search", catalogue, "--bbox", "19,36,20,37"),
            *("--time", "2025-06-01T08:00/2025-06-01T09:00"),
            env=environment,
        )
        elsewhere = witoil(
            "catalog", "search", f"{catalogue}", "--bbox", "0,0,1,1", env=environment
        )
    assert answer.returncode == 0, answer.stderr
    sha256 = hashlib.sha256((twin / "winds.nc").read_bytes()).hexdigest()
    assert f"{tmp_path / 'got/winds.nc'}  0.0 MB  sha256 {sha256}" in answer.stdout
    assert "currents.nc  2025-06-01T05:00Z to 2025-06-01T20:00Z, 16 times" in found.stdout
    assert "currents.nc" not in elsewhere.stdout


SEARCH = "evaluations = 80"


@pytest.mark.slow
def test_study_from_urls_is_that_from_files(twin: Path, tmp_path: Path, environment):
    """Bit for bit: forcing by OPeNDAP and by catalogue, and all else by HTTP."""
    text = (twin / "demo.toml").read_text().replace(SEARCH, "evaluations = 9\nbatch = 3")
    text = text.replace("20_000", "2_000")
    (twin / "files.toml").write_text(text)
    with serving_folder_by_pydap(twin) as url:
        changed = text.replace('"currents.nc"', f'"opendap:{url}/currents.nc"')
        changed = changed.replace('"winds.nc"', f'"thredds:{url}/catalog.xml#winds*"')
        changed = re.sub(r'"((?:island|slick|mask)\w*\.\w+)"', rf'"{url}/\1"', changed)
        assert changed.count(url) == 6
        case = tmp_path / "urls.toml"
        case.write_text(changed)
        by_url = witoil("optimise", case, "--out", tmp_path / "urls", env=environment)
    assert by_url.returncode == 0, by_url.stderr
    by_file = witoil("optimise", twin / "files.toml", "--out", tmp_path / "files", env=environment)
    assert by_file.returncode == 0, by_file.stderr
    one, other = (
        json.loads((tmp_path / name / "study.json").read_text()) for name in ("urls", "files")
    )
    assert len(one["history"]) == 9
    for key in ("history", "default", "persistence", "best", "space", "stopped", "versions"):
        assert without_names(one[key]) == without_names(other[key]), key
    offline = {**environment, "WITOIL_OFFLINE": "1"}
    say_what_was_read(twin, tmp_path, url, offline)


def without_names(value: object) -> str:
    """Return a part of a study without the places that its files were read from."""
    return re.sub(r'"[^"]*/([^"/]+)"', r'"\1"', json.dumps(value))


def say_what_was_read(twin: Path, tmp_path: Path, url: str, environment: dict[str, str]) -> None:
    answer = witoil("provenance", tmp_path / "urls", "--json", env=environment)
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    inputs = {entry["key"]: entry for entry in document["inputs"]}
    assert set(inputs) == {
        *("forcing.currents", "forcing.winds", "forcing.coastline", "release.0.geometry"),
        *("observation.0.geometry", "observation.1.geometry"),
    }
    (winds,) = inputs["forcing.winds"]["files"]
    assert winds["id"] == f"{url}/winds.nc"
    assert winds["sha256"] == hashlib.sha256((twin / "winds.nc").read_bytes()).hexdigest()
    pieces = [file["id"] for file in inputs["forcing.currents"]["files"]]
    assert any(".dods?eastward_sea_water_velocity[" in piece for piece in pieces)
    words = witoil("provenance", tmp_path / "files" / "best", env=environment)
    mask = twin / "mask_20250601T1200.tif"
    assert f"observation.0.geometry: {mask}\n" in words.stdout
    assert hashlib.sha256(mask.read_bytes()).hexdigest() in words.stdout


def test_provenance_of_nothing(tmp_path: Path):
    answer = witoil("provenance", tmp_path)
    assert answer.returncode == 2
    assert "has no provenance.json" in answer.stderr
    for text, match in (("[]", "holds no inputs"), ("{", "not JSON")):
        (tmp_path / "provenance.json").write_text(text)
        with pytest.raises(WitoilError, match=match):
            read_provenance(tmp_path)


@pytest.mark.slow
def test_single_run_names_all_parts_of_a_shapefile(tmp_path: Path, twin: Path, environment):
    import geopandas

    slick = geopandas.read_file(twin / "slick_20250601T0600.geojson")
    slick.to_file(tmp_path / "slick.shp")
    text = (twin / "demo.toml").read_text()
    text = text[: text.index("[[observation]]")].replace("20_000", "500")
    text = text.replace('"slick_20250601T0600.geojson"', f'"{tmp_path / "slick.shp"}"')
    text = text.replace("end = 2025-06-01T18", "end = 2025-06-01T07")
    (twin / "shapefile.toml").write_text(text)
    answer = witoil("simulate", twin / "shapefile.toml", "--out", tmp_path / "run", env=environment)
    assert answer.returncode == 0, answer.stderr
    document = json.loads((tmp_path / "run" / "provenance.json").read_text())
    (release,) = [entry for entry in document["inputs"] if entry["key"] == "release.0.geometry"]
    suffixes = {Path(file["id"]).suffix for file in release["files"]}
    assert {".shp", ".shx", ".dbf", ".prj"} <= suffixes


@pytest.mark.slow
def test_get_keeps_files_of_one_name(environment, tmp_path: Path):
    datasets = "".join(
        f'<dataset name="c.nc" urlPath="{path}" serviceName="http" />'
        for path in ("x/c.nc", "y/c.nc", "x/c.nc")
    )
    files = {f"/thredds/fileServer/{name}/c.nc": name.encode() for name in "xyz"}
    files[TOP] = f"{HEAD}{datasets}</catalog>".encode()
    with serving(file_handler(files)) as url:
        names = (url + TOP, f"{url}/thredds/fileServer/z/c.nc")
        got = witoil("catalog", "get", *names, "--out", tmp_path / "out", env=environment)
    assert got.returncode == 0, got.stderr
    assert got.stdout.count("\n") == 3
    found = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert found == {"c.nc": "x", "c-2.nc": "y", "c-3.nc": "z"}
