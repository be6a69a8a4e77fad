"""Sentinel-1 products as they are delivered: calibration, noise, places, and what is refused."""

import math
import shutil
import zipfile

import numpy as np
import pytest
import rasterio

from aquatic.errors import AquaticError
from aquatic.slicks.safe import opened_safe

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

STEM = "s1a-iw-grd-vv-20210824t034300-20210824t034325-039374-04a6a3-001"
NAME = "S1A_IW_GRDH_1SDV_20210824T034300_20210824T034325_039374_04A6A3_ABCD.SAFE"
SIZE = (60, 80)


def place(line, pixel):
    """Return longitude and latitude of a line and a pixel: turned, and a little curved."""
    lon = 35.2 + 1.1e-4 * pixel - 2.0e-5 * line + 1e-9 * pixel**2
    return lon, 35.8 - 9.0e-5 * line - 1.5e-5 * pixel + 1e-9 * line * pixel


def write_safe(
    folder, numbers, *, old=False, denoised=False, kind="GRD", polarisation="vv", **more
):
    """Write a small product: A 400 to 500 and noise 900 to 300 across, azimuth noise 1.0 to 1.2."""
    stem = STEM.replace("-grd-", f"-{kind.lower()}-").replace("-vv-", f"-{polarisation}-")
    height, width = numbers.shape
    grid = more.get("place", place)
    places = {
        (line, pixel): [float(it) for it in grid(line, pixel)]
        for line in np.linspace(0, height - 1, 6).round(3).tolist()
        for pixel in np.linspace(0, width - 1, 7).round(3).tolist()
    }
    points = "".join(
        "<geolocationGridPoint><azimuthTime>2021-08-24T03:43:00</azimuthTime>"
        f"<line>{line}</line><pixel>{pixel}</pixel><latitude>{lat!r}</latitude>"
        f"<longitude>{lon!r}</longitude><height>0</height>"
        f"<incidenceAngle>{31.0 + 13.0 * pixel / width}</incidenceAngle></geolocationGridPoint>"
        for (line, pixel), (lon, lat) in places.items()
    )
    annotation = f"""<product><adsHeader><missionId>S1A</missionId><productType>{kind}</productType>
<polarisation>{polarisation.upper()}</polarisation></adsHeader><imageAnnotation><imageInformation>
<productFirstLineUtcTime>2021-08-24T03:43:00.125000</productFirstLineUtcTime>
<rangePixelSpacing>1.000000e+01</rangePixelSpacing>
<azimuthPixelSpacing>1.000000e+01</azimuthPixelSpacing>
<numberOfSamples>{width}</numberOfSamples><numberOfLines>{height}</numberOfLines>
</imageInformation><processingInformation><thermalNoiseCorrectionPerformed>{str(denoised).lower()}
</thermalNoiseCorrectionPerformed></processingInformation></imageAnnotation>
<geolocationGrid><geolocationGridPointList>{points}</geolocationGridPointList></geolocationGrid>
</product>"""
    pixels = f"0 {width // 2} {width - 1}"
    vectors = "".join(
        f'<calibrationVector><line>{line}</line><pixel count="3">{pixels}</pixel>'
        '<sigmaNought count="3">400 450 500</sigmaNought></calibrationVector>'
        for line in (-10, height + 10)
    )
    calibration = (
        f"<calibration><calibrationVectorList>{vectors}</calibrationVectorList></calibration>"
    )
    value, vector = ("noiseLut", "noiseVector") if old else ("noiseRangeLut", "noiseRangeVector")
    ranges = "".join(
        f"<{vector}><line>{line}</line><pixel>{pixels}</pixel><{value}>900 600 300</{value}>"
        f"</{vector}>"
        for line in (0, height - 1)
    )
    azimuth = f"""<noiseAzimuthVectorList><noiseAzimuthVector><swath>IW1</swath>
<firstAzimuthLine>0</firstAzimuthLine><firstRangeSample>0</firstRangeSample>
<lastAzimuthLine>{height - 1}</lastAzimuthLine><lastRangeSample>{width - 1}</lastRangeSample>
<line>0 {(height - 1) / 2} {height - 1}</line><noiseAzimuthLut>1.0 1.1 1.2</noiseAzimuthLut>
</noiseAzimuthVector></noiseAzimuthVectorList>"""
    noise = f"<noise><{vector}List>{ranges}</{vector}List>{'' if old else azimuth}</noise>"
    files = {
        "manifest.safe": "<xfdu/>",
        f"annotation/{stem}.xml": annotation,
        f"annotation/calibration/calibration-{stem}.xml": calibration,
        f"annotation/calibration/noise-{stem}.xml": noise,
    }
    product = folder / NAME
    for name, text in files.items():
        (product / name).parent.mkdir(parents=True, exist_ok=True)
        (product / name).write_text(text)
    (product / "measurement").mkdir()
    profile = {"driver": "GTiff", "count": 1, "height": height, "width": width, "dtype": "uint16"}
    with rasterio.open(product / "measurement" / f"{stem}.tiff", "w", **profile) as dataset:
        dataset.write(numbers, 1)
    return product


@pytest.fixture
def numbers():
    return np.full(SIZE, 200, np.uint16)


def values(product, part=slice(0, 60)):
    with opened_safe(product) as scene:
        return scene.read(part)


@pytest.mark.parametrize(("old", "factor"), [(False, 1.1), (True, 1.0)])
def test_calibration_is_the_published_formula(tmp_path, numbers, old, factor):
    found = values(write_safe(tmp_path, numbers, old=old))
    lines, pixels = np.mgrid[0:60, 0:80]
    constant = np.interp(pixels, [0, 40, 79], [400.0, 450.0, 500.0])
    noise = np.interp(pixels, [0, 40, 79], [900.0, 600.0, 300.0])
    if not old:
        noise = noise * np.interp(lines, [0, 29.5, 59], [1.0, 1.1, 1.2])
    expected = (200.0**2 - noise) / constant**2
    assert np.abs(10.0 * np.log10(found / expected)).max() < 1e-4
    middle = (found[29, 40] + found[30, 40]) / 2.0
    assert math.isclose(middle, (200.0**2 - 600.0 * factor) / 450.0**2, rel_tol=1e-6)


def test_large_numbers_do_not_run_over(tmp_path):
    found = values(write_safe(tmp_path, np.full(SIZE, 60_000, np.uint16)))
    assert found.min() > 60_000.0**2 / 501.0**2


def test_parts_are_the_same_as_the_whole(tmp_path, numbers):
    product = write_safe(tmp_path, numbers)
    np.testing.assert_array_equal(values(product)[17:23], values(product, slice(17, 23)))


def test_noise_is_not_subtracted_twice(tmp_path, numbers):
    product = write_safe(tmp_path, numbers, denoised=True)
    assert math.isclose(values(product)[3, 40], (200.0 / 450.0) ** 2, rel_tol=1e-6)
    with opened_safe(product) as scene:
        assert "not subtracted again" in scene.remarks[0]


def test_what_lies_beyond_the_swath_is_nothing(tmp_path, numbers):
    numbers[:, :7] = 0
    numbers[:, 7:12] = 3
    found = values(write_safe(tmp_path, numbers))
    assert np.isnan(found[:, :27]).all()
    assert np.isfinite(found[:, 27:]).all()


def test_places_are_those_of_the_grid(tmp_path, numbers):
    with opened_safe(write_safe(tmp_path, numbers)) as scene:
        places = np.array([[0.5, 0.5], [40.5, 30.5], [79.5, 59.5], [12.3, 45.6]])
        lonlat = scene.to_lonlat(places)
        expected = [place(y - 0.5, x - 0.5) for x, y in places]
        np.testing.assert_allclose(lonlat, expected, atol=1e-8)
        np.testing.assert_allclose(scene.to_pixel(lonlat), places, atol=1e-4)
        assert scene.time.isoformat() == "2021-08-24T03:43:00.125000+00:00"
        assert scene.platform == "Sentinel-1A"
        assert scene.incidence_deg(np.array([10.0]), np.array([40.0])) == pytest.approx(37.5)


def test_a_scene_across_180_has_no_break(tmp_path, numbers):
    def across(line, pixel):
        lon, lat = place(line, pixel)
        return (lon + 144.796 + 180.0) % 360.0 - 180.0, lat

    with opened_safe(write_safe(tmp_path, numbers, place=across)) as scene:
        west, _, east, _ = scene.box()
        assert 0.0 < east - west < 0.1
        places = np.array([[3.0, 4.0], [70.0, 50.0]])
        lonlat = scene.to_lonlat(places)
        lonlat[:, 0] -= 360.0
        np.testing.assert_allclose(scene.to_pixel(lonlat), places, atol=1e-4)


def test_a_zip_and_a_manifest_are_the_product(tmp_path, numbers):
    product = write_safe(tmp_path, numbers)
    archive = shutil.make_archive(tmp_path / "product", "zip", tmp_path, NAME)
    np.testing.assert_array_equal(values(tmp_path / archive), values(product))
    np.testing.assert_array_equal(values(product / "manifest.safe"), values(product))


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (
            "annotation/calibration/calibration-",
            "is not whole: has no annotation/calibration/c",
        ),
        ("annotation/calibration/noise-", "is not whole: has no annotation/calibration/noise"),
        ("measurement/", "is not whole: has no measurement/s1a"),
        ("annotation/s1a", "has no annotation of Sentinel-1"),
    ],
)
def test_half_a_product_is_refused(tmp_path, numbers, part, text):
    product = write_safe(tmp_path, numbers)
    for file in product.rglob("*"):
        if file.is_file() and file.relative_to(product).as_posix().startswith(part):
            file.unlink()
    with pytest.raises(AquaticError, match=text) as caught:
        values(product)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["SLC", "RAW", "OCN"])
def test_other_products_are_refused(tmp_path, numbers, kind):
    with pytest.raises(AquaticError, match=f"of the type {kind}, expected GRD"):
        values(write_safe(tmp_path, numbers, kind=kind))


def test_a_product_without_copolarisation_is_refused(tmp_path, numbers):
    with pytest.raises(AquaticError, match="has the polarisations VH"):
        values(write_safe(tmp_path, numbers, polarisation="vh"))


@pytest.mark.parametrize(
    ("file", "before", "after", "text"),
    [
        (
            "calibration-",
            "400 450 500",
            "400 450",
            "found 2 values of sigmaNought for 3 pixels",
        ),
        ("calibration-", "400 450", "4OO 450", "holds what is no number"),
        ("calibration-", "</calibration>", "", "is no XML"),
        ("noise-", "1.0 1.1 1.2", "1.0", "found 1 values of noiseAzimuthLut for 3 lines"),
        ("noise-", "noiseRangeLut", "other", "found 0 values of noiseRangeLut"),
    ],
)
def test_damaged_tables_are_refused(tmp_path, numbers, file, before, after, text):
    product = write_safe(tmp_path, numbers)
    (path,) = (product / "annotation" / "calibration").glob(f"{file}*")
    content = path.read_text()
    assert before in content
    path.write_text(content.replace(before, after))
    with pytest.raises(AquaticError, match=text):
        values(product)


def test_a_cut_measurement_is_refused(tmp_path):
    product = write_safe(tmp_path, np.full((600, 800), 200, np.uint16))
    (path,) = (product / "measurement").iterdir()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(AquaticError, match=r"get (the product|it) again"):
        values(product)


def test_a_zip_that_is_none_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK no")
    with pytest.raises(AquaticError, match="cannot be read as a zip"):
        values(tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("a/b.txt", "x")
    with pytest.raises(AquaticError, match="has no annotation"):
        values(tmp_path / "y.zip")
