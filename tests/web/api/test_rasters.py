"""Rasters of a run over HTTP: files, tiles and values are those of the run."""

import io

import numpy as np
import pytest
import rasterio
import rasterio.warp
from PIL import Image

from tests.web.people import assert_problem
from tests.web.test_vector_tiles import tile_of
from web.maps import rasters
from web.maps.vector_tiles import tile_bounds
from witoil.outputs.run import write_mask
from witoil.player.mercator import latitude_of
from witoil.scenario.verification import VerificationGrid


@pytest.fixture(scope="module")
def listed(anna, job):
    return {each["id"]: each for each in anna.get(f"/jobs/{job}/rasters").json["rasters"]}


def picture(answer):
    """Return the colours of a tile, shape (rows, columns, 4)."""
    assert (answer.status_code, answer.mimetype) == (200, "image/png"), answer.data
    return np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGBA"))


def fetched(client, address):
    """Return the content of a file."""
    with client.get(address) as answer:
        assert answer.status_code == 200, answer.data
        return answer.data


def test_list_says_what_legends_need(listed, twin_run):
    assert list(listed) == ["thickness", "mask"]
    thickness = listed["thickness"]
    assert thickness["unit"] == "um"
    assert [each["least"] for each in thickness["legend"]] == [0.04, 0.3, 5.0, 50.0, 200.0]
    assert len({each["colour"] for each in thickness["legend"]}) == 5
    assert len(thickness["times"]) == 13
    west, south, east, north = listed["mask"]["bounds"]
    assert 18.5 < west < east < 21.0
    assert 35.5 < south < north < 37.5


def test_a_view_can_be_of_the_cells_that_are_drawn(listed, twin_run):
    (path,) = twin_run.glob("mask_*.tif")
    with rasterio.open(path) as file:
        rows, columns = np.nonzero(file.read(1, masked=True).filled(0.0) >= 0.5)
        lon, lat = rasterio.warp.transform(
            file.crs, "EPSG:4326", *rasterio.transform.xy(file.transform, rows, columns)
        )
        cell = 1.5 * file.transform.a / 111_000
    west, south, east, north = listed["mask"]["shown"]
    assert west < min(lon) < west + 2 * cell
    assert east - 2 * cell < max(lon) < east
    assert south < min(lat) < south + cell
    assert north - cell < max(lat) < north
    assert listed["thickness"]["shown"] is None  # its cells are made when they are asked for


def test_cog_is_the_mask_of_the_run(anna, job, listed, twin_run):
    time = listed["mask"]["times"][-1]
    content = fetched(anna, f"/jobs/{job}/rasters/mask/cog?time={time}")
    (path,) = twin_run.glob("mask_*.tif")
    with rasterio.open(path) as wanted, rasterio.open(io.BytesIO(content)) as found:
        np.testing.assert_array_equal(found.read(), wanted.read())
        np.testing.assert_array_equal(found.dataset_mask(), wanted.dataset_mask())
        assert found.transform == wanted.transform
        assert found.crs == wanted.crs
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


@pytest.mark.slow
def test_thickness_holds_the_oil_afloat(anna, job, listed, twin_run):
    import xarray as xr

    from simulator import Status

    with xr.open_dataset(twin_run / "particles.nc") as run:
        last = run.isel(time=-1).load()
    afloat = last["status"].values == Status.AFLOAT
    time = listed["thickness"]["times"][-1]
    content = fetched(anna, f"/jobs/{job}/rasters/thickness/cog?time={time}")
    with rasterio.open(io.BytesIO(content)) as file:
        volume = 1e-6 * file.read(1).sum() * file.transform.a**2
    density = float(last["density"].values[afloat].max())
    mass = float(last["mass"].values[afloat].sum())
    assert volume == pytest.approx(mass / density, rel=0.2)  # weathered oil is denser


def test_ranges_of_a_cog(anna, job):
    with anna.get(f"/jobs/{job}/rasters/mask/cog", headers={"Range": "bytes=0-15"}) as part:
        assert (part.status_code, len(part.data)) == (206, 16)
    past = anna.get(f"/jobs/{job}/rasters/mask/cog", headers={"Range": "bytes=99999999-"})
    assert_problem(past, 416)
    with (
        anna.get(f"/jobs/{job}/rasters/mask/cog", headers={"Range": "bytes=-99999999"}) as last,
        anna.get(f"/jobs/{job}/rasters/mask/cog") as whole,
    ):
        assert (last.status_code, last.data) == (206, whole.data)


@pytest.mark.slow
def test_tile_shows_what_the_value_is(anna, job, listed):
    about = listed["thickness"]
    time = about["times"][6]
    west, south, east, north = about["bounds"]
    z, x, y = tile_of(11, 0.5 * (west + east), 0.5 * (south + north))
    shown = picture(anna.get(f"/jobs/{job}/rasters/thickness/tiles/{z}/{x}/{y}.png?time={time}"))
    left, low, right, _ = tile_bounds((z, x, y))
    pixel = (right - left) / 256
    agree, drawn = 0, 0
    least = [each["least"] for each in about["legend"]]
    for row, column in np.random.default_rng(0).integers(0, 256, (60, 2)):
        lon = float(left + (column + 0.5) * pixel)
        lat = float(latitude_of(low + (255.5 - row) * pixel))
        place = f"lon={lon!r}&lat={lat!r}&time={time}"
        value = anna.get(f"/jobs/{job}/rasters/thickness/point?{place}").json["value"]
        number = np.searchsorted(least, value or 0.0, side="right")
        colour = "#00000000" if number == 0 else about["legend"][number - 1]["colour"] + "ff"
        agree += colour == "#" + bytes(shown[row, column]).hex()
        drawn += number > 0
    assert agree >= 57  # the cell beside it where a pixel lies on an edge
    assert drawn > 10


@pytest.mark.parametrize("lon", [179.99, -179.99, 0.01])
def test_slick_is_drawn_where_it_is(tmp_path, lon):
    grid = VerificationGrid.covering((lon - 0.05, 0.25, lon + 0.05, 0.35), 500.0, 4)
    oil = np.zeros(grid.shape, bool)
    column, row = grid.cells(np.array([lon]), np.array([0.3]))
    oil[int(row[0]), int(column[0])] = True
    path = tmp_path / "mask_20250601T0000.tif"
    write_mask(oil, grid, np.datetime64("2025-06-01", "ns"), path)
    rasters._write_cog(path, 1, tmp_path / "cog.tif")
    raster = rasters._of_files(rasters._KINDS[0], "mask", [path])
    assert raster.frames[0].time == "2025-06-01T00:00:00Z"
    for z in (0, 1, 2, 4, 8, 11, 14):
        tile = tile_of(z, lon, 0.3)
        shown = np.asarray(
            Image.open(io.BytesIO(rasters.tile_of(raster, tmp_path / "cog.tif", tile))).convert(
                "RGBA"
            )
        )
        left, _, right, top = tile_bounds(tile)
        k = int((lon - left) / (right - left) * 256)
        j = int((top - 0.3) / (right - left) * 256)
        near = shown[max(j - 1, 0) : j + 2, max(k - 1, 0) : k + 2, 3]
        assert near.max() == 255, z
        far = np.delete(shown[..., 3], np.s_[max(j - 40, 0) : j + 41], axis=0)
        assert z > 11 or not far.any()
    assert rasters.value_at(tmp_path / "cog.tif", lon, 0.3) == 1.0


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("none/cog", 404),
        ("mask/cog?time=2020-01-01T00:00:00Z", 404),
        ("mask/cog?time=NaN", 404),
        ("mask/cog?when=1", 422),
        ("mask/tiles/19/0/0.png", 422),
        ("mask/tiles/3/8/0.png", 404),
        ("mask/tiles/3/-1/0.png", 422),
        ("mask/tiles/3/0/0.png?time=x", 404),
        ("mask/point?lon=NaN&lat=0", 422),
        ("mask/point?lon=0", 422),
        ("mask/point?lon=0&lat=91", 422),
        ("mask/point?lon=1e999&lat=0", 422),
        ("..%2f..%2fwitoil.sqlite/cog", 404),
        ("%00/cog", 404),
    ],
)
def test_rasters_that_there_are_not(anna, job, rest, status):
    assert_problem(anna.get(f"/jobs/{job}/rasters/{rest}"), status)


def test_nothing_is_shown_and_told_where_there_is_nothing(anna, job):
    assert not picture(anna.get(f"/jobs/{job}/rasters/mask/tiles/9/0/0.png"))[..., 3].any()
    for place in ("lon=-120&lat=-60", "lon=360&lat=90", "lon=0&lat=-90"):
        assert anna.get(f"/jobs/{job}/rasters/mask/point?{place}").json["value"] is None


def test_labels_are_for_people():
    told = ["from 6.89 \N{MULTIPLICATION SIGN} 10⁻⁵", "from 0.00123", "from 0.5", "from 25,000"]
    assert list(rasters._from_least([0.0000689, 0.00123, 0.5, 25_000.0])) == told
    of_likeliest = rasters._of_likeliest([3e-8, 3e-7, 3e-6, 3e-5])
    assert of_likeliest[-1] == "from 1/10 of the likeliest"
    assert of_likeliest[0] == "from 1/10,000 of the likeliest"
