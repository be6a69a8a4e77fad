"""Rasters of a run for maps: as cloud-optimised GeoTIFF, as coloured tiles, and value by value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
import rasterio.transform
import rasterio.warp
from affine import Affine
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from catalog.antimeridian import unbroken_box
from simulator import Status
from web.maps.kept import kept
from web.maps.vector_tiles import Tile, tile_bounds
from witoil.errors import WitoilError
from witoil.figures.drawing import SIMULATED_ONLY
from witoil.figures.ensemble import PERCENT_BOUNDS
from witoil.outputs.run import new_raster
from witoil.player.fields import box_of_particles
from witoil.player.layers import BONN_UM
from witoil.player.mercator import Box, northing
from witoil.report.words import raised
from witoil.runs.run import Run
from witoil.runs.slick import Sensor
from witoil.scenario.afloat import thickness_afloat
from witoil.scenario.verification import VerificationGrid
from witoil.times import exact, to_datetime

PIXELS = 256
"""Width and height of a tile."""

_MOST_CELLS = 4_000_000
_CELLS_PUT = 4.0
"""Where a pixel is as wide as so many cells, each is put into its own: there are no holes."""

_MARGIN = 9  # cells over which oil is spread, and one more
_RADIUS = 6_378_137.0  # of the sphere of web maps [m]
_METRES_PER_DEGREE = math.radians(1.0) * _RADIUS
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z")


@dataclass(frozen=True)
class Frame:
    """A raster at a time, or at all times.

    Attributes
    ----------
    time : str or None
        UTC; None of what belongs to the whole run.
    name : str
        Of the file that is kept of it.
    make : callable
        Writes that file, a cloud-optimised GeoTIFF of one band, to a path.
    """

    time: str | None
    name: str
    make: Callable[[Path], None]


@dataclass(frozen=True)
class Raster:
    """A field of a run at some times, and how it is coloured.

    Attributes
    ----------
    id, title, unit : str
    bounds : tuple of float
        Around it: west, south, east, north; east may be beyond 180. [degrees]
    shown : tuple of float or None
        Around the cells that are drawn at any time; None: not known, or there are none.
    classes : tuple of float
        Least value of each class, rising; what is less is not drawn.
    colours : tuple of str
        Of the classes, ``#rrggbb``.
    labels : tuple of str
        Of the classes, for people.
    frames : tuple of Frame
        In time order.
    coarsened : Resampling
        Which of the values counts that one pixel of a tile covers: what is small is not lost.
    """

    id: str
    title: str
    unit: str
    bounds: Box
    shown: Box | None
    classes: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]
    frames: tuple[Frame, ...]
    coarsened: Resampling = Resampling.max


@dataclass(frozen=True)
class _Kind:
    """Rasters that runs write: whose names match, which bands, and how they are coloured.

    Attributes
    ----------
    id, title, unit, pattern : str
    map : str
        Colours: of matplotlib, or one colour.
    classes : callable
        Takes the greatest value and returns the least value of each class.
    labels : callable
        Takes those and returns what a legend calls each class.
    coarsened : Resampling
        Which of the values counts that one pixel of a tile covers: what is small is not lost.
    band : int or None
        None: every band, each of a time.
    """

    id: str
    title: str
    unit: str
    pattern: str
    map: str
    classes: Callable[[float], Sequence[float]]
    labels: Callable[[Sequence[float]], Sequence[str]]
    coarsened: Resampling = Resampling.max
    band: int | None = 1


def _percents(_: float) -> Sequence[float]:
    return [0.01 * each for each in PERCENT_BOUNDS[:-1]]


def _hours(greatest: float) -> Sequence[float]:
    width = next((h for h in (0.5, 1, 2, 3, 6, 12, 24, 48) if greatest / h <= 9.0), greatest / 9.0)
    return list(np.arange(0.0, max(greatest, width), width))


def _decades(greatest: float) -> Sequence[float]:
    return [greatest * 10.0**power for power in range(-4, 0)]


def _from_least(classes: Sequence[float]) -> Sequence[str]:
    return [f"from {_written(least)}" for least in classes]


def _of_likeliest(classes: Sequence[float]) -> Sequence[str]:
    """Name classes by the likeliest cell: how large a cell is says nothing of where to look."""
    shares = [10 ** (len(classes) - k) for k in range(len(classes))]
    return [f"from 1/{share:,} of the likeliest" for share in shares]


_KINDS = (
    _Kind(
        "mask", "Slick as a sensor would see it", "1", "mask_*.tif", SIMULATED_ONLY,
        lambda _: [0.5], lambda _: ["oil"],
    ),
    _Kind(
        "probability", "Probability of oil", "1", "probability*.tif",
        "GnBu", _percents, _from_least,
    ),
    _Kind(
        "first-arrival", "Earliest arrival of oil, in the quickest member", "h",
        "first_arrival_hours.tif", "viridis", _hours, _from_least, Resampling.min, 1,
    ),
    _Kind(
        "median-arrival", "Arrival of oil, in the median of the members", "h",
        "first_arrival_hours.tif", "viridis", _hours, _from_least, Resampling.min, 2,
    ),
    _Kind(
        "source", "Probability of the source in a cell, whenever it leaked", "1",
        "source_probability.tif", "viridis_r", _decades, _of_likeliest,
    ),
    _Kind(
        "source-by-time", "Probability of the source in a cell, had it leaked at this time", "1",
        "source_by_time.tif", "viridis_r", _decades, _of_likeliest, band=None,
    ),
)  # fmt: skip


def rasters_of(run: Run, folder: Path) -> dict[str, Raster]:
    """Return the rasters of a run, by their ids.

    Parameters
    ----------
    run : Run
    folder : Path
        Of its job.

    Raises
    ------
    WitoilError
        Where a file is damaged.
    """
    found = list(_thickness(run))
    for kind in _KINDS:
        by_place: dict[str, list[Path]] = {}
        for path in sorted(folder.rglob(kind.pattern)):
            parts = path.relative_to(folder).parts[:-1]
            if not path.is_symlink() and not any(part.startswith(".") for part in parts):
                by_place.setdefault("-".join((*parts, kind.id)), []).append(path)
        found += [_of_files(kind, name, paths) for name, paths in by_place.items()]
    return {raster.id: raster for raster in found}


def _title_of_place(place: str) -> str:
    """Return what a title says of the folder that a raster lies in."""
    if not (told := place.removesuffix("-").removeprefix("best").removeprefix("-")):
        return ""
    return ", beyond the last slick" if told == "outlook" else f", run from {told}"


def _of_files(kind: _Kind, name: str, paths: Sequence[Path]) -> Raster:
    frames, boxes, tops, greatest = [], [], [], 0.0
    for path in paths:
        try:
            with rasterio.open(path) as file:
                bands = [kind.band] if kind.band else list(file.indexes)
                top = np.full(file.shape, -np.inf)
                for band in bands:
                    values = file.read(band, masked=True).astype(np.float64)
                    top = np.fmax(top, values.filled(-np.inf))
                    kept_as = f"{name}-{path.stem}-{band}.tif"
                    make = partial(_write_cog, path, band)
                    frames.append(Frame(_time_of(file, band), kept_as, make))
                greatest = max(greatest, float(np.max(top, initial=0.0)))
                tops.append((top, file.transform, file.crs))
                boxes.append(_box_of(file.crs, file.bounds))
        except rasterio.errors.RasterioError as error:
            raise WitoilError(
                f"{path}: not a raster ({error}); expected what a run writes, run it again"
            ) from None
    classes = tuple(float(each) for each in kind.classes(greatest or 1.0))
    shown = [box for top in tops if (box := _shown(*top, classes[0])) is not None]
    ordered = tuple(sorted(frames, key=lambda frame: frame.time or ""))
    colours, labels = _colours(kind.map, len(classes)), tuple(kind.labels(classes))
    return Raster(
        name,
        kind.title + _title_of_place(name.removesuffix(kind.id)),
        kind.unit,
        _around(boxes),
        _around(shown) if shown else None,
        classes,
        colours,
        labels,
        ordered,
        kind.coarsened,
    )


def _thickness(run: Run) -> Iterator[Raster]:
    """Yield the thickness of the oil afloat where a run knows the mass of its particles."""
    if run.particles is None or "mass" not in run.particles:
        return
    box = box_of_particles(run)
    resolution = run.resolution
    while True:
        grid = VerificationGrid.covering(box, resolution, _MARGIN, may_be_coarser=True)
        if grid.shape[0] * grid.shape[1] <= _MOST_CELLS:
            break
        resolution = 2.0 * grid.resolution
    frames = tuple(
        Frame(
            exact(to_datetime(time)), f"thickness-{k}.tif", partial(_write_thickness, run, grid, k)
        )
        for k, time in enumerate(run.particles["time"].values)
    )
    classes = tuple(BONN_UM)
    colours = _colours("viridis_r", len(classes))
    title = "Thickness of the oil afloat, in the classes of the Bonn Agreement"
    yield Raster(
        "thickness", title, "um", box, None, classes, colours, tuple(BONN_UM.values()), frames
    )


def _write_thickness(run: Run, grid: VerificationGrid, step: int, path: Path) -> None:
    assert run.particles is not None
    names = ["lon", "lat", "status", "mass"]
    at = run.particles[names].isel(time=step).load()
    density = Sensor().of(run).density
    assert density is not None
    at = at.isel(trajectory=np.flatnonzero(_is_known(at)))
    microns = (1e6 * thickness_afloat(at, grid, density)).astype(np.float32)
    plain = path.with_name(f"{path.name}.plain.tif")
    try:
        with new_raster(plain, grid, "float32", 1, nodata=0.0) as file:
            file.write(microns, 1)
            file.update_tags(long_name="thickness of the oil afloat", units="um")
            file.set_band_description(1, "thickness of the oil afloat [um]")
        _write_cog(plain, 1, path)
    finally:
        plain.unlink(missing_ok=True)


def _is_known(at: Any) -> NDArray[np.bool_]:
    known = np.all([np.isfinite(at[name].values) for name in ("lon", "lat", "mass")], axis=0)
    return np.asarray(known & (at["status"].values == Status.AFLOAT))


def _write_cog(plain: Path, band: int, path: Path) -> None:
    """Write a band of a GeoTIFF, and what is masked out of it, as cloud-optimised GeoTIFF."""
    with (
        rasterio.open(plain) as file,
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        MemoryFile() as room,
    ):
        has_mask = rasterio.enums.MaskFlags.per_dataset in file.mask_flag_enums[band - 1]
        with room.open(**(file.profile | {"count": 1, "driver": "GTiff"})) as one:
            one.write(file.read(band), 1)
            one.update_tags(**file.tags())
            one.set_band_description(1, file.descriptions[band - 1] or "")
            if has_mask:
                one.write_mask(file.dataset_mask())
        with room.open() as one:
            rasterio.shutil.copy(
                one,
                path,
                driver="COG",
                compress="deflate",
                blocksize=256,
            )


def _time_of(file: Any, band: int) -> str | None:
    """Return the time that a raster of a run names; None where it is of no one time."""
    text = f"{file.tags().get('time', '')} {file.descriptions[band - 1] or ''}"
    found = _TIME.search(text)
    return None if found is None else exact(to_datetime(np.datetime64(found[0][:-1], "ns")))


def _box_of(crs: Any, sides: Sequence[float]) -> Box:
    bounds = rasterio.warp.transform_bounds(crs, "EPSG:4326", *sides, densify_pts=21)
    return unbroken_box(bounds)


def _shown(values: NDArray[np.float64], transform: Affine, crs: Any, least: float) -> Box | None:
    """Return the box around the cells that are drawn."""
    rows, columns = np.nonzero(values >= least)
    if rows.size == 0:
        return None
    west, north = rasterio.transform.xy(transform, rows.min(), columns.min(), offset="ul")
    east, south = rasterio.transform.xy(transform, rows.max(), columns.max(), offset="lr")
    return _box_of(crs, (west, south, east, north))


def _around(boxes: Sequence[Box]) -> Box:
    sides = np.array(boxes)
    turns = 360.0 * np.round((sides[0, 0] - sides[:, 0]) / 360.0)
    sides[:, [0, 2]] += turns[:, np.newaxis]
    west, south = sides[:, :2].min(axis=0)
    east, north = sides[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _colours(name: str, count: int) -> tuple[str, ...]:
    if name.startswith("#"):
        return (name,) * count
    start = 0.2 if name == "GnBu" else 0.0  # the palest is hardly seen
    return tuple(to_hex(each) for each in colormaps[name](np.linspace(start, 1.0, count)))


def _written(value: float) -> str:
    """Return a number of three digits for people, with its power of ten where it is very small."""
    if value >= 1000.0:
        return f"{value:,.0f}"
    if value == 0.0 or value >= 1e-3:
        return f"{value:.3g}"
    digits, power = f"{value:.2e}".split("e")
    return f"{digits} \N{MULTIPLICATION SIGN} 10{raised(str(int(power)))}"


def cog_of(frame: Frame, folder: Path) -> Path:
    """Return a frame as cloud-optimised GeoTIFF, which is kept."""
    return kept(folder, frame.name, frame.make)


def tile_of(raster: Raster, cog: Path, tile: Tile) -> bytes:
    """Return a tile as PNG of 256 x 256 pixels, transparent where there is nothing to show."""
    west, south, east, north = (side * _METRES_PER_DEGREE for side in tile_bounds(tile))
    pixel = (east - west) / PIXELS
    on_ground = pixel / math.cosh(0.5 * (south + north) / _RADIUS)
    with rasterio.open(cog, OVERVIEW_LEVEL="NONE") as file:
        if on_ground > _CELLS_PUT * file.transform.a:
            values = _put(file, tile, raster)
        else:
            is_coarser = on_ground > file.transform.a
            with WarpedVRT(
                file,
                crs="EPSG:3857",
                transform=Affine(pixel, 0.0, west, 0.0, -pixel, north),
                width=PIXELS,
                height=PIXELS,
                resampling=raster.coarsened if is_coarser else Resampling.nearest,
            ) as warped:
                values = warped.read(1, masked=True).astype(np.float32).filled(np.nan)
    numbers = np.searchsorted(raster.classes, values, side="right")
    numbers[np.isnan(values)] = 0
    picture = Image.fromarray(numbers.astype(np.uint8), "P")
    shades = [0, 0, 0, *(int(c[k : k + 2], 16) for c in raster.colours for k in (1, 3, 5))]
    picture.putpalette(shades)
    content = BytesIO()
    picture.save(content, "PNG", transparency=0)
    return content.getvalue()


def _put(file: Any, tile: Tile, raster: Raster) -> NDArray[np.float64]:
    """Return the values of a tile, each cell put into the pixel in which its centre lies.

    A warp leaves out a raster that lies within a pixel.
    """
    cells = file.read(1, masked=True).astype(np.float32).filled(np.nan)
    rows, columns = np.nonzero(cells >= raster.classes[0])
    x, y = map(np.asarray, rasterio.transform.xy(file.transform, rows, columns))
    lon, lat = Transformer.from_crs(file.crs, "EPSG:4326", always_xy=True).transform(x, y)
    west, south, east, north = tile_bounds(tile)
    right = np.floor((lon - west) % 360.0 * PIXELS / (east - west))
    down = np.floor((north - northing(lat)) * PIXELS / (north - south))
    within = (right < PIXELS) & (down >= 0) & (down < PIXELS)
    place = down[within].astype(np.intp), right[within].astype(np.intp)
    coarsened = np.fmin if raster.coarsened == Resampling.min else np.fmax
    values = np.full((PIXELS, PIXELS), np.nan)
    coarsened.at(values, place, cells[rows, columns][within])
    return values


def value_at(cog: Path, lon: float, lat: float) -> float | None:
    """Return the value of a raster at a place; None where there is none. [degrees]"""
    with rasterio.open(cog) as file:
        (x,), (y,) = rasterio.warp.transform("EPSG:4326", file.crs, [lon], [lat])
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        row, column = (int(each) for each in rasterio.transform.rowcol(file.transform, x, y))
        if not (0 <= row < file.height and 0 <= column < file.width):
            return None
        cell = file.read(1, window=Window(column, row, 1, 1), masked=True)
    value = cell[0, 0]
    return None if np.ma.is_masked(value) or not np.isfinite(value) else float(value)
