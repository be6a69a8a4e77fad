"""Oil on the stretches of coast over the members of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import simulator
from witoil.scenario.verification import Box

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MemberCoast:
    """The stretches of coast that one member oils.

    Attributes
    ----------
    stretch : ndarray of int64, shape (oiled,)
        Numbers of the stretches with oil at any output time; rising.
    first : ndarray of int32, shape (oiled,)
        Number of the output time at which each is first oiled.
    greatest, last : ndarray, shape (oiled,)
        Mass at the output time when it is greatest, and at the end. [kg]
    """

    stretch: NDArray[np.int64]
    first: NDArray[np.int32]
    greatest: FloatArray
    last: FloatArray

    @classmethod
    def of(cls, result: xr.Dataset, box: Box) -> MemberCoast:
        """Return the oiled stretches of a run.

        Stretches whose middle is beyond the box of the forcing are made by cutting the coast, and
        oil cannot reach them: they are left out.

        Parameters
        ----------
        result : Dataset
            See `simulator.run`.
        box : tuple of float
            West, south, east, north. [degrees]
        """
        mass = result["coast_mass"].values
        lon, lat = result["stretch_lon"].values, result["stretch_lat"].values
        west, south, east, north = box
        inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        stretch = np.flatnonzero(inside & (mass > 0.0).any(axis=1))
        mass = mass[stretch]
        return cls(
            stretch=stretch,
            first=np.argmax(mass > 0.0, axis=1).astype(np.int32),
            greatest=mass.max(axis=1, initial=0.0),
            last=mass[:, -1].copy(),
        )


@dataclass(frozen=True)
class Range:
    """The spread of a mass over members, one value for each stretch. [kg]

    Attributes
    ----------
    minimum, median, maximum : ndarray, shape (stretches,)
        Over all members, also those that do not reach a stretch.
    """

    minimum: FloatArray
    median: FloatArray
    maximum: FloatArray

    @classmethod
    def of(cls, mass: FloatArray) -> Range:
        """Return the spread of masses, shape (members, stretches)."""
        return cls(mass.min(axis=0), np.median(mass, axis=0), mass.max(axis=0))


@dataclass(frozen=True)
class CoastStatistics:
    """All stretches that any member oils, the likeliest first.

    Attributes
    ----------
    longitude, latitude : ndarray, shape (stretches,)
        Middle. [degrees]
    length : ndarray, shape (stretches,)
        [m]
    shore_type : list of str
    line : ndarray of MultiLineString, shape (stretches,)
        [degrees]
    probability : ndarray, shape (stretches,)
        Share of members that oil it at any output time. [1]
    first_arrival_earliest, first_arrival_median : ndarray, shape (stretches,)
        Over the members that oil it. [h]
    greatest, last : Range
        Mass at the output time when it is greatest, and at the end. [kg]
    greatest_where_oiled : ndarray, shape (stretches,)
        Median of the greatest mass over the members that oil it. [kg]
    """

    longitude: FloatArray
    latitude: FloatArray
    length: FloatArray
    shore_type: list[str]
    line: NDArray[np.object_]
    probability: FloatArray
    first_arrival_earliest: FloatArray
    first_arrival_median: FloatArray
    greatest: Range
    last: Range
    greatest_where_oiled: FloatArray


def coast_statistics(
    shores: Sequence[simulator.Shore],
    coasts: Sequence[tuple[int, MemberCoast]],
    hours: FloatArray,
) -> CoastStatistics:
    """Gather the oil on the coast over members.

    Parameters
    ----------
    shores : sequence of Shore
        Of each forcing product: their boxes, and with them the numbers of stretches, may differ.
    coasts : sequence of (int, MemberCoast)
        Number of the product and oiled stretches, of each member.
    hours : ndarray
        Output times. [h]
    """
    numbers, owner, own_number = _common_numbers(shores)
    places = [numbers[product][coast.stretch] for product, coast in coasts]
    oiled = np.unique(np.concatenate(places))
    shape = (len(coasts), oiled.size)
    greatest, last, first = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
    for k, (_, coast) in enumerate(coasts):
        column = np.searchsorted(oiled, places[k])
        greatest[k, column] = coast.greatest
        last[k, column] = coast.last
        first[k, column] = hours[coast.first]
    probability = np.isfinite(first).sum(axis=0) / len(coasts)
    earliest = np.nanmin(first, axis=0, initial=np.inf)
    order = np.lexsort((oiled, earliest, -probability))
    oiled = oiled[order]
    greatest, last, first = greatest[:, order], last[:, order], first[:, order]
    of, stretch = owner[oiled], own_number[oiled]
    lines = [shore.lines() for shore in shores]
    found = [(shores[p], lines[p], s) for p, s in zip(of, stretch, strict=True)]
    return CoastStatistics(
        longitude=np.array([shore.longitude[s] for shore, _, s in found]),
        latitude=np.array([shore.latitude[s] for shore, _, s in found]),
        length=np.array([shore.length[s] for shore, _, s in found]),
        shore_type=[simulator.SHORE_TYPE_NAMES[shore.shore_type[s] - 1] for shore, _, s in found],
        line=np.array([line[s] for _, line, s in found], object),
        probability=probability[order],
        first_arrival_earliest=earliest[order],
        first_arrival_median=_median_where(first, np.isfinite(first)),
        greatest=Range.of(greatest),
        last=Range.of(last),
        greatest_where_oiled=_median_where(greatest, np.isfinite(first)),
    )


def _common_numbers(
    shores: Sequence[simulator.Shore],
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64], NDArray[np.int64]]:
    """Give each stretch one number, its cell of the lattice, on whichever shore it is.

    Returns
    -------
    numbers : list of ndarray
        Common number of each stretch of each shore.
    owner, own_number : ndarray
        A shore that has a stretch, by its common number, and its number there: of several shores
        the one on which it is longest, since the box of another may have cut it.
    """
    cells = np.concatenate([shore.cell for shore in shores])
    _, common = np.unique(cells, axis=0, return_inverse=True)
    common = common.reshape(-1)
    counts = [len(shore.cell) for shore in shores]
    numbers = np.split(common, np.cumsum(counts)[:-1])
    whose = np.repeat(np.arange(len(shores)), counts)
    own = np.concatenate([np.arange(count) for count in counts])
    length = np.concatenate([shore.length for shore in shores])
    order = np.lexsort((whose, -length, common))
    _, begin = np.unique(common[order], return_index=True)
    best = order[begin]
    return numbers, whose[best], own[best]


def _median_where(values: FloatArray, chosen: NDArray[np.bool_]) -> FloatArray:
    """Return the median of the chosen values of each column, at least one."""
    return np.array([np.median(v[c]) for v, c in zip(values.T, chosen.T, strict=True)])
