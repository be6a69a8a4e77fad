"""Grid mappings of CF: from a projection or a rotated grid to longitude, latitude, true east."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.grid import FloatArray
from catalog.units import angle_in_degrees, length_in_metres

if TYPE_CHECKING:
    from pyproj import CRS, Geod, Transformer

_FALSE_ORIGIN = ("false_easting", "false_northing")

_FARTHEST = 2e7
"""No place on Earth is farther from the origin of a projection than this, mostly. [m]"""

_EXCERPT = 120
"""Length to which the words of a library are cut. [characters]"""

_STEP = 1e-4
"""Share of a cell over which the directions of its axes are measured."""


@dataclass(frozen=True)
class Projection:
    """A plane, or a rotated sphere, on whose x and y a grid is regular.

    Attributes
    ----------
    system : pyproj.CRS
    attrs : tuple of (str, value)
        That describe it in the file.
    """

    system: CRS
    attrs: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def _to_plane(self) -> Transformer:
        from pyproj import Transformer

        return Transformer.from_crs(_degrees_on(self.system), self.system, always_xy=True)

    @cached_property
    def _ellipsoid(self) -> Geod:
        from pyproj import Geod

        geod = self.system.get_geod()
        # Poles are rotated on a sphere.
        return Geod(a=1.0, f=0.0) if self.system.is_geographic or geod is None else geod

    def to_plane(
        self, longitude: FloatArray, latitude: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return x and y of places in degrees; infinite where there are none."""
        x, y = self._to_plane.transform(longitude, latitude)
        return np.asarray(x), np.asarray(y)

    def to_degrees(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of places in the plane; infinite where there are none."""
        longitude, latitude = self._to_plane.transform(x, y, direction="INVERSE")
        return np.asarray(longitude), np.asarray(latitude)

    def in_plane(self, values: FloatArray, units: str, where: str) -> FloatArray:
        """Return values of an axis in the unit of the plane, from metres, kilometres or degrees.

        Raises
        ------
        CatalogError
            If the unit is of another kind.
        """
        if self.system.is_geographic:
            factor, noun = angle_in_degrees(units), "degrees"
        else:
            factor, noun = self._units_in(units), "metres"
        if factor is None:
            raise CatalogError(
                f"{where}: an axis of the projection {self.system.name!r} is in {units!r}, "
                f"expected {noun}; correct its unit"
            )
        return np.asarray(values * factor)

    def _units_in(self, units: str) -> float | None:
        """Return how many units of the plane a unit of length is; None where a text is none."""
        metres = length_in_metres(units)
        return None if metres is None else metres / self.system.axis_info[0].unit_conversion_factor

    def with_origin_in(self, units: str, x: FloatArray, y: FloatArray) -> Projection:
        """Return the projection with its false origin in the unit of the axes, as CF has it.

        Parameters
        ----------
        units : str
            Of the axes.
        x, y : ndarray
            Axes, in the unit of the plane.

        Returns
        -------
        Projection
            Itself where the axes would then be nowhere: some files have metres all the same.
        """
        attrs, factor = dict(self.attrs), self._units_in(units)
        if factor in (None, 1.0) or not any(attrs.get(key) for key in _FALSE_ORIGIN):
            return self
        moved = {key: attrs[key] * factor for key in _FALSE_ORIGIN if key in attrs}
        far = max(
            np.abs(axis - moved.get(key, 0.0)).max()
            for axis, key in zip((x, y), _FALSE_ORIGIN, strict=True)
        )
        if far > _FARTHEST:
            return self
        described = tuple({**attrs, **moved}.items())
        return Projection(_system(described), described)

    def directions(
        self, longitude: FloatArray, latitude: FloatArray, cell: tuple[float, float]
    ) -> tuple[FloatArray, FloatArray]:
        """Return where the axes of the plane point at some places.

        Parameters
        ----------
        longitude, latitude : ndarray, shape (rows, columns)
            [degrees]
        cell : tuple of float
            Size of a cell in x and in y, in the unit of the plane.

        Returns
        -------
        along_x, along_y : ndarray, shape (rows, columns, 2)
            Eastward and northward component of the unit vectors along rising x and rising y.
        """
        x, y = self.to_plane(longitude, latitude)
        dx, dy = (_STEP * size for size in cell)
        return self._direction(x, y, dx, 0.0), self._direction(x, y, 0.0, dy)

    def _direction(self, x: FloatArray, y: FloatArray, dx: float, dy: float) -> FloatArray:
        behind, ahead = self.to_degrees(x - dx, y - dy), self.to_degrees(x + dx, y + dy)
        azimuth, _, _ = self._ellipsoid.inv(*behind, *ahead)
        angle = np.radians(azimuth)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def find_projection(dataset: xr.Dataset, array: xr.DataArray, where: str) -> Projection | None:
    """Read the grid mapping of a variable.

    Parameters
    ----------
    dataset : Dataset
    array : DataArray
        Its attribute ``grid_mapping`` names the variable that describes the mapping; where it
        names none, and the file describes a single one, that is taken.
    where : str
        File and variable, for the error message.

    Returns
    -------
    Projection or None
        None where there is none, or it is that of plain longitude and latitude.

    Raises
    ------
    CatalogError
        If it is none that PROJ knows.
    """
    name = _mapping_name(dataset, array)
    if name is None:
        return None
    attrs = _normalised({str(k): _plain(v) for k, v in dataset.variables[name].attrs.items()})
    if attrs.get("grid_mapping_name") == "latitude_longitude" or not attrs:
        return None
    from pyproj.exceptions import CRSError

    try:
        projection = Projection(_system(tuple(attrs.items())), tuple(attrs.items()))
    except (CRSError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise CatalogError(
            f"{where}: the grid mapping {name!r} cannot be used "
            f"({attrs.get('grid_mapping_name', 'without a grid_mapping_name')}: "
            f"{str(error)[:_EXCERPT]}); expected "
            "one of CF; put the field on longitude and latitude first (`cdo remapbil`)"
        ) from error
    system = projection.system
    return None if system.is_geographic and not system.is_derived else projection


_FIGURE = {"earth_radius", "semi_major_axis", "reference_ellipsoid_name"}
_MERIDIAN = {"prime_meridian_name", "longitude_of_prime_meridian"}


@lru_cache(maxsize=32)
def _system(attrs: tuple[tuple[str, Any], ...]) -> CRS:
    """Make a reference system; of the files of a year, once."""
    from pyproj import CRS

    given = dict(attrs)
    if _FIGURE & given.keys() and not _MERIDIAN & given.keys():
        # what is taken where none is given, and looked for by its name for a fifth of a second
        given |= {"prime_meridian_name": "Greenwich", "longitude_of_prime_meridian": 0.0}
    return CRS.from_cf(given)


def _degrees_on(system: CRS) -> CRS:
    """Return longitude and latitude on the figure of the Earth of a system.

    In degrees from Greenwich, whatever the system itself counts from. Models know no other figure.
    """
    from pyproj import CRS

    ellipsoid = system.ellipsoid
    assert ellipsoid is not None  # every system has one
    axes = {"a": ellipsoid.semi_major_metre, "b": ellipsoid.semi_minor_metre}
    return CRS.from_dict({"proj": "longlat", **axes, "no_defs": True, "type": "crs"})


def _normalised(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a grid mapping in a form in which none is passed over.

    With one standard parallel, PROJ puts the origin of Lambert's conformal cone there; with two it
    is where the attributes have it.
    """
    parallel = attrs.get("standard_parallel")
    is_cone = attrs.get("grid_mapping_name") == "lambert_conformal_conic"
    if is_cone and isinstance(parallel, int | float):
        return {**attrs, "standard_parallel": (parallel, parallel)}
    return attrs


def _mapping_name(dataset: xr.Dataset, array: xr.DataArray) -> Hashable | None:
    """Return the variable that describes the grid mapping; None where there is none."""
    named = str(array.attrs.get("grid_mapping", "")).strip()
    if ":" in named:
        named = _of_several(named, set(map(str, array.dims)))
    if named in dataset.variables:
        return named
    described = [n for n, v in dataset.variables.items() if "grid_mapping_name" in v.attrs]
    return described[0] if len(described) == 1 and not named else None


def _of_several(named: str, dims: set[str]) -> str:
    """Choose of ``crs: x y  other: lat lon`` the mapping of the dimensions themselves."""
    mapping, chosen = "", ""
    for word in named.split():
        if word.endswith(":"):
            mapping = word[:-1]
        elif word in dims and not chosen:
            chosen = mapping
    return chosen


def _plain(value: Any) -> Any:
    """Return numbers as PROJ takes them: arrays of one as a number, others as tuples."""
    if isinstance(value, np.ndarray):
        return value.item() if value.size == 1 else tuple(value.tolist())
    return value.item() if isinstance(value, np.generic) else value
