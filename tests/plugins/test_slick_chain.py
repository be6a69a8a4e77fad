"""A radar scene with oil starts a run, and its particles start in what was found."""

import json

import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr

from witoil import jobs
from witoil.case import load_case

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled")]

SIDE, CELL_M = 200, 40.0


@pytest.fixture(scope="module")
def scene(demo_twin, tmp_path_factory):
    """A file with a plume of 1.5 km where the first slick of the twin is, and its middle."""
    import geopandas

    slick = geopandas.read_file(next(demo_twin.glob("slick_*.geojson")))
    middle = slick.to_crs(slick.estimate_utm_crs()).union_all().centroid
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    oil = CELL_M * np.hypot(rows - SIDE / 2, columns - SIDE / 2) < 1500.0
    speckle = np.random.default_rng(1).gamma(4.0, 0.25, oil.shape)
    path = tmp_path_factory.mktemp("scene") / "scene_sigma0.tif"
    half = SIDE / 2 * CELL_M
    profile = {
        "driver": "GTiff",
        "count": 1,
        "height": SIDE,
        "width": SIDE,
        "dtype": "float32",
        "crs": slick.estimate_utm_crs(),
        "transform": rasterio.Affine(CELL_M, 0.0, middle.x - half, 0.0, -CELL_M, middle.y + half),
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write((np.where(oil, 0.01, 0.025) * speckle).astype(np.float32), 1)
        dataset.set_band_description(1, "Sigma0_VV")
    place = geopandas.GeoSeries([middle], crs=slick.estimate_utm_crs()).to_crs(4326).iloc[0]
    return path, place


def test_particles_start_in_the_slick_that_radar_shows(demo_twin, scene, tmp_path):
    path, middle = scene
    case = load_case(demo_twin / "demo.toml")
    few = case.model_copy(update={"model": case.model.model_copy(update={"particles": 200})})
    report = jobs.predict_then(
        *("simulate", few, "slick-detection", [path], tmp_path),
        time=case.time.start,
        parameters={"coastline": "none"},
        pictures=False,
    )
    assert report["found"]["labels"] == {"oil": 1}
    (feature,) = json.loads((tmp_path / "slick.geojson").read_text())["features"]
    slick = shapely.geometry.shape(feature["geometry"])
    assert slick.contains(middle)
    with xr.open_dataset(tmp_path / "simulate" / "particles.nc") as particles:
        first = particles.isel(time=0, trajectory=particles["release"].values == 0)
        starts = shapely.points(first["lon"], first["lat"])
        assert len(starts) > 100  # the others follow from the ship
        assert shapely.intersects(slick, starts).all()
        # over the slick, not at a place in it
        lon, lat = np.ptp(first["lon"].values), np.ptp(first["lat"].values)
        west, south, east, north = slick.bounds
        assert lon > 0.8 * (east - west)
        assert lat > 0.8 * (north - south)
