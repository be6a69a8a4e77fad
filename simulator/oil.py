"""Properties of the oil: what it weighs, how it flows, what boils off, how much water it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from simulator.errors import SimulatorError
from simulator.plausible import (
    SHORTEST_SPAN,
    expansion,
    mended,
    pairs,
    real,
    reals,
    require_distillation,
    require_falling,
    require_flowing,
    require_measurable,
    require_most,
    require_watson,
    require_within,
    with_unit,
)

Points = tuple[tuple[float, float], ...]
"""Values at temperatures: ((temperature [K], value), ...), the temperatures rising."""

WATER_DENSITY_15C = 999.1
"""Fresh water at 15 degrees Celsius. [kg m-3]"""

TEMPERATURE_15C = 288.15
"""Where the API gravity is defined. [K]"""

VISCOSITY_TEMPERATURE = 5000.0
"""How fast viscosity falls where only one value is known: exp(5000 K / T). [K] (NOAA's ADIOS2)"""

RESIDUE_BOILING_POINT = 1000.0
"""Stands for all that does not distil. [K]"""

_CUT_EDGES = (310.0, 350.0, 390.0, 430.0, 470.0, 520.0, 570.0, 670.0, 800.0)
_COLDEST_BOILING_POINT = 250.0
_SAME = 0.01  # relative difference of measurements that say the same [1]


def density_from_api(api_gravity: float) -> float:
    """Return the density of oil at 15 degrees Celsius from its API gravity. [kg m-3]

    API = 141.5 / specific gravity - 131.5 (American Petroleum Institute).
    """
    return WATER_DENSITY_15C * 141.5 / (api_gravity + 131.5)


def api_from_density(density: float) -> float:
    """Return the API gravity of an oil from its density at 15 degrees Celsius. [degrees]"""
    return WATER_DENSITY_15C * 141.5 / density - 131.5


@dataclass(frozen=True)
class Oil:
    """A fresh oil.

    Attributes
    ----------
    name : str
    density_reference_points : tuple of (float, float)
        Temperature [K] and density [kg m-3]; denser where colder.
    viscosity_reference_points : tuple of (float, float)
        Temperature [K] and kinematic viscosity [m2 s-1]; higher where colder.
    mass_fractions : tuple of float
        Of the pseudo-components, the most volatile first; sum to 1. [1]
    boiling_points : tuple of float
        Of the pseudo-components, at one atmosphere, rising. [K]
    max_water_fraction : float
        Volume of water in the emulsion at its wettest; 0 for an oil that forms none. [1]
    oil_water_interfacial_tension : float
        [N m-1]
    pour_point : float
        Below it the oil does not flow, see `simulator.kernels.pour.fluidity`. [K]
    remarks : tuple of str
        What of the measurements was left out or changed.

    Notes
    -----
    Refused is what no oil has, see `simulator.plausible`: a value beyond its range; a density that
    falls more than eight times as fast as that of crude oil does when it warms, or a viscosity
    faster than exp(30 000 K / T); at 15 degrees Celsius, or at the pour point of an oil that does
    not flow there, a viscosity of more than 10**(1.6 - 0.1 API) m2 s-1; and boiling points whose
    Watson factor is beyond 8 to 14. Of NOAA's ADIOS database all but slips lie within.
    """

    name: str
    density_reference_points: Points
    viscosity_reference_points: Points
    mass_fractions: tuple[float, ...]
    boiling_points: tuple[float, ...]
    max_water_fraction: float
    oil_water_interfacial_tension: float
    pour_point: float
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        """Refuse properties that no oil has.

        Raises
        ------
        SimulatorError
        """
        self._make_plain()
        for what, points in (
            ("density", self.density_reference_points),
            ("viscosity", self.viscosity_reference_points),
        ):
            if not points:
                raise self._error(f"a {what}", points)
            require_measurable(self.name, what, points)
            require_falling(self.name, what, points)
        fractions, boiling = self.mass_fractions, self.boiling_points
        if len(fractions) != len(boiling) or not all(f > 0.0 for f in fractions):
            raise self._error("one mass fraction above 0 for each boiling point", fractions)
        if abs(sum(fractions) - 1.0) > 1e-9:
            raise self._error("mass fractions whose sum is 1", sum(fractions))
        if not all(a < b for a, b in pairwise(boiling)):
            raise self._error("boiling points that rise", boiling)
        for boiling_point in boiling:
            require_within(self.name, "boiling_points", boiling_point)
        for name in ("max_water_fraction", "oil_water_interfacial_tension", "pour_point"):
            require_within(self.name, name, getattr(self, name))
        gravity = self.density(TEMPERATURE_15C) / WATER_DENSITY_15C
        require_watson(self.name, gravity, fractions, boiling)
        self._require_flowing()

    def _make_plain(self) -> None:
        """Make tuples of floats of any sequences of numbers; refuse what is no number."""
        if not isinstance(self.name, str):
            raise self._error("a name", self.name)
        plain: dict[str, object] = {}
        for name in ("density_reference_points", "viscosity_reference_points"):
            plain[name] = pairs(self.name, name, getattr(self, name))
        for name in ("mass_fractions", "boiling_points"):
            plain[name] = reals(self.name, name, getattr(self, name))
        for name in ("max_water_fraction", "oil_water_interfacial_tension", "pour_point"):
            plain[name] = real(self.name, name, getattr(self, name))
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def _require_flowing(self) -> None:
        """Refuse the viscosity of a solid above the pour point.

        Below it a gel of wax can have any viscosity, so that only what was measured above tells.
        """
        temperature = max(TEMPERATURE_15C, self.pour_point)
        if self.viscosity_reference_points[-1][0] >= self.pour_point:
            viscosity = self.kinematic_viscosity(temperature)
            require_flowing(self.name, viscosity, temperature, self.api_gravity)

    def _error(self, expected: str, found: object) -> SimulatorError:
        return SimulatorError(f"oil {self.name!r}: found {found}, expected {expected}")

    @classmethod
    def from_measurements(
        cls,
        name: str,
        *,
        densities: Iterable[tuple[float, float]],
        viscosities: Iterable[tuple[float, float]],
        cuts: Iterable[tuple[float, float]] = (),
        cuts_by_volume: bool = False,
        recovered: float = 1.0,
        emulsifies: bool = True,
        max_water_fraction: float | None = None,
        oil_water_interfacial_tension: float | None = None,
        pour_point: float | None = None,
    ) -> Oil:
        """Make an oil of what was measured; what was not is estimated from the rest.

        Parameters
        ----------
        name : str
        densities, viscosities : iterable of (float, float)
            At temperatures [K], see the class. A value that contradicts those nearer to
            15 degrees Celsius, by not falling with temperature, is left out.
        cuts : iterable of (float, float)
            Temperature [K] and the fraction distilled up to it; none: estimated from the density.
        cuts_by_volume : bool
            Whether the fractions are of volume rather than mass.
        recovered : float
            Fraction that distils at all. [1]
        emulsifies : bool
            False for distillates such as diesel, which hold no water (as in NOAA's ADIOS).
        max_water_fraction, oil_water_interfacial_tension, pour_point : float, optional

        Raises
        ------
        SimulatorError
            If a property is impossible, or its values contradict one another, see the class.
        """
        remarks: list[str] = []
        density_points = _falling(name, "density", densities, remarks)
        viscosity_points = _falling(name, "viscosity", viscosities, remarks)
        curve = pairs(name, "cuts", cuts)
        if curve:
            require_distillation(name, curve, real(name, "recovered fraction", recovered))
            remarks += mended(curve)
        density = _density(density_points, TEMPERATURE_15C)
        viscosity = _kinematic_viscosity(viscosity_points, TEMPERATURE_15C)
        api_gravity = api_from_density(density)
        fractions, boiling_points = pseudo_components(
            curve or _typical_cuts_jones1997(api_gravity),
            by_volume=cuts_by_volume,
            recovered=recovered,
        )
        if max_water_fraction is None:
            max_water_fraction = _typical_water(density * viscosity) if emulsifies else 0.0
        elif real(name, "max_water_fraction", max_water_fraction) != 0.0:
            require_most(name, "max_water_fraction", max_water_fraction)
        if oil_water_interfacial_tension is None:
            oil_water_interfacial_tension = 1e-3 * (39.0 - 0.2571 * api_gravity)
        if pour_point is None:
            require_flowing(name, viscosity, TEMPERATURE_15C, api_gravity)
            pour_point = _typical_pour_point(viscosity)
        return cls(
            name,
            density_points,
            viscosity_points,
            fractions,
            boiling_points,
            max_water_fraction,
            oil_water_interfacial_tension,
            pour_point,
            tuple(remarks),
        )

    def density(self, temperature: float) -> float:
        """Return the density at a temperature [K]. [kg m-3]

        Linear between the reference points. Beyond them it expands by 613.9723 / density**2 per
        kelvin, the coefficient of crude oil in API MPMS 11.1 (ASTM D1250), first order only.
        """
        return _density(self.density_reference_points, temperature)

    def kinematic_viscosity(self, temperature: float) -> float:
        """Return the kinematic viscosity at a temperature [K]. [m2 s-1]

        Follows exp(c / T) between the reference points, and beyond them with the c of the two
        outermost, or 5000 K (ADIOS2) where they lie less than 10 K apart.
        """
        return _kinematic_viscosity(self.viscosity_reference_points, temperature)

    def sets_at(self, temperature: float) -> bool:
        """Return whether the oil is so far below its pour point [K] that it moves less freely."""
        from simulator.kernels.pour import fluidity  # a list of oils needs no compiler

        return bool(fluidity(temperature, self.pour_point) < 1.0)

    @property
    def api_gravity(self) -> float:
        """API gravity. [degrees]"""
        return api_from_density(self.density(TEMPERATURE_15C))

    @property
    def molar_masses(self) -> NDArray[np.float64]:
        """Molar masses of the pseudo-components. [kg mol-1]"""
        return molar_mass_jones1997(np.asarray(self.boiling_points))

    @property
    def component_densities(self) -> NDArray[np.float64]:
        """Densities of the pseudo-components at 15 degrees Celsius. [kg m-3]

        Of one Watson characterisation factor, Tb**(1/3) / specific gravity, which is such that the
        components together, without excess volume, have the density of the oil.

        References
        ----------
        Watson and Nelson (1933), Industrial & Engineering Chemistry 25, 880-887,
        doi:10.1021/ie50284a012.
        """
        root = np.cbrt(self.boiling_points)
        return self.density(TEMPERATURE_15C) * float(np.sum(self.mass_fractions / root)) * root


def molar_mass_jones1997(boiling_point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the molar mass of saturates of given boiling points [K]. [kg mol-1]

    Notes
    -----
    M = (49.677 (6.98291 - ln(1070 - Tb)))**1.5 in g mol-1, to Tb = 1000 K; aromatics of the same
    boiling point are about a tenth lighter.

    References
    ----------
    Jones (1997), A simplified pseudo-component oil evaporation model, Proc. 20th AMOP; constants
    as in NOAA's PyGNOME.
    """
    saturates = (49.677 * (6.98291 - np.log(1070.0 - boiling_point))) ** 1.5
    return np.asarray(1e-3 * saturates, dtype=np.float64)


def pseudo_components(
    cuts: Sequence[tuple[float, float]], *, by_volume: bool = False, recovered: float = 1.0
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Divide a distillation curve into pseudo-components of fixed ranges of boiling points.

    Parameters
    ----------
    cuts : sequence of (float, float)
        Temperature [K] and the fraction distilled up to it; at least two.
    by_volume : bool
        Whether the fractions are of volume: then mass goes as Tb**(1/3) (one Watson factor).
    recovered : float
        Fraction that distils at all; the rest is residue, as is what boils above 800 K. [1]

    Returns
    -------
    tuple of float, tuple of float
        Mass fractions [1] and boiling points [K]; components that hold nothing are left out.

    Notes
    -----
    Before the first cut and after the last the curve goes on with its mean slope, from 250 K.
    """
    temperature, fraction = _distillation_curve(cuts)
    edges = np.array([0.0, *_CUT_EDGES])
    distilled = np.minimum(np.interp(edges, temperature, fraction), recovered)
    low = np.maximum(edges[:-1], temperature[0])
    high = np.minimum(edges[1:], max(temperature[-1], edges[1]))
    boiling = np.append(0.5 * (low + high), RESIDUE_BOILING_POINT)
    share = np.append(np.diff(distilled), 1.0 - distilled[-1])
    if by_volume:
        share = share * np.cbrt(boiling)
    held = share > 1e-6
    share = share[held] / share[held].sum()
    return tuple(map(float, share)), tuple(map(float, boiling[held]))


def _distillation_curve(
    cuts: Sequence[tuple[float, float]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the curve from nothing to all distilled; laboratories' slips made to rise."""
    curve: dict[float, float] = {}
    for cut, distilled in sorted(cuts):
        curve[cut] = min(max(distilled, 0.0, *curve.values()), 1.0)
    temperature, fraction = np.array(list(curve)), np.array(list(curve.values()))
    if len(curve) < 2 or not fraction[-1] > fraction[0] or not np.isfinite(temperature).all():
        raise SimulatorError(
            f"distillation: found the cuts {list(cuts)}, expected two or more (K, fraction), rising"
        )
    slope = (fraction[-1] - fraction[0]) / (temperature[-1] - temperature[0])
    start = max(temperature[0] - fraction[0] / slope, _COLDEST_BOILING_POINT)
    start = min(start, temperature[0] - 1e-3)
    end = temperature[-1] + max((1.0 - fraction[-1]) / slope, 1e-3)
    return (
        np.concatenate([[start], temperature, [end]]),
        np.concatenate([[0.0], fraction, [1.0]]),
    )


def _typical_cuts_jones1997(api_gravity: float) -> tuple[tuple[float, float], ...]:
    """Return the straight distillation curve of a crude oil (Jones 1997, as in PyGNOME)."""
    # Beyond these the relation leaves the range of oils, or its logarithm that of numbers.
    api = min(max(api_gravity, 1.0), 80.0)
    start = 457.16 - 3.3447 * api
    return (start, 0.0), (start + 1356.7 - 247.36 * log(api), 1.0)


def _typical_water(dynamic_viscosity: float) -> float:
    """Return the largest water fraction from the viscosity at 15 degrees Celsius [Pa s] (ADIOS2).

    Viscous oils take up less. ADIOS2 has 0 for all refined products; here residual fuels follow
    the law of crude oils, since they do hold water: 40 to 60 % entrained (Fingas and Fieldhouse
    2004, doi:10.1016/j.jhazmat.2003.11.008).
    """
    return min(max(0.9 - 0.0952 * log(max(dynamic_viscosity, 0.05) / 0.05), 0.0), 0.9)


def _typical_pour_point(viscosity: float) -> float:
    """Return where the viscosity, given at 15 degrees Celsius, reaches 1 m2 s-1. [K] (ADIOS2)"""
    c = VISCOSITY_TEMPERATURE
    return c * TEMPERATURE_15C / (c - TEMPERATURE_15C * log(viscosity))


def _falling(
    name: str, what: str, points: Iterable[tuple[float, float]], remarks: list[str]
) -> Points:
    """Leave the points that fall with temperature, going out from the one nearest 15 Celsius.

    Of several at one temperature the first counts. A remark is added for each that is left out
    and says something else.
    """
    measured = pairs(name, f"{what} points", points)
    ordered = sorted(measured, key=lambda point: abs(point[0] - TEMPERATURE_15C))
    if not ordered:
        raise SimulatorError(f"oil {name!r}: found no {what}, expected one at least")
    require_measurable(name, what, ordered)
    kept = ordered[:1]
    for temperature, value in ordered[1:]:
        if temperature > kept[-1][0] and value < kept[-1][1]:
            kept.append((temperature, value))
        elif temperature < kept[0][0] and value > kept[0][1]:
            kept.insert(0, (temperature, value))
    known = dict(kept)
    remarks += [
        f"the {what} {with_unit(what, value)} at {temperature - 273.15:g} C is left out: "
        + ("another one there counts" if temperature in known else "it should fall with warming")
        for temperature, value in sorted(ordered)
        if abs(value / known.get(temperature, np.inf) - 1.0) > _SAME
    ]
    return tuple(kept)


def _density(points: Points, temperature: float) -> float:
    if not points[0][0] <= temperature <= points[-1][0]:
        end, density = points[0] if temperature < points[0][0] else points[-1]
        return density * exp(-expansion(density) * (temperature - end))
    temperatures, densities = zip(*points, strict=True)
    return float(np.interp(temperature, temperatures, densities))


def _kinematic_viscosity(points: Points, temperature: float) -> float:
    (coldest, thickest), (warmest, thinnest) = points[0], points[-1]
    if coldest <= temperature <= warmest:
        inverse = [-1.0 / t for t, _ in points]
        return float(exp(np.interp(-1.0 / temperature, inverse, [log(v) for _, v in points])))
    c = VISCOSITY_TEMPERATURE
    if warmest - coldest >= SHORTEST_SPAN:
        c = log(thickest / thinnest) / (1.0 / coldest - 1.0 / warmest)
    end, viscosity = points[0] if temperature < coldest else points[-1]
    return viscosity * exp(c * (1.0 / temperature - 1.0 / end))
