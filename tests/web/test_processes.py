"""What processes do beside calling a job: slicks put on a grid, exports in one file."""

import json
import zipfile

import numpy as np
import pytest
import rasterio
import xarray as xr
import zarr
from PIL import Image
from pydantic import ValidationError
from shapely import box, to_geojson
from shapely.geometry import shape

from simulator import Status
from tests.plugins.builders import card, mean_colour, plugin_in
from tests.witoil import model_files
from web.jobs import tasks
from web.jobs.processes import PROCESSES
from witoil.errors import WitoilError

SLICK = "20210824-0810-SYR-PL-A-01-S3.geojson"


def do(process, inputs, folder):
    return PROCESSES[process].work(inputs, folder, lambda share, note: None)


@pytest.fixture
def slick(tmp_path):
    path = tmp_path / SLICK
    path.write_text(to_geojson(box(35.5, 35.2, 35.6, 35.3)))
    return str(path)


@pytest.mark.slow
def test_a_slick_is_put_on_a_grid(slick, tmp_path):
    folder = tmp_path / "job"
    told = do("rasterise-mask", {"observation": slick, "resolution_m": 500.0, "margin": 3}, folder)
    assert told["time"] == "2021-08-24T08:10:00Z"
    with rasterio.open(folder / "mask.tif") as file:
        mask = file.read(1, masked=True)
        assert file.transform.a == -file.transform.e == 500.0
        assert file.tags()["time"].startswith("2021-08-24T08:10:00")
    assert list(mask.shape) == told["shape"]
    assert int(mask.sum()) == told["cells"]
    assert not mask[:3].any()
    assert not mask[-3:].any()
    areas = told["areas_km2"]
    assert areas["cells"] == pytest.approx(told["cells"] * 0.25, rel=1e-3)
    assert areas["polygons"] == pytest.approx(9.1 * 11.1, rel=0.01)
    assert areas["polygons"] < areas["cells"] < areas["polygons"] * 1.2
    outline = json.loads((folder / "mask.geojson").read_text())
    (feature,) = outline["features"]
    assert shape(feature["geometry"]).contains(box(35.5, 35.2, 35.6, 35.3))
    # scored against the slick that it was made of it is perfect
    scores = do("score", {"run": str(folder / "mask.tif"), "observation": slick}, tmp_path)
    assert scores["fss"]["1"] == 1.0


def test_a_slick_across_180_degrees_is_whole(tmp_path):
    path = tmp_path / "20190105-1130-FJI-UO-C-01-S1.geojson"
    path.write_text(to_geojson(box(179.95, -16.95, 180.05, -16.9)))
    inputs = {"observation": str(path), "coastline": "none", "resolution_m": 250.0}
    told = do("rasterise-mask", inputs, tmp_path / "job")
    assert told["areas_km2"]["cells"] == pytest.approx(told["areas_km2"]["polygons"], rel=0.15)


@pytest.mark.parametrize(
    ("name", "shape_", "says"),
    [
        ("slick.geojson", box(35.5, 35.2, 35.6, 35.3), "does not say when"),
        (SLICK, box(37.5, 35.2, 37.6, 35.3), "no cell at sea"),
    ],
)
def test_slicks_that_are_no_masks(tmp_path, name, shape_, says):
    (tmp_path / name).write_text(to_geojson(shape_))
    with pytest.raises(WitoilError, match=says):
        do("rasterise-mask", {"observation": str(tmp_path / name)}, tmp_path / "job")
    assert not (tmp_path / "job" / "mask.tif").exists()


@pytest.mark.slow
@pytest.mark.parametrize("model", ["medslik", "opendrift", "pygnome"])
def test_zarr_is_one_file(tmp_path, model):
    path = tmp_path / "MDK_SIM_2021_08_24_0300_baniyas" / "spill_properties.nc"
    path.parent.mkdir()
    getattr(model_files, model)(path)
    told = do("export", {"run": str(path), "format": "zarr"}, tmp_path / "job")
    assert told["files"] == ["run.zarr.zip"]
    assert [file.name for file in (tmp_path / "job").iterdir()] == ["run.zarr.zip"]
    packed = tmp_path / "job" / "run.zarr.zip"
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
    with (
        zarr.storage.ZipStore(packed, mode="r") as store,
        xr.open_zarr(store, consolidated=True) as read,
    ):
        status = np.unique(read["status"].values)
        assert set(status) <= {int(each) for each in Status}
        assert read.sizes["time"] == len(model_files.TIMES)


MODEL = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
    rest='[geo]\nkinds = ["station"]',
)


@pytest.mark.slow
def test_a_model_is_run_on_stored_images(tmp_path, monkeypatch):
    plugin_in(tmp_path / "models" / "one", mean_colour(), MODEL)
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "models"))
    Image.new("RGB", (8, 8), (0, 0, 255)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"none")
    inputs = {
        "module": "made-image-classify",
        "version": "1",
        "files": [str(tmp_path / "a.png"), str(tmp_path / "b.png")],
        "georef": {"kind": "station", "lon": 1.75, "lat": 41.2},
        "parameters": {"topk": 2},
        "formats": ["json", "geojson", "csv"],
    }
    told = do("predict", inputs, tmp_path / "job")
    assert told["labels"] == {"blue": 1}
    assert len(told["failed"]) == 1
    outputs = {it.id: it.files(tmp_path / "job") for it in PROCESSES["predict"].outputs}
    assert [path.name for path in outputs["tables"]] == ["features.csv"]
    (feature,) = json.loads(outputs["features"][0].read_text())["features"]
    assert feature["geometry"]["coordinates"] == [1.75, 41.2]
    with pytest.raises(WitoilError, match="found the version 1, expected 2"):
        do("predict", inputs | {"version": "2"}, tmp_path / "job")


@pytest.mark.parametrize("windows", [[0], [2], [-1], [1, 4], [10**9], []])
@pytest.mark.parametrize("process", ["score", "compare"])
def test_windows_without_a_middle_are_refused_when_they_are_asked_for(process, windows):
    named = {
        "score": {"run": "upload:1", "observation": "upload:2"},
        "compare": {"runs": ["upload:1", "upload:2"]},
    }
    model = PROCESSES[process].inputs
    model.model_validate({**named[process], "windows": [1, 7]})
    with pytest.raises(ValidationError, match="windows"):
        model.model_validate({**named[process], "windows": windows})


def test_a_slick_or_drifters_are_scored_against():
    model = PROCESSES["score"].inputs
    for given in ({"observation": "upload:2"}, {"track": "upload:2"}):
        model.model_validate({"run": "upload:1", **given})
    for given in ({}, {"observation": "upload:2", "track": "upload:3"}):
        with pytest.raises(ValidationError, match="one of the two"):
            model.model_validate({"run": "upload:1", **given})


@pytest.mark.parametrize("sensor", [None, "optical"])
def test_a_run_is_scored_as_the_sensor_that_is_asked_for_sees_it(monkeypatch, tmp_path, sensor):
    asked = {}
    monkeypatch.setattr("witoil.jobs.score", lambda *given, **how: asked.update(how) or {})
    tasks.score({"run": "a.nc", "observation": "b.tif", "sensor": sensor}, tmp_path, None)
    assert (asked["sensor"] and asked["sensor"].kind) == sensor
