"""The search space: named parameters with bounds, seen from outside in their own units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Parameter", "Space"]

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """One dimension of the search.

    Parameters
    ----------
    name : str
        Name, as the objective knows it.
    low, high : float
        Bounds, both included. [units]
    default : float
        The value before any search, within the bounds. [units]
    scale : {"linear", "log"}
        Whether equal steps of the search are equal differences or equal ratios.
    units : str
        Units, for reports.

    Raises
    ------
    ValueError
        If the bounds, the default or the scale do not fit together.
    """

    name: str
    low: float
    high: float
    default: float
    scale: Literal["linear", "log"] = "linear"
    units: str = "1"

    def __post_init__(self) -> None:
        bounds = f"[{self.low}, {self.high}]"
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"{self.name}: bounds must be finite and rising, got {bounds}")
        if not self.low <= self.default <= self.high:
            raise ValueError(f"{self.name}: default {self.default} lies outside {bounds}")
        if self.scale not in ("linear", "log"):
            raise ValueError(f"{self.name}: scale must be linear or log, got {self.scale!r}")
        if self.scale == "log" and self.low <= 0.0:
            raise ValueError(f"{self.name}: a log scale needs a positive low, got {bounds}")


@dataclass(frozen=True)
class Space:
    """Parameters searched together; the search itself sees the unit cube.

    Parameters
    ----------
    parameters : tuple of Parameter
        The dimensions, at least one, with different names.

    Raises
    ------
    ValueError
        If there is no parameter, or two of one name.
    """

    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        if not self.parameters:
            raise ValueError("a search space needs at least one parameter")
        repeated = {name for name in self.names if self.names.count(name) > 1}
        if repeated:
            raise ValueError(f"parameter names must differ, repeated: {sorted(repeated)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def default(self) -> dict[str, float]:
        """The point before any search."""
        return {parameter.name: float(parameter.default) for parameter in self.parameters}

    def to_unit(self, points: Sequence[Mapping[str, float]]) -> Points:
        """Place points in the unit cube.

        Parameters
        ----------
        points : sequence of mapping, length n
            Value of each parameter, by name. [units of each]

        Returns
        -------
        ndarray, shape (n, n_parameters)
            Coordinates in [0, 1].

        Raises
        ------
        ValueError
            If a point has other parameters than the space, or lies outside it.
        """
        for point in points:
            if set(point) != set(self.names):
                raise ValueError(f"expected parameters {self.names}, got {tuple(point)}")
        values = np.array([[point[name] for name in self.names] for point in points])
        values = values.reshape(len(points), len(self.names))
        low, high = self._bounds()
        outside = (values < low) | (values > high) | np.isnan(values)
        if outside.any():
            row, column = np.argwhere(outside)[0]
            parameter = self.parameters[column]
            raise ValueError(
                f"{parameter.name} = {values[row, column]} lies outside "
                f"[{parameter.low}, {parameter.high}]"
            )
        start, stop = self._scaled(low), self._scaled(high)
        return np.clip((self._scaled(values) - start) / (stop - start), 0.0, 1.0)

    def from_unit(self, unit: npt.ArrayLike) -> list[dict[str, float]]:
        """Inverse of :meth:`to_unit`; rounding never leaves the bounds.

        Parameters
        ----------
        unit : array_like, shape (n, n_parameters)
            Coordinates in [0, 1].

        Returns
        -------
        list of dict, length n
            Value of each parameter, by name. [units of each]
        """
        low, high = self._bounds()
        start, stop = self._scaled(low), self._scaled(high)
        values = start + np.asarray(unit, dtype=np.float64) * (stop - start)
        log = self._log()
        values[:, log] = np.exp(values[:, log])
        rows = np.clip(values, low, high).tolist()
        return [dict(zip(self.names, row, strict=True)) for row in rows]

    def _bounds(self) -> tuple[Points, Points]:
        """Lower and upper bounds, each of shape (n_parameters,)."""
        low = np.array([parameter.low for parameter in self.parameters], dtype=np.float64)
        high = np.array([parameter.high for parameter in self.parameters], dtype=np.float64)
        return low, high

    def _log(self) -> npt.NDArray[np.bool_]:
        """Mark the parameters on a log scale, shape (n_parameters,)."""
        return np.array([parameter.scale == "log" for parameter in self.parameters])

    def _scaled(self, values: Points) -> Points:
        """Take the logarithm where the scale is one."""
        log = self._log()
        scaled = np.array(values, dtype=np.float64)
        scaled[..., log] = np.log(scaled[..., log])
        return scaled
