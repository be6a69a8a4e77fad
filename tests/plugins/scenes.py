"""Scenes of the sea as a radar sees it, with a dark slick, and a model that finds what is dark."""

import json

import numpy as np
import rasterio
import rasterio.features
import shapely
from onnx import helper

from tests.plugins.builders import card, graph

DARK = card(
    "semantic-seg",
    how='resize = "none"\nscale = 0.00392156862745098\ncolor = "L"',
    output='format = "prob-map"\nconf = 0.5\nleast_pixels = 40',
    rest="""
[tiling]
size = 64
stride = 48
[[labels]]
name = "sea"
background = true
[[labels]]
name = "oil"
[geo]
kinds = ["affine"]
""",
)


def dark_spots():
    """Return a model: oil is where the mean of 9 x 9 pixels is below 0.4, the surer the darker."""
    nodes = [
        helper.make_node(
            "AveragePool", ["x"], ["mean"], kernel_shape=[9, 9], pads=[4] * 4, count_include_pad=0
        ),
        helper.make_node("Sub", ["least", "mean"], ["darker"]),
        helper.make_node("Mul", ["darker", "slope"], ["steep"]),
        helper.make_node("Sigmoid", ["steep"], ["y"]),
    ]
    shapes = {"x": ["n", 1, "h", "w"]}, {"y": ["n", 1, "h", "w"]}
    return graph(nodes, *shapes, {"least": np.float32(0.4), "slope": np.float32(40.0)})


def radar_scene(path, slick, pixel=0.0005, margin=0.02):
    """Write a GeoTIFF of the sea with speckle, darker where a GeoJSON file has polygons.

    Returns
    -------
    shapely geometry
        The slick. [degrees]
    """
    found = json.loads(slick.read_text())["features"]
    oil = shapely.union_all([shapely.geometry.shape(it["geometry"]) for it in found])
    west, south, east, north = oil.buffer(margin).bounds
    shape = round((north - south) / pixel), round((east - west) / pixel)
    transform = rasterio.Affine(pixel, 0.0, west, 0.0, -pixel, north)
    is_oil = rasterio.features.rasterize([oil], shape, transform=transform).astype(bool)
    speckle = np.random.default_rng(1).gamma(16.0, 1.0 / 16.0, shape)
    values = np.clip(np.where(is_oil, 45.0, 150.0) * speckle, 1, 255).astype(np.uint8)
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:4326"}
    profile |= {"height": shape[0], "width": shape[1], "transform": transform}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
    return oil
