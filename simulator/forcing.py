"""Currents, wind and waves brought onto one grid, ready to be blended into a drift velocity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from simulator.errors import SimulatorError
from simulator.grid import POLEMOST, FloatArray, Grid
from simulator.kernels.sampling import add_interpolated
from simulator.kernels.stokes import stokes_drift_speed_jonswap
from simulator.kernels.weather import write_scalar, write_speed, write_waves_of_wind

if TYPE_CHECKING:
    import xarray as xr

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
"""Currents are carried this many nodes from the sea towards the coast. Beyond: no drift."""

_ON_A_NODE = 2e-3
"""Single-precision axes miss the regular grid by less than this. [cells]"""

FETCH = 20_000.0
"""Fetch of the wind sea where Stokes drift is parametrised. [m] (MEDSLIK-II's cap)"""


@dataclass(frozen=True)
class VectorSeries:
    """Records of a horizontal vector on the drift grid.

    Attributes
    ----------
    times : ndarray, shape (records,)
        Seconds since the start of the run. [s]
    values : ndarray of float32, shape (records, rows, columns, 2)
        Eastward and northward component. [m s-1]
    """

    times: FloatArray
    values: NDArray[np.float32]


@dataclass(frozen=True)
class ScalarSeries:
    """Records of a quantity on the drift grid, given at every node.

    Attributes
    ----------
    times : ndarray, shape (records,)
        Seconds since the start of the run. [s]
    values : ndarray of float32, shape (records, rows, columns)
        In the SI unit of the quantity.
    """

    times: FloatArray
    values: NDArray[np.float32]


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
    stokes_origin : {"field", "wind", "none"}
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
    stokes_origin: str
    temperature: ScalarSeries | None = None
    wave_height: ScalarSeries | None = None
    wave_period: ScalarSeries | None = None

    @classmethod
    def from_datasets(
        cls,
        currents: xr.Dataset,
        winds: xr.Dataset,
        waves: xr.Dataset | None = None,
        temperature: xr.Dataset | None = None,
        *,
        start: np.datetime64,
        stokes_drift: str = "auto",
        numbering: Grid | None = None,
    ) -> Forcing:
        """Bring data sets with CF standard names onto one grid.

        Parameters
        ----------
        currents, winds, waves, temperature : Dataset
            Variables named by CF standard name, dimensions (time, latitude, longitude), ascending;
            missing is NaN. The nodes of the run are those of the finest field that drift is made
            of, as far as all of these cover them. Waves may hold any of Stokes drift, height and
            period. Temperature comes from `temperature` where given, else from `currents` if they
            hold it; like waves it is taken from the nearest node at sea where it has no value.
        start : datetime64
            Start of the run, UTC: the origin of `VectorSeries.times`.
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
        origin = stokes_origin(currents, waves, stokes_drift)
        moving = [currents, winds] + ([waves] if waves is not None and origin == "field" else [])
        grid = common_grid(moving) if numbering is None else _window(moving, numbering)
        current = _series(currents, CURRENT, grid, start, fill_reach=FILL_REACH)
        wind = _series(winds, WIND, grid, start, fill_reach=FILL_REACH)
        stokes = None
        if origin == "field" and waves is not None:
            stokes = _series(waves, STOKES, grid, start, fill_reach=FILL_REACH)
        elif origin == "wind":
            stokes = VectorSeries(wind.times, _stokes_from_wind(wind.values))
        return cls(
            start,
            grid,
            current,
            wind,
            stokes,
            origin,
            _scalar(currents if temperature is None else temperature, TEMPERATURE, grid, start),
            _scalar(waves, WAVE_HEIGHT, grid, start),
            _scalar(waves, WAVE_PERIOD, grid, start),
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
            return VectorSeries(since - series.times[::-1], -series.values[::-1])

        def still(series: ScalarSeries) -> ScalarSeries:
            return ScalarSeries(since - series.times[::-1], series.values[::-1].copy())

        return self._with_series(at, back, still)

    def starting_at(self, start: np.datetime64) -> Forcing:
        """Return the same fields for a run that starts at another time, UTC; nothing is copied."""
        later = float((start - self.start) / np.timedelta64(1, "s"))

        def moved(series: VectorSeries) -> VectorSeries:
            return VectorSeries(series.times - later, series.values)

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
            if self.stokes_origin == "wind":
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
            add_interpolated(out, times, series.times, series.values, factor, turned, hemisphere)
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
        terms = [(self.current, p.current_factor, out[..., :2])]
        if self.stokes is not None:
            terms.append((self.stokes, p.stokes_factor, out[..., 2:]))
        for series, factor, target in terms:
            add_interpolated(target, times, series.times, series.values, factor, 0.0, level)
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


def stokes_origin(currents: xr.Dataset, waves: xr.Dataset | None, asked: str) -> str:
    """Decide where Stokes drift comes from, see `Forcing.from_datasets`.

    Parameters
    ----------
    currents : Dataset
    waves : Dataset or None
    asked : {"auto", "field", "wind", "none"}

    Returns
    -------
    {"field", "wind", "none"}

    Raises
    ------
    SimulatorError
        Where what is asked for cannot be had, or would be counted twice.
    """
    if asked not in ("auto", "field", "wind", "none"):
        raise SimulatorError(
            f'stokes_drift = "{asked}": expected "auto", "field", "wind" or "none"'
        )
    included = includes_stokes_drift(currents)
    given = waves is not None and all(name in waves for name in STOKES)
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
        found = "no waves are given" if waves is None else "the waves hold no Stokes drift"
        raise SimulatorError(f'stokes_drift = "field": {found}; name a file of it, or use "wind"')
    return asked


def includes_stokes_drift(currents: xr.Dataset) -> bool:
    """Say whether currents are declared to hold the Stokes drift already."""
    return str(currents.attrs.get("includes_stokes_drift", "")).lower() in ("true", "1", "yes")


def common_grid(datasets: Sequence[xr.Dataset]) -> Grid:
    """Return a regular grid over the box that some data sets cover, the finest of their own.

    Parameters
    ----------
    datasets : sequence of Dataset
        With `longitude` and `latitude`, ascending. [degrees]

    Returns
    -------
    Grid
        Its nodes are those of the finest data set, to single precision.

    Raises
    ------
    SimulatorError
        Where they share no area.
    """
    west, dlon, columns = _common_axis(datasets, "longitude")
    south, dlat, rows = _common_axis(datasets, "latitude")
    return Grid(west, south, dlon, dlat, columns, rows)


def _common_axis(datasets: Sequence[xr.Dataset], name: str) -> tuple[float, float, int]:
    """Return the first node, spacing and number of nodes that all share."""
    axes = _axes(datasets, name)
    low, high = _shared(axes)
    steps = [float(np.median(np.diff(axis))) for axis in axes]
    # of two grids that are alike but for single precision, the first
    finest = next(k for k, step in enumerate(steps) if step < 1.001 * min(steps))
    step, near = steps[finest], 0.05 * steps[finest]
    nodes = axes[finest][(axes[finest] >= low - near) & (axes[finest] <= high + near)]
    cells = int((nodes[-1] - nodes[0]) / step + 0.05) if nodes.size else 0
    if cells < 1:
        _refuse_no_area(axes, name)
    if abs(nodes[-1] - nodes[0] - cells * step) < near:
        # so that the last node is that of the data, to the last bit
        step = float(nodes[-1] - nodes[0]) / cells
    return float(nodes[0]), step, cells + 1


def _window(datasets: Sequence[xr.Dataset], numbering: Grid) -> Grid:
    """Return the nodes of a numbering that all data sets cover."""
    first_column, columns = _range(datasets, "longitude", numbering.west, numbering.dlon)
    first_row, rows = _range(datasets, "latitude", numbering.south, numbering.dlat, POLEMOST)
    return replace(
        numbering, first_column=first_column, columns=columns, first_row=first_row, rows=rows
    )


def _range(
    datasets: Sequence[xr.Dataset], name: str, origin: float, step: float, most: float = np.inf
) -> tuple[int, int]:
    """Return the number of the first node that all share, and how many these are up to `most`."""
    axes = _axes(datasets, name)
    low, high = _shared(axes)
    low, high = max(low, -most), min(high, most)
    first = math.ceil((low - origin) / step - _ON_A_NODE)
    last = math.floor((high - origin) / step + _ON_A_NODE)
    if last <= first:
        _refuse_no_area(axes, name)
    return first, last - first + 1


def _axes(datasets: Sequence[xr.Dataset], name: str) -> list[FloatArray]:
    axes = [data[name].values.astype(np.float64) for data in datasets]
    if min(axis.size for axis in axes) < 2:
        raise SimulatorError(f"a forcing grid has a single {name}; expected at least two")
    return axes


def _shared(axes: list[FloatArray]) -> tuple[float, float]:
    return max(float(axis[0]) for axis in axes), min(float(axis[-1]) for axis in axes)


def _refuse_no_area(axes: list[FloatArray], name: str) -> NoReturn:
    spans = ", ".join(f"{axis[0]:.3f} to {axis[-1]:.3f}" for axis in axes)
    raise SimulatorError(f"the forcing fields share no area: their {name} is {spans}")


def _series(
    data: xr.Dataset, names: tuple[str, str], grid: Grid, start: np.datetime64, *, fill_reach: int
) -> VectorSeries:
    """Fill a vector field towards the coast and interpolate it onto the grid."""
    values = np.empty((data.sizes["time"], grid.rows, grid.columns, 2), np.float32)
    for component, name in enumerate(names):
        filled = _fill_near_coast(_records(data, name), fill_reach)
        values[..., component] = _interpolate(filled, data, grid)
    return VectorSeries(_seconds(data, start), values)


def _scalar(
    data: xr.Dataset | None, name: str, grid: Grid, start: np.datetime64
) -> ScalarSeries | None:
    """Fill a quantity on all land and interpolate it onto the grid; None if it is not given."""
    if data is None or name not in data:
        return None
    for axis, nodes in (("longitude", grid.longitude), ("latitude", grid.latitude)):
        own = data[axis].values
        if own[0] > nodes[-1] or own[-1] < nodes[0]:
            raise SimulatorError(
                f"{name} is given for {axis} {own[0]:.3f} to {own[-1]:.3f} and the drift for "
                f"{nodes[0]:.3f} to {nodes[-1]:.3f}; expected some of it there"
            )
    field = _records(data, name)
    present = np.isfinite(field).any(axis=(1, 2))
    if not present.any():
        raise SimulatorError(
            f"{name} has no value anywhere in the area of the run; expected some at sea: leave it "
            "out, or get data for the area"
        )
    filled = _fill_near_coast(field[present], np.inf)
    return ScalarSeries(_seconds(data, start)[present], _interpolate(filled, data, grid))


def _records(data: xr.Dataset, name: str) -> NDArray[np.float32]:
    field = data[name].transpose("time", "latitude", "longitude").values
    return np.asarray(field, np.float32)


def _seconds(data: xr.Dataset, start: np.datetime64) -> FloatArray:
    return np.asarray((data["time"].values - start) / np.timedelta64(1, "s"), np.float64)


def _fill_near_coast(field: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
    """Copy the nearest value at sea to missing nodes up to `reach` nodes away."""
    missing = np.isnan(field)
    if not missing.any():
        return field
    if missing.all():
        raise SimulatorError("a forcing field has no value anywhere")
    field = field.copy()
    static = (missing == missing[0]).all()
    for records in [slice(None)] if static else [slice(k, k + 1) for k in range(len(field))]:
        holes = missing[records][0]
        distance, (j, i) = distance_transform_edt(holes, return_indices=True)
        near = holes & (distance <= reach)
        field[records, near] = field[records][:, j[near], i[near]]
    return field


def _interpolate(field: NDArray[np.float32], data: xr.Dataset, grid: Grid) -> NDArray[np.float32]:
    """Interpolate records bilinearly onto the grid; NaN spreads to cells that touch it.

    Beyond the nodes of the data, where only quantities that do not move oil may end, the value
    is that of the nearest one.
    """
    j, b = _weights(data["latitude"].values.astype(np.float64), grid.latitude)
    i, a = _weights(data["longitude"].values.astype(np.float64), grid.longitude)
    rows: NDArray[np.float32] = _mix(field[:, j, :], field[:, j + 1, :], b[:, np.newaxis])
    return _mix(rows[:, :, i], rows[:, :, i + 1], a)


def _weights(axis: FloatArray, wanted: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    index = np.clip(np.searchsorted(axis, wanted, side="right") - 1, 0, axis.size - 2)
    weight = (wanted - axis[index]) / (axis[index + 1] - axis[index])
    on_a_node = np.abs(weight - np.round(weight)) < _ON_A_NODE
    weight = np.where(on_a_node, np.round(weight), weight)
    return index, np.clip(weight, 0.0, 1.0).astype(np.float32)


def _mix(
    a: NDArray[np.float32], b: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    # a node with weight 0 has no say, not even when it is missing
    mixed = (1.0 - weight) * a + weight * b
    return np.asarray(np.where(weight == 0.0, a, np.where(weight == 1.0, b, mixed)), np.float32)


def _with_error(series: VectorSeries, error: ErrorSeries) -> VectorSeries:
    """Add an error to all records, with records between where the error changes between them."""
    times, values = series.times, series.values
    if error.times.size > 1:
        first, last = (times[0], times[-1]) if times.size > 1 else (-np.inf, np.inf)
        within = error.times[(error.times > first) & (error.times < last)]
        # a single record would only mark a moment, not hold for all times, once others join it
        times = np.union1d(times if times.size > 1 else [], within)
        values = _at_times(series, times)
    added = np.stack([np.interp(times, error.times, part) for part in error.values.T], axis=-1)
    return VectorSeries(times, values + added[:, np.newaxis, np.newaxis, :].astype(np.float32))


def _at_times(series: VectorSeries, times: FloatArray) -> NDArray[np.float32]:
    """Return a vector field at other times, linear between records."""
    if np.array_equal(times, series.times):
        return series.values
    values = np.zeros((times.size, *series.values.shape[1:]))
    level = np.ones(values.shape[1])
    add_interpolated(values, times, series.times, series.values, 1.0, 0.0, level)
    return values.astype(np.float32)


def _stokes_from_wind(wind: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the JONSWAP Stokes drift along the local wind, from a table over wind speed."""
    speeds = np.arange(0.0, 80.5, 0.5)
    ratio = np.array([stokes_drift_speed_jonswap(max(w, 0.5), FETCH) / max(w, 0.5) for w in speeds])
    speed = np.hypot(wind[..., 0], wind[..., 1])
    drift = np.interp(speed, speeds, ratio)[..., np.newaxis] * wind
    return np.asarray(drift, np.float32)
