"""Slick detection: a table of figures on scenes that are made, and a large scene by windows."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
import shapely

from aquatic.slicks.detector import detect
from aquatic.slicks.geotiff import opened_geotiff
from tests.aquatic.other_sea_scenes import other_sea_scene
from tests.aquatic.sea_scenes import CRS, sea_scene
from tests.aquatic.test_slicks import detected, scored

CONTRASTS_DB = (2.0, 4.0, 6.0)
LOOKS = (1.0, 4.0, 10.0)
SEEDS = range(300, 303)
SIDE = 10_000

_GENERATORS = {
    "first": lambda seed, **more: sea_scene(seed, side=500, pixel_m=60.0, **more),
    "other": lambda seed, **more: other_sea_scene(
        seed, side=600, pixel_m=40.0, texture=40.0, feather_m=100.0, **more
    ),
}


def run() -> dict[str, float]:
    """Return the figures of each contrast and number of looks, and those of the large scene."""
    figures = {}
    with TemporaryDirectory() as folder:
        for name in _GENERATORS:
            for contrast_db in CONTRASTS_DB:
                for looks in LOOKS:
                    row = figures_of(name, contrast_db, looks, Path(folder))
                    at = f"{name}, {contrast_db:g} dB, {looks:g} looks"
                    figures |= {f"{at}: {key}": value for key, value in row.items()}
        figures |= large_scene(Path(folder))
    return figures


def figures_of(name: str, contrast_db: float, looks: float, folder: Path) -> dict[str, float]:
    """Return the mean IoU, recall and precision of objects, and false alarms on 1,000 km2."""
    rows, alarms, area_km2 = [], 0, 0.0
    for seed in SEEDS:
        scene = _GENERATORS[name](seed, contrast_db=contrast_db, looks=looks)
        found = detected(scene, folder)
        rows.append(scored(scene, found))
        alarms += sum(it.label == "oil" for it in found.slicks)
        area_km2 += scene.sea_km2
    ious, hits, there, false = np.array(rows).T
    return {
        "IoU": float(ious.mean()),
        "recall": float(hits.sum() / there.sum()),
        "precision": float(1.0 - false.sum() / max(alarms, 1)),
        "false alarms on 1,000 km2": float(1e3 * false.sum() / area_km2),
    }


def large_scene(folder: Path) -> dict[str, float]:
    """Return time and memory of a scene of 10,000 x 10,000 pixels of 10 m with a slick."""
    path = folder / "large.tif"
    profile = {
        "driver": "GTiff",
        "count": 1,
        "height": SIDE,
        "width": SIDE,
        "dtype": "float32",
        "crs": CRS,
        "transform": rasterio.Affine(10.0, 0.0, 650_000.0, 0.0, -10.0, 3_950_000.0),
        "tiled": True,
    }
    rng = np.random.default_rng(1)
    columns = np.arange(SIDE)
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.set_band_description(1, "Sigma0_VV")
        for top in range(0, SIDE, 512):
            rows = np.arange(top, min(top + 512, SIDE))[:, None]
            oil = np.hypot((rows - 5000) / 0.4, columns - 5000) < 900
            speckle = rng.standard_gamma(4.0, oil.shape, dtype=np.float32) / 4.0
            values = np.where(oil, 0.01, 0.025).astype(np.float32) * speckle
            dataset.write(values, 1, window=((top, top + len(rows)), (0, SIDE)))
    start, used = time.perf_counter(), time.process_time()
    with opened_geotiff(path) as scene:
        found = detect(scene, shapely.Polygon())
    return {
        "large scene: slicks": float(len(found.slicks)),
        "large scene: time of the wall [s]": time.perf_counter() - start,
        "large scene: time of cores [s]": time.process_time() - used,
        "greatest memory of the process [MB]": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / 1024.0,
    }
