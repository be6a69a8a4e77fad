"""Whole cases near the poles, beside what drift along parallels and meridians must give."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
import xarray as xr

import simulator
from witoil.case import parse_case
from witoil.errors import CaseError
from witoil.outputs.run import write_run
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run
from witoil.scenario.verification import VerificationGrid

EAST, NORTH = 0.3, 0.05
HOURS = 12


def make_case(folder: Path, release, sign: float, land=None, **parts):
    time = np.datetime64("2021-01-01T00:00", "ns") + np.arange(HOURS + 1) * np.timedelta64(1, "h")
    lon = np.arange(-180.0, 180.0, 0.5)
    lat = np.sort(sign * np.arange(80.0, 90.01, 0.25))
    shape = (time.size, lat.size, lon.size)
    values = {
        "currents": {
            "eastward_sea_water_velocity": EAST,
            "northward_sea_water_velocity": sign * NORTH,
        },
        "winds": {"eastward_wind": 0.01, "northward_wind": 0.01},
    }
    for role, pair in values.items():
        xr.Dataset(
            {
                name: (
                    ("time", "latitude", "longitude"),
                    np.full(shape, value, "f4"),
                    {"standard_name": name, "units": "m s-1"},
                )
                for name, value in pair.items()
            },
            coords={
                "time": time,
                "latitude": ("latitude", lat, {"units": "degrees_north"}),
                "longitude": ("longitude", lon, {"units": "degrees_east"}),
            },
        ).to_netcdf(folder / f"{role}.nc")
    coastline = "none"
    if land is not None:
        coastline = "land.geojson"
        (folder / coastline).write_text(json.dumps(shapely.geometry.mapping(land)))
    document = {
        "name": "polar",
        "time": {
            "start": datetime(2021, 1, 1, tzinfo=UTC),
            "end": datetime(2021, 1, 1, HOURS, tzinfo=UTC),
        },
        "forcing": {"currents": "currents.nc", "winds": "winds.nc", "coastline": coastline},
        "release": [release],
        "model": {"particles": 300, "horizontal_diffusivity": 0.0, "stokes_factor": 0.0},
        "processes": {"spreading": False, "vertical_mixing": False, "dispersion": "off"},
        "score": {"windows": [1]},
    }
    return parse_case(document | parts, folder=folder, name="case")


def drifted(lon: float, lat: float, sign: float) -> tuple[float, float]:
    """Follow the current in small steps."""
    steps = 2000
    dt = HOURS * 3600.0 / steps
    for _ in range(steps):
        east, north = simulator.metres_per_degree(lat)
        lon, lat = lon + EAST * dt / east, lat + sign * NORTH * dt / north
    return lon, lat


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("lon", [10.0, 175.0])
def test_drift_a_degree_from_the_pole(tmp_path: Path, sign: float, lon: float):
    release = {"kind": "point", "lon": lon, "lat": sign * 89.0, "mass_tonnes": 10.0}
    scenario = prepare(make_case(tmp_path, release, sign))
    result = run(scenario, threads=1)
    expected = drifted(lon, sign * 89.0, sign)
    found = result["lon"].values[0, -1], result["lat"].values[0, -1]
    east, north = simulator.metres_per_degree(found[1])
    off = (found[0] - expected[0]) * east, (found[1] - expected[1]) * north
    assert np.hypot(*off) < 30.0  # of 13 km
    write_run(scenario, result, tmp_path / "out", parameters=scenario.parameters())
    (feature,) = json.loads((tmp_path / "out" / "slick_20210101T1200.geojson").read_text())[
        "features"
    ]
    outline = shapely.geometry.shape(feature["geometry"])
    near = (outline.centroid.x - expected[0] + 180.0) % 360.0 - 180.0
    assert abs(near) * east < 300.0


@pytest.mark.slow
def test_a_slick_near_the_pole_keeps_its_area_and_meets_the_coast(tmp_path: Path):
    slick = shapely.box(179.5, 88.98, 180.5, 89.02)
    (tmp_path / "slick.geojson").write_text(json.dumps(shapely.geometry.mapping(slick)))
    release = {"kind": "area", "geometry": "slick.geojson", "thickness_um": 10.0}
    land = shapely.box(-177.0, 88.9, -176.0, 89.1)
    scenario = prepare(make_case(tmp_path, release, 1.0, land))
    density = scenario.oil.density(288.15)
    assert scenario.particles.mass.sum() == pytest.approx(
        1e-5 * density * simulator.area_of(slick), rel=1e-9
    )
    assert scenario.seen_first.sum() * scenario.grid.resolution**2 == pytest.approx(
        simulator.area_of(slick),
        rel=0.15,  # of cells that it touches
    )
    result = run(scenario, threads=1)
    assert mask_at(scenario, result, result["time"].values[0]).any()
    # 3 degrees of 1.95 km each to the coast, at 1.1 km an hour
    beached = (result["status"].values == simulator.Status.BEACHED).mean(axis=0)
    assert beached[4] == 0.0
    assert beached[8] > 0.9
    at_coast = result["lon"].values[result["status"].values == simulator.Status.BEACHED]
    assert np.abs(at_coast - 183.0).max() < 0.01


def test_the_pole_itself_is_refused(tmp_path: Path):
    release = {"kind": "point", "lon": 0.0, "lat": 89.95, "mass_tonnes": 10.0}
    with pytest.raises(CaseError, match=r"oil lies between 89\.9500 and .* within 89\.9"):
        prepare(make_case(tmp_path, release, 1.0))


@pytest.mark.slow
def test_a_run_without_observations_needs_no_fine_grid(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("witoil.scenario.verification.MAX_CELLS", 10_000)
    release = {"kind": "point", "lon": 0.0, "lat": 85.0, "mass_tonnes": 10.0}
    scenario = prepare(make_case(tmp_path, release, 1.0))
    assert scenario.grid.resolution > 150.0
    assert isinstance(scenario.grid, VerificationGrid)
