"""The search space: named parameters with bounds, seen from outside in their own units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Parameter", "Space"]

Points = npt.NDArray[np.float64]

_EDGE = 1e-9  # keeps the bounds of a parameter finite where its prior is the normal distribution


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
    prior_mean : float, optional
        Middle of a normal prior, within the bounds or not; on a log scale its median. [units]
    prior_sd : float, optional
        Standard deviation of the prior. On a log scale it is that of the natural logarithm: the
        logarithm of a factor, so that ``math.log(2)`` says "right within a factor of two".
        [units; 1 on a log scale]

    Raises
    ------
    ValueError
        If the bounds, the default, the scale or the prior do not fit together.
    """

    name: str
    low: float
    high: float
    default: float
    scale: Literal["linear", "log"] = "linear"
    units: str = "1"
    prior_mean: float | None = None
    prior_sd: float | None = None

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
        self._check_prior()

    def _check_prior(self) -> None:
        """Refuse half a prior, and one that is no normal distribution."""
        mean, sd = self.prior_mean, self.prior_sd
        if mean is None and sd is None:
            return
        if mean is None or sd is None:
            raise ValueError(f"{self.name}: a prior needs a mean and an sd, got {mean} and {sd}")
        if not (math.isfinite(mean) and math.isfinite(sd) and sd > 0.0):
            raise ValueError(
                f"{self.name}: a prior needs a finite mean and a positive sd, got {mean} and {sd}"
            )
        if self.scale == "log" and mean <= 0.0:
            raise ValueError(f"{self.name}: a prior on a log scale needs a positive mean: {mean}")


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

    def log_prior(self, point: Mapping[str, float]) -> float:
        """Logarithm of the prior's density at a point, 0 at its middle: -1/2 sum of z squared.

        Parameters
        ----------
        point : mapping
            Value of each parameter, by name; it may lie outside the bounds. [units of each]

        Returns
        -------
        float
            0 where no parameter has a prior.
        """
        mean, sd = self._prior()
        z = (self._scaled(np.array([point[name] for name in self.names])) - mean) / sd
        return float(-0.5 * (z @ z))

    def unit_prior(self) -> tuple[Points, Points]:
        """Return the prior as the unit cube sees it.

        Returns
        -------
        tuple of ndarray, each of shape (n_parameters,)
            Mean, and standard deviation: infinite, with a mean of 0.5, where there is no prior.
        """
        mean, sd = self._prior()
        start, stop = (self._scaled(bound) for bound in self._bounds())
        known = np.isfinite(sd)
        return np.where(known, (mean - start) / (stop - start), 0.5), sd / (stop - start)

    def prior_points(self, uniform: Points) -> Points:
        """Move uniform points so that they are distributed as the prior within the bounds.

        Parameters
        ----------
        uniform : ndarray, shape (n, n_parameters)
            Points spread evenly over the unit cube.

        Returns
        -------
        ndarray, shape (n, n_parameters)
            Points of the unit cube.
        """
        from scipy.special import ndtri

        known, mean, sd, low, high = self._truncated_prior()
        moved = uniform.copy()
        moved[:, known] = np.clip(mean + sd * ndtri(low + uniform[:, known] * (high - low)), 0, 1)
        return moved

    def to_standard(self, points: Sequence[Mapping[str, float]]) -> Points:
        """Place points where the prior within the bounds is the standard normal distribution.

        Parameters
        ----------
        points : sequence of mapping, length n
            Value of each parameter, by name. [units of each]

        Returns
        -------
        ndarray, shape (n, n_parameters)
            A parameter without a prior counts as spread evenly on its scale.

        Raises
        ------
        ValueError
            If a point has other parameters than the space, or lies outside it.
        """
        from scipy.special import ndtr, ndtri

        share = self.to_unit(points)
        known, mean, sd, low, high = self._truncated_prior()
        share[:, known] = (ndtr((share[:, known] - mean) / sd) - low) / (high - low)
        standard: Points = ndtri(np.clip(share, _EDGE, 1.0 - _EDGE))
        return standard

    def from_standard(self, standard: Points) -> list[dict[str, float]]:
        """Inverse of :meth:`to_standard`; never leaves the bounds.

        Parameters
        ----------
        standard : ndarray, shape (n, n_parameters)

        Returns
        -------
        list of dict, length n
            Value of each parameter, by name. [units of each]
        """
        from scipy.special import ndtr

        return self.from_unit(self.prior_points(ndtr(standard)))

    @property
    def has_prior(self) -> bool:
        """Whether any parameter has a prior."""
        return any(parameter.prior_sd is not None for parameter in self.parameters)

    def _prior(self) -> tuple[Points, Points]:
        """Means and standard deviations on the scale of each; no prior is an infinite one."""
        mean = np.array([1.0 if p.prior_mean is None else p.prior_mean for p in self.parameters])
        sd = np.array([math.inf if p.prior_sd is None else p.prior_sd for p in self.parameters])
        return self._scaled(mean), sd

    def _truncated_prior(
        self,
    ) -> tuple[npt.NDArray[np.bool_], Points, Points, Points, Points]:
        """Which parameters have a prior; of these mean, sd and the share below either bound."""
        from scipy.special import ndtr

        mean, sd = self.unit_prior()
        known = np.isfinite(sd)
        mean, sd = mean[known], sd[known]
        return known, mean, sd, ndtr(-mean / sd), ndtr((1.0 - mean) / sd)

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
