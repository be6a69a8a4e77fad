"""Depths of a scene from soundings in files, on the map."""

import json

import geopandas
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio

from tests.aquatic.pictures import keep_picture
from tests.aquatic.scenes import SAND, SEAGRASS, water_colours
from tests.witoil.command import witoil
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.registry import plugin_named

TRANSFORM = rasterio.Affine(10, 0, 500_000, 0, -10, 4_200_000)
CRS = "EPSG:32631"
SIZE = (90, 120)


def bottom_depth():
    """Return the depth of a bay of 0 to 18 m, with a bank in it. [m]."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    slope = 18.0 * columns / SIZE[1]
    bank = 6.0 * np.exp(-((rows - 40) ** 2 + (columns - 80) ** 2) / 300.0)
    return np.maximum(slope - bank, 0.0)


def scene(path, *, bottom=SAND, scale=1.0, names=("blue", "green"), dtype="float32"):
    values = water_colours(bottom_depth(), bottom, noise=5e-4) / scale
    how = {"width": SIZE[1], "height": SIZE[0], "count": 2, "dtype": dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=CRS, transform=TRANSFORM, **how) as file:
        file.write(np.moveaxis(values, -1, 0).astype(dtype))
        file.descriptions = names
    return path


def soundings(path, count=120, *, outside=0, shift=0.0):
    """Write soundings at the middles of pixels, and some far away."""
    random = np.random.default_rng(7)
    rows, columns = random.integers(0, SIZE[0], count), random.integers(0, SIZE[1], count)
    x, y = 500_000 + 10 * (columns + 0.5), 4_200_000 - 10 * (rows + 0.5)
    to_degrees = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    table = pd.DataFrame({"lon": lon, "lat": lat, "depth_m": bottom_depth()[rows, columns] - shift})
    far = pd.DataFrame({"lon": [40.0] * outside, "lat": [10.0] * outside, "depth_m": 3.0})
    pd.concat([table, far]).to_csv(path, index=False)
    return path


def predicted(tmp_path, image, **parameters):
    pairs = [part for key, value in parameters.items() for part in ("--set", f"{key}={value}")]
    out = tmp_path / "found"
    answer = witoil(
        *("predict", "satellite-bathymetry", image, "--to", "json,geotiff,geojson"),
        *("--out", out, *pairs),
    )
    if answer.returncode:
        return answer, None, None
    document = json.loads((out / f"{image.name}.json").read_text())
    (raster,) = out.glob("*.tif")
    with rasterio.open(raster) as file:
        assert file.crs.to_epsg() == 32631
        assert file.transform == TRANSFORM
        return answer, document, file.read(1)


@pytest.mark.slow
def test_a_bay_has_its_depths(tmp_path):
    image = scene(tmp_path / "bay.tif")
    table = soundings(tmp_path / "s.csv", outside=3)
    answer, document, found = predicted(tmp_path, image, soundings=table)
    assert answer.returncode == 0, answer.stderr
    known = bottom_depth()
    assert np.isnan(found).mean() < 0.02
    assert np.sqrt(np.nanmean((found - known) ** 2)) < 0.6
    text = "\n".join(document["warnings"])
    assert "3 of 123 soundings lie outside the image" in text
    assert "error of soundings left out of the fit" in text
    assert len(document["features"]) == 120
    first = document["features"][0]
    assert abs(first["properties"]["depth_m"] - first["properties"]["estimated_m"]) < 3.0
    lon, lat = first["geometry"]["coordinates"]
    rows = pd.read_csv(table)
    assert (lon, lat) == pytest.approx((rows["lon"][0], rows["lat"][0]), abs=1e-5)
    _draw(known, found)


@pytest.mark.slow
def test_numbers_of_a_calibration_give_the_same_depths(tmp_path):
    image = scene(tmp_path / "bay.tif")
    for law in ("ratio", "log-linear"):
        table = soundings(tmp_path / "s.csv")
        _, document, found = predicted(tmp_path, image, soundings=table, law=law)
        (line,) = (it for it in document["warnings"] if "--set law" in it)
        pairs = dict(it.split("=") for it in line.split("--set ")[1:])
        pairs = {key: value.strip() for key, value in pairs.items()}
        assert pairs["law"] == law
        _, _, again = predicted(tmp_path, image, **pairs)
        known = np.isfinite(found)
        np.testing.assert_allclose(again[known], found[known], atol=1e-3)


@pytest.mark.slow
def test_the_tide_is_taken_away_again(tmp_path):
    image = scene(tmp_path / "bay.tif")  # as deep as it is at a tide of 1.5 m
    table = soundings(tmp_path / "s.csv", shift=1.5)
    _, _, found = predicted(tmp_path, image, soundings=table, tide_m=1.5)
    assert np.nanmean(found - (bottom_depth() - 1.5)) == pytest.approx(0.0, abs=0.1)


@pytest.mark.slow
def test_two_bottoms_are_told_by_the_error(tmp_path):
    table = soundings(tmp_path / "s.csv")
    stripes = np.where((np.arange(SIZE[0]) // 15 % 2 == 0)[:, None, None], SAND, SEAGRASS)
    errors = []
    for bottom in (SAND, stripes):
        image = scene(tmp_path / "bay.tif", bottom=bottom)
        _, document, found = predicted(tmp_path, image, soundings=table)
        (line,) = (it for it in document["warnings"] if "left out of the fit" in it)
        said = float(line.split("fit: ")[1].split(" m")[0])
        assert said == pytest.approx(np.sqrt(np.nanmean((found - bottom_depth()) ** 2)), rel=0.4)
        errors.append(said)
    assert errors[0] < 0.6 < errors[1]


@pytest.mark.slow
def test_whole_numbers_are_made_reflectances(tmp_path):
    image = scene(tmp_path / "bay.tif", scale=1e-4, dtype="uint16")
    table = soundings(tmp_path / "s.csv")
    answer, *_ = predicted(tmp_path, image, soundings=table)
    assert answer.returncode == 1
    assert "--set scale=0.0001" in answer.stderr
    _, _, found = predicted(tmp_path, image, soundings=table, scale=0.0001)
    assert np.sqrt(np.nanmean((found - bottom_depth()) ** 2)) < 0.6


@pytest.mark.slow
def test_points_of_other_formats_are_soundings_too(tmp_path):
    image = scene(tmp_path / "bay.tif")
    table = pd.read_csv(soundings(tmp_path / "s.csv"))
    points = geopandas.points_from_xy(table["lon"], table["lat"], crs="EPSG:4326")
    frame = geopandas.GeoDataFrame(table[["depth_m"]], geometry=points).to_crs(CRS)
    frame.to_file(tmp_path / "s.gpkg")
    _, _, found = predicted(tmp_path, image, soundings=tmp_path / "s.gpkg")
    assert np.sqrt(np.nanmean((found - bottom_depth()) ** 2)) < 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("x,y,z\n1,2,3\n", "expected lon, lat, depth_m"),
        ("lon,lat,depth_m\n40,10,3\n41,10,4\n", "all 2 soundings lie outside bay.tif"),
        ("lon,lat,depth_m\n37.9,250,3\n", "beyond 90"),
        ("lon,lat,depth_m\n3.001,37.95,-3\n3.002,37.95,-4\n", "positive downwards"),
        ("lon,lat,depth_m\n3.001,here,3\n", "found 'here', expected a number"),
        ("", "expected a table"),
        ("lon,lat,depth_m\n", "found no soundings"),
    ],
)
def test_what_are_no_soundings_is_refused(tmp_path, content, text):
    image = scene(tmp_path / "bay.tif")
    (tmp_path / "s.csv").write_text(content)
    answer, *_ = predicted(tmp_path, image, soundings=tmp_path / "s.csv")
    assert answer.returncode == 1
    assert text in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_scene_of_other_bands_and_one_without_soundings_are_refused(tmp_path):
    image = scene(tmp_path / "bay.tif", names=("red", "nir"))
    answer, *_ = predicted(tmp_path, image, soundings=soundings(tmp_path / "s.csv"))
    assert "expected blue, green" in answer.stderr
    answer, *_ = predicted(tmp_path, scene(tmp_path / "bay.tif"))
    assert "found neither soundings nor constant_m" in answer.stderr


def _draw(known, found):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    for axes, values, title in zip(
        figure.subplots(1, 2, sharey=True),
        (known, found),
        ("depth made", "depth from blue and green"),
        strict=True,
    ):
        image = axes.imshow(values, vmin=0.0, vmax=18.0, cmap="viridis_r")
        axes.set(title=title, xticks=[], yticks=[])
    figure.colorbar(image, ax=figure.axes, label="m")
    keep_picture("satellite-bathymetry", figure)


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0.0, 360.0])
def test_longitudes_may_be_counted_from_0_or_from_180(tmp_path, turn):
    depth = np.linspace(1.0, 15.0, 60)[np.newaxis].repeat(20, axis=0)
    values = water_colours(depth, SAND).astype("float32")
    transform = rasterio.Affine(1e-4, 0, -5.0 + turn, 0, -1e-4, 36.0)
    how = {"width": 60, "height": 20, "count": 2, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(tmp_path / "s.tif", "w", driver="GTiff", transform=transform, **how) as file:
        file.write(np.moveaxis(values, -1, 0))
        file.descriptions = ("blue", "green")
    at = np.arange(2, 58, 5)
    lon = -5.0 + 1e-4 * (at + 0.5) + np.where(at % 2, 360.0, 0.0)
    table = pd.DataFrame({"lon": lon, "lat": 35.999, "depth_m": depth[0, at]})
    table.to_csv(tmp_path / "c.csv", index=False)
    pairs = ("--set", f"soundings={tmp_path / 'c.csv'}")
    answer = witoil(
        "predict", "satellite-bathymetry", tmp_path / "s.tif", *pairs, "--out", tmp_path / "found"
    )
    assert answer.returncode == 0, answer.stderr
    document = json.loads((tmp_path / "found" / "s.tif.json").read_text())
    assert len(document["features"]) == len(at)
    assert not any("outside the image" in it for it in document["warnings"])


def remarks_of(image, **parameters):
    return predict(plugin_named("satellite-bathymetry"), image, parameters=parameters).findings


@pytest.mark.slow
def test_soundings_above_the_water_are_left_out_and_said(tmp_path):
    image, table = scene(tmp_path / "bay.tif"), soundings(tmp_path / "s.csv")
    frame = pd.read_csv(table)
    frame.loc[:29, "depth_m"] = -0.5 - frame["depth_m"]  # heights, whose sign was forgotten
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    found = remarks_of(image, soundings=tmp_path / "mixed.csv")
    assert any("30 soundings lie above the water" in it for it in found.remarks)
    (raster,) = found.rasters
    assert np.sqrt(np.nanmean((raster.values - bottom_depth()) ** 2)) < 0.6
    assert len(found.features) == 90


@pytest.mark.slow
def test_a_law_that_tells_nothing_and_an_offset_are_said(tmp_path):
    image, table = scene(tmp_path / "bay.tif"), soundings(tmp_path / "s.csv")
    frame = pd.read_csv(table)
    assert not any("tells no more" in it for it in remarks_of(image, soundings=table).remarks)
    frame["depth_m"] = np.random.default_rng(0).permutation(frame["depth_m"])
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    said = remarks_of(image, soundings=tmp_path / "mixed.csv").remarks
    assert any("the law tells no more" in it for it in said)
    with rasterio.open(image) as file:
        values, profile = file.read() + 0.1, file.profile
    with rasterio.open(tmp_path / "offset.tif", "w", **profile) as file:
        file.write(values)
        file.descriptions = ("blue", "green")
    said = remarks_of(tmp_path / "offset.tif", soundings=table).remarks
    assert any("is an offset left" in it for it in said)


@pytest.mark.slow
def test_depths_beyond_the_soundings_of_a_calibration_before_are_empty(tmp_path):
    image, table = scene(tmp_path / "bay.tif"), soundings(tmp_path / "s.csv")
    frame = pd.read_csv(table)
    frame[frame["depth_m"].between(2.0, 10.0)].to_csv(tmp_path / "few.csv", index=False)
    first = remarks_of(image, soundings=tmp_path / "few.csv")
    (line,) = (it for it in first.remarks if "--set law" in it)
    pairs = dict(it.strip().split("=") for it in line.split("--set ")[1:])
    again = remarks_of(image, **pairs)
    np.testing.assert_array_equal(
        np.isnan(again.rasters[0].values), np.isnan(first.rasters[0].values)
    )
    assert np.nanmax(again.rasters[0].values) < 10.9
    del pairs["deepest_m"], pairs["shallowest_m"]
    wide = remarks_of(image, **pairs)
    assert any("depths beyond them are guesses" in it for it in wide.remarks)
    assert np.nanmin(wide.rasters[0].values) >= 0.0
    with pytest.raises(PluginError, match="either soundings or"):
        remarks_of(image, soundings=table, **pairs)


@pytest.mark.slow
@pytest.mark.parametrize("law", ["ratio", "log-linear"])
@pytest.mark.parametrize("fill", [-9999, 0, 65535])
def test_fill_that_the_file_does_not_tell_has_no_depth(tmp_path, fill, law):
    image = scene(tmp_path / "bay.tif", scale=1e-4, dtype="int32")
    with rasterio.open(image, "r+") as file:
        values = file.read()
        values[:, :, :30] = fill
        file.write(values)
    table = soundings(tmp_path / "s.csv")
    found = remarks_of(image, soundings=table, law=law, scale=0.0001).rasters[0].values
    assert np.isnan(found[:, :30]).all()
    assert np.sqrt(np.nanmean((found - bottom_depth())[:, 30:] ** 2)) < 0.6
