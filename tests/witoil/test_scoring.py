import numpy as np
import pytest
import rasterio

from catalog import CatalogError
from witoil.calibration.scoring import score_files
from witoil.errors import WitoilError

FIRST = "mask_20250601T1200.tif"


def test_a_mask_against_itself_is_perfect(twin):
    scores = score_files(twin / FIRST, twin / FIRST, windows=[1, 7])
    assert scores["fss"] == {"1": 1.0, "7": 1.0}
    assert scores["centroid_distance_m"] == 0.0


def test_the_mask_of_a_folder_is_chosen_by_the_time_of_the_observation(twin):
    assert score_files(twin, twin / FIRST, windows=[1])["mask"].endswith(FIRST)


def test_no_mask_for_the_time_is_said(twin, tmp_path):
    with pytest.raises(WitoilError, match=r"no mask_\*\.tif; expected a mask at the time"):
        score_files(tmp_path, twin / FIRST, windows=[1])


def test_a_mask_in_degrees_is_refused(twin, tmp_path):
    path = tmp_path / "degrees.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype="uint8",
        count=1,
        width=4,
        height=4,
        crs="EPSG:4326",
        transform=rasterio.Affine(0.1, 0, 19, 0, -0.1, 37),
    ) as file:
        file.write(np.ones((4, 4), np.uint8), 1)
    with pytest.raises(WitoilError, match="expected square cells in metres"):
        score_files(path, twin / FIRST, windows=[1])


def test_what_is_no_raster_is_named(twin):
    with pytest.raises(WitoilError, match=r"demo\.toml: not a mask"):
        score_files(twin / "demo.toml", twin / FIRST, windows=[1])


def test_an_observation_that_is_not_certain_names_no_key_of_a_case(twin, tmp_path):
    with rasterio.open(twin / FIRST) as file:
        profile, values = file.profile, file.read()
    with rasterio.open(tmp_path / "sure.tif", "w", **profile) as file:
        file.write((87 * (values != 0)).astype(profile["dtype"]))
    with pytest.raises(CatalogError, match="holds the values 0, 87; expected polygons") as caught:
        score_files(twin / FIRST, tmp_path / "sure.tif", windows=[1])
    assert "`" not in str(caught.value)


def test_an_empty_mask_has_scores_but_no_centre(twin, tmp_path):
    with rasterio.open(twin / FIRST) as file:
        profile, nothing = file.profile, 0 * file.read()
    with rasterio.open(tmp_path / "none.tif", "w", **profile) as file:
        file.write(nothing)
    scores = score_files(tmp_path / "none.tif", twin / FIRST, windows=[1])
    assert scores["fss"] == {"1": 0.0}
    assert scores["centroid_distance_m"] is None
