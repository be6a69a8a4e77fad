"""Values in cells, where they are, and what they may mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catalog.errors import CatalogError

if TYPE_CHECKING:
    import affine
    import geopandas
    import rasterio
    from rasterio.control import GroundControlPoint

RASTERS = {".tif", ".tiff", ".nc", ".nc4"}
"""How names of files of cells end."""

NETCDF = {".nc", ".nc4"}
"""Those of them that may hold several times."""

_LONGEST_EDGE = 1.0  # of an outline, before control points place it [cells]


@dataclass(frozen=True)
class Raster:
    """Values on a regular grid, or on one that control points place.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        Scaled, where the file has a scale.
    present : ndarray of bool, shape (rows, columns)
        Where there is a value.
    system : rasterio.crs.CRS, pyproj.CRS or None
    transform : affine.Affine
        From columns and rows to coordinates.
    tags : dict
        What the file says of itself.
    time : datetime or None
        UTC, where the file has a time axis.
    units : str or None
        Of the values.
    doubtful : ndarray of bool, shape (rows, columns), optional
        Values that are present, but are customary for no data, where the file declares none.
    control : tuple of rasterio.control.GroundControlPoint
        Where there are some, they take the place of the transform.
    meanings : dict
        Value -> what it means, where the file says so.
    name : str
        Of the band or variable, with its description.
    """

    values: npt.NDArray[Any]
    present: npt.NDArray[np.bool_]
    system: Any
    transform: affine.Affine
    tags: dict[str, Any]
    time: datetime | None = None
    units: str | None = None
    doubtful: npt.NDArray[np.bool_] | None = None
    control: tuple[GroundControlPoint, ...] = ()
    meanings: dict[float, str] = field(default_factory=dict)
    name: str = ""

    def outline(
        self, oil: npt.NDArray[np.bool_], label: str, *, by_value: bool = False
    ) -> tuple[geopandas.GeoSeries, list[float]]:
        """Outline cells, also value by value; outlines and their values.

        Raises
        ------
        CatalogError
            If control points put some of them nowhere; `label` is the file's name for people.
        """
        import affine
        import geopandas

        marked = self.values.astype("float32") if by_value else oil.astype("uint8")
        transform = affine.Affine.identity() if self.control else self.transform
        shapes, values = outlines_of(marked, oil, transform)
        if self.control:
            shapes = _placed(shapes, self.control, label)
        return geopandas.GeoSeries(shapes, crs=self.system), values


def outlines_of(
    values: npt.NDArray[Any], cells: npt.NDArray[np.bool_], transform: affine.Affine
) -> tuple[list[BaseGeometry], list[float]]:
    """Outline cells that lie together and have one value.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        Of a type that GDAL knows.
    cells : ndarray of bool, shape (rows, columns)
        Those that count.
    transform : affine.Affine
        From columns and rows to coordinates.

    Returns
    -------
    outlines : list of Polygon
    values : list of float

    Notes
    -----
    GDAL looks through the part that holds all cells and no more: a slick is little of its image.
    """
    import affine
    import rasterio.features
    from shapely.geometry import shape

    rows, columns = (_extent(cells, axis) for axis in (0, 1))
    found = list(
        rasterio.features.shapes(
            values[rows, columns],
            mask=cells[rows, columns],
            transform=affine.Affine.translation(columns.start, rows.start),
        )
    )
    shapes = np.array([shape(outline) for outline, _ in found], object)
    column, row = shapely.get_coordinates(shapes).T
    x = transform.c + column * transform.a + row * transform.b
    y = transform.f + column * transform.d + row * transform.e
    outlines = shapely.set_coordinates(shapes, np.stack([x, y], axis=-1))
    return list(outlines), [float(value) for _, value in found]


def _extent(cells: npt.NDArray[np.bool_], axis: int) -> slice:
    """Return from where to where there are cells on an axis; one of all where there is none."""
    places = np.flatnonzero(cells.any(axis=1 - axis))
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 1)


def _placed(
    shapes: list[BaseGeometry], control: tuple[GroundControlPoint, ...], label: str
) -> list[BaseGeometry]:
    """Bring shapes in columns and rows to where control points place them.

    By thin-plate splines, which hold each point: polynomials miss those of a radar image by tens of
    metres. Edges are cut first, since what is straight in the image is not on the ground.
    """
    from rasterio.transform import GCPTransformer

    fine = shapely.segmentize(shapes, _LONGEST_EDGE)
    points = shapely.get_coordinates(fine)
    with GCPTransformer(list(control), tps=True) as transformer:
        places = np.column_stack(transformer.xy(points[:, 1], points[:, 0], offset="ul"))
    if not np.isfinite(places).all():
        raise CatalogError(
            f"{label}: its control points put some of its pixels nowhere; correct them, or rectify "
            "it, for example by gdalwarp -tps"
        )
    placed: list[BaseGeometry] = list(shapely.set_coordinates(fine, places))
    return placed


def wgs84() -> rasterio.crs.CRS:
    """Return longitude and latitude as rasterio has them."""
    import rasterio.crs

    return rasterio.crs.CRS.from_epsg(4326)
