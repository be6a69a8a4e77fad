"""The table of quantities the project reads: canonical CF name, unit, range and aliases."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

RoleName = Literal["currents", "winds", "waves", "temperature"]


@dataclass(frozen=True)
class Quantity:
    """One physical quantity and the names it goes by.

    Attributes
    ----------
    name : str
        CF standard name, the only one used past this package.
    units : str
        Unit of the values handed on.
    valid_range : tuple of float
        Least and greatest plausible value. [units]
    aliases : tuple of str
        Variable names, short names and non-standard standard names, in lower case.
    medium : {"sea", "air"}
        Of the air it is wanted at 10 m, of the sea at the surface, and on land only of the air.
    """

    name: str
    units: str
    valid_range: tuple[float, float]
    aliases: tuple[str, ...]
    medium: Literal["sea", "air"] = "sea"


@dataclass(frozen=True)
class Role:
    """What a kind of forcing must hold and may hold.

    Attributes
    ----------
    required : tuple of str
        What the files must hold: the eastward and the northward component of a vector, in this
        order, or a single quantity. They settle which times there are, and where land is.
    optional : tuple of str
        Quantities taken along where the files have them.
    without : str
        How to run without this forcing, as advice at the end of an error message.
    instead : tuple of str
        Some of the optional quantities, each of which is of use by itself: files that hold none
        of the required ones will do if they hold one of these.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    without: str
    instead: tuple[str, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """All that is looked for."""
        return (*self.required, *self.optional)

    def settled_by(self, held: Set[str]) -> tuple[str, ...]:
        """Return what settles times and land in files that hold these quantities."""
        substitutes = [name for name in self.instead if name in held]
        if substitutes and held.isdisjoint(self.required):
            return (substitutes[0],)
        return self.required


EASTWARD_CURRENT = "eastward_sea_water_velocity"
NORTHWARD_CURRENT = "northward_sea_water_velocity"
SEA_TEMPERATURE = "sea_water_temperature"
EASTWARD_WIND = "eastward_wind"
NORTHWARD_WIND = "northward_wind"
EASTWARD_STOKES = "sea_surface_wave_stokes_drift_eastward_velocity"
NORTHWARD_STOKES = "sea_surface_wave_stokes_drift_northward_velocity"
WAVE_HEIGHT = "sea_surface_wave_significant_height"
WAVE_PERIOD = "sea_surface_wave_period_at_variance_spectral_density_maximum"

WINDS = (EASTWARD_WIND, NORTHWARD_WIND)
NORTHWARD = frozenset({NORTHWARD_CURRENT, NORTHWARD_WIND, NORTHWARD_STOKES})

QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            EASTWARD_CURRENT,
            "m s-1",
            (-10.0, 10.0),
            (
                "uo",
                "utotal",
                "vozocrtx",
                "water_u",
                "u_current",
                "ucur",
                "uos",
                "ssu",
                "u",
                "x_sea_water_velocity",
                "sea_water_x_velocity",
                "surface_eastward_sea_water_velocity",
                "surface_sea_water_x_velocity",
            ),
        ),
        Quantity(
            NORTHWARD_CURRENT,
            "m s-1",
            (-10.0, 10.0),
            (
                "vo",
                "vtotal",
                "vomecrty",
                "water_v",
                "v_current",
                "vcur",
                "vos",
                "ssv",
                "v",
                "y_sea_water_velocity",
                "sea_water_y_velocity",
                "surface_northward_sea_water_velocity",
                "surface_sea_water_y_velocity",
            ),
        ),
        Quantity(
            SEA_TEMPERATURE,
            "K",
            (265.0, 320.0),
            (
                "thetao",
                "votemper",
                "water_temp",
                "temperature",
                "temp",
                "to",
                "tos",
                "sst",
                "analysed_sst",
                "sea_water_potential_temperature",
                "sea_water_conservative_temperature",
                "sea_surface_temperature",
                "sea_surface_foundation_temperature",
                "sea_surface_subskin_temperature",
                "sea_surface_skin_temperature",
            ),
        ),
        Quantity(
            EASTWARD_WIND,
            "m s-1",
            (-90.0, 90.0),
            (
                *("u10", "u10m", "10u", "u10n", "uas", "uwnd", "x_wind", "wind_u", "u_wind", "u"),
                *("ugrd10m", "ugrd_10maboveground", "ugrd"),
                *("u-component_of_wind_height_above_ground", "u_component_of_wind"),
            ),
            "air",
        ),
        Quantity(
            NORTHWARD_WIND,
            "m s-1",
            (-90.0, 90.0),
            (
                *("v10", "v10m", "10v", "v10n", "vas", "vwnd", "y_wind", "wind_v", "v_wind", "v"),
                *("vgrd10m", "vgrd_10maboveground", "vgrd"),
                *("v-component_of_wind_height_above_ground", "v_component_of_wind"),
            ),
            "air",
        ),
        Quantity(
            EASTWARD_STOKES,
            "m s-1",
            (-5.0, 5.0),
            (
                "vsdx",
                "ust",
                "uuss",
                "eastward_surface_stokes_drift",
                "sea_surface_wave_stokes_drift_x_velocity",
            ),
        ),
        Quantity(
            NORTHWARD_STOKES,
            "m s-1",
            (-5.0, 5.0),
            (
                "vsdy",
                "vst",
                "vuss",
                "northward_surface_stokes_drift",
                "sea_surface_wave_stokes_drift_y_velocity",
            ),
        ),
        Quantity(
            WAVE_HEIGHT,
            "m",
            (0.0, 40.0),
            (
                "vhm0",
                "swh",
                "hs",
                "significant_height_of_wind_and_swell_waves",
                "significant_height_of_combined_wind_waves_and_swell",
            ),
        ),
        Quantity(
            WAVE_PERIOD,
            "s",
            (0.0, 60.0),
            # Not "tp", which is the precipitation in the ERA5 files that hold waves too.
            (
                "vtpk",
                "pp1d",
                "tpeak",
                "rtp",
                "peak_period",
                "peak_wave_period",
                "wave_peak_period",
                "sea_surface_wave_peak_period",
            ),
        ),
    )
}


@dataclass(frozen=True)
class Polar:
    """A vector as it is given by its speed and its direction.

    Attributes
    ----------
    speed : Quantity
    directions : tuple of (Quantity, float)
        Each with 1 where it is that to which, -1 where it is that from which the vector points.
        [degree clockwise from true north]
    """

    speed: Quantity
    directions: tuple[tuple[Quantity, float], ...]


def _speed(
    name: str, greatest: float, *aliases: str, medium: Literal["sea", "air"] = "sea"
) -> Quantity:
    return Quantity(name, "m s-1", (0.0, greatest), aliases, medium)


def _direction(name: str, *aliases: str, medium: Literal["sea", "air"] = "sea") -> Quantity:
    return Quantity(name, "degree", (-360.0, 720.0), aliases, medium)


POLAR: dict[tuple[str, str], Polar] = {
    WINDS: Polar(
        _speed(
            "wind_speed",
            90.0,
            *("wspd", "wind_speed_10m", "ws10", "si10", "10si", "wspd10", "ff"),
            medium="air",
        ),
        (
            (_direction("wind_to_direction", medium="air"), 1.0),
            # Meteorologists name winds by where they come from.
            (
                _direction(
                    "wind_from_direction",
                    *("wdir", "wind_direction", "wdir10", "wd10", "dd"),
                    medium="air",
                ),
                -1.0,
            ),
        ),
    ),
    (EASTWARD_CURRENT, NORTHWARD_CURRENT): Polar(
        _speed("sea_water_speed", 10.0, "current_speed"),
        (
            (
                _direction(
                    "sea_water_velocity_to_direction",
                    "direction_of_sea_water_velocity",
                    "sea_water_to_direction",
                ),
                1.0,
            ),
            (_direction("sea_water_velocity_from_direction", "sea_water_from_direction"), -1.0),
        ),
    ),
    (EASTWARD_STOKES, NORTHWARD_STOKES): Polar(
        _speed("sea_surface_wave_stokes_drift_speed", 5.0),
        ((_direction("sea_surface_wave_stokes_drift_to_direction"), 1.0),),
    ),
}
"""Eastward and northward component -> how else they may be given."""

STOKES_INCLUDED = "includes_stokes_drift"
"""Attribute of currents that hold the Stokes drift already, which must not be added again."""

TOTALS = {EASTWARD_CURRENT: "utotal", NORTHWARD_CURRENT: "vtotal"}
"""Variables of the Copernicus Marine Service that hold currents, tide and Stokes drift together.
They go before its `uo` and `vo`, which stand beside them in the same files."""

ROLES: dict[RoleName, Role] = {
    "currents": Role(
        (EASTWARD_CURRENT, NORTHWARD_CURRENT),
        (SEA_TEMPERATURE,),
        '`currents = "none"` runs without them',
    ),
    "winds": Role(WINDS, (), '`winds = "none"` runs without them'),
    "waves": Role(
        (EASTWARD_STOKES, NORTHWARD_STOKES),
        (WAVE_HEIGHT, WAVE_PERIOD),
        "leave the waves out to run without them",
        instead=(WAVE_HEIGHT, WAVE_PERIOD),
    ),
    "temperature": Role(
        (SEA_TEMPERATURE,), (), "leave the temperature out to run with the same everywhere"
    ),
}
