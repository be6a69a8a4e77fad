"""Runs scored against drifters: analytic tracks, and the layouts in which they come."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import trajan
import xarray as xr
from typer.testing import CliRunner

from simulator import Status
from witoil.calibration.tracks import score_track, score_tracks
from witoil.cli.main import app
from witoil.errors import WitoilError
from witoil.runs.drifters import read_drifters
from witoil.runs.run import Run

START = np.datetime64("2021-08-24T00:00:00", "ns")
HOUR = np.timedelta64(3600, "s")
METRES = 111_319.49079327358  # of a degree of longitude on the equator


def times_of(hours):
    return START + (np.asarray(hours, float) * 3600).astype("timedelta64[s]")


def run_of(lon, lat=None, status=Status.AFLOAT, hours=None):
    """Return a run whose particles are at these places, a row each."""
    lon = np.atleast_2d(np.asarray(lon, float))
    lat = np.zeros_like(lon) if lat is None else np.broadcast_to(lat, lon.shape)
    hours = np.arange(lon.shape[1]) if hours is None else hours
    columns = {
        "lon": (("trajectory", "time"), lon),
        "lat": (("trajectory", "time"), lat),
        "status": (("trajectory", "time"), np.broadcast_to(np.int8(status), lon.shape)),
    }
    particles = xr.Dataset(columns, {"time": times_of(hours)})
    return Run(None, "witoil", "simulate", "made", particles, 100.0, {})


def drifter(lon, hours, lat=0.0):
    from catalog.shapes.tracks import Track

    lon = np.asarray(lon, float)
    return Track(times_of(hours), lon, np.full_like(lon, lat))


def test_oil_that_goes_half_as_fast():
    """The drifter is at 1, 2, 3, 4 steps; oil at half of each: apart 0.5 + 1 + 1.5 + 2 of 10."""
    step = 0.01
    run = run_of(0.5 * step * np.arange(5))
    row = score_track(run, drifter(step * np.arange(5), range(5)))
    assert row["fixes"] == 5
    assert row["particles"] == 1
    assert row["travelled_m"] == pytest.approx(4 * step * METRES, rel=1e-6)
    assert row["end_separation_m"] == pytest.approx(2 * step * METRES, rel=1e-6)
    assert row["relative_separation"] == pytest.approx(0.5, rel=1e-6)
    assert row["cumulative_separation"] == pytest.approx(0.5, rel=1e-6)
    assert row["skill"] == pytest.approx(0.5, rel=1e-6)


def test_oil_that_goes_along_has_all_skill_between_outputs_too():
    run = run_of([[0.0, 0.06], [0.0, 0.06]], hours=[0, 6])
    hours = np.array([0.5, 1.25, 3.0, 5.75])
    row = score_track(run, drifter(0.01 * hours, hours))
    assert row["skill"] == pytest.approx(1.0, abs=1e-9)
    assert row["particles"] == 2
    assert row["separation_m"] == {}


def test_separations_are_told_after_hours():
    hours = np.arange(0, 25)
    row = score_track(run_of(np.zeros(25), hours=hours), drifter(0.01 * hours, hours))
    assert row["skill"] == 0.0
    assert list(row["separation_m"]) == ["6", "12", "24"]
    assert row["separation_m"]["12"] == pytest.approx(0.12 * METRES, rel=1e-6)


def test_of_a_large_slick_only_what_is_beside_the_drifter_is_followed():
    rng = np.random.default_rng(1)
    start = np.concatenate([rng.normal(0.0, 1e-3, 100), np.full(400, 0.3)])
    speed = np.concatenate([np.full(100, 0.01), np.full(400, -0.05)])
    run = run_of(start[:, None] + speed[:, None] * np.arange(4))
    row = score_track(run, drifter(0.01 * np.arange(4), range(4)))
    assert row["particles"] == 100
    assert row["skill"] > 0.98


def test_oil_counts_from_its_release_on():
    status = np.array([[Status.UNRELEASED, Status.UNRELEASED, *[Status.AFLOAT] * 3]])
    run = run_of(np.full(5, 0.0) + 0.01 * np.arange(5), status=status)
    row = score_track(run, drifter(0.01 * np.arange(5), range(5)))
    assert (row["start"], row["fixes"]) == ("2021-08-24T02:00:00Z", 3)


NO_PARTICLES = replace(run_of(np.zeros(5)), particles=None, command="ensemble")


@pytest.mark.parametrize(
    ("run", "track", "says"),
    [
        (run_of(np.zeros(5)), drifter([0.0, 0.1], [10, 11]), "0 of its fixes"),
        (run_of(np.zeros(5)), drifter([1.0, 1.1], [0, 1]), "111.3 km off"),
        (run_of(np.zeros(5)), drifter([0.0, 0.0], [0, 1]), "does not move"),
        (run_of(np.zeros(5), status=Status.EVAPORATED), drifter([0.0, 0.1], [0, 1]), "no oil"),
        (NO_PARTICLES, drifter([0.0, 0.1], [0, 1]), "has no particles"),
    ],
)
def test_what_cannot_be_scored_is_said(run, track, says):
    with pytest.raises(WitoilError, match=says):
        score_track(run, track)


HOURS = [[0, 1, 2], [0, 2]]
LON = [[35.0, 35.1, 35.2], [35.5, 35.6]]
LAT = [[34.0, 34.1, 34.2], [34.5, 34.6]]


def as_csv(path):
    rows = [
        f"{name},{np.datetime_as_string(time, 's')}Z,{lat},{lon}"
        for name, hours, lons, lats in zip("ab", HOURS, LON, LAT, strict=True)
        for time, lon, lat in zip(times_of(hours), lons, lats, strict=True)
    ]
    path.write_text("\n".join(["id,time,lat,lon", *rows]))


def as_geojson(path):
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": name,
                "times": [f"{np.datetime_as_string(time, 's')}Z" for time in times_of(hours)],
            },
            "geometry": {"type": "LineString", "coordinates": list(zip(lons, lats, strict=True))},
        }
        for name, hours, lons, lats in zip("ab", HOURS, LON, LAT, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


ATTRS = {
    "lon": {"standard_name": "longitude", "units": "degrees_east"},
    "lat": {"standard_name": "latitude", "units": "degrees_north"},
}


def padded(rows, fill=np.nan):
    return np.array([[*row, *[fill] * (3 - len(row))] for row in rows])


def as_trajan(path, turned=False):
    """Write two tracks as rows, with times of their own, as trajan has drifters."""
    times = padded([times_of(hours) for hours in HOURS], np.datetime64("NaT"))
    dims = ("trajectory", "obs")
    data = xr.Dataset(
        {
            "lon": (dims, padded(LON), ATTRS["lon"]),
            "lat": (dims, padded(LAT), ATTRS["lat"]),
            "time": (dims, times.astype("datetime64[ns]"), {"standard_name": "time"}),
            "drifter_names": ("trajectory", ["a", "b"], {"cf_role": "trajectory_id"}),
        }
    )
    (data.transpose(*dims[::-1]) if turned else data).to_netcdf(path)


def as_trajan_writes_it(path):
    """Write with trajan itself what it reads of a table."""
    frame = pd.DataFrame(
        {
            "time": np.concatenate([times_of(hours) for hours in HOURS]),
            "lon": np.concatenate(LON),
            "lat": np.concatenate(LAT),
            "id": [*"aaa", *"bb"],
        }
    )
    trajan.from_dataframe(frame, lon="lon", lat="lat", time="time", name="id").to_netcdf(path)


def as_column(path, indexed=False):
    data = xr.Dataset(
        {
            "lon": ("obs", np.concatenate(LON), ATTRS["lon"]),
            "lat": ("obs", np.concatenate(LAT), ATTRS["lat"]),
            "time": (
                "obs",
                np.concatenate([times_of(h) for h in HOURS]),
                {"standard_name": "time"},
            ),
            "names": ("trajectory", ["a", "b"], {"cf_role": "trajectory_id"}),
        }
    )
    if indexed:
        data["whose"] = ("obs", [0, 0, 0, 1, 1], {"instance_dimension": "trajectory"})
    else:
        data["count"] = ("trajectory", [3, 2], {"sample_dimension": "obs"})
    data.to_netcdf(path)


LAYOUTS = {
    "csv": as_csv,
    "geojson": as_geojson,
    "rows.nc": as_trajan,
    "turned.nc": lambda path: as_trajan(path, turned=True),
    "trajan.nc": as_trajan_writes_it,
    "contiguous.nc": as_column,
    "indexed.nc": lambda path: as_column(path, indexed=True),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_drifters_are_the_same_in_any_layout(tmp_path, layout):
    path = tmp_path / f"drifters.{layout}"
    LAYOUTS[layout](path)
    tracks = read_drifters(path)
    assert len(tracks) == 2
    for track, hours, lon, lat in zip(tracks.values(), HOURS, LON, LAT, strict=True):
        assert track.times.tolist() == times_of(hours).astype("datetime64[ns]").tolist()
        np.testing.assert_allclose(track.longitude, lon)
        np.testing.assert_allclose(track.latitude, lat)
    if layout != "trajan.nc":
        assert list(tracks) == ["a", "b"]


def test_times_in_common_and_one_track(tmp_path):
    common = xr.Dataset(
        {
            "lon": (("trajectory", "time"), padded(LON), ATTRS["lon"]),
            "lat": (("trajectory", "time"), padded(LAT), ATTRS["lat"]),
        },
        {"time": times_of([0, 1, 2])},
    )
    common.to_netcdf(tmp_path / "common.nc")
    assert [track.times.size for track in read_drifters(tmp_path / "common.nc").values()] == [3, 2]
    common.isel(trajectory=0).to_netcdf(tmp_path / "one.nc")
    assert list(read_drifters(tmp_path / "one.nc")) == ["1"]


def test_drifters_at_fault_are_refused(tmp_path):
    as_column(tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc") as data:
        data.load()
    data["count"] = data["count"] + 1
    data.to_netcdf(tmp_path / "counts.nc")
    with pytest.raises(WitoilError, match="expected the 5 of obs"):
        read_drifters(tmp_path / "counts.nc")
    data.assign(time=data.time[::-1]).drop_vars("count").to_netcdf(tmp_path / "falling.nc")
    with pytest.raises(WitoilError, match="do not rise"):
        read_drifters(tmp_path / "falling.nc")
    data.drop_vars("lat").to_netcdf(tmp_path / "no_lat.nc")
    with pytest.raises(WitoilError, match="has no latitude"):
        read_drifters(tmp_path / "no_lat.nc")


def test_one_drifter_that_cannot_be_scored_does_not_end_it(written, tmp_path):
    folder, run = written
    lon, lat = (float(run[name].isel(time=0).mean()) for name in ("lon", "lat"))
    times = [f"{np.datetime_as_string(time, 's')}Z" for time in run.time.values]
    rows = [f"near,{time},{lon + 0.002 * k},{lat}" for k, time in enumerate(times)]
    rows += [f"far,{time},{lon + 5.0 + 0.002 * k},{lat}" for k, time in enumerate(times)]
    (tmp_path / "drifters.csv").write_text("\n".join(["name,time,lon,lat", *rows]))
    found = score_tracks(folder, tmp_path / "drifters.csv")
    assert [row["name"] for row in found["tracks"]] == ["near"]
    assert "km off" in found["left_out"]["far"]
    assert found["skill"] == found["tracks"][0]["skill"]
    json.dumps(found, allow_nan=False)


@pytest.mark.slow
def test_the_command_says_it(written, tmp_path):
    folder, run = written
    lon, lat = (float(run[name].isel(time=0).mean()) for name in ("lon", "lat"))
    times = [f"{np.datetime_as_string(time, 's')}Z" for time in run.time.values]
    rows = [f"{time},{lon + 0.002 * k},{lat}" for k, time in enumerate(times)]
    drifter = tmp_path / "drifter.csv"
    drifter.write_text("\n".join(["time,lon,lat", *rows]))
    commands = CliRunner()
    done = commands.invoke(app, ["score", str(folder), "--track", str(drifter)])
    assert done.exit_code == 0
    assert "1: skill 0." in done.output
    assert "km apart after" in done.output
    for wrong in ([], ["slick.shp", "--track", "drifter.csv"]):
        assert commands.invoke(app, ["score", str(folder), *wrong]).exit_code == 2
