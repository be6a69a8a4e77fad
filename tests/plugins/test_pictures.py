"""Pictures as cameras and laboratories write them: each is seen as it looks, or refused."""

import warnings

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

from witoil.plugins.card import parse_card
from witoil.plugins.errors import PluginError
from witoil.plugins.images import TURNED, read_photo
from witoil.plugins.rasters import GeoTiffReader, PhotoReader, reading

CARD = parse_card(
    {
        "model": {
            "id": "any",
            "version": "1",
            "task": "image-classify",
            "licence_code": "MIT",
            "licence_weights": "MIT",
        },
        "input": {"kind": "image", "size": [4, 4]},
        "output": {"format": "probs", "labels": ["a", "b", "c"]},
    },
    "test",
)
COLOUR = np.array([0.8, 0.4, 0.2])


def tiff(path, values, **options):
    """Write (bands, height, width) as a TIFF without a map, unless one is given."""
    count, height, width = values.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=count,
            height=height,
            width=width,
            dtype=values.dtype,
            **({"photometric": "RGB" if count == 3 else "MINISBLACK"} | options),
        ) as file:
            file.write(values)
    return path


def filled(dtype, largest, bands=3):
    colour = COLOUR[:bands] * largest
    return np.broadcast_to(colour[:, None, None], (bands, 6, 8)).astype(dtype)


@pytest.mark.parametrize("endianness", ["LITTLE", "BIG"])
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("compress", ["NONE", "DEFLATE"])
def test_sixteen_bits_are_said_in_grey_and_in_colours(tmp_path, endianness, bands, compress):
    values = filled(np.uint16, 65535, bands)
    path = tiff(tmp_path / "deep.tif", values, ENDIANNESS=endianness, compress=compress)
    photo = read_photo(path)
    np.testing.assert_allclose(
        photo.pixels[0, 0] / 255.0, COLOUR[[0, 0, 0] if bands == 1 else [0, 1, 2]], atol=0.005
    )
    assert photo.remarks == ("has 16 bits: the upper 8 were taken",)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_sensor_of_fewer_bits_than_its_file_is_said_to_look_dark(tmp_path, bits, bands):
    photo = read_photo(tiff(tmp_path / "dark.tif", filled(np.uint16, 2**bits - 1, bands)))
    (remark,) = photo.remarks
    assert "it looks dark" in remark
    assert f"the brightest is {photo.pixels.max()} of 255" in remark


@pytest.mark.parametrize(
    ("dtype", "bands", "options", "text"),
    [
        (np.int16, 1, {}, "numbers with a sign"),
        (np.int8, 1, {}, "numbers with a sign"),
        (np.uint32, 1, {}, "numbers of 32 bits"),
        (np.float32, 1, {}, "numbers of 32 bits"),
        (np.float32, 3, {}, "pixels that no picture has"),
        (np.float64, 1, {}, "pixels that no picture has"),
        (np.uint16, 1, {"photometric": "MINISWHITE"}, "0 is white"),
    ],
)
def test_numbers_that_are_no_picture_are_refused(tmp_path, dtype, bands, options, text):
    path = tiff(tmp_path / "numbers.tif", filled(dtype, 100, bands), **options)
    with pytest.raises(PluginError, match=text):
        read_photo(path)


def test_a_white_that_is_0_is_white(tmp_path):
    values = np.zeros((1, 6, 8), np.uint8)
    assert (
        read_photo(tiff(tmp_path / "fax.tif", values, photometric="MINISWHITE")).pixels == 255
    ).all()
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.1, 0, 35, 0, -0.1, 35)}
    path = tiff(tmp_path / "map.tif", values, photometric="MINISWHITE", **place)
    with pytest.raises(PluginError, match="grey whose 0 is white"), reading(path, CARD):
        pass


@pytest.mark.parametrize("orientation", [0, 1, 9, 200])
def test_only_what_was_turned_is_said_to_be(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif)
    assert TURNED not in read_photo(tmp_path / "a.jpg").remarks


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif"])
@pytest.mark.parametrize("name", ["a.heic", "a.jpg", "a.tif"])
def test_images_of_telephones_are_told_what_they_are(tmp_path, brand, name):
    path = tmp_path / name
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(400))
    told = pytest.raises(PluginError, match=r"HEIC or AVIF.*expected JPEG or PNG")
    with told, reading(path, CARD):
        pass


def test_files_are_what_they_are_whatever_they_are_called(tmp_path):
    Image.new("RGB", (8, 6), (200, 10, 10)).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "photo.tif")
    with reading(tmp_path / "photo.tif", CARD) as reader:
        assert isinstance(reader, PhotoReader)
    place = {"crs": "EPSG:32637", "transform": rasterio.Affine(10, 0, 5e5, 0, -10, 4e6)}
    path = tiff(tmp_path / "map.jpg", filled(np.uint8, 255), **place)
    with reading(path, CARD) as reader:
        assert isinstance(reader, GeoTiffReader)
        assert reader.placing is not None


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_what_is_no_image_is_told_so(tmp_path, content):
    (tmp_path / "no.tif").write_bytes(content)
    told = pytest.raises(PluginError, match="is no image that is known; expected JPEG")
    with told, reading(tmp_path / "no.tif", CARD):
        pass


def test_colours_that_are_told_count_whatever_is_before_them(tmp_path):
    from rasterio.enums import ColorInterp

    values = np.concatenate([filled(np.uint8, 255)[:1], filled(np.uint8, 255)])
    place = {"crs": "EPSG:32637", "transform": rasterio.Affine(10, 0, 5e5, 0, -10, 4e6)}
    path = tiff(tmp_path / "map.tif", values, **place)
    with rasterio.open(path, "r+") as file:
        kinds = ("cyan", "red", "green", "blue")
        file.colorinterp = [ColorInterp[name] for name in kinds]
    with reading(path, CARD) as reader:
        pixel = reader.read(slice(0, 1), slice(0, 1))[0, 0]
    np.testing.assert_allclose(pixel / 255.0, COLOUR, atol=0.005)
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [ColorInterp.cyan, ColorInterp.magenta, *[ColorInterp.undefined] * 2]
    told = pytest.raises(PluginError, match="has bands of cyan, magenta, expected red")
    with told, reading(path, CARD):
        pass
