"""Synthetic fields, particles and runs, from as few numbers as a test wants to give."""

import numpy as np
import pyproj
import shapely
import xarray as xr

import simulator
from simulator.forcing import CURRENT, STOKES, WIND

START = np.datetime64("2021-08-24T00:00", "ns")
HOUR = np.timedelta64(3600, "s").astype("timedelta64[ns]")
OPEN_SEA = shapely.Polygon()
WGS84 = pyproj.Geod(ellps="WGS84")


def nodes(west, south, east, north, step):
    """Return evenly spaced longitudes and latitudes, both ends included."""
    columns, rows = round((east - west) / step) + 1, round((north - south) / step) + 1
    return np.linspace(west, east, columns), np.linspace(south, north, rows)


def field(names, *given, axes=None, hours=(0.0, 240.0), **attrs):
    """Make fields, each of a number or a function of (seconds, lon, lat)."""
    lon, lat = nodes(34.0, 35.0, 36.0, 36.0, 0.1) if axes is None else axes
    time = START + (np.asarray(hours) * HOUR).astype("timedelta64[ns]")
    at = np.meshgrid(np.asarray(hours) * 3600.0, lat, lon, indexing="ij")
    values = [
        np.broadcast_to(f(at[0], at[2], at[1]) if callable(f) else float(f), at[0].shape)
        for f in given
    ]
    dims = ("time", "latitude", "longitude")
    return xr.Dataset(
        {name: (dims, value.astype(np.float32)) for name, value in zip(names, values, strict=True)},
        coords={"time": time, "latitude": lat, "longitude": lon},
        attrs=attrs,
    )


def currents(u=0.0, v=0.0, **options):
    return field(CURRENT, u, v, **options)


def winds(u=0.0, v=0.0, **options):
    return field(WIND, u, v, **options)


def waves(u=0.0, v=0.0, **options):
    return field(STOKES, u, v, **options)


def forcing(current=(0.0, 0.0), wind=(0.0, 0.0), *, stokes_drift="none", **options):
    """Bring a current and a wind together that share their nodes and hours."""
    return simulator.Forcing.from_datasets(
        currents(*current, **options),
        winds(*wind, **options),
        start=START,
        stokes_drift=stokes_drift,
    )


def particles(longitude, latitude, release_hours=0.0):
    """Make particles of 1 kg, sorted by release."""
    lon, lat, hours = np.broadcast_arrays(
        *np.atleast_1d(np.asarray(longitude, float), latitude, release_hours)
    )
    order = np.argsort(hours, kind="stable")
    return simulator.Particles(
        longitude=lon[order].astype(float),
        latitude=lat[order].astype(float),
        mass=np.ones(lon.size),
        release_time=START + (hours[order] * HOUR).astype("timedelta64[ns]"),
        release_number=np.zeros(lon.size, np.int32),
        z=np.zeros(lon.size),
        slick_mass=np.full(lon.size, float(lon.size)),
        slick_area=np.full(lon.size, np.nan),
        age=np.zeros(lon.size),
        droplet_diameter=np.full(lon.size, np.nan),
    )


def carry(fields, released, hours, *, land=OPEN_SEA, outputs=None, minutes=15.0, **options):
    """Run for some hours; `outputs` in hours, else start and end. Parameters go by name."""
    names = simulator.Parameters.names()
    chosen = {"wind_drift_factor": 0.0, "horizontal_diffusivity": 0.0}
    chosen |= {name: options.pop(name) for name in names if name in options}
    wanted = (0.0, hours) if outputs is None else outputs
    return simulator.run(
        fields,
        released,
        simulator.Coast.from_land(land, fields.grid),
        end=START + hours * HOUR,
        output_times=[START + (hour * HOUR).astype("timedelta64[ns]") for hour in np.array(wanted)],
        time_step=60.0 * minutes,
        parameters=simulator.Parameters(**chosen),
        **options,
    )


def travelled(result):
    """Return azimuth [degrees from north, clockwise] and distance [m] from first to last output."""
    lon, lat = result["lon"].values, result["lat"].values
    azimuth, _, distance = WGS84.inv(lon[:, 0], lat[:, 0], lon[:, -1], lat[:, -1])
    return azimuth, distance


def turning(hours_per_turn, lon0, lat0, spin_up=0.0):
    """Return (u, v) of a solid rotation in degrees, whose spin grows by `spin_up` a second.

    The ellipse (lon - lon0) cos(lat0), lat - lat0 is a circle, exactly.
    """
    omega = 2.0 * np.pi / (3600.0 * hours_per_turn)
    squeeze = np.cos(np.radians(lat0))

    def u(t, lon, lat):
        east, _ = simulator.metres_per_degree(lat)
        return -omega * (1.0 + spin_up * t) * (lat - lat0) / squeeze * east

    def v(t, lon, lat):
        _, north = simulator.metres_per_degree(lat)
        return omega * (1.0 + spin_up * t) * (lon - lon0) * squeeze * north

    return u, v
