import logging
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from catalog import CatalogError, read_slick, read_thickness

HEIGHT, WIDTH, CELL = 8, 10, 0.01
PLACE = {"crs": "EPSG:4326", "transform": Affine(CELL, 0.0, 35.0, 0.0, -CELL, 34.0)}
SEA = np.zeros((HEIGHT, WIDTH))


def write(
    path: Path, bands: np.ndarray, *, scale=None, offset=None, unit=None, tags=None, **options
) -> Path:
    bands = bands if bands.ndim == 3 else bands[None]
    count, height, width = bands.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width}
    with rasterio.open(path, "w", **profile, dtype=bands.dtype, **(PLACE | options)) as file:
        file.write(bands)
        file.update_tags(**(tags or {}))
        if scale is not None:
            file.scales = (scale,) * count
        if offset is not None:
            file.offsets = (offset,) * count
        if unit is not None:
            file.units = (unit,) * count
    return path


def of_values(*rows: object, kind: str = "uint8") -> np.ndarray:
    """Return a field of 0 whose first cells hold some values, one each."""
    values = SEA.astype(kind)
    values.flat[: len(rows)] = np.array(rows, kind)
    return values


def cells(path: Path, **keys) -> int:
    return round(read_slick(path, **keys).geometry.area / CELL**2)


@pytest.mark.parametrize(
    ("values", "kind", "count"),
    [
        ([1, 1, 1], "uint8", 3),  # 0 and 1
        ([1, 1, 1], "float32", 3),
        ([255, 255], "uint8", 2),  # 0 and 255, as pictures have masks
        ([255, 255], "float32", 2),
        ([1, 1, 255], "uint8", 2),  # undeclared fills beside 0 and 1
        ([1, -9999, -9999], "int16", 1),
        ([1, 9999], "int16", 1),
        ([1, -32768, 1], "int16", 2),
        ([1, 65535], "uint16", 1),
        ([1, 32767], "int16", 1),
        ([1, -128], "int8", 1),
        ([1, -999], "int32", 1),
        ([1, 1e20], "float32", 1),
        ([1, -3.4028235e38], "float32", 1),
        ([1, 9.96921e36], "float32", 1),
        ([1, np.nan, np.inf, -np.inf], "float32", 1),
        ([0.4, 0.5, 0.9], "float32", 2),  # fractions
        ([0.4, 0.5, 0.9, -9999.0], "float32", 2),
        ([0.4, 0.5, 0.9, 255.0], "float32", 2),
        ([0.4, 0.5, 0.9, -1e-8], "float64", 2),
    ],
)
def test_values_that_can_mean_one_thing(tmp_path: Path, values, kind, count) -> None:
    assert cells(write(tmp_path / "m.tif", of_values(*values, kind=kind))) == count


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([1, 2, 3], "uint8", "holds the values 0, 1, 2, 3; expected a mask of 0 and 1"),
        ([2, 2], "uint8", "holds the values 0, 2;"),
        ([100, 100], "uint8", "holds the values 0, 100;"),
        (range(80), "uint8", "values run from 0 to 79; .* by `threshold`"),
        ([10, 200, 255], "uint8", "holds the values 0, 10, 200, 255"),
        ([-14.5, -20.0], "float32", "holds the values -20, -14.5, 0"),
        ([0.5, 12.0], "float32", "by `oil_values`, or the least that is by `threshold`"),
        ([9999, 9999], "int16", "the mask is empty, no cell is 1 .9999 is taken for no data"),
        ([-9999], "int16", "the mask is empty"),
        ([0.1, 0.2], "float32", "no cell is of 0.5 or more"),
    ],
)
def test_values_that_may_mean_several_things(tmp_path: Path, values, kind, message) -> None:
    path = write(tmp_path / "m.tif", of_values(*values, kind=kind))
    with pytest.raises(CatalogError, match=message):
        read_slick(path)


def test_one_and_two_are_not_a_mask(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tif", of_values(2, 2).clip(1).astype("uint8"))
    with pytest.raises(CatalogError, match="holds the values 1, 2"):
        read_slick(path)
    assert cells(path, oil_values=[2]) == 2


@pytest.mark.parametrize(
    ("values", "keys", "count"),
    [
        ([1, 2, 3], {"oil_values": [1, 2]}, 2),
        ([1, 2, 3], {"threshold": 2}, 2),
        ([10, 60, 90, 100], {"threshold": 50}, 3),
        ([10, 120, 200, 255], {"threshold": 128}, 2),
        ([255, 255], {"threshold": 128}, 2),
        ([1, 255], {"oil_values": [255]}, 1),
    ],
)
def test_keys_say_what_values_are(tmp_path: Path, values, keys, count) -> None:
    assert cells(write(tmp_path / "m.tif", of_values(*values)), **keys) == count


@pytest.mark.parametrize(
    ("values", "kind"), [([10, 60, 90, 255], "uint8"), ([10, 60, 65535], "uint16")]
)
def test_a_threshold_does_not_make_oil_of_a_fill(tmp_path: Path, values, kind) -> None:
    values = of_values(*values, kind=kind)
    path = write(tmp_path / "m.tif", values)
    with pytest.raises(CatalogError, match=rf"{values.max()} beside values up to .* or no data\?"):
        read_slick(path, threshold=50)
    declared = write(tmp_path / "declared.tif", values, nodata=int(values.max()))
    assert cells(declared, threshold=50) == np.count_nonzero((values >= 50) & (values < 255))


def test_an_undeclared_fill_is_said(tmp_path: Path, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        read_slick(write(tmp_path / "m.tif", of_values(1, 255)))
    assert "m.tif: 255 is taken for no data, undeclared" in caplog.text


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([0.01, 0.001, 2.0, -0.1]),
    st.sampled_from([0.0, 5.0, -3.0]),
    st.sampled_from(["int16", "uint16", "int32", "float32"]),
    st.lists(st.integers(1, 2000), min_size=1, max_size=5, unique=True),
)
def test_scale_and_offset_of_thickness(tmp_path: Path, scale, offset, kind, numbers) -> None:
    raw = np.full((HEIGHT, WIDTH), 30_000 if kind != "int8" else 100).astype(kind)
    raw.flat[: len(numbers)] = np.array(numbers, kind)
    path = write(tmp_path / "t.tif", raw, scale=scale, offset=offset, nodata=30_000)
    expected = np.array(numbers) * scale + offset
    if expected.min() < 0.0:
        with pytest.raises(CatalogError, match="found a thickness of"):
            read_thickness(path)
    elif expected.max() > 0.0:
        found = np.unique(1e6 * read_thickness(path).thickness)
        np.testing.assert_allclose(found, np.unique(expected[expected != 0.0]), rtol=1e-6)


def test_scaled_bytes_are_probabilities(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "p.tif", of_values(30, 50, 80), scale=0.01)) == 2
    assert cells(write(tmp_path / "q.tif", of_values(30, 50, 80), unit="%")) == 2
    assert cells(write(tmp_path / "r.tif", of_values(30, 128, 255), scale=1 / 255)) == 2
    with pytest.raises(CatalogError, match="the scale 0 "):
        read_slick(write(tmp_path / "s.tif", of_values(1), scale=0.0, offset=1.0))


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("um", 1.0), ("µm", 1.0), ("micrometres", 1.0), ("mm", 1e3), ("m", 1e6), ("nm", 1e-3)],
)
def test_units_of_thickness(tmp_path: Path, unit: str, factor: float) -> None:
    path = write(tmp_path / "t.tif", of_values(0.5, kind="float32"), unit=unit)
    assert 1e6 * read_thickness(path).thickness == pytest.approx(0.5 * factor)


@pytest.mark.parametrize(
    ("tags", "band", "name", "factor"),
    [
        ({"UNITS": "mm"}, {}, "", 1e3),
        ({"unit": "cm"}, {}, "", 1e4),
        ({"UNITS": "m"}, {"units": "mm"}, "", 1e3),  # what is said of the band goes first
        ({}, {}, "thickness_mm", 1e3),
        ({}, {}, "Oil thickness [nm]", 1e-3),
        ({}, {}, "espessura (mm)", 1e3),
        ({}, {}, "épaisseur en cm", 1e4),
        ({"UNITS": "um"}, {}, "thickness_mm", 1.0),  # attributes go before names
        ({}, {}, "oil_m", 1.0),  # no word of thickness
        ({}, {}, "thickness", 1.0),
    ],
)
def test_units_in_tags_and_names(tmp_path: Path, tags, band, name, factor) -> None:
    path = write(tmp_path / "t.tif", of_values(0.5, kind="float32"), tags=tags)
    with rasterio.open(path, "r+") as file:
        file.set_band_description(1, name)
        file.update_tags(1, **band)
    assert 1e6 * read_thickness(path).thickness == pytest.approx(0.5 * factor)


def test_a_name_with_a_unit_in_netcdf(tmp_path: Path) -> None:
    values = of_values(0.5, kind="float32")
    path = write_netcdf(tmp_path / "t.nc", values, {"long_name": "thickness of oil in mm"})
    assert 1e6 * read_thickness(path).thickness == pytest.approx(500.0)


@pytest.mark.parametrize("unit", [None, "m"])
def test_so_little_without_a_unit_is_refused(tmp_path: Path, unit: str | None) -> None:
    path = write(tmp_path / "t.tif", of_values(5e-6, 5e-4, kind="float32"), unit=unit)
    if unit is None:
        with pytest.raises(
            CatalogError, match=r"no thickness above 0\.0005 and no unit; .* -units m"
        ):
            read_thickness(path)
    else:
        assert sorted(read_thickness(path).thickness) == pytest.approx([5e-6, 5e-4])


@pytest.mark.parametrize(
    ("values", "kind", "options", "message"),
    [
        ([5, -2], "float32", {}, "found a thickness of -2 micrometres, expected 0 to"),
        ([2e6], "float32", {}, "found a thickness of 2e.06 micrometres"),
        ([2.0], "float32", {"unit": "m"}, "found a thickness of 2e.06 micrometres"),
        ([5.0], "float32", {"unit": "g m-2"}, "in 'g m-2', expected micrometres"),
    ],
)
def test_thickness_that_none_can_have(tmp_path: Path, values, kind, options, message) -> None:
    path = write(tmp_path / "t.tif", of_values(*values, kind=kind), **options)
    with pytest.raises(CatalogError, match=message):
        read_thickness(path)


@pytest.mark.parametrize(
    ("kind", "fill"),
    [("float32", -9999.0), ("float32", 1e20), ("uint16", 65535), ("int16", 9999), ("uint8", 255)],
)
def test_undeclared_fills_are_no_thickness(tmp_path: Path, kind: str, fill: float) -> None:
    path = write(tmp_path / "t.tif", of_values(5, 20, fill, fill, kind=kind))
    np.testing.assert_allclose(sorted(1e6 * read_thickness(path).thickness), [5.0, 20.0])


def test_the_greatest_of_many_is_no_fill(tmp_path: Path) -> None:
    path = write(tmp_path / "t.tif", of_values(100, 200, 255))
    np.testing.assert_allclose(sorted(1e6 * read_thickness(path).thickness), [100, 200, 255])


def test_thickness_of_rasters_that_overlap_is_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "a.tif", of_values(5, 5, kind="float32"))
    second = write(tmp_path / "b.tif", of_values(0, 7, 7, kind="float32"))
    with pytest.raises(CatalogError, match=r"b\.tif: has oil where another of the files has some"):
        read_thickness([first, second])


def test_bands(tmp_path: Path) -> None:
    mask, none = of_values(1, 1), np.full((HEIGHT, WIDTH), 255, np.uint8)
    none[0, 1] = 0
    alpha = write(tmp_path / "alpha.tif", np.stack([mask, none]))
    with rasterio.open(alpha, "r+") as file:
        file.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    assert cells(alpha) == 1
    two = write(tmp_path / "two.tif", np.stack([mask, of_values(1, 1, 1)]))
    with rasterio.open(two, "r+") as file:
        file.set_band_description(1, "thick")
        file.set_band_description(2, "all oil")
    with pytest.raises(CatalogError, match=r"has 2 bands \(thick, all oil\); .* by `layer`"):
        read_slick(two)
    assert (cells(two, layer="all oil"), cells(two, layer="1")) == (3, 2)
    with pytest.raises(CatalogError, match="no band 'thin', only thick, all oil"):
        read_slick(two, layer="thin")


def test_pictures_are_no_masks(tmp_path: Path) -> None:
    photo = write(tmp_path / "rgb.tif", np.stack([of_values(1)] * 3), photometric="RGB")
    with pytest.raises(CatalogError, match=r"3 bands .* a picture is not a mask"):
        read_slick(photo)
    path = write(tmp_path / "palette.tif", of_values(1, 2))
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (0, 0, 255, 255), 1: (0, 0, 0, 255), 2: (9, 9, 9, 255)})
    with pytest.raises(CatalogError, match="colours of a palette"):
        read_slick(path)
    assert cells(path, layer="1", oil_values=[1]) == 1


def test_internal_masks(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tif", of_values(1, 1, 1))
    valid = np.full((HEIGHT, WIDTH), 255, np.uint8)
    valid[0, 0] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.write_mask(valid)
    assert cells(path) == 2


@pytest.mark.parametrize("turn", [0.0, 30.0, 45.0, 90.0, 200.0])
def test_rotated_and_sheared_rasters(tmp_path: Path, turn: float) -> None:
    c, s = CELL * np.cos(np.radians(turn)), CELL * np.sin(np.radians(turn))
    place = Affine(c, s + 0.2 * c, 35.0, s, -c + 0.2 * s, 34.0)
    path = write(tmp_path / "m.tif", of_values(0, 1, 1), transform=place)
    corners = [
        (place.c + place.a * x + place.b * y, place.f + place.d * x + place.e * y)
        for x, y in ((1, 0), (3, 0), (3, 1), (1, 1))
    ]
    found = read_slick(path).geometry
    assert found.symmetric_difference(shapely.Polygon(corners)).area < 1e-9


def _control(shift: float = 0.0, bend: float = 0.0) -> list[GroundControlPoint]:
    """Return points of an image that is turned, and bent across its rows."""
    return [
        GroundControlPoint(
            row,
            col,
            (35.0 + shift + 0.010 * col + 0.001 * row + 180.0) % 360.0 - 180.0,
            34.0 - 0.010 * row + bend * (col / WIDTH) ** 2,
        )
        for row in (0.0, HEIGHT / 2, HEIGHT)
        for col in np.linspace(0.0, WIDTH, 6)
    ]


def _write_by_points(path: Path, values: np.ndarray, points, crs="EPSG:4326", **tags) -> Path:
    profile = {"driver": "GTiff", "count": 1, "height": HEIGHT, "width": WIDTH}
    with rasterio.open(path, "w", **profile, dtype=values.dtype) as file:
        file.write(values, 1)
        if points:
            file.gcps = (points, CRS.from_user_input(crs))
        if tags:
            file.update_tags(ns="RPC", **tags)
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("shift", [0.0, 144.95])
@pytest.mark.parametrize("bend", [0.0, 0.02])
def test_control_points(tmp_path: Path, shift: float, bend: float) -> None:
    values = SEA.astype("uint8")
    values[2:5, 2:6] = 1
    path = _write_by_points(tmp_path / "m.tif", values, _control(shift, bend))
    found = read_slick(path).geometry
    assert isinstance(found, shapely.Polygon)

    def at(col: float, row: float) -> tuple[float, float]:
        x = 35.0 + shift + 0.010 * col + 0.001 * row
        return x, 34.0 - 0.010 * row + bend * (col / WIDTH) ** 2

    expected = shapely.Polygon(
        [at(c, 2) for c in np.linspace(2, 6, 50)] + [at(c, 5) for c in np.linspace(6, 2, 50)]
    )
    assert found.symmetric_difference(expected).area < 0.02 * expected.area


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_control_points_in_metres(tmp_path: Path) -> None:
    points = [
        GroundControlPoint(r, c, 500_000.0 + 100.0 * c, 3_800_000.0 - 100.0 * r)
        for r in (0, HEIGHT)
        for c in (0, WIDTH)
    ]
    path = _write_by_points(tmp_path / "m.tif", of_values(1), points, "EPSG:32636")
    west, _, east, _ = read_slick(path).geometry.bounds
    assert west == pytest.approx(33.0, abs=1e-6)
    assert (east - west) * 91_500.0 == pytest.approx(100.0, rel=0.01)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "is not georeferenced"),
        (_control()[:2], "has 2 control points on a line; expected three"),
        (_control()[:6], "has 6 control points on a line"),
        ([*_control(), GroundControlPoint(0.0, 0.0, 35.01, 34.0)], "one pixel in two places"),
        ([*_control(), GroundControlPoint(1.0, 1.0, np.nan, 34.0)], "NaN or infinite"),
    ],
)
def test_places_that_do_not_do(tmp_path: Path, points, message) -> None:
    path = _write_by_points(tmp_path / "m.tif", of_values(1), points)
    with pytest.raises(CatalogError, match=message):
        read_slick(path)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_rational_polynomials_are_refused(tmp_path: Path) -> None:
    numbers = " ".join(["1"] * 20)
    rpc = {
        **dict.fromkeys(("LINE_OFF", "SAMP_OFF", "LAT_OFF", "LONG_OFF", "HEIGHT_OFF"), "1"),
        **dict.fromkeys(("LINE_SCALE", "SAMP_SCALE", "LAT_SCALE", "LONG_SCALE"), "1"),
        **dict.fromkeys(("LINE_NUM_COEFF", "LINE_DEN_COEFF"), numbers),
        **dict.fromkeys(("SAMP_NUM_COEFF", "SAMP_DEN_COEFF"), numbers),
        "HEIGHT_SCALE": "1",
    }
    path = _write_by_points(tmp_path / "m.tif", of_values(1), [], **rpc)
    with pytest.raises(CatalogError, match=r"rational polynomials \(RPC\).*gdalwarp -rpc"):
        read_slick(path)


def write_netcdf(path: Path, values: np.ndarray, attrs=None, encoding=None) -> Path:
    lat = 34.0 - CELL * (np.arange(HEIGHT) + 0.5)
    lon = 35.0 + CELL * (np.arange(WIDTH) + 0.5)
    xr.Dataset(
        {"oil": (("lat", "lon"), values, attrs or {})},
        coords={
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    ).to_netcdf(path, encoding={"oil": {"_FillValue": None} | (encoding or {})})
    return path


def test_the_same_rules_hold_for_netcdf(tmp_path: Path) -> None:
    path = tmp_path / "m.nc"
    assert cells(write_netcdf(path, of_values(1, 1, 255))) == 2
    assert cells(write_netcdf(path, of_values(1, -9999, kind="int16"))) == 1
    assert cells(write_netcdf(path, of_values(1, 9.96921e36, kind="float32"))) == 1
    assert cells(write_netcdf(path, of_values(30, 60), {"units": "percent"})) == 1
    with pytest.raises(CatalogError, match="holds the values 0, 1, 2"):
        read_slick(write_netcdf(path, of_values(1, 2)))
    thick = write_netcdf(path, of_values(0.5, kind="float32"), {"units": "mm"})
    assert 1e6 * read_thickness(thick).thickness == pytest.approx(500.0)


@pytest.mark.parametrize(
    ("meanings", "count"),
    [
        ("sea oil look_alike land", 1),
        ("no_oil land look-alike slick", 3),
        ("sea thick_oil sheen land", 3),
        ("OilSpill oil-free unoiled land", 0 + 74),
        ("sea rainbow metallic discontinuous_true_colour", 6),
        ("false natural_slick true no_data", 2),
        ("no_oil ship rig oil_on_water", 3),
    ],
)
def test_categories_that_the_file_names(tmp_path: Path, meanings: str, count: int) -> None:
    attrs = {"flag_values": np.array([0, 1, 2, 3], "i1"), "flag_meanings": meanings}
    values = of_values(1, 2, 2, 3, 3, 3, kind="int8")
    assert cells(write_netcdf(tmp_path / "m.nc", values, attrs)) == count


@pytest.mark.parametrize(
    ("meanings", "asked"),
    [
        ("sea oil oil_platform land", r"oil_platform \(2\)"),
        ("sea possible_oil oil land", r"possible_oil \(1\)"),
        (
            "clean probable_slick suspected_spill oil",
            r"probable_slick \(1\), suspected_spill \(2\)",
        ),
        ("oil vegetable_oil sea land", r"vegetable_oil \(1\)"),
        ("mancha agua terra nuvem", r"mancha \(0\), agua \(1\), terra \(2\), nuvem \(3\)"),
        ("sea land ship cloud", r"sea \(0\), land \(1\), ship \(2\), cloud \(3\)"),
    ],
)
def test_categories_that_may_be_oil_are_asked_for(
    tmp_path: Path, meanings: str, asked: str
) -> None:
    attrs = {"flag_values": np.array([0, 1, 2, 3], "i1"), "flag_meanings": meanings}
    path = write_netcdf(tmp_path / "m.nc", of_values(1, 2, 3, kind="int8"), attrs)
    with pytest.raises(CatalogError, match=f"has the categories {asked}; .* by `oil_values`"):
        read_slick(path)
    assert cells(path, oil_values=[1]) == 1


def test_a_category_that_may_be_oil_but_is_nowhere_is_not_asked_for(tmp_path: Path) -> None:
    attrs = {"flag_values": np.array([0, 1, 2], "i1"), "flag_meanings": "sea oil possible_oil"}
    assert cells(write_netcdf(tmp_path / "m.nc", of_values(1, 1, kind="int8"), attrs)) == 2
