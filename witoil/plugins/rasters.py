"""Pixels of an image in memory, or of a GeoTIFF of any size, read by parts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from witoil.plugins.card import Card
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import Placing, affine_placing
from witoil.plugins.images import MOST_PIXELS, Photo, is_tiff, read_photo

Values = npt.NDArray[Any]

GEOTIFF = (".tif", ".tiff")
_COLOURS = ("red", "green", "blue", "gray", "alpha", "undefined")
"""What GDAL calls bands that are taken for the colours of a picture."""

MOST_RASTER_PIXELS = 4_000_000_000
"""Size of a raster that is read by parts, at most: its classes take a byte each on disk."""


class Reader(Protocol):
    """What gives parts of an image.

    Attributes
    ----------
    name : str
    size : tuple of int
        Height and width. [pixel]
    placing : Placing or None
        Where the file says it is.
    remarks : list of str
    """

    name: str
    size: tuple[int, int]
    placing: Placing | None
    remarks: list[str]

    def read(self, rows: slice, columns: slice) -> Values:
        """Return (height, width, channels) of a part."""

    def is_valid(self, rows: slice, columns: slice) -> npt.NDArray[np.bool_]:
        """Return (height, width), False where there is nothing."""


class PhotoReader:
    """An image in memory, by parts."""

    placing: Placing | None = None

    def __init__(self, photo: Photo) -> None:
        self.photo = photo
        self.name, self.size, self.remarks = photo.name, photo.size, list(photo.remarks)

    def read(self, rows: slice, columns: slice) -> Values:
        """Return (height, width, 3) bytes of a part."""
        return self.photo.pixels[rows, columns]

    def is_valid(self, rows: slice, columns: slice) -> npt.NDArray[np.bool_]:
        """Return (height, width), False where the image is transparent."""
        if self.photo.opaque is None:
            return np.ones(self.photo.pixels[rows, columns].shape[:2], dtype=bool)
        return self.photo.opaque[rows, columns]


class ArrayReader:
    """Values in memory, by parts.

    Parameters
    ----------
    name : str
    values : numpy.ndarray
        (height, width, bands), NaN where there is nothing.
    """

    placing: Placing | None = None

    def __init__(self, name: str, values: Values) -> None:
        self._values = values
        self.name, self.size = name, (values.shape[0], values.shape[1])
        self.remarks: list[str] = []

    def read(self, rows: slice, columns: slice) -> Values:
        """Return (height, width, bands) of a part."""
        return self._values[rows, columns]

    def is_valid(self, rows: slice, columns: slice) -> npt.NDArray[np.bool_]:
        """Return (height, width), False where a band has nothing."""
        return np.asarray(np.isfinite(self._values[rows, columns]).all(axis=-1))


class GeoTiffReader:
    """A GeoTIFF, by parts.

    Parameters
    ----------
    dataset : rasterio.DatasetReader
    path : Path
    card : Card
        With the bands that are wanted.
    """

    def __init__(self, dataset: Any, path: Path, card: Card) -> None:
        self._dataset, self._path = dataset, path
        self.name, self.size = path.name, (dataset.height, dataset.width)
        self.remarks: list[str] = []
        if dataset.height * dataset.width > MOST_RASTER_PIXELS:
            raise PluginError(
                f"{path}: found {dataset.width:,} x {dataset.height:,} pixels, expected "
                f"{MOST_RASTER_PIXELS:,} at most"
            )
        self._is_bytes = card.input.kind == "image"
        self._bands = self._of_image() if self._is_bytes else self._of_bands(card.input.bands)
        self._range = card.input.range
        self.placing = self._placed()

    def read(self, rows: slice, columns: slice) -> Values:
        """Return (height, width, bands): bytes of an image, or values with scale and offset."""
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        part = Window.from_slices(rows, columns, height=self.size[0], width=self.size[1])
        try:
            found = self._dataset.read(self._bands, window=part)
            valid = self._dataset.read_masks(self._bands, window=part).min(axis=0) > 0
        except RasterioError as error:
            raise PluginError(
                f"{self._path}: is damaged ({error}); expected a whole file"
            ) from None
        if self._is_bytes:
            pixels: Values = np.moveaxis(found, 0, -1)
            return pixels
        at = np.array(self._bands) - 1
        scales, offsets = (np.array(v)[at] for v in (self._dataset.scales, self._dataset.offsets))
        values: Values = np.moveaxis(found, 0, -1) * scales + offsets
        values[~valid] = np.nan
        self._refuse_range(values)
        return values

    def _refuse_range(self, values: Values) -> None:
        """Refuse values of another unit, whose middle is a whole range beyond what is expected."""
        known = values[np.isfinite(values)]
        if self._range is None or not known.size:
            return
        least, most = self._range
        middle = float(np.median(known))
        if not 2.0 * least - most <= middle <= 2.0 * most - least:
            raise PluginError(
                f"{self._path}: found values of {middle:.4g}, expected {least:g} to {most:g}; give "
                "the file its scale and offset (gdal_edit.py -scale, -offset), or write it anew"
            )

    def is_valid(self, rows: slice, columns: slice) -> npt.NDArray[np.bool_]:
        """Return (height, width), False where a band has no data."""
        from rasterio.windows import Window

        part = Window.from_slices(rows, columns, height=self.size[0], width=self.size[1])
        valid: npt.NDArray[np.bool_] = self._dataset.read_masks(self._bands, window=part).min(0) > 0
        if not self._is_bytes:  # NaN is no value, whether the file says so or not
            valid &= np.isfinite(self.read(rows, columns)).all(axis=-1)
        return valid

    def _of_image(self) -> list[int]:
        dataset = self._dataset
        colours = [colour.name for colour in dataset.colorinterp]
        if colours[0] == "palette":
            raise PluginError(
                f"{self._path}: holds numbers of colours in a palette, expected the colours "
                "themselves (gdal_translate -expand rgb)"
            )
        is_told = {"red", "green", "blue"} <= {*colours}
        other = [] if is_told else [name for name in colours[:3] if name not in _COLOURS]
        if other or dataset.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES":
            found = ", ".join(other) or "grey whose 0 is white"
            raise PluginError(
                f"{self._path}: has bands of {found}, expected red, green and blue, or grey whose "
                "0 is black"
            )
        if set(dataset.dtypes[:3]) != {"uint8"}:
            raise PluginError(
                f"{self._path}: found bands of {', '.join(sorted({*dataset.dtypes}))}, expected "
                "bytes: red, green and blue, or grey"
            )
        if dataset.count < 3 and colours[1:] in ([], ["alpha"]):
            return [1, 1, 1]
        if dataset.count < 3:
            raise PluginError(
                f"{self._path}: found {dataset.count} bands, expected 3, or 1 of grey"
            )
        if is_told:
            return [colours.index(name) + 1 for name in ("red", "green", "blue")]
        return [1, 2, 3]

    def _of_bands(self, names: tuple[str, ...]) -> list[int]:
        """Return the numbers of bands by their descriptions, else by their order."""
        if any(dtype.startswith("complex") for dtype in self._dataset.dtypes):
            raise PluginError(f"{self._path}: holds complex numbers, expected real ones")
        said = [(text or "").casefold() for text in self._dataset.descriptions]
        wanted = [name.casefold() for name in names]
        if {*wanted} <= {*said}:
            return [said.index(name) + 1 for name in wanted]
        if any(said):
            raise PluginError(
                f"{self._path}: has the bands {', '.join(filter(None, said))}, expected "
                f"{', '.join(names)}"
            )
        if self._dataset.count != len(names):
            raise PluginError(
                f"{self._path}: has {self._dataset.count} bands without names, expected "
                f"{len(names)}: {', '.join(names)}"
            )
        self.remarks.append(f"bands have no names: taken in the order {', '.join(names)}")
        return list(range(1, len(names) + 1))

    def _placed(self) -> Placing | None:
        dataset = self._dataset
        if dataset.crs is not None and not dataset.transform.is_identity:
            return affine_placing(tuple(dataset.transform)[:6], dataset.crs.to_wkt(), self.size)
        if dataset.gcps[0]:
            self.remarks.append(
                "has ground control points and no map: positions stay in pixels; warp it first"
            )
        elif not dataset.transform.is_identity:
            self.remarks.append("has a map without a reference system: positions stay in pixels")
        return None


def whole(reader: Reader) -> Photo:
    """Return all of an image in memory.

    Raises
    ------
    PluginError
        Where it is too large for that.
    """
    if isinstance(reader, PhotoReader):
        return reader.photo
    height, width = reader.size
    if height * width > MOST_PIXELS:
        raise PluginError(
            f"{reader.name}: found {width:,} x {height:,} pixels, expected {MOST_PIXELS:,} at most"
        )
    everywhere = slice(0, height), slice(0, width)
    opaque = reader.is_valid(*everywhere)
    pixels = reader.read(*everywhere)
    return Photo(
        reader.name, pixels, None if opaque.all() else opaque, remarks=tuple(reader.remarks)
    )


def read_whole(path: Path, card: Card) -> Photo:
    """Return all of an image in memory, be it a photo or a GeoTIFF.

    Raises
    ------
    PluginError
        Where it is none, or too large for that.
    """
    with reading(path, card) as reader:
        return whole(reader)


def facts_of_raster(path: Path) -> dict[str, Any]:
    """Return what a GeoTIFF holds: ``size`` (height, width), ``bands`` (names or None), ``dtype``.

    Raises
    ------
    PluginError
        Where it is none, or lies nowhere on the Earth.
    """
    with _opened(path) as dataset:
        if dataset.crs is None and not dataset.gcps[0]:
            raise PluginError(f"{path}: has no coordinate reference system; expected one")
        return {
            "size": [dataset.height, dataset.width],
            "bands": list(dataset.descriptions),
            "dtype": dataset.dtypes[0],
        }


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a GeoTIFF.

    Raises
    ------
    PluginError
        Where it is none.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # which is said in remarks
            dataset = rasterio.open(path)
    except RasterioError as error:
        raise PluginError(f"{path}: is no GeoTIFF ({error}); expected one") from None
    with dataset:
        if dataset.driver != "GTiff":
            raise PluginError(f"{path}: is a file of {dataset.driver}, expected a GeoTIFF")
        yield dataset


@contextmanager
def reading(path: Path, card: Card) -> Iterator[Reader]:
    """Open an image for reading by parts.

    Raises
    ------
    PluginError
        Where it is none, or not what the card wants.
    """
    if not is_tiff(path):  # by what it is: cameras and people give files other names
        if card.input.kind == "raster":
            fault = "is no TIFF" if path.is_file() else "is no file that is there"
            raise PluginError(f"{path}: {fault}; expected a GeoTIFF with the bands of the card")
        yield PhotoReader(read_photo(path))
        return
    with _opened(path) as dataset:
        if card.input.kind == "image" and dataset.crs is None and not dataset.gcps[0]:
            yield PhotoReader(read_photo(path))
            return
        yield GeoTiffReader(dataset, path, card)
