"""Radar scenes of a sea with oil whose truth is known: gamma speckle, wind, coast, look-alikes."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.features import rasterize
from shapely.affinity import rotate, translate

from aquatic.slicks.cmod import sigma0_hersbach2010

CASES = Path(os.environ.get("WITOIL_CASES", Path(__file__).parents[3] / "shared" / "cases"))
WEST, NORTH = 700_000.0, 3_920_000.0
"""Corner of all scenes, in UTM zone 36 north: the sea off Syria. [m]"""

CRS = "EPSG:32636"


@dataclass(frozen=True)
class SeaScene:
    """A scene, and what is in it: what is oil, what only looks so, what is land."""

    sigma0: np.ndarray
    oil: np.ndarray
    lookalikes: np.ndarray
    land: np.ndarray
    pixel_m: float
    land_shape: shapely.Geometry
    films: np.ndarray | None = None
    """Those of the look-alikes that are surface films."""

    @property
    def transform(self):
        return rasterio.Affine(self.pixel_m, 0.0, WEST, 0.0, -self.pixel_m, NORTH)

    @property
    def sea_km2(self):
        return 1e-6 * self.pixel_m**2 * (~self.land).sum()

    def write(self, path, *, decibel=False, description="Sigma0_VV"):
        values = 10.0 * np.log10(self.sigma0) if decibel else self.sigma0
        profile = {
            "driver": "GTiff",
            "count": 1,
            "height": values.shape[0],
            "width": values.shape[1],
            "dtype": "float32",
            "crs": CRS,
            "transform": self.transform,
            "nodata": float("nan"),
        }
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(values.astype(np.float32), 1)
            dataset.set_band_description(1, f"{description}_db" if decibel else description)
        return path


@cache
def shared_slicks():
    """Return the outlines of slicks that were seen, each about its middle. [m]"""
    import geopandas

    files = sorted((CASES / "baniyas-2021" / "observations").glob("*.shp"))
    shapes = [geopandas.read_file(file).to_crs(CRS).union_all() for file in files]
    return [translate(it, -it.centroid.x, -it.centroid.y) for it in shapes]


def drawn_slicks():
    """Return a ship's trail and a plume, where no others are at hand. [m]"""
    trail = shapely.LineString([(-9e3, -2e3), (-3e3, 1e3), (4e3, 0.0), (9e3, 4e3)])
    plume = shapely.union_all(
        [shapely.Point(1e3 * k, 400.0 * k * (-1) ** k).buffer(900.0 + 250.0 * k) for k in range(7)]
    )
    return [trail.buffer(350.0), plume]


def sea_scene(
    seed,
    *,
    contrast_db=4.0,
    looks=4.0,
    pixel_m=40.0,
    side=1000,
    wind=(5.0, 8.0),
    slicks=1,
    calm=2,
    coast=True,
    shapes=None,
):
    """Return a scene of `side` pixels.

    The wind rises from one side to the other between the two speeds given; `calm` patches of
    hardly any wind have soft edges; the coast is to the east.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:side, 0:side]
    extent = side * pixel_m
    turned = rng.uniform(0.0, 2.0 * np.pi)
    along = (np.cos(turned) * columns + np.sin(turned) * rows) / side
    along = (along - along.min()) / np.ptp(along)
    speed = wind[0] + (wind[1] - wind[0]) * along + _smooth(rng, side, 8e3 / pixel_m, 0.4)
    coast_land, land_shape = _coast(rng, side, pixel_m, coast)
    oil = np.zeros((side, side), bool)
    shapes = shapes or shared_slicks() or drawn_slicks()
    for _ in range(slicks):
        oil |= _placed(rng, shapes, extent, pixel_m, side)
    oil &= ~coast_land
    lookalikes, lull = _calm(rng, calm, side, pixel_m, oil | coast_land)
    speed = np.maximum(speed * (1.0 - lull), 0.6)
    angle = 31.0 + 13.0 * columns / side
    clean = sigma0_hersbach2010(speed, rng.uniform(0.0, 360.0), angle)
    damping = 10.0 ** (-contrast_db / 10.0)
    mean = clean * np.where(oil, damping, 1.0)
    mean = np.where(coast_land, 0.08 * rng.gamma(3.0, 1.0 / 3.0, mean.shape), mean)
    sigma0 = mean * rng.gamma(looks, 1.0 / looks, mean.shape)
    return SeaScene(
        sigma0.astype(np.float32), oil, lookalikes & ~oil, coast_land, pixel_m, land_shape
    )


def _smooth(rng, side, scale, spread):
    """Return noise that is smooth round the edges, by a Gaussian of `scale` pixels."""
    far = np.arange(-round(4.0 * scale), round(4.0 * scale) + 1)
    weights = np.exp(-0.5 * (far / scale) ** 2)
    # at such scales a sum over neighbours takes seconds, and transforms a hundredth of that
    along = np.fft.fft(np.bincount(far % side, weights / weights.sum(), side))
    noise = np.fft.rfft2(rng.normal(size=(side, side)))
    field = np.fft.irfft2(noise * np.outer(along, along[: noise.shape[1]]), (side, side))
    return spread * field / field.std()


def _placed(rng, shapes, extent, pixel_m, side):
    """Return the pixels of a slick, turned anywhere, in the western part of the scene."""
    shape = shapes[rng.integers(len(shapes))]
    shape = rotate(shape, rng.uniform(0.0, 360.0), origin=(0.0, 0.0))
    x = WEST + extent * rng.uniform(0.25, 0.6)
    y = NORTH - extent * rng.uniform(0.3, 0.7)
    transform = rasterio.Affine(pixel_m, 0.0, WEST, 0.0, -pixel_m, NORTH)
    found = rasterize([translate(shape, x, y)], out_shape=(side, side), transform=transform)
    return found.astype(bool)


def _coast(rng, side, pixel_m, wanted):
    if not wanted:
        return np.zeros((side, side), bool), shapely.Polygon()
    y = np.linspace(0.0, side * pixel_m, 40)
    x = side * pixel_m * 0.9 + 1.5e3 * np.cumsum(rng.normal(size=40)) / 6.0
    line = [(WEST + a, NORTH - b) for a, b in zip(x, y, strict=True)]
    far = WEST + 2.0 * side * pixel_m
    land = shapely.make_valid(shapely.Polygon([*line, (far, line[-1][1]), (far, line[0][1])]))
    transform = rasterio.Affine(pixel_m, 0.0, WEST, 0.0, -pixel_m, NORTH)
    return rasterize([land], out_shape=(side, side), transform=transform).astype(bool), land


def _calm(rng, count, side, pixel_m, taken):
    """Return where the wind has dropped by half and more, and how much everywhere."""
    lull = np.zeros((side, side))
    rows, columns = np.mgrid[0:side, 0:side] * pixel_m
    warp = _smooth(rng, side, 2e3 / pixel_m, 0.25)
    made = 0
    for _ in range(50 * count):
        y, x = rng.uniform(0.05, 0.95, 2) * side * pixel_m
        radius, stretch = rng.uniform(1.5e3, 4e3), rng.uniform(0.7, 1.4)
        if made == count:
            continue  # so that what is drawn next does not depend on how many places were tried
        distance = np.hypot((rows - y) / stretch, columns - x) / radius
        if (taken & (distance < 2.0)).any():
            continue
        lull = np.maximum(lull, 0.75 * np.exp(-(np.maximum(distance * (1 + warp), 0.0) ** 4)))
        made += 1
    return lull > 0.3, lull
