"""The physical parameters of a run: what calibration may change."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from simulator.errors import SimulatorError


@dataclass(frozen=True)
class Parameters:
    """Parameters of the drift.

    Attributes
    ----------
    wind_drift_factor : float
        Direct wind drift as a fraction of the 10 m wind, Stokes drift not included. [1]
    wind_drift_angle_deg : float
        Angle between wind and wind drift, to the right in the northern hemisphere. [degrees]
    stokes_factor : float
        Factor of the Stokes drift. [1]
    current_factor : float
        Factor of the current. [1]
    current_bias_east, current_bias_north : float
        Constant correction of the current. [m s-1]
    horizontal_diffusivity : float
        Of the random walk; each component has the variance 2 K t. [m2 s-1]
    """

    wind_drift_factor: float = 0.01
    wind_drift_angle_deg: float = 0.0
    stokes_factor: float = 1.0
    current_factor: float = 1.0
    current_bias_east: float = 0.0
    current_bias_north: float = 0.0
    horizontal_diffusivity: float = 2.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not math.isfinite(value):
                raise SimulatorError(f"{name} = {value}: expected a finite number")
        if self.horizontal_diffusivity < 0.0:
            raise SimulatorError(
                f"horizontal_diffusivity = {self.horizontal_diffusivity}: expected 0 or more"
            )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all parameters."""
        return tuple(field.name for field in fields(cls))

    def reversed(self) -> Parameters:
        """Return the parameters of a run back in time, see `Forcing.reversed`.

        Factors and angle multiply fields that are turned already; only the constant is not.
        """
        return replace(
            self,
            current_bias_east=-self.current_bias_east,
            current_bias_north=-self.current_bias_north,
        )
