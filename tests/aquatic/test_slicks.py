"""Slick detection on scenes whose truth is known: figures, invariants, and what is refused."""

import numpy as np
import pytest
import rasterio
import shapely
from scipy.ndimage import label

from aquatic.errors import AquaticError
from aquatic.slicks.cmod import mean_over_directions, sigma0_hersbach2010, wind_of
from aquatic.slicks.detector import NODATA, detect
from aquatic.slicks.geotiff import opened_geotiff
from aquatic.slicks.speckle import block_means, equivalent_looks
from tests.aquatic.other_sea_scenes import other_sea_scene
from tests.aquatic.sea_scenes import CRS, sea_scene

LEAST_KM2 = 0.1


def detected(scene, path, **options):
    """Return what is found in a scene, by way of a file."""
    with opened_geotiff(scene.write(path / "scene.tif")) as opened:
        import geopandas

        land = geopandas.GeoSeries([scene.land_shape], crs=CRS).to_crs(4326).iloc[0]
        return detect(opened, land, **options)


def scored(scene, found):
    """Return IoU of cells, objects found of how many there are, false alarms."""
    from rasterio.features import rasterize

    oil = [it.outline for it in found.slicks if it.label == "oil"]
    shape = scene.oil.shape
    seen = rasterize(oil, out_shape=shape) > 0 if oil else np.zeros(shape, bool)
    union = (seen | scene.oil).sum()
    iou = (seen & scene.oil).sum() / union if union else 1.0
    numbers, count = label(scene.oil, np.ones((3, 3)))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    hits = np.bincount(numbers.ravel(), weights=seen.ravel(), minlength=count + 1)
    least = LEAST_KM2 / (1e-6 * scene.pixel_m**2)
    large = [k for k in range(1, count + 1) if sizes[k] >= least]
    false = 0
    for outline in oil:
        inside = rasterize([outline], out_shape=shape) > 0
        false += (inside & scene.oil).sum() < 0.1 * inside.sum()
    return iou, sum(hits[k] >= 0.5 * sizes[k] for k in large), len(large), false
