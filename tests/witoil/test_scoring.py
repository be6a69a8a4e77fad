import numpy as np
import pytest
import rasterio
import shapely

import catalog
import optimizer
from catalog import CatalogError
from witoil.calibration.scoring import areas_km2, score_files
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


def test_areas_of_polygons_and_of_cells_are_told_apart(scenario):
    seen = scenario.observations[0]
    areas = areas_km2(scenario, seen, scenario.seen_first)
    scores = optimizer.score_masks(
        scenario.seen_first,
        seen.mask,
        windows=[1],
        resolution=scenario.grid.resolution,
        valid=scenario.valid(seen),
    )
    assert areas["simulated_cells"] / areas["observed_cells"] == pytest.approx(scores["area_ratio"])
    either = areas["simulated_cells"] + areas["observed_cells"] - areas["both_cells"]
    assert areas["both_cells"] / either == pytest.approx(scores["iou"])
    # this one was cut from cells of the same size, turned by the grid's convergence at most
    assert areas["observed_polygons"] == pytest.approx(areas["observed_cells"], rel=0.05)


def test_the_area_of_polygons_is_that_of_the_ellipsoid():
    # a square of a degree at 60 N with a hole of a quarter of it, by hand: WGS 84 tables have
    # 55,800 m to a degree of longitude there and 111,412 m to one of latitude
    outer, hole = shapely.box(10, 59.5, 11, 60.5), shapely.box(10.25, 59.75, 10.75, 60.25)
    slick = catalog.Slick(None, outer.difference(hole))
    assert slick.area_km2 == pytest.approx(0.75 * 55.800 * 111.412, rel=1e-3)
    reversed_rings = shapely.reverse(slick.geometry)
    assert catalog.Slick(None, reversed_rings).area_km2 == pytest.approx(slick.area_km2)
