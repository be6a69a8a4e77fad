"""Runs in the formats of other tools, each read back by GDAL and by the format's own library."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
import xarray as xr
import zarr
from covjson_pydantic.coverage import CoverageCollection
from fastkml import kml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simulator import Status
from tests.witoil import model_files
from tests.witoil.command import witoil
from witoil import jobs
from witoil.errors import OutputError, WitoilError
from witoil.exports import kmz, outlines, shapefile
from witoil.exports.content import Content
from witoil.exports.formats import FORMATS, write
from witoil.exports.layers import Batch, Column, Layer
from witoil.exports.particles import COLUMNS, choose, layer_of
from witoil.exports.styles import LAYER_COLOURS, STATUS_COLOURS
from witoil.figures.fate import FATE_LOOKS
from witoil.outputs.ensemble import write_bands
from witoil.runs.opening import open_run
from witoil.runs.run import Run, Seen
from witoil.scenario.verification import VerificationGrid

NAME = "=HYPERLINK(1)<script>alert('ö')</script> ../a/b ]]><![CDATA[&amp;\x07"
"""Of a case: a formula, HTML, a path, both ends of CDATA, an entity and a bell."""

PRINTED = NAME.replace("\x07", "\ufffd")
VECTOR = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "csv": "CSV", "geojson": "GeoJSON"}
COAST = {"mass_kg": "mass_kg", "absorb_kg": "absorbed_kg", "max_kg": "max_mass_kg", "lon": "lon"}
TO_A_CENTIMETRE = 0.6e-7
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def folder(twin, tmp_path_factory):
    """A run of a few particles with slicks seen and oil on the coast, of a hostile name."""
    near = '[[release]]\nkind = "point"\nlon = 19.48\nlat = 36.57\nrate_tonnes_per_hour = 10\n'
    text = (twin / "demo.toml").read_text().replace("20_000", "300")
    text, replaced = re.subn(
        r'^name = "demo"$', lambda _: f"name = {json.dumps(NAME)}", text, flags=re.M
    )
    assert replaced == 1
    path = twin / "exported.toml"
    path.write_text(f"{text}\n{near}")
    out = tmp_path_factory.mktemp("runs") / "ein lauf"
    answer = witoil("simulate", path, "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory):
    """The files of the run in every format."""
    made = tmp_path_factory.mktemp("exports")
    for name, form in FORMATS.items():
        jobs.export(folder, name, made / f"run{form.suffix}")
    return made


@pytest.fixture(scope="module")
def particles(folder):
    with xr.open_dataset(folder / "particles.nc") as file:
        return file.load()


@pytest.fixture(scope="module")
def rows(particles):
    """What the run says of every particle that is somewhere, by time and number."""
    known = particles[["lon", "lat", "status", "mass", "z", "thickness"]]
    table = known.to_dataframe(dim_order=["time", "trajectory"]).reset_index()
    table["release"] = particles["release"].values[table["trajectory"]]
    return table[table["status"] != Status.UNRELEASED].reset_index(drop=True)


def assert_same(rows, found, degrees=0.0):
    """Compare a table in the names of exports, with `lon` and `lat`, to what the run says."""
    assert len(found) == len(rows) > 300
    assert (found["particle"].to_numpy() == rows["trajectory"]).all()
    assert (pd.to_datetime(found["time"], utc=True).dt.tz_localize(None) == rows["time"]).all()
    words = rows["status"].map(lambda code: Status(code).name.lower())
    assert (found["status"].to_numpy() == words.to_numpy()).all()
    assert (found["release"].to_numpy() == rows["release"]).all()
    for name in ("lon", "lat"):
        np.testing.assert_allclose(found[name], rows[name], rtol=0.0, atol=degrees)
    single = {"mass_kg": rows["mass"], "depth_m": -rows["z"], "thick_um": 1e6 * rows["thickness"]}
    for name, values in single.items():
        np.testing.assert_allclose(found[name].astype(float), values, rtol=2e-7, atol=1e-12)


def with_places(frame):
    return frame.assign(lon=frame.geometry.x, lat=frame.geometry.y)


@pytest.mark.slow
def test_the_run_has_all_there_is_to_export(folder, rows):
    assert {*rows["status"]} >= {Status.AFLOAT, Status.BEACHED}
    assert len([*folder.glob("observed_*")]) == len([*folder.glob("slick_*")]) == 2
    assert (folder / "coast.geojson").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpkg", "shp", "geojson"])
def test_geopandas_reads_particles_as_the_run_has_them(written, rows, name):
    layer = {"layer": "particles"} if name == "gpkg" else {}
    frame = with_places(geopandas.read_file(written / f"run.{name}", **layer))
    assert frame.crs.to_epsg() == 4326
    assert_same(rows, frame, degrees=TO_A_CENTIMETRE if name == "geojson" else 0.0)


@pytest.mark.slow
def test_pandas_reads_particles_of_csv(written, rows):
    assert_same(rows, pd.read_csv(written / "run.csv"))


@pytest.mark.slow
@pytest.mark.parametrize("name", VECTOR)
def test_gdal_finds_all_layers(folder, written, rows, name):
    """The libraries of GDAL, and its commands where they are installed."""
    areas = {"slicks": 2, "observed": 2}
    areas["coast"] = len(json.loads((folder / "coast.geojson").read_text())["features"])
    for layer, count in {"particles": len(rows), **areas}.items():
        single = name == "gpkg" or layer == "particles"
        path = written / (f"run.{name}" if single else f"run_{layer}.{name}")
        chosen = {"layer": layer} if name == "gpkg" else {}
        info = pyogrio.read_info(path, force_feature_count=True, **chosen)
        assert info["features"] == count
        assert max(map(len, info["fields"])) <= 10
        assert pyogrio.detect_write_driver(path) == VECTOR[name]
        if shutil.which("ogrinfo"):
            command = ["ogrinfo", "-ro", "-so", "-al", str(path)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            assert f"Feature Count: {count}" in said


def outlines_read(folder, name, layer):
    """Return a layer of areas or lines as its format has it."""
    if name == "gpkg":
        return geopandas.read_file(folder / "run.gpkg", layer=layer)
    if name == "csv":
        table = pd.read_csv(folder / f"run_{layer}.csv")
        return geopandas.GeoDataFrame(table, geometry=shapely.from_wkt(table["wkt"]))
    return geopandas.read_file(folder / f"run_{layer}.{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", VECTOR)
@pytest.mark.parametrize("layer", ["slicks", "observed", "coast"])
def test_areas_and_lines_are_those_that_the_run_wrote(folder, written, name, layer):
    files = {"slicks": "slick_*", "observed": "observed_*", "coast": "coast"}[layer]
    paths = sorted(folder.glob(f"{files}.geojson"))
    own = pd.concat(map(geopandas.read_file, paths), ignore_index=True)
    found = outlines_read(written, name, layer)
    assert len(found) == len(own) > 0
    for mine, its in zip(own.geometry, found.geometry, strict=True):
        assert its.hausdorff_distance(mine) < 1e-6
        assert its.area == pytest.approx(mine.area, rel=1e-4)
    columns = {"slicks": {"area_km2": "area_km2"}, "observed": {}, "coast": COAST}[layer]
    for column, key in columns.items():
        np.testing.assert_allclose(found[column].astype(float), own[key], rtol=1e-12)
    time, key = ("first_oil", "first_oiled") if layer == "coast" else ("time", "time")
    assert (pd.to_datetime(found[time], utc=True) == pd.to_datetime(own[key], utc=True)).all()


@pytest.mark.slow
def test_a_geopackage_has_times_and_styles_for_qgis(written, rows):
    path = written / "run.gpkg"
    info = pyogrio.read_info(path, layer="particles")
    types = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert types["time"] == "OFTDateTime"
    styles = pyogrio.read_dataframe(path, layer="layer_styles", read_geometry=False)
    # those that QGIS asks for, in this order
    assert [*styles.columns] == [
        *("f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column", "styleName"),
        *("styleQML", "styleSLD", "useAsDefault", "description", "owner", "ui", "update_time"),
    ]
    layers = {str(name) for name, _ in pyogrio.list_layers(path)} - {"layer_styles"}
    assert {*styles["f_table_name"]} == layers == {"particles", "slicks", "observed", "coast"}
    assert styles["useAsDefault"].all()
    style = styles.set_index("f_table_name").loc["particles", "styleQML"]
    assert style == (written / "run.qml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_styles_for_qgis_have_a_colour_for_each_status_and_play(folder, tmp_path):
    jobs.export(folder, "gpkg", tmp_path / "run.gpkg")
    text = (tmp_path / "run.qml").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE qgis ")
    root = ElementTree.fromstring(text)
    renderer = root.find("renderer-v2")
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "status")
    labels = {each.get("value"): each.get("symbol") for each in renderer.iter("category")}
    symbols = {
        each.get("name"): each.find("layer/Option/Option[@name='color']").get("value")
        for each in renderer.iter("symbol")
    }
    for status in {*Status} - {Status.UNRELEASED}:
        rgb = ",".join(map(str, bytes.fromhex(STATUS_COLOURS[status][1:])))
        assert symbols[labels[status.name.lower()]] == f"{rgb},255"
    temporal = root.find("temporal")
    assert temporal.get("startExpression") == 'to_datetime("time")'
    assert temporal.get("endExpression").endswith("make_interval(seconds:=3600)")
    for name in ("slicks", "observed", "coast"):
        root = ElementTree.parse(tmp_path / f"run_{name}.qml").getroot()
        assert root.find("renderer-v2/symbols/symbol") is not None


IN_QGIS = """
import sys
from qgis.core import *
application = QgsApplication([], False)
application.initQgis()
path, style, begin = sys.argv[1:]
layer = QgsVectorLayer(path, "particles", "ogr")
assert layer.renderer().type() == "categorizedSymbol", "default style"
print(layer.loadNamedStyle(style)[1])
print(*sorted(each.value() for each in layer.renderer().categories()))
context = QgsVectorLayerTemporalContext()
context.setLayer(layer)
start = QgsExpression(f"to_datetime('{begin}')").evaluate()
span = QgsDateTimeRange(start.addSecs(60), start.addSecs(120))
shown = layer.temporalProperties().createFilterString(context, span)
print(sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterExpression(shown))))
"""
DEBIANS = "/usr/bin/python3"
"""The Python that Debian's python3-qgis belongs to."""


def has_qgis():
    command = [DEBIANS, "-c", "import qgis.core"]
    return Path(DEBIANS).exists() and not subprocess.run(command, capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpkg", "shp"])
def test_qgis_loads_the_style_and_shows_the_particles_of_a_time(written, rows, name):
    if not has_qgis():
        pytest.skip("QGIS is not installed: apt install python3-qgis")
    path = f"{written / 'run.gpkg'}|layername=particles" if name == "gpkg" else written / "run.shp"
    time = rows["time"].iloc[len(rows) // 2]
    answer = subprocess.run(
        [DEBIANS, "-c", IN_QGIS, str(path), str(written / "run.qml"), f"{time:%Y-%m-%dT%H:%M:%SZ}"],
        capture_output=True,
        text=True,
        env={"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(written)},
    )
    loaded, words, shown = answer.stdout.splitlines()[-3:]
    assert loaded == "True"
    assert words.split() == sorted(status.name.lower() for status in STATUS_COLOURS)
    assert int(shown) == (rows["time"] == time).sum()


def test_colours_are_those_of_the_charts():
    like = {"AFLOAT": "floating", "SUBMERGED": "dispersed"}
    for status, colour in STATUS_COLOURS.items():
        name = status.name
        assert colour == FATE_LOOKS[like.get(name, name.lower())].colour
    assert {each.name for each in outlines.ALL} == {*LAYER_COLOURS}


@pytest.mark.slow
def test_a_shapefile_has_times_as_text(written):
    info = pyogrio.read_info(written / "run.shp")
    types = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert types["time"] == "OFTString"
    times = pyogrio.read_dataframe(written / "run.shp", columns=["time"], max_features=3)["time"]
    assert all(re.fullmatch(r"2025-06-01T\d\d:\d\d:\d\dZ", time) for time in times)


@pytest.mark.slow
def test_geojson_is_as_the_standard_wants_it(written):
    for path in written.glob("*.geojson"):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document["type"] == "FeatureCollection"
        assert "crs" not in document
        for feature in document["features"]:
            geometry = shapely.geometry.shape(feature["geometry"])
            assert geometry.is_valid
            for part in getattr(geometry, "geoms", [geometry]):
                if part.geom_type == "Polygon":
                    assert part.exterior.is_ccw
            assert feature["properties"]


@pytest.mark.slow
def test_covjson_pydantic_accepts_the_coverages(written, rows):
    text = (written / "run.covjson").read_text(encoding="utf-8")
    found = CoverageCollection.model_validate_json(text)
    assert found.domainType.value == "Trajectory"
    table = []
    codes = {code: uri for uri, code in found.parameters.root["status"].categoryEncoding.items()}
    for coverage in found.coverages:
        axis = coverage.domain.axes.composite
        assert axis.coordinates == ["t", "x", "y"]
        values = {name: item.values for name, item in coverage.ranges.items()}
        for k, (time, lon, lat) in enumerate(axis.values):
            row = {name: each[k] for name, each in values.items() if name != "release"}
            row["release"] = values["release"][0]
            status = codes[row["status"]].rpartition(":")[2]
            table.append((int(coverage.id), time, lon, lat, row | {"status": status}))
    names = ("particle", "time", "lon", "lat")
    frame = pd.DataFrame([dict(zip(names, row[:4], strict=True)) | row[4] for row in table])
    frame = frame.sort_values(["time", "particle"], ignore_index=True)
    assert_same(rows, frame, degrees=TO_A_CENTIMETRE)


@pytest.mark.slow
def test_xarray_zarr_and_trajan_read_the_store(written, particles):
    importlib.import_module("trajan")  # adds the accessor
    with xr.open_zarr(written / "run.zarr") as found:
        assert {*found.variables} == {*particles.variables}
        for name, variable in particles.variables.items():
            np.testing.assert_array_equal(found[name], variable)
        assert found.attrs["featureType"] == "trajectory"
        assert found.attrs["title"] == f"Drift of oil: {NAME}"
        assert found.traj.trajectory_dim == "trajectory"
        length = found.traj.distance_to_next().sum("time").values
    moved = np.abs(np.diff(particles["lat"])).sum(axis=1)
    whole = np.isfinite(moved)
    assert (length[whole] >= 110e3 * moved[whole]).all()
    assert zarr.open_group(written / "run.zarr", mode="r")["lon"].shape == particles["lon"].shape


def placemarks(path):
    with zipfile.ZipFile(path) as archive:
        assert {*archive.namelist()} == {"doc.kml", "files/dot.png", "files/legend.png"}
        return archive.read("doc.kml")


@pytest.mark.slow
def test_fastkml_reads_the_particles_and_when_they_are_shown(written, rows):
    document = kml.KML.from_string(placemarks(written / "run.kmz")).features[0]
    folders = {folder.name: folder for folder in document.features if hasattr(folder, "features")}
    table = []
    for of_time in folders["Particles of oil"].features:
        for mark in of_time.features:
            data = {each.name: each.value for each in mark.extended_data.elements}
            assert of_time.name == data["time"]
            begin, end = mark.times.begin.dt, mark.times.end.dt
            assert f"{begin:%Y-%m-%dT%H:%M:%SZ}" == data["time"]
            assert (end - begin).total_seconds() == 3599.0
            table.append(data | {"lon": mark.geometry.x, "lat": mark.geometry.y})
    frame = pd.DataFrame(table)
    numbers = {"particle": int, "release": int}
    assert_same(rows, frame.astype({**numbers, "mass_kg": float, "thick_um": float}))
    for title, count in {"Simulated slicks": 2, "Observed slicks": 2}.items():
        assert len(folders[title].features) == count


@pytest.mark.slow
def test_gdal_reads_the_layers_of_a_kmz(folder, written, rows):
    found = {str(name) for name, _ in pyogrio.list_layers(written / "run.kmz")}
    assert {"Simulated slicks", "Observed slicks", "Oiled coast at the end"} <= found
    slicks = pyogrio.read_dataframe(written / "run.kmz", layer="Simulated slicks")
    own = geopandas.GeoSeries(
        [geopandas.read_file(path).geometry[0] for path in sorted(folder.glob("slick_*.geojson"))]
    )
    np.testing.assert_allclose(
        shapely.area(slicks.geometry.values), shapely.area(own.values), rtol=1e-6
    )
    points = [
        len(pyogrio.read_dataframe(written / "run.kmz", layer=name))
        for name in rows["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").unique()
    ]
    assert points == rows.groupby("time").size().tolist()


@pytest.mark.slow
def test_a_kmz_colours_particles_by_status_and_has_a_legend(written):
    root = ElementTree.fromstring(placemarks(written / "run.kmz"))
    # styles that placemarks share belong to the document
    assert len(root.findall(f"{KML}Document/{KML}Style")) == len([*root.iter(f"{KML}Style")])
    colours = {
        style.get("id"): style.find(f"{KML}IconStyle/{KML}color").text
        for style in root.iter(f"{KML}Style")
        if style.find(f"{KML}IconStyle/{KML}color") is not None
    }
    seen = set()
    for mark in root.iter(f"{KML}Placemark"):
        data = {e.get("name"): e[0].text for e in mark.iter(f"{KML}Data")}
        if "status" in data:
            shown = colours[mark.find(f"{KML}styleUrl").text.removeprefix("#")]
            red, green, blue = (shown[k : k + 2] for k in (6, 4, 2))
            assert f"#{red}{green}{blue}" == STATUS_COLOURS[Status[data["status"].upper()]]
            seen.add(data["status"])
    assert {"afloat", "beached"} <= seen
    assert root.find(f".//{KML}ScreenOverlay/{KML}Icon/{KML}href").text == "files/legend.png"
    with zipfile.ZipFile(written / "run.kmz") as archive, archive.open("files/legend.png") as file:
        pixels = {colour for _, colour in Image.open(file).convert("RGB").getcolors(1 << 20)}
    assert tuple(bytes.fromhex(STATUS_COLOURS[Status.BEACHED][1:])) in pixels


@pytest.mark.slow
def test_a_kmz_of_many_particles_says_that_it_has_some_of_them(folder, monkeypatch, tmp_path, rows):
    monkeypatch.setattr(kmz, "MOST_PLACEMARKS", 500)
    told = jobs.export(folder, "kmz", tmp_path / "run.kmz")
    stride = -(-len(rows) // 500)
    (remark,) = [each for each in told["remarks"] if "shown" in each]
    assert f"1 of {stride} is shown" in remark
    root = ElementTree.fromstring(placemarks(tmp_path / "run.kmz"))
    assert remark in root.find(f"{KML}Document/{KML}description").text
    found = [
        int(data[0].text) for data in root.iter(f"{KML}Data") if data.get("name") == "particle"
    ]
    kept = rows["trajectory"][rows["trajectory"] % stride == 0]
    assert found == kept.tolist()


@pytest.mark.slow
def test_a_hostile_name_of_a_case_does_no_harm(written):
    root = ElementTree.fromstring(placemarks(written / "run.kmz"))
    document = root.find(f"{KML}Document")
    assert document.find(f"{KML}name").text == PRINTED
    # a description is HTML
    assert "<script" not in document.find(f"{KML}description").text
    assert "&lt;script&gt;" in document.find(f"{KML}description").text
    assert not [*root.iter(f"{KML}script")]
    for path in written.glob("*.csv"):
        assert "HYPERLINK" not in path.read_text(encoding="utf-8")
    assert json.loads((written / "run.geojson").read_text())["title"] == PRINTED
    assert not (written.parent / "a").exists()
    assert not [*written.rglob("b")]


@pytest.mark.slow
def test_names_of_slicks_are_no_formulas_and_no_markup(folder, tmp_path):
    hostile = ("=1+1", "@SUM(1)", "-2", "a<b>&\"'", "ä" * 300, "\x00x")
    box = shapely.box(0.0, 0.0, 1.0, 1.0)
    seen = tuple(Seen(np.datetime64("2025-06-01T12"), box, name) for name in hostile)
    run = replace(open_run(folder), seen=seen)
    for name, form in FORMATS.items():
        write(run, name, tmp_path / f"run{form.suffix}")
    cells = pd.read_csv(tmp_path / "run_observed.csv")["name"]
    assert not cells.str.startswith(("=", "@", "-", "+")).any()
    assert cells[0] == "'=1+1"
    assert cells[3] == hostile[3]
    for path, chosen in (("run.gpkg", {"layer": "observed"}), ("run_observed.geojson", {})):
        assert geopandas.read_file(tmp_path / path, **chosen)["name"].tolist()[:5] == [*hostile[:5]]
    names = geopandas.read_file(tmp_path / "run_observed.shp")["name"].tolist()
    assert names[:4] == [*hostile[:4]]
    assert names[4] == "ä" * 125 + "…"
    assert len(placemarks(tmp_path / "run.kmz")) > 0
    ElementTree.fromstring(placemarks(tmp_path / "run.kmz"))


@pytest.mark.slow
def test_one_time_or_some_of_the_outputs(folder, tmp_path, rows, particles):
    times = particles["time"].values
    to_gpkg = ("export", folder, "--to", "gpkg", "--out", tmp_path / "run.gpkg")
    noon = witoil(*to_gpkg, "--time", "2025-06-01T14:00:00+02:00")
    assert noon.returncode == 0, noon.stderr
    frame = geopandas.read_file(tmp_path / "run.gpkg", layer="particles")
    assert len(frame) == (rows["time"] == np.datetime64("2025-06-01T12")).sum() > 0
    assert (frame["time"] == pd.Timestamp("2025-06-01T12", tz="UTC")).all()
    layers = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "run.gpkg")}
    assert layers == {"particles", "slicks", "observed", "layer_styles"}
    assert not (tmp_path / "run_coast.qml").exists()
    assert "coast: left out, as not of the time asked for" in noon.stdout

    assert witoil(*to_gpkg, "--every", 4).returncode == 0
    frame = geopandas.read_file(tmp_path / "run.gpkg", layer="particles")
    found = frame["time"].dt.tz_localize(None).unique()
    assert [*found] == [*times[::4]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "dxf"), "--to: found 'dxf'; expected one of kmz, gpkg"),
        (("--to", "gpkg", "--out", "x.shp"), "expected a name that ends in .gpkg"),
        (("--to", "csv", "--time", "2025-06-01T12:30"), "the nearest is 2025-06-01T12:"),
        (("--to", "csv", "--time", "noon"), "expected a time like"),
        (("--to", "csv", "--every", "0"), "--every"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(folder, tmp_path, arguments, words):
    out = () if "--out" in arguments else ("--out", tmp_path / "x.csv")
    answer = witoil("export", folder, *arguments, *out)
    assert answer.returncode == 2
    assert words in " ".join(answer.stderr.replace("│", " ").split())
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    answer = witoil("export", tmp_path, "--to", "csv", "--out", tmp_path / "out" / "x.csv")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("orjson", "pyarrow", "simplekml")))
from pathlib import Path
from witoil import jobs
from witoil.exports.formats import FORMATS
for name, form in FORMATS.items():
    try:
        jobs.export(Path(sys.argv[1]), name, Path(sys.argv[2], f"x{form.suffix}"))
    except ValueError as error:
        print(error)
"""


@pytest.mark.slow
def test_libraries_that_are_not_there_are_named(folder, tmp_path):
    command = [sys.executable, "-c", WITHOUT, str(folder), str(tmp_path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    needed = {"kmz": "simplekml", "gpkg": "pyarrow", "shp": "pyarrow", "csv": "pyarrow"}
    needed |= {"geojson": "orjson", "covjson": "orjson"}
    assert lines == [
        f"{library} is not installed; expected it for --to {name}: pip install 'witoil[export]'"
        for name, library in needed.items()
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_what_fails_leaves_what_was_there(folder, tmp_path, monkeypatch, name):
    form = FORMATS[name]
    out = tmp_path / f"x{form.suffix}"
    if name != "zarr":
        out.write_text("before")

    def fail(content, path):
        path.write_text("half")
        raise OSError("no space left on device")

    monkeypatch.setattr(f"witoil.exports.{form.module}.write", fail)
    with pytest.raises(OutputError, match="no space left"):
        jobs.export(folder, name, out)
    assert [path.name for path in tmp_path.iterdir()] == ([out.name] if name != "zarr" else [])
    assert name == "zarr" or out.read_text() == "before"


@pytest.mark.slow
def test_files_of_an_earlier_export_do_not_stay_beside_a_later_one(folder, tmp_path):
    jobs.export(folder, "shp", tmp_path / "x.shp")
    for name in ("x.qix", "x_coast.sbn", "x_more.shp", "y_coast.shp", "x_coast.csv"):
        (tmp_path / name).write_text("")
    run = replace(open_run(folder), path=folder / "particles.nc", seen=())
    told = write(run, "shp", tmp_path / "x.shp")
    assert told["layers"].keys() == {"particles"}
    names = {path.name for path in tmp_path.iterdir()}
    suffixes = ("shp", "shx", "dbf", "prj", "cpg", "qml")
    assert names == {
        *(f"x.{suffix}" for suffix in suffixes),
        "x_more.shp",
        "y_coast.shp",
        "x_coast.csv",
    }


@pytest.mark.slow
def test_a_folder_is_not_replaced_by_a_store(folder, tmp_path):
    jobs.export(folder, "zarr", tmp_path / "x.zarr")
    with pytest.raises(WitoilError, match="is a folder that exists"):
        jobs.export(folder, "zarr", tmp_path / "x.zarr")


@pytest.mark.slow
def test_an_export_lies_beside_the_run_by_its_name(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "größer & <b>.x")
    answer = witoil("export", copy, "--to", "geojson", "--json")
    told = json.loads(answer.stdout)
    assert Path(told["file"]) == tmp_path / "größer & <b>.x.geojson"
    assert {*told["files"]} == {path.name for path in tmp_path.glob("*.geojson")}
    assert len(told["files"]) == 4


def made(status, lon, lat, **variables):
    """Return particles at hourly outputs."""
    along = ("trajectory", "time")
    status = np.asarray(status, np.int8)
    times = np.datetime64("2025-01-01", "ns") + np.arange(status.shape[1]) * np.timedelta64(1, "h")
    data = {"status": status, "lon": lon, "lat": lat, **variables}
    arrays = {name: (along, np.asarray(values)) for name, values in data.items()}
    return xr.Dataset(arrays, {"time": times})


def a_run(path, particles, **changes):
    return Run(path, "OpenDrift", "simulate", "another", particles, 150.0, {}, **changes)


@pytest.mark.slow
@given(st.data())
def test_each_particle_that_is_somewhere_is_one_row(data):
    count, outputs = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    codes = st.sampled_from([status.value for status in Status])
    degrees = st.one_of(st.just(np.nan), st.floats(-90.0, 90.0))
    longitudes = st.one_of(st.just(np.nan), st.floats(-180.0, 540.0))

    def table(values):
        return np.array([[data.draw(values) for _ in range(outputs)] for _ in range(count)])

    status, lon, lat, mass = table(codes), table(longitudes), table(degrees), table(degrees)
    every = data.draw(st.integers(1, 3))
    layer = layer_of(choose(made(status, lon, lat, mass=mass), every=every))
    there = (status != Status.UNRELEASED) & np.isfinite(lon) & np.isfinite(lat)
    assert layer.size == there[:, ::every].sum() == sum(batch.size for batch in layer.batches())
    for k, batch in enumerate(layer.batches()):
        rows = there[:, k * every]
        assert batch.columns.keys() == {column.name for column in layer.columns}
        np.testing.assert_array_equal(batch.columns["particle"], np.flatnonzero(rows))
        np.testing.assert_array_equal(batch.geometry[:, 1], lat[rows, k * every])
        assert (np.abs(batch.geometry[:, 0]) <= 180.0).all()
        turns = (batch.geometry[:, 0] - lon[rows, k * every]) / 360.0
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-12)
        np.testing.assert_array_equal(
            batch.columns["mass_kg"], mass[rows, k * every].astype(np.float32)
        )


def test_times_are_those_of_the_nearest_second():
    run = made([[1, 1]], [[0.0, 0.1]], [[0.0, 0.1]])
    shifted = run.assign_coords(time=run["time"] - np.timedelta64(4, "us"))
    chosen = choose(shifted, time=np.datetime64("2025-01-01T01:00"))
    (batch,) = layer_of(chosen).batches()
    assert batch.columns["time"].tolist() == [np.datetime64("2025-01-01T01:00:00").tolist()]
    assert layer_of(choose(shifted)).size == 2


def test_numbers_that_a_table_cannot_hold_are_counted_anew():
    for numbers in ([5, 2**33], [7, 7]):
        run = made([[1], [1]], [[0.0], [1.0]], [[0.0], [1.0]])
        (batch,) = layer_of(choose(run.assign_coords(trajectory=numbers))).batches()
        assert batch.columns["particle"].tolist() == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["opendrift", "pygnome", "medslik"])
def test_runs_of_other_models_are_exported_with_what_they_know(tmp_path, model):
    path = tmp_path / "run.nc"
    told = {"time_units": "hours since 2021-08-24 03:00"} if model == "medslik" else {}
    getattr(model_files, model)(path, **told)
    for name in FORMATS:
        assert jobs.export(path, name)["layers"] == {
            "particles": int((model_files.STATUS != 0).sum())
        }
    told = jobs.export(path, "csv")
    assert told["file"] == str(tmp_path / "run.csv")
    found = pd.read_csv(tmp_path / "run.csv")
    there = model_files.STATUS.T != Status.UNRELEASED
    assert len(found) == there.sum()
    np.testing.assert_allclose(found["lon"], model_files.LON.T[there], atol=1e-5)
    np.testing.assert_allclose(found["mass_kg"], model_files.MASS.T[there], rtol=1e-5)
    words = [Status(code).name.lower() for code in model_files.STATUS.T[there]]
    assert found["status"].tolist() == words


def test_a_status_that_nobody_knows_is_refused():
    with pytest.raises(WitoilError, match="found 9 among the particles; expected 0 to 6"):
        choose(made([[1, 9]], [[0.0, 0.0]], [[0.0, 0.0]]))


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_across_180_that_knows_little_is_exported(tmp_path, name):
    lon, lat = [[179.5, 180.5], [np.nan, 181.0]], [[-17.0, -17.5], [np.nan, -17.2]]
    run = a_run(
        tmp_path / "x.nc",
        made([[1, 1], [0, 2]], lon, lat),
        seen=(Seen(np.datetime64("2025-01-01"), shapely.box(179.0, -18.0, 181.0, -17.0), "x.shp"),),
    )
    out = tmp_path / f"x{FORMATS[name].suffix}"
    told = write(run, name, out)
    assert told["layers"]["particles"] == 3
    if name == "zarr":
        with xr.open_zarr(out) as store:
            np.testing.assert_array_equal(store["lon"], [[179.5, -179.5], [np.nan, -179.0]])
        return
    if name == "covjson":
        found = CoverageCollection.model_validate_json(out.read_text())
        values = [axis[1] for c in found.coverages for axis in c.domain.axes.composite.values]
        assert values == [179.5, -179.5, -179.0]
        return
    if name == "kmz":
        root = ElementTree.fromstring(placemarks(out))
        corners = [
            tuple(map(float, corner.split(",")))
            for each in root.iter(f"{KML}coordinates")
            for corner in each.text.split()
        ]
        assert max(abs(corner[0]) for corner in corners) == 180.0
        return
    if name == "csv":
        assert pd.read_csv(out)["lon"].tolist() == [179.5, -179.5, -179.0]
        area = shapely.from_wkt(pd.read_csv(tmp_path / "x_observed.csv")["wkt"])[0]
    else:
        layer = "particles" if name == "gpkg" else None
        assert geopandas.read_file(out, layer=layer).geometry.x.tolist() == [179.5, -179.5, -179.0]
        seen = (out, "observed") if name == "gpkg" else (tmp_path / f"x_observed.{name}", None)
        area = geopandas.read_file(seen[0], layer=seen[1]).geometry[0]
    assert len(area.geoms) == 2
    assert area.area == pytest.approx(2.0)
    assert area.bounds == (-180.0, -18.0, 180.0, -17.0)


def test_a_run_without_particles_says_what_can_be_written(tmp_path):
    grid = VerificationGrid.covering((35.0, 35.0, 35.1, 35.1), 500.0)
    values = np.zeros(grid.shape, np.float32)
    values[3:9, 4:10] = 0.3
    values[5:7, 6:8] = 1.0
    write_bands(tmp_path / "probability.tif", grid, {"probability": values}, 0.0)
    run = replace(a_run(tmp_path, None), command="ensemble", model="witoil")
    with pytest.raises(WitoilError, match="but probable; expected a format that holds areas"):
        write(run, "covjson", tmp_path / "x.covjson")
    write(run, "gpkg", tmp_path / "x.gpkg")
    frame = geopandas.read_file(tmp_path / "x.gpkg", layer="probable")
    large, small = 36 * 0.25, 4 * 0.25
    expected = {0.01: large, 0.1: large, 0.25: large, 0.5: small, 0.75: small, 0.9: small}
    assert dict(zip(frame["prob_min"], frame["area_km2"], strict=True)) == expected
    assert frame["time"].isna().all()
    true = frame.to_crs(grid.crs.to_wkt()).area / 1e6
    np.testing.assert_allclose(true, frame["area_km2"], rtol=1e-4)


def test_a_shapefile_that_would_be_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("witoil.exports.shapefile.MOST_BYTES", 80)
    run = a_run(tmp_path / "x.nc", made([[1, 1]], [[0.0, 0.1]], [[0.0, 0.1]]))
    with pytest.raises(WitoilError, match=r"expected 2\.1 GB at most: take --every"):
        write(run, "shp", tmp_path / "x.shp")
    assert [*tmp_path.iterdir()] == []


NUMBERS = st.integers(-(2**31) + 1, 2**31 - 1)
REALS = st.one_of(st.just(np.nan), st.floats(-1e22, 1e22), st.floats(-1.0, 1.0))
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories="C"), max_size=9))


@st.composite
def batches_of_points(draw):
    """Outputs of points, of which some have none."""
    batches = []
    for size in draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(sum)):

        def some(values, size=size):
            return draw(st.lists(values, min_size=size, max_size=size))

        degrees = st.tuples(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0))
        seconds = some(st.integers(0, 2**32))
        columns = {
            "number": np.array(some(NUMBERS), np.int32),
            "time": np.array(seconds, "M8[s]"),
            "word": np.array(some(TEXTS), object),
            "single": np.array(some(REALS)).astype(np.float32),
            "double": np.array(some(REALS), np.float64),
        }
        batches.append(Batch(np.array(some(degrees), np.float64).reshape(-1, 2), columns))
    return batches


@pytest.mark.slow
@given(batches_of_points())
def test_points_of_a_shapefile_are_those_that_gdal_writes(batches):
    columns = (
        Column("number", "whole", "", 11),
        Column("time", "time", "", 20),
        Column("word", "text", "", 40),
        Column("single", "real", ""),
        Column("double", "real", ""),
    )
    size = sum(batch.size for batch in batches)
    layer = Layer("particles", "Points", "Point", columns, size, lambda: iter(batches))
    with TemporaryDirectory() as name:
        ours, its = Path(name, "ours.shp"), Path(name, "its.shp")
        shapefile.write(Content("x", "y", None, [layer]), ours)
        shapefile.write_by_gdal(layer, its)
        for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            assert ours.with_suffix(suffix).read_bytes() == its.with_suffix(suffix).read_bytes()


@pytest.mark.parametrize("value", [1e24, -1e24, np.inf])
def test_a_number_that_a_shapefile_cannot_hold_is_refused(tmp_path, value):
    mass = [[1.0, 2.0], [3.0, value]]
    run = a_run(
        tmp_path / "x.nc", made([[1, 1]] * 2, [[0.0, 0.1]] * 2, [[0.0, 0.1]] * 2, mass=mass)
    )
    with pytest.raises(WitoilError, match=r"^mass_kg: found -?(1e\+24|inf); expected .*--to gpkg$"):
        write(run, "shp", tmp_path / "x.shp")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (Column("word", "text", "", 5), np.array(["", "äöü"], object)),
        (Column("number", "whole", "", 8), np.array([0, -(10**7)], np.int32)),
    ],
)
def test_what_is_wider_than_its_column_is_refused(tmp_path, column, values):
    batches = [Batch(np.zeros((1, 2)), {column.name: values[k : k + 1]}) for k in range(2)]
    layer = Layer("particles", "x", "Point", (column,), 2, lambda: iter(batches))
    with pytest.raises(WitoilError, match=f"^{column.name}: found values of more than"):
        shapefile.write(Content("x", "y", None, [layer]), tmp_path / "x.shp")


def test_long_numbers_of_particles_survive_a_shapefile(tmp_path):
    run = made([[1]] * 3, [[0.0]] * 3, [[1.0]] * 3).assign_coords(
        trajectory=[7, 2**31 - 1, -(2**31) + 1]
    )
    write(a_run(tmp_path / "x.nc", run), "shp", tmp_path / "x.shp")
    found = geopandas.read_file(tmp_path / "x.shp")["particle"]
    assert found.tolist() == [7, 2**31 - 1, -(2**31) + 1]


def test_a_number_that_gdal_would_cut_is_refused(tmp_path):
    layer = Layer(
        "slicks",
        "Areas",
        "MultiPolygon",
        (Column("size", "real", ""),),
        1,
        lambda: iter(
            [Batch(np.array([shapely.box(0, 0, 1, 1)], object), {"size": np.array([1e30])})]
        ),
    )
    with pytest.raises(WitoilError, match=r"slicks: .*1e\+30.*; expected .*--to gpkg"):
        shapefile.write(Content("x", "y", None, [layer]), tmp_path / "x.shp")


def test_an_empty_run_is_refused(tmp_path):
    run = a_run(tmp_path / "x.nc", made([[0, 0]], [[np.nan] * 2], [[np.nan] * 2]))
    with pytest.raises(WitoilError, match="holds no particles, areas or lines to export"):
        write(run, "csv", tmp_path / "x.csv")


def test_names_of_columns_survive_a_shapefile_and_stand_in_the_documents():
    columns = [*COLUMNS, *(column for each in outlines.ALL for column in each.columns.values())]
    assert max(len(column.name) for column in columns) <= 10
    text = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text(encoding="utf-8")
    for column in columns:
        assert re.search(rf"^\| `{column.name}` \| .*{re.escape(column.meaning)} \|$", text, re.M)
