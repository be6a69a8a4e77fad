"""A calibrated radar scene becomes a mask, a run and a score by slick detection, on the map."""

import re

import numpy as np
import pytest
import rasterio
import requests
import shapely
from playwright.sync_api import expect
from rasterio.features import rasterize

from tests.web.panels.conftest import ask, figures, look_at, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEEN, NOON = "2025-06-01T06:00:00Z", "2025-06-01T12:00:00Z"
CELL_M = 40.0


@pytest.fixture(scope="module")
def scene(demo_twin, tmp_path_factory):
    """File of a scene in which the first slick of the twin is 6 dB darker, and that slick."""
    import geopandas

    slick = geopandas.read_file(demo_twin / "slick_20250601T0600.geojson")
    utm = slick.estimate_utm_crs()
    oil = slick.to_crs(utm).union_all()
    west, south, east, north = oil.buffer(5000.0).bounds
    shape = round((north - south) / CELL_M), round((east - west) / CELL_M)
    transform = rasterio.Affine(CELL_M, 0.0, west, 0.0, -CELL_M, north)
    dark = rasterize([oil], shape, transform=transform).astype(bool)
    speckle = np.random.default_rng(2).gamma(4.0, 0.25, shape)
    path = tmp_path_factory.mktemp("scene") / "scene_sigma0.tif"
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": utm}
    profile |= {"height": shape[0], "width": shape[1], "transform": transform}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write((np.where(dark, 0.00628, 0.025) * speckle).astype(np.float32), 1)
        dataset.set_band_description(1, "Sigma0_VV")
    return path, slick.to_crs(4326).union_all()


def test_a_scene_becomes_a_mask_a_run_and_a_score_on_the_map(kept_page, service, scene):
    _, slick = scene
    case = {
        "name": "found",
        "time": {"start": SEEN, "end": NOON},
        "forcing": {
            "currents": "catalogue:currents",
            "winds": "catalogue:winds",
            "coastline": "catalogue:land",
        },
        "release": [{"kind": "area", "mass_tonnes": 500}],
        "observation": [{"geometry": "catalogue:noon"}],
        "model": {"particles": 2000},
    }
    job = ask(
        service.url,
        "predict",
        module="slick-detection",
        version="1",
        files=[upload(service.url, scene[0], "raster")],
        time=SEEN,
        parameters={"coastline": "none"},
        then={"step": "simulate", "pictures": False, "case": case},
    )
    found = figures(service.url, job)
    assert found["found"]["labels"] == {"oil": 1}
    fss = found["scores"][0]["fss"]["1"]
    assert fss > 0.4
    page = kept_page
    look_at(page, job)
    results = requests.get(f"{service.url}ogc/jobs/{job}/results", timeout=30).json()
    mask = requests.get(results["features"]["href"], timeout=30).json()
    shapes = [shapely.geometry.shape(it["geometry"]) for it in mask["features"]]
    seen = shapely.union_all(shapes)
    assert seen.intersection(slick).area / seen.union(slick).area > 0.75
    expect(page.locator("#verdict")).to_contain_text("Against the slick of 1 June 2025")
    row = page.locator("#score-table tr[data-line=run] td").first
    expect(row).to_have_text(f"{fss:.2f}")
    layers = page.locator(".layers")
    expect(layers).to_contain_text(re.compile(r"oil \([1-9]\)"))
    for name in ("particles", "observed", "simulated", "detections"):
        expect(layers.locator(f"[data-layer={name}]")).to_have_count(1)
    expect(page.locator(".facts")).to_contain_text("slick-detection")
