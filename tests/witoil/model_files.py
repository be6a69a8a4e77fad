"""Small files of particles in the layouts of other models, all of the same drift."""

import netCDF4
import numpy as np

from simulator import Status

BARREL = 0.158987294928
DENSITY = 870.0
TIMES = np.datetime64("2021-08-24T03:00", "ns") + np.arange(4) * np.timedelta64(3600, "s")

AFLOAT, BEACHED, GONE = Status.AFLOAT, Status.BEACHED, Status.LEFT_DOMAIN
UNRELEASED, UNDER = Status.UNRELEASED, Status.SUBMERGED

STATUS = np.array(
    [
        [AFLOAT, AFLOAT, AFLOAT, AFLOAT],
        [UNRELEASED, AFLOAT, BEACHED, BEACHED],
        [UNRELEASED, UNRELEASED, AFLOAT, AFLOAT],
        [AFLOAT, UNDER, UNDER, AFLOAT],
        [AFLOAT, AFLOAT, GONE, GONE],
    ],
    np.int8,
)
LON = 35.8 + 0.01 * np.arange(5)[:, np.newaxis] + 0.002 * np.arange(4)
LAT = 35.1 + 0.02 * np.arange(5)[:, np.newaxis] - 0.001 * np.arange(4)
MASS = 10.0 + np.arange(5)[:, np.newaxis] - 0.5 * np.arange(4)
# where a particle stays, it is where it got there
for moving in (LON, LAT, MASS):
    moving[1, 3], moving[4, 3] = moving[1, 2], moving[4, 2]
Z = np.where(STATUS == UNDER, -2.5, 0.0)


def _new(path):
    return netCDF4.Dataset(path, "w")


def _put(file, name, dims, values, fill=None, **attrs):
    values = np.asarray(values)
    variable = file.createVariable(name, values.dtype, dims, fill_value=fill)
    variable.setncatts(attrs)
    variable[:] = values
    return variable


def opendrift(path, *, turned=False, mass_units="kg", names=("lon", "lat"), **attrs):
    """Write elements until they are deactivated, as OpenOil does; `turned`: time comes first."""
    dims = ("time", "trajectory") if turned else ("trajectory", "time")

    def grid(values):
        return values.T if turned else values

    # a stranded or lost element is written once, and no more
    held = np.isin(STATUS, (BEACHED, GONE))
    silent = (STATUS == UNRELEASED) | (held & np.roll(held, 1, axis=1))
    codes = np.select([STATUS == BEACHED, STATUS == GONE], [1, 2], 0)
    factor = {"kg": 1.0, "g": 1e3, "tonnes": 1e-3}[mass_units]
    with _new(path) as file:
        file.createDimension("trajectory", len(LON))
        file.createDimension("time", len(TIMES))
        seconds = (TIMES - np.datetime64("1970-01-01")) / np.timedelta64(1, "s")
        _put(file, "time", ("time",), seconds, standard_name="time", units="seconds since 1970-1-1")
        status = np.where(silent, 2147483647, codes).astype(np.int32)
        _put(
            file,
            "status",
            dims,
            grid(status),
            2147483647,
            flag_values=np.array([0, 1, 2], np.int32),
            flag_meanings="active stranded outside",
        )
        for name, values, told in (
            (names[0], LON, {"standard_name": "longitude", "units": "degrees_east"}),
            (names[1], LAT, {"standard_name": "latitude", "units": "degrees_north"}),
            ("z", Z, {"standard_name": "z", "units": "m", "positive": "up"}),
            ("mass_oil", factor * MASS, {"units": mass_units}),
            ("density", np.full(LON.shape, DENSITY), {"units": "kg/m^3"}),
        ):
            _put(file, name, dims, grid(np.where(silent, np.nan, values)), np.nan, **told)
        file.setncatts({"title": "OpenDrift trajectory simulation", **attrs})


def pygnome(path, *, mass_units="kilograms", shuffled=False, **attrs):
    """Write a row of particles for each time; those not released yet are not in it."""
    factor = {"kilograms": 1.0, "grams": 1e3}[mass_units]
    codes = np.select(
        [STATUS == BEACHED, STATUS == GONE, STATUS == UNRELEASED], [3, 7, 0], 2
    ).astype(np.int16)
    rows = [np.flatnonzero(codes[:, k]) for k in range(len(TIMES))]
    if shuffled:
        rows = [row[::-1] for row in rows]
    with _new(path) as file:
        file.createDimension("data", None)
        file.createDimension("time", len(TIMES))
        hours = (TIMES - TIMES[0]) / np.timedelta64(1, "h")
        _put(
            file,
            "time",
            ("time",),
            hours,
            units="hours since 2021-08-24 03:00:00",
            standard_name="time",
            comment="unspecified time zone",
        )
        _put(
            file,
            "particle_count",
            ("time",),
            np.array([row.size for row in rows], np.int32),
            ragged_row_count="particle count at nth timestep",
        )
        for name, values, told in (
            ("longitude", LON, {"standard_name": "longitude", "units": "degrees_east"}),
            ("latitude", LAT, {"standard_name": "latitude", "units": "degrees_north"}),
            ("depth", -Z, {"standard_name": "depth", "units": "meters"}),
            ("mass", factor * MASS, {"units": mass_units}),
            (
                "status_codes",
                codes,
                {
                    "flag_values": np.array([0, 2, 3, 7], np.int16),
                    "flag_meanings": "0:not_released 2:in_water 3:on_land 7:off_maps",
                },
            ),
            ("id", np.repeat(np.arange(len(LON), dtype=np.int32)[:, None], 4, 1), {}),
        ):
            items = np.concatenate([values[row, k] for k, row in enumerate(rows)])
            _put(file, name, ("data",), items, **told)
        file.setncatts({"source": "PyGnome version 1.1.17", **attrs})


def medslik(path, *, time_units="hours", volume_units="m3", density=DENSITY):
    """Write parcels as MEDSLIK-II does: volumes in barrels that it labels m3."""
    codes = np.select(
        [STATUS == UNRELEASED, STATUS == UNDER, STATUS == GONE, STATUS == BEACHED],
        [0.0, 3.0, 9.0, -0.25],
        1.0,
    )
    codes[1, 2] = 0.0  # the shore has taken up nothing yet
    barrels = MASS / DENSITY / BARREL
    with _new(path) as file:
        file.createDimension("parcel_id", len(LON))
        file.createDimension("time", len(TIMES))
        dims = ("time", "parcel_id")
        _put(file, "time", ("time",), np.arange(4, dtype=np.int32), units=time_units)
        nowhere = STATUS == UNRELEASED
        _put(file, "latitude", dims, np.where(nowhere, 0, LAT).T, units="degrees_north")
        _put(file, "longitude", dims, np.where(nowhere, 0, LON).T, units="degrees_east")
        for name, share in (("evaporative_volume", 0.3), ("non_evaporative_volume", 0.7)):
            told = {"units": volume_units, "oil_density": density}
            _put(file, name, dims, share * barrels.T, **told)
        _put(file, "particle_status", dims, codes.T, units="0,1,2,3,4,-nsg,9")
