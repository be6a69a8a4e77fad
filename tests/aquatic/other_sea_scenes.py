"""Radar scenes made otherwise than those of `sea_scenes`, for what must not fit one generator.

The sea has texture (K distribution), speckle is correlated from pixel to pixel, the wind has
streaks, fronts and lulls of another shape, brightness falls off by a power of the angle, slicks are
trails that wind and plumes that are sharp upwind and fade downwind, there are films in filaments,
rain cells and ships.
"""

import numpy as np
import rasterio
import shapely
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from tests.aquatic.sea_scenes import SeaScene


def other_sea_scene(
    seed,
    *,
    contrast_db=4.0,
    looks=4.0,
    pixel_m=40.0,
    side=900,
    wind=None,
    slicks=2,
    films=0,
    lulls=2,
    rain=1,
    ships=5,
    correlated=True,
    texture=15.0,
    feather_m=150.0,
):
    """Return a scene of `side` pixels; `films` and `lulls` are look-alikes."""
    rng = np.random.default_rng([seed, 7])
    wind = wind or rng.uniform(4.0, 9.0)
    rows, columns = np.mgrid[0:side, 0:side] * pixel_m
    speed = wind * (1.0 + _field(rng, side, 12e3 / pixel_m, 0.12) + _streaks(rng, rows, columns))
    oil_db, oil = np.zeros((side, side)), np.zeros((side, side), bool)
    for k in range(slicks):
        shape = _trail(rng, side * pixel_m) if k % 2 == 0 else _plume(rng, side * pixel_m)
        inside, damped = _feathered(rng, shape, side, pixel_m, contrast_db, feather_m)
        oil |= inside
        oil_db = np.maximum(oil_db, damped)
    looks_alike = np.zeros((side, side), bool)
    for _ in range(lulls):
        part, drop = _lull(rng, rows, columns, side * pixel_m, oil)
        speed *= 1.0 - drop
        looks_alike |= part
    film_db, filmed = np.zeros((side, side)), np.zeros((side, side), bool)
    for _ in range(films):
        inside, damped = _film(rng, side, pixel_m, oil)
        filmed |= inside
        film_db = np.maximum(film_db, damped)
    angle = 29.0 + 16.0 * columns / (side * pixel_m)
    # a power law of wind and angle, not CMOD
    clean = 0.032 * (np.maximum(speed, 0.3) / 7.0) ** 1.65 * (np.sin(np.radians(angle)) / 0.6) ** -4
    mean = clean * 10.0 ** (-(oil_db + film_db) / 10.0)
    for _ in range(rain):
        mean *= _rain(rng, rows, columns, side * pixel_m)
    mean *= _gamma_texture(rng, side, texture) * _speckle(rng, side, looks, correlated)
    for _ in range(ships):
        y, x = rng.integers(5, side - 5, 2)
        mean[y - 1 : y + 2, x - 1 : x + 2] = clean[y, x] * 10.0 ** rng.uniform(1.2, 2.5)
    nothing = np.zeros((side, side), bool)
    looks_alike = (looks_alike | filmed) & ~oil
    shape = shapely.Polygon()
    return SeaScene(
        mean.astype(np.float32), oil, looks_alike, nothing, pixel_m, shape, filmed & ~oil
    )


def _field(rng, side, scale, spread):
    coarse = max(4, int(3 * side / scale))
    values = gaussian_filter(rng.normal(size=(coarse, coarse)), 1.0, mode="wrap")
    places = np.linspace(0.0, coarse - 1.0, side)
    grid = np.meshgrid(places, places, indexing="ij")
    return spread * map_coordinates(values / values.std(), grid, order=3, mode="nearest")


def _streaks(rng, rows, columns):
    """Return rolls of the boundary layer: bands 2 to 4 km apart, some per cent of the wind."""
    turned, period = rng.uniform(0.0, np.pi), rng.uniform(2e3, 4e3)
    along = np.cos(turned) * columns + np.sin(turned) * rows
    return 0.03 * np.sin(2.0 * np.pi * along / period)


def _trail(rng, extent):
    heading, x, y = rng.uniform(0, 2 * np.pi), *(extent * rng.uniform(0.3, 0.7, 2))
    points = [(x, y)]
    for _ in range(30):
        heading += rng.normal(0.0, 0.15)
        x, y = x + 400.0 * np.cos(heading), y + 400.0 * np.sin(heading)
        points.append((x, y))
    parts = [
        shapely.LineString(points[k : k + 2]).buffer(rng.uniform(150.0, 350.0))
        for k in range(len(points) - 1)
    ]
    return shapely.union_all(parts)


def _plume(rng, extent):
    x, y = extent * rng.uniform(0.2, 0.8, 2)
    angles = np.linspace(0.0, 2.0 * np.pi, 60, endpoint=False)
    wobble = sum(
        rng.normal(0.0, 0.25 / k) * np.cos(k * angles + rng.uniform(0.0, 6.3)) for k in range(1, 6)
    )
    radius = rng.uniform(700.0, 2500.0) * np.exp(wobble)
    return shapely.make_valid(
        shapely.Polygon(
            np.column_stack([x + 1.6 * radius * np.cos(angles), y + radius * np.sin(angles)])
        )
    )


def _inside(shape, side, pixel_m):
    transform = rasterio.Affine(pixel_m, 0.0, 0.0, 0.0, pixel_m, 0.0)
    return rasterize([shape], out_shape=(side, side), transform=transform).astype(bool)


def _feathered(rng, shape, side, pixel_m, contrast_db, feather_m):
    """Return a slick, sharp on one side and fading within on the other, and its damping. [dB]"""
    inside = _inside(shape, side, pixel_m)
    depth = pixel_m * distance_transform_edt(inside)
    rows, columns = np.indices(inside.shape)
    turned = rng.uniform(0.0, 2.0 * np.pi)
    y, x = np.nonzero(inside) if inside.any() else (np.zeros(1), np.zeros(1))
    along = np.cos(turned) * (columns - x.mean()) + np.sin(turned) * (rows - y.mean())
    fading = 1.0 - np.exp(-depth / (0.5 * feather_m))
    return inside, contrast_db * np.where(inside, np.where(along > 0.0, fading, 1.0), 0.0)


def _lull(rng, rows, columns, extent, oil):
    for _ in range(200):
        y, x = extent * rng.uniform(0.05, 0.95, 2)
        size, turned, stretch = rng.uniform(1.2e3, 3.5e3), rng.uniform(0, np.pi), rng.uniform(1, 3)
        a = (np.cos(turned) * (columns - x) + np.sin(turned) * (rows - y)) / (size * stretch)
        b = (-np.sin(turned) * (columns - x) + np.cos(turned) * (rows - y)) / size
        distance = np.hypot(a, b + 0.2 * np.sin(3.0 * a))
        if not (oil & (distance < 1.8)).any():
            drop = rng.uniform(0.45, 0.8) / (1.0 + np.exp(5.0 * (distance - 1.0)))
            return drop > 0.15, drop
    return np.zeros(rows.shape, bool), np.zeros(rows.shape)


def _film(rng, side, pixel_m, oil):
    """Return filaments of a surface film that curl along an eddy, and their damping. [dB]"""
    for _ in range(100):
        x, y = side * pixel_m * rng.uniform(0.15, 0.85, 2)
        lines = []
        for k in range(rng.integers(4, 8)):
            t = np.linspace(0.0, rng.uniform(1.0, 2.5), 40) + 0.8 * k
            radius = 600.0 + 900.0 * t
            lines.append(
                shapely.LineString(
                    np.column_stack(
                        [x + radius * np.cos(2 * t + k), y + radius * np.sin(2 * t + k)]
                    )
                ).buffer(rng.uniform(60.0, 130.0))
            )
        inside = _inside(shapely.union_all(lines), side, pixel_m)
        if not (inside & oil).any():
            return inside, rng.uniform(2.0, 5.0) * gaussian_filter(inside.astype(float), 1.0)
    return np.zeros((side, side), bool), np.zeros((side, side))


def _rain(rng, rows, columns, extent):
    y, x = extent * rng.uniform(0.0, 1.0, 2)
    distance = np.hypot(rows - y, columns - x) / rng.uniform(2e3, 5e3)
    return 1.0 + 0.8 * np.exp(-((distance - 1.0) ** 2) / 0.1)


def _gamma_texture(rng, side, order):
    if not order:
        return 1.0
    return np.maximum(1.0 + _white(rng, side, 2.0) / np.sqrt(order), 0.05)


def _white(rng, side, scale):
    field = gaussian_filter(rng.normal(size=(side, side)), scale, mode="wrap")
    return field / field.std()


def _speckle(rng, side, looks, correlated):
    """Return speckle of some looks; correlated: of a complex field that is oversampled by 1.3."""
    if not correlated:
        return rng.gamma(looks, 1.0 / looks, (side, side))
    whole = int(looks)
    total = np.zeros((side, side))
    for _ in range(whole):
        real, imaginary = (_white(rng, side, 0.55) for _ in range(2))
        total += 0.5 * (real**2 + imaginary**2)
    return total / whole
