from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
import xarray as xr
from rasterio.features import shapes
from rasterio.transform import Affine
from shapely.geometry import shape

from catalog import CatalogError, UnreadableFileError, read_slick, read_thickness
from catalog.slicks.raster import outlines_of

LAT = 33.05 + 0.1 * np.arange(4)
LON = 35.05 + 0.1 * np.arange(5)


def write_raster(path: Path, values: np.ndarray, **change) -> Path:
    """Write a field of four latitudes and five longitudes, with as many times as there are."""
    dims = ("time", "lat", "lon") if values.ndim == 3 else ("lat", "lon")
    coords = {
        "lat": ("lat", change.get("lat", LAT), {"units": "degrees_north"}),
        "lon": ("lon", change.get("lon", LON), {"units": "degrees_east"}),
    }
    if values.ndim == 3:
        attrs = {"units": "hours since 2021-08-24"}
        coords["time"] = ("time", 6.0 + np.arange(len(values)), attrs)
    ds = xr.Dataset({"oil": (dims, values)}, coords=coords)
    ds.to_netcdf(path, engine="netcdf4", encoding={"oil": {"_FillValue": None}})
    return path


def one_cell(value: float = 1.0, dtype: str = "f4") -> np.ndarray:
    values = np.zeros((4, 5), dtype)
    values[1, 2] = value
    return values


def test_a_binary_mask_in_netcdf(tmp_path: Path) -> None:
    slick = read_slick(write_raster(tmp_path / "mask.nc", one_cell(dtype="i1")))
    np.testing.assert_allclose(slick.geometry.bounds, (35.2, 33.1, 35.3, 33.2), atol=1e-9)
    assert slick.time is None


@pytest.mark.parametrize("turn", [0.0, 360.0])
def test_axes_in_any_order(tmp_path: Path, turn: float) -> None:
    path = write_raster(tmp_path / "m.nc", one_cell()[::-1], lat=LAT[::-1], lon=LON - 40.0 + turn)
    bounds = read_slick(path).geometry.bounds
    np.testing.assert_allclose(bounds, (-4.8, 33.1, -4.7, 33.2), atol=1e-9)


def test_its_time_axis_tells_when(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "m.nc", one_cell()[None])
    assert read_slick(path).time == datetime(2021, 8, 24, 6, tzinfo=UTC)


def test_of_several_times_the_one_meant(tmp_path: Path) -> None:
    values = np.stack([one_cell(), one_cell()[::-1], np.zeros((4, 5), "f4")])
    path = write_raster(tmp_path / "m.nc", values)
    with pytest.raises(CatalogError, match="has 3 times, expected one"):
        read_slick(path)
    slick = read_slick(path, datetime(2021, 8, 24, 7, 10, tzinfo=UTC))
    assert slick.geometry.bounds[1] == pytest.approx(33.2)


@pytest.mark.parametrize("suffix", ["nc", "tif"])
@pytest.mark.parametrize(("threshold", "cells"), [(None, 3), (0.25, 4), (0.9, 1), (0.01, 5)])
def test_probabilities_from_a_threshold_on(tmp_path: Path, suffix, threshold, cells) -> None:
    values = np.zeros((4, 5), "f4")
    values[1] = [0.1, 0.3, 0.5, 0.7, 0.95]
    path = tmp_path / f"p.{suffix}"
    if suffix == "nc":
        write_raster(path, values)
    else:
        transform = Affine(0.1, 0.0, 35.0, 0.0, 0.1, 33.0)
        options = {"driver": "GTiff", "count": 1, "height": 4, "width": 5, "dtype": "float32"}
        with rasterio.open(path, "w", crs=4326, transform=transform, **options) as file:
            file.write(values[None])
    area = read_slick(path, threshold=threshold).geometry.area
    assert area == pytest.approx(0.01 * cells)


def test_thickness_of_netcdf_is_not_a_probability(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "t.nc", one_cell(0.3))
    np.testing.assert_allclose(read_thickness(path).thickness, [0.3e-6])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 2.0}, "no cell is of 2 or more"),
        ({"layer": "water"}, "called 'water', found oil"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path: Path, change, message) -> None:
    with pytest.raises(CatalogError, match=message):
        read_slick(write_raster(tmp_path / "m.nc", one_cell()), **change)


def test_an_uneven_grid_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "m.nc", one_cell(), lat=np.array([33.0, 33.1, 33.3, 33.4]))
    with pytest.raises(CatalogError, match="expected a regular grid"):
        read_slick(path)


def test_a_page_in_place_of_a_mask_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.nc"
    path.write_text("<html>log in</html>")
    with pytest.raises(UnreadableFileError, match="HTML"):
        read_slick(path)


@pytest.mark.parametrize(
    ("system", "units", "factor"),
    [("EPSG:32636", "m", 1.0), ("EPSG:32636", "km", 1e3), ("EPSG:3995", "m", 1.0)],
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_netcdf_mask_on_a_projection(tmp_path: Path, system, units, factor, order) -> None:
    crs = pyproj.CRS(system)
    middle = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(34.0, 72.0)
    x, y = (1000.0 * np.round(m / 1000.0) + 100.0 * np.arange(20) for m in middle)
    oil = np.zeros((20, 20), "u1")
    oil[5:10, 3:13] = 1
    axes = {
        key: (
            key,
            (values[::order] if key == "y" else values) / factor,
            {"standard_name": f"projection_{key}_coordinate", "units": units},
        )
        for key, values in (("x", x), ("y", y))
    }
    ds = xr.Dataset(
        {
            "oil": (("y", "x"), oil[::order], {"grid_mapping": "crs"}),
            "crs": ((), 0, crs.to_cf()),
        },
        coords=axes,
    )
    ds.to_netcdf(tmp_path / "mask_20210824T0810.nc", engine="netcdf4")
    slick = read_slick(tmp_path / "mask_20210824T0810.nc")
    to_plane = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    placed = shapely.transform(slick.geometry, lambda p: np.column_stack(to_plane.transform(*p.T)))
    wanted = shapely.box(x[3] - 50.0, y[5] - 50.0, x[12] + 50.0, y[9] + 50.0)
    assert placed.symmetric_difference(wanted).area < 1e-3 * wanted.area


def test_a_netcdf_mask_on_curved_lines_is_refused(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(np.linspace(34.0, 35.0, 5), np.linspace(33.0, 34.0, 5), indexing="ij")
    coords = {
        "lat": (("y", "x"), lat + 0.1 * lon, {"units": "degrees_north"}),
        "lon": (("y", "x"), lon, {"units": "degrees_east"}),
    }
    ds = xr.Dataset({"oil": (("y", "x"), np.ones((5, 5), "u1"))}, coords=coords)
    ds.to_netcdf(tmp_path / "mask_20210824T0810.nc", engine="netcdf4")
    with pytest.raises(CatalogError, match="expected one variable on a regular grid"):
        read_slick(tmp_path / "mask_20210824T0810.nc")


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_outlines_are_those_of_the_whole_grid_to_the_last_bit(share):
    rng = np.random.default_rng(1)
    cells = np.zeros((90, 70), bool)
    cells[50:80, 10:60] = rng.random((30, 50)) < share
    values = rng.integers(1, 3, cells.shape).astype(np.uint8)
    turned = Affine(2e-3, 7e-4, 34.1, 5e-4, -1e-3, 35.7)
    whole = [(shape(part), value) for part, value in shapes(values, cells, transform=turned)]
    outlines, of_each = outlines_of(values, cells, turned)
    assert [*map(shapely.to_wkb, outlines)] == [shapely.to_wkb(part) for part, _ in whole]
    assert of_each == [value for _, value in whole]
