"""Currents, wind and waves brought onto one grid, ready to be blended into a drift velocity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from simulator.errors import SimulatorError
from simulator.grid import FloatArray, Grid
from simulator.kernels.sampling import add_interpolated
from simulator.kernels.stokes import stokes_drift_speed_jonswap

if TYPE_CHECKING:
    import xarray as xr

    from simulator.parameters import Parameters

CURRENT = ("eastward_sea_water_velocity", "northward_sea_water_velocity")
WIND = ("eastward_wind", "northward_wind")
STOKES = (
    "sea_surface_wave_stokes_drift_eastward_velocity",
    "sea_surface_wave_stokes_drift_northward_velocity",
)
REQUIRED_VARIABLES = (*CURRENT, *WIND)
"""CF standard names without which no run starts; the Stokes drift is optional."""

FILL_REACH = 3
"""Currents are carried this many nodes from the sea towards the coast. Beyond: no drift."""

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
class Forcing:
    """What moves the oil, on one grid. Make it with `Forcing.from_datasets`."""

    start: np.datetime64
    grid: Grid
    current: VectorSeries
    wind: VectorSeries
    stokes: VectorSeries | None
    stokes_origin: str

    @classmethod
    def from_datasets(
        cls,
        currents: xr.Dataset,
        winds: xr.Dataset,
        waves: xr.Dataset | None = None,
        *,
        start: np.datetime64,
        stokes_drift: str = "auto",
    ) -> Forcing:
        """Bring data sets with CF standard names onto one grid.

        Parameters
        ----------
        currents, winds, waves : Dataset
            Variables named by CF standard name, dimensions (time, latitude, longitude), ascending;
            missing is NaN. The grid of the run has the finest spacing among them and covers the
            box that all of them cover.
        start : datetime64
            Start of the run, UTC: the origin of `VectorSeries.times`.
        stokes_drift : {"auto", "field", "wind", "none"}
            Where Stokes drift comes from. "auto": from `waves` where given, from the wind
            otherwise; but none where the currents are declared to hold it already (their attribute
            `includes_stokes_drift`), since it must not be counted twice.

        Raises
        ------
        SimulatorError
            Where the fields share no area, a current is missing everywhere, or the Stokes drift
            asked for cannot be had.
        """
        origin = _stokes_origin(currents, waves, stokes_drift)
        fields = [currents, winds] + ([waves] if waves is not None and origin == "field" else [])
        grid = _common_grid(fields)
        current = _series(currents, CURRENT, grid, start, fill_reach=FILL_REACH)
        wind = _series(winds, WIND, grid, start, fill_reach=FILL_REACH)
        stokes = None
        if origin == "field" and waves is not None:
            stokes = _series(waves, STOKES, grid, start, fill_reach=FILL_REACH)
        elif origin == "wind":
            stokes = VectorSeries(wind.times, _stokes_from_wind(wind.values))
        return cls(start, grid, current, wind, stokes, origin)

    @property
    def fields(self) -> dict[str, VectorSeries]:
        """What the drift is made of, by name."""
        fields = {"current": self.current, "wind": self.wind}
        return fields if self.stokes is None else fields | {"Stokes drift": self.stokes}

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


def _stokes_origin(currents: xr.Dataset, waves: xr.Dataset | None, asked: str) -> str:
    if asked not in ("auto", "field", "wind", "none"):
        raise SimulatorError(
            f'stokes_drift = "{asked}": expected "auto", "field", "wind" or "none"'
        )
    included = str(currents.attrs.get("includes_stokes_drift", "")).lower() in ("true", "1", "yes")
    if asked == "auto":
        if included:
            return "none"
        return "wind" if waves is None else "field"
    if included and asked != "none":
        raise SimulatorError(
            f'stokes_drift = "{asked}": the currents already hold the Stokes drift; '
            'expected "none" or "auto", or currents without it'
        )
    if asked == "field" and waves is None:
        raise SimulatorError('stokes_drift = "field": no waves are given; name them, or use "wind"')
    return asked


def _common_grid(fields: list[xr.Dataset]) -> Grid:
    """Return the finest regular grid over the box that all fields cover."""
    west, dlon, columns = _common_axis(fields, "longitude")
    south, dlat, rows = _common_axis(fields, "latitude")
    return Grid(west, south, dlon, dlat, columns, rows)


def _common_axis(fields: list[xr.Dataset], name: str) -> tuple[float, float, int]:
    """Return the first node, spacing and number of nodes that all fields share."""
    axes = [field[name].values.astype(np.float64) for field in fields]
    if min(axis.size for axis in axes) < 2:
        raise SimulatorError(f"a forcing grid has a single {name}; expected at least two")
    low, high = max(axis[0] for axis in axes), min(axis[-1] for axis in axes)
    step = min(float(np.median(np.diff(axis))) for axis in axes)
    cells = int((high - low) / step + 0.05)
    if cells < 1:
        spans = ", ".join(f"{axis[0]:.3f} to {axis[-1]:.3f}" for axis in axes)
        raise SimulatorError(f"the forcing fields share no area: their {name} is {spans}")
    if abs(high - low - cells * step) < 0.05 * step:
        step = (high - low) / cells  # so that the last node is that of the data, to the last bit
    return low, step, cells + 1


def _series(
    data: xr.Dataset, names: tuple[str, str], grid: Grid, start: np.datetime64, *, fill_reach: int
) -> VectorSeries:
    """Fill a vector field towards the coast and interpolate it onto the grid."""
    times = (data["time"].values - start) / np.timedelta64(1, "s")
    values = np.empty((times.size, grid.rows, grid.columns, 2), np.float32)
    lon = data["longitude"].values.astype(np.float64)
    lat = data["latitude"].values.astype(np.float64)
    for component, name in enumerate(names):
        field = data[name].transpose("time", "latitude", "longitude").values
        filled = _fill_near_coast(field.astype(np.float32), fill_reach)
        values[..., component] = _interpolate(filled, lon, lat, grid)
    return VectorSeries(times.astype(np.float64), values)


def _fill_near_coast(field: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
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


def _interpolate(
    field: NDArray[np.float32], lon: FloatArray, lat: FloatArray, grid: Grid
) -> NDArray[np.float32]:
    """Interpolate records bilinearly onto the grid; NaN spreads to cells that touch it."""
    j, b = _weights(lat, grid.latitude)
    i, a = _weights(lon, grid.longitude)
    rows: NDArray[np.float32] = _mix(field[:, j, :], field[:, j + 1, :], b[:, np.newaxis])
    return _mix(rows[:, :, i], rows[:, :, i + 1], a)


def _weights(axis: FloatArray, wanted: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    index = np.clip(np.searchsorted(axis, wanted, side="right") - 1, 0, axis.size - 2)
    weight = (wanted - axis[index]) / (axis[index + 1] - axis[index])
    # single-precision axes miss the regular grid by a ten-thousandth of a cell
    weight = np.where(np.abs(weight - np.round(weight)) < 2e-3, np.round(weight), weight)
    return index, np.clip(weight, 0.0, 1.0).astype(np.float32)


def _mix(
    a: NDArray[np.float32], b: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    # a node with weight 0 has no say, not even when it is missing
    mixed = (1.0 - weight) * a + weight * b
    return np.asarray(np.where(weight == 0.0, a, np.where(weight == 1.0, b, mixed)), np.float32)


def _stokes_from_wind(wind: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the JONSWAP Stokes drift along the local wind, from a table over wind speed."""
    speeds = np.arange(0.0, 80.5, 0.5)
    ratio = np.array([stokes_drift_speed_jonswap(max(w, 0.5), FETCH) / max(w, 0.5) for w in speeds])
    speed = np.hypot(wind[..., 0], wind[..., 1])
    drift = np.interp(speed, speeds, ratio)[..., np.newaxis] * wind
    return np.asarray(drift, np.float32)
