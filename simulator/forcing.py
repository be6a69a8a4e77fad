"""Currents, wind and waves brought onto one grid, ready to be blended into a drift velocity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.axes import common_grid, joined_axes, nodes_covered
from simulator.errors import SimulatorError
from simulator.fields import (
    GIVEN,
    NEAREST,
    NOTHING,
    ScalarSeries,
    VectorSeries,
    at_times,
    scalar_series,
    several,
    vector_series,
)
from simulator.grid import FloatArray, Grid
from simulator.kernels.sampling import add_interpolated
from simulator.kernels.stokes import stokes_drift_speed_jonswap
from simulator.kernels.weather import write_scalar, write_speed, write_waves_of_wind

if TYPE_CHECKING:
    from simulator.parameters import Parameters

CURRENT = ("eastward_sea_water_velocity", "northward_sea_water_velocity")
WIND = ("eastward_wind", "northward_wind")
STOKES = (
    "sea_surface_wave_stokes_drift_eastward_velocity",
    "sea_surface_wave_stokes_drift_northward_velocity",
)
TEMPERATURE = "sea_water_temperature"
WAVE_HEIGHT = "sea_surface_wave_significant_height"
WAVE_PERIOD = "sea_surface_wave_period_at_variance_spectral_density_maximum"
REQUIRED_VARIABLES = (*CURRENT, *WIND)
"""CF standard names without which no run starts; Stokes drift and weather are optional."""

FILL_REACH = 3
"""Where currents or Stokes drift have no value they take the nearest one, from so many nodes away
at most. Beyond that they are 0, and the wind alone moves the oil."""

OneOrSeveral = xr.Dataset | Sequence[xr.Dataset]

FETCH = 20_000.0
"""Fetch of the wind sea where Stokes drift is parametrised. [m] (MEDSLIK-II's cap)"""


@dataclass(frozen=True)
class ErrorSeries:
    """An error of a horizontal vector, the same everywhere.

    Attributes
    ----------
    times : ndarray, shape (records,)
        Seconds since the start of the run. A single record holds for all times. [s]
    values : ndarray, shape (records, 2)
        Eastward and northward component. [m s-1]
    """

    times: FloatArray
    values: FloatArray


@dataclass(frozen=True)
class Forcing:
    """What moves and changes the oil, on one grid. Make it with `Forcing.from_datasets`.

    Attributes
    ----------
    start : datetime64
        Start of the run, UTC.
    grid : Grid
    current, wind : VectorSeries
        [m s-1]
    stokes : VectorSeries or None
        [m s-1]
    stokes_drift : {"field", "wind", "none"}
        Where the Stokes drift comes from.
    temperature : ScalarSeries or None
        Of the sea surface, where given. [K]
    wave_height : ScalarSeries or None
        Significant height, where given. [m]
    wave_period : ScalarSeries or None
        Peak period, where given. [s]
    """

    start: np.datetime64
    grid: Grid
    current: VectorSeries
    wind: VectorSeries
    stokes: VectorSeries | None
    stokes_drift: str
    temperature: ScalarSeries | None = None
    wave_height: ScalarSeries | None = None
    wave_period: ScalarSeries | None = None

    @classmethod
    def from_datasets(
        cls,
        currents: OneOrSeveral,
        winds: OneOrSeveral,
        waves: OneOrSeveral | None = None,
        temperature: OneOrSeveral | None = None,
        *,
        start: np.datetime64,
        stokes_drift: str = "auto",
        numbering: Grid | None = None,
    ) -> Forcing:
        """Bring data sets with CF standard names onto one grid.

        Parameters
        ----------
        currents, winds, waves, temperature : Dataset or sequence of Dataset
            Of several, the first that has a value at a place and a time gives it.
            Variables named by CF standard name, dimensions (time, latitude, longitude), ascending;
            missing is NaN. The nodes of the run are those of the finest field that drift is made
            of, as far as all of these cover them. Waves may hold any of Stokes drift, height and
            period. Temperature comes from `temperature` where given, else from `currents` if they
            hold it; like waves and wind it is taken from the nearest node that has a value where
            it has none. Currents and Stokes drift are, too, but from `FILL_REACH` nodes away at
            most. Where the coordinate `COVERED` of a data set is false, nothing is filled in: oil
            that comes there has left the area.
        start : datetime64
            Start of the run, UTC: the zero of `VectorSeries.times`.
        stokes_drift : {"auto", "field", "wind", "none"}
            Where Stokes drift comes from. "auto": from `waves` where given, from the wind
            otherwise; but none where the currents are declared to hold it already (their attribute
            `includes_stokes_drift`), since it must not be counted twice.
        numbering : Grid, optional
            Where columns and rows are counted from if these data sets are cut out of larger ones:
            the `common_grid` of the whole. Nodes then have the same number and the same values
            in every cut, and a run does not depend on it; values that are filled in near the edge
            of a cut may differ. Default: the common grid of these data sets.

        Raises
        ------
        SimulatorError
            Where the fields share no area, a current is missing everywhere, or the Stokes drift
            asked for cannot be had.
        """
        given = {"currents": several(currents), "winds": several(winds)}
        given |= {"waves": several(waves), "temperature": several(temperature)}
        chosen = choose_stokes_drift(given["currents"], given["waves"], stokes_drift)
        roles = ["currents", "winds", *(["waves"] if chosen == "field" else [])]
        moving = [joined_axes(given[role]) for role in roles]
        grid = common_grid(moving) if numbering is None else nodes_covered(moving, numbering)
        current = vector_series(given["currents"], CURRENT, grid, start, reach=FILL_REACH)
        wind = vector_series(given["winds"], WIND, grid, start, reach=np.inf)
        stokes = None
        if chosen == "field":
            stokes = vector_series(given["waves"], STOKES, grid, start, reach=FILL_REACH)
        elif chosen == "wind":
            stokes = VectorSeries(wind.times, _stokes_from_wind(wind.values))
        return cls(
            start,
            grid,
            current,
            wind,
            stokes,
            chosen,
            scalar_series(given["temperature"] or given["currents"], TEMPERATURE, grid, start),
            scalar_series(given["waves"], WAVE_HEIGHT, grid, start),
            scalar_series(given["waves"], WAVE_PERIOD, grid, start),
        )

    @property
    def fields(self) -> dict[str, VectorSeries]:
        """What the drift is made of, by name."""
        fields = {"current": self.current, "wind": self.wind}
        return fields if self.stokes is None else fields | {"Stokes drift": self.stokes}

    @property
    def scalars(self) -> dict[str, ScalarSeries]:
        """What is given of the weather beside the wind, by name."""
        given = {
            "temperature": self.temperature,
            "wave height": self.wave_height,
            "wave period": self.wave_period,
        }
        return {name: series for name, series in given.items() if series is not None}

    def support_at(self, longitude: FloatArray, latitude: FloatArray) -> dict[str, FloatArray]:
        """Return where that which moves oil at some places is from.

        Parameters
        ----------
        longitude, latitude : ndarray, shape (places,)
            Within the grid. [degrees]

        Returns
        -------
        dict
            Name in `fields` -> share of the times that it is `GIVEN`, `NEAREST` or `NOTHING`, by
            the worst of the four nodes round each place; shape (places, 3).
        """
        x, y = self.grid.to_cells(longitude, latitude)
        j, i = (
            np.clip(place - first, 0, size - 2).astype(np.intp)
            for place, first, size in (
                (y, self.grid.first_row, self.grid.rows),
                (x, self.grid.first_column, self.grid.columns),
            )
        )
        shares = {}
        for name, series in self.fields.items():
            if series.support is not None:
                corners = [series.support[:, j + b, i + a] for a in (0, 1) for b in (0, 1)]
                worst = np.maximum.reduce(corners)
                kinds = [(worst == kind).mean(axis=0) for kind in (GIVEN, NEAREST, NOTHING)]
                shares[name] = np.stack(kinds, axis=-1)
        return shares

    def along(
        self, times: FloatArray, longitude: FloatArray, latitude: FloatArray
    ) -> dict[str, FloatArray]:
        """Return what moves oil on a way through the fields.

        Parameters
        ----------
        times : ndarray, shape (n,)
            Seconds since the start of the run. [s]
        longitude, latitude : ndarray, shape (n,)
            Within the grid. [degrees]

        Returns
        -------
        dict
            Name in `fields` -> eastward and northward component, linear in time and between
            nodes, shape (n, 2). [m s-1]
        """
        x, y = self.grid.to_cells(longitude, latitude)
        places = (y - self.grid.first_row, x - self.grid.first_column)
        return {name: series.along(times, *places) for name, series in self.fields.items()}

    def fastest(self, parameters: Parameters) -> float:
        """Return a speed that oil carried by these fields does not exceed. [m s-1]

        Parameters
        ----------
        parameters : Parameters
            Of each the greatest that may be, without its sign.
        """
        p = parameters
        factors = {
            "current": p.current_factor,
            "wind": p.wind_drift_factor,
            "Stokes drift": p.stokes_factor,
        }
        speeds = {
            name: float(np.nanmax(np.hypot(*np.moveaxis(series.values, -1, 0)), initial=0.0))
            for name, series in self.fields.items()
        }
        bias = math.hypot(p.current_bias_east, p.current_bias_north)
        return bias + sum(factors[name] * speed for name, speed in speeds.items())

    def reversed(self, at: np.datetime64) -> Forcing:
        """Return the fields that take oil back where it came from.

        Time is counted back from `at`, and all that moves oil moves it the other way. Run with
        `Parameters.reversed`, so that the constant correction of the current turns as well.

        Parameters
        ----------
        at : datetime64
            UTC; the start of the run back in time. A time t of the result is that of
            `at - (t - at)`.
        """
        since = float((at - self.start) / np.timedelta64(1, "s"))

        def back(series: VectorSeries) -> VectorSeries:
            return replace(
                series,
                times=since - series.times[::-1],
                values=-series.values[::-1],
                support=None if series.support is None else series.support[::-1],
            )

        def still(series: ScalarSeries) -> ScalarSeries:
            return ScalarSeries(since - series.times[::-1], series.values[::-1].copy())

        return self._with_series(at, back, still)

    def starting_at(self, start: np.datetime64) -> Forcing:
        """Return the same fields for a run that starts at another time, UTC; nothing is copied."""
        later = float((start - self.start) / np.timedelta64(1, "s"))

        def moved(series: VectorSeries) -> VectorSeries:
            return replace(series, times=series.times - later)

        def moved_scalar(series: ScalarSeries) -> ScalarSeries:
            return ScalarSeries(series.times - later, series.values)

        return self._with_series(start, moved, moved_scalar)

    def _with_series(
        self,
        start: np.datetime64,
        vector: Callable[[VectorSeries], VectorSeries],
        scalar: Callable[[ScalarSeries], ScalarSeries],
    ) -> Forcing:
        """Return this forcing with another start and each of its series changed."""
        return replace(
            self,
            start=start,
            current=vector(self.current),
            wind=vector(self.wind),
            stokes=self.stokes and vector(self.stokes),
            temperature=self.temperature and scalar(self.temperature),
            wave_height=self.wave_height and scalar(self.wave_height),
            wave_period=self.wave_period and scalar(self.wave_period),
        )

    def perturbed(
        self, *, wind_error: ErrorSeries | None = None, current_error: ErrorSeries | None = None
    ) -> Forcing:
        """Return this forcing with errors added to its wind and current.

        Stokes drift and waves that are parametrised from the wind follow the wind with its error;
        those that are given stay as they are.

        Parameters
        ----------
        wind_error, current_error : ErrorSeries, optional
        """
        wind, stokes = self.wind, self.stokes
        if wind_error is not None:
            wind = _with_error(wind, wind_error)
            if self.stokes_drift == "wind":
                stokes = VectorSeries(wind.times, _stokes_from_wind(wind.values))
        current = self.current
        if current_error is not None:
            current = _with_error(current, current_error)
        return replace(self, current=current, wind=wind, stokes=stokes)

    def drift(self, times: FloatArray, parameters: Parameters, out: FloatArray) -> None:
        """Write the drift velocity of floating oil at some times. [grid cells s-1]

        Drift = current_factor * current + current_bias + wind_drift_factor * R(angle) wind
        + stokes_factor * Stokes drift, R turning to the right in the northern hemisphere and to
        the left in the southern.

        Parameters
        ----------
        times : ndarray, shape (times,)
            Seconds since the start of the run. [s]
        parameters : Parameters
        out : ndarray, shape (times, rows, columns, 2)
            Overwritten.
        """
        p = parameters
        out[..., 0] = p.current_bias_east
        out[..., 1] = p.current_bias_north
        hemisphere = np.where(self.grid.latitude < 0.0, -1.0, 1.0)
        angle = np.radians(p.wind_drift_angle_deg)
        along, across = p.wind_drift_factor * np.cos(angle), p.wind_drift_factor * np.sin(angle)
        terms = [(self.current, p.current_factor, 0.0), (self.wind, along, across)]
        if self.stokes is not None:
            terms.append((self.stokes, p.stokes_factor, 0.0))
        for series, factor, turned in terms:
            add_interpolated(out, 0, times, series.times, series.values, factor, turned, hemisphere)
        out *= self.grid.cells_per_metre[:, np.newaxis, :]

    def drift_below(self, times: FloatArray, parameters: Parameters, out: FloatArray) -> None:
        """Write what moves oil under water at some times. [grid cells s-1]

        Parameters
        ----------
        times : ndarray, shape (times,)
            Seconds since the start of the run. [s]
        parameters : Parameters
            Factors of current and Stokes drift; the wind has no hold there.
        out : ndarray, shape (times, rows, columns, 4)
            Overwritten: the current, and the Stokes drift at the surface.
        """
        p = parameters
        out[..., 0] = p.current_bias_east
        out[..., 1] = p.current_bias_north
        out[..., 2:] = 0.0
        level = np.ones(self.grid.rows)
        terms = [(self.current, p.current_factor, 0)]
        if self.stokes is not None:
            terms.append((self.stokes, p.stokes_factor, 2))
        for series, factor, place in terms:
            add_interpolated(out, place, times, series.times, series.values, factor, 0.0, level)
        out *= np.tile(self.grid.cells_per_metre, 2)[:, np.newaxis, :]

    def weather(self, times: FloatArray, out: FloatArray, *, water_temperature: float) -> None:
        """Write the weather at some times, linear in time between records.

        Waves that are not given are those of a sea that the local wind has fully developed
        (Pierson and Moskowitz 1964). Where the wind is missing, it is NaN, as are such waves.

        Parameters
        ----------
        times : ndarray, shape (times,)
            Seconds since the start of the run. Beyond the records the nearest one holds. [s]
        out : ndarray, shape (times, rows, columns, 4)
            Overwritten: wind speed at 10 m [m s-1], temperature of the sea surface [K],
            significant wave height [m], peak wave period, at least 1 s [s].
        water_temperature : float
            Where no temperature is given. [K]
        """
        write_speed(out, times, self.wind.times, self.wind.values)
        if self.temperature is None:
            out[..., 1] = water_temperature
        series = (self.temperature, self.wave_height, self.wave_period)
        for quantity, one in enumerate(series, start=1):
            if one is not None:
                write_scalar(out, quantity, times, one.times, one.values)
        write_waves_of_wind(out, self.wave_height is None, self.wave_period is None)


def choose_stokes_drift(
    currents: Sequence[xr.Dataset], waves: Sequence[xr.Dataset], asked: str
) -> str:
    """Decide where Stokes drift comes from, see `Forcing.from_datasets`.

    Parameters
    ----------
    currents, waves : sequence of Dataset
        Those that are given, in order of preference; waves may be none.
    asked : {"auto", "field", "wind", "none"}

    Returns
    -------
    {"field", "wind", "none"}

    Raises
    ------
    SimulatorError
        Where what is asked for cannot be had, or would be counted twice; where some currents hold
        it and others do not.
    """
    if asked not in ("auto", "field", "wind", "none"):
        raise SimulatorError(
            f'stokes_drift = "{asked}": expected "auto", "field", "wind" or "none"'
        )
    included = any(map(includes_stokes_drift, currents))
    if included and not all(map(includes_stokes_drift, currents)):
        raise SimulatorError(
            "some of the currents hold the Stokes drift and others do not; expected it in all of "
            "them, or in none"
        )
    given = bool(waves) and all(name in data for data in waves for name in STOKES)
    if asked == "auto":
        if included:
            return "none"
        return "field" if given else "wind"
    if included and asked != "none":
        raise SimulatorError(
            f'stokes_drift = "{asked}": the currents already hold the Stokes drift; '
            'expected "none" or "auto", or currents without it'
        )
    if asked == "field" and not given:
        found = "the waves hold no Stokes drift" if waves else "no waves are given"
        raise SimulatorError(f'stokes_drift = "field": {found}; name a file of it, or use "wind"')
    return asked


def includes_stokes_drift(currents: xr.Dataset) -> bool:
    """Say whether currents are declared to hold the Stokes drift already."""
    return str(currents.attrs.get("includes_stokes_drift", "")).lower() in ("true", "1", "yes")


def _with_error(series: VectorSeries, error: ErrorSeries) -> VectorSeries:
    """Add an error to all records, with records between where the error changes between them."""
    times, values = series.times, series.values
    if error.times.size > 1:
        first, last = (times[0], times[-1]) if times.size > 1 else (-np.inf, np.inf)
        within = error.times[(error.times > first) & (error.times < last)]
        # a single record would only mark a moment, not hold for all times, once others join it
        times = np.union1d(times if times.size > 1 else [], within)
        values = at_times(series, times)
    added = np.stack([np.interp(times, error.times, part) for part in error.values.T], axis=-1)
    return VectorSeries(times, values + added[:, np.newaxis, np.newaxis, :].astype(np.float32))


def _stokes_from_wind(wind: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the JONSWAP Stokes drift along the local wind, from a table over wind speed."""
    speeds = np.arange(0.0, 80.5, 0.5)
    ratio = np.array([stokes_drift_speed_jonswap(max(w, 0.5), FETCH) / max(w, 0.5) for w in speeds])
    speed = np.hypot(wind[..., 0], wind[..., 1])
    drift = np.interp(speed, speeds, ratio)[..., np.newaxis] * wind
    return np.asarray(drift, np.float32)
