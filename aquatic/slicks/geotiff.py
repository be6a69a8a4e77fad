"""Calibrated radar scenes in GeoTIFF: which band, in which unit, where, when."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError
from aquatic.slicks.scene import Places, RadarScene

Floats = npt.NDArray[np.floating[Any]]

_WANTED = ("vv", "hh")
_CROSS = ("vh", "hv")
_QUANTITY = re.compile(r"sigma|gamma|beta|nrcs|amplitude|intensity|\bdn\b")
_PROBE = 512  # pixels along a side, to look at values
_SMALLEST_DB, _GREATEST_DB = -60.0, 30.0
_GREATEST_LINEAR = 3.0
"""Median that no sea has: 5 dB."""

_LEAST_LINEAR = -1.0
_ODD_SHARE = 0.005

_TIME_TAGS = ("TIFFTAG_DATETIME", "datetime", "acquisition_time", "start_time", "time")


@contextmanager
def opened_geotiff(path: Path) -> Iterator[RadarScene]:
    """Open a GeoTIFF of normalised radar cross-sections.

    Raises
    ------
    AquaticError
        Where it is none, is not calibrated, or is not placed.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # refused below
            dataset = rasterio.open(path, driver="GTiff")
    except RasterioError as error:
        raise AquaticError(f"is no GeoTIFF ({error}); expected a scene of sigma0") from None
    with dataset:
        yield _scene(dataset, path)


def _scene(dataset: Any, path: Path) -> RadarScene:
    band, polarisation, remarks = _band(dataset)
    is_decibel, said = _unit(dataset, band)
    to_lonlat, to_pixel, pixel_m = _placed(dataset)

    def read(rows: slice) -> Floats:
        return _read(dataset, band, is_decibel, (rows, slice(0, dataset.width)))

    return RadarScene(
        path.name,
        (dataset.height, dataset.width),
        pixel_m,
        read,
        to_lonlat,
        to_pixel,
        tuple(dataset.transform)[:6],
        dataset.crs.to_wkt(),
        time=_time(dataset, path),
        platform=_platform(path.name),
        polarisation=polarisation,
        remarks=(*remarks, *said),
    )


def _band(dataset: Any) -> tuple[int, str | None, list[str]]:
    """Return the number of the band to take, its polarisation, and what was assumed."""
    if any(kind.startswith("complex") for kind in dataset.dtypes):
        raise AquaticError(
            "holds complex numbers, as single-look products (SLC) have them; expected detected and "
            "calibrated sigma0 (GRD)"
        )
    names = [(text or "").lower() for text in dataset.descriptions]
    by_polarisation = {
        wanted: k
        for wanted in reversed((*_WANTED, *_CROSS))
        for k, name in reversed([*enumerate(names, 1)])
        if wanted in re.split(r"[\W_]+", name)
    }
    for wanted in _WANTED:
        if wanted in by_polarisation:
            return by_polarisation[wanted], wanted.upper(), []
    if by_polarisation:
        raise AquaticError(
            f"has the bands {', '.join(filter(None, names))}, cross-polarised, in which slicks "
            "are near the noise; expected VV (or HH)"
        )
    chosen = [k for k, name in enumerate(names, 1) if _QUANTITY.search(name)]
    if len(chosen) == 1 or (dataset.count == 1 and not names[0]):
        said = "nothing says its polarisation: taken for VV"
        return (chosen or [1])[0], None, [said]
    raise AquaticError(
        f"has the bands {', '.join(name or 'without a name' for name in names)}; expected one that "
        "is called Sigma0_VV, or a single one"
    )


def _unit(dataset: Any, band: int) -> tuple[bool, list[str]]:
    """Say whether a band is in dB, by what the file says and by its values."""
    said = f"{dataset.descriptions[band - 1] or ''} {dataset.units[band - 1] or ''}".lower()
    values = _sample(dataset, band)
    if not values.size:
        raise AquaticError("holds no value at all; expected a scene of sigma0")
    kind = dataset.dtypes[band - 1]
    scaled = dataset.scales[band - 1] != 1.0 or dataset.offsets[band - 1] != 0.0
    middle = float(np.median(values))
    digital = re.search(r"amplitude|\bdn\b|beta", said)
    if digital or (not kind.startswith("float") and not scaled) or middle > _GREATEST_LINEAR:
        raise AquaticError(
            f"is not calibrated: found {kind} about {middle:.3g}"
            f"{f' called {said.strip()}' if said.strip() else ''}, expected sigma0, linear or in "
            "dB; calibrate it, or give the SAFE product itself"
        )
    remarks = []
    if "gamma" in said:
        remarks.append("is gamma0, which is up to 1.2 dB above sigma0: winds are too high")
    is_decibel = bool(re.search(r"(?<![a-z])db(?![a-z])|decibel", said))
    if is_decibel != (middle < 0.0) or (is_decibel and middle < _SMALLEST_DB):
        if is_decibel or middle < _SMALLEST_DB:
            raise AquaticError(
                f"has values about {middle:.3g}{' and says dB' if is_decibel else ''}, which no "
                "sea has; expected sigma0, linear (about 0.02) or in dB (about -17)"
            )
        is_decibel = True
        remarks.append("says no unit: values below 0 are taken for dB")
    elif not _QUANTITY.search(said) and not is_decibel:
        remarks.append("says no quantity: taken for sigma0, linear")
    odd = float((~_is_plausible(values, is_decibel)).mean())
    if odd > _ODD_SHARE:
        remarks.append(
            f"has values that neither sea nor ship has on {100.0 * odd:.0f} % of its area: taken "
            "for no data, which the file does not say"
        )
    return is_decibel, remarks


def _sample(dataset: Any, band: int) -> Floats:
    """Return some values from all over a scene."""
    shape = tuple(min(_PROBE, side) for side in (dataset.height, dataset.width))
    found = dataset.read(band, out_shape=shape, masked=True)  # nearest, not means
    values = np.ma.filled(found.astype(np.float64), np.nan)
    values = values * dataset.scales[band - 1] + dataset.offsets[band - 1]
    return np.asarray(values[np.isfinite(values) & (values != 0.0)])


def _read(dataset: Any, band: int, is_decibel: bool, part: tuple[slice, slice]) -> Floats:
    from rasterio.errors import RasterioError
    from rasterio.windows import Window

    area = Window.from_slices(*part, height=dataset.height, width=dataset.width)
    try:
        raw = dataset.read(band, window=area, masked=True)
    except RasterioError as error:
        raise AquaticError(f"is damaged ({error}); expected a whole file") from None
    values = np.ma.filled(raw.astype(np.float32), np.nan)
    values = values * np.float32(dataset.scales[band - 1]) + np.float32(dataset.offsets[band - 1])
    values[~_is_plausible(values, is_decibel)] = np.nan
    return np.asarray(10.0 ** (0.1 * values) if is_decibel else values)


def _is_plausible(values: Floats, is_decibel: bool) -> npt.NDArray[np.bool_]:
    """Return which values a sea or a ship can have: others are fill, whether the file says it.

    What lies outside a swath is 0, in dB, too; noise that was taken away leaves values below 0.
    """
    if is_decibel:
        least, most = _SMALLEST_DB, _GREATEST_DB
    else:
        least, most = _LEAST_LINEAR, 10.0 ** (0.1 * _GREATEST_DB)
    return np.asarray((values >= least) & (values <= most) & (values != 0.0))


def _placed(dataset: Any) -> tuple[Any, Any, tuple[float, float]]:
    """Return the ways to longitude and latitude and back, and the sides of a pixel. [m]"""
    from pyproj import Geod, Transformer

    if dataset.crs is None or dataset.transform.is_identity:
        points = " but control points" if dataset.gcps[0] else ""
        raise AquaticError(
            f"has no map{points}; expected a reference system and a transform (gdalwarp -tps), or "
            "the SAFE product itself"
        )
    forth = Transformer.from_crs(dataset.crs.to_wkt(), "EPSG:4326", always_xy=True)
    back = Transformer.from_crs("EPSG:4326", dataset.crs.to_wkt(), always_xy=True)
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    matrix, shift = np.array([[a, b], [d, e]]), np.array([c, f])
    inverse = np.linalg.inv(matrix)
    middle = np.array([dataset.width / 2.0, dataset.height / 2.0])
    lon0 = float(forth.transform(*(matrix @ middle + shift))[0])

    def to_lonlat(places: Places) -> Places:
        x, y = (np.asarray(places) @ matrix.T + shift).T
        lon, lat = forth.transform(x, y)
        return np.column_stack([lon0 + (np.asarray(lon) - lon0 + 180.0) % 360.0 - 180.0, lat])

    def to_pixel(lonlat: Places) -> Places:
        lon, lat = np.asarray(lonlat).T
        x, y = back.transform(lon, lat)
        return np.asarray((np.column_stack([x, y]) - shift) @ inverse.T)

    corners = to_lonlat(middle + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    if not np.isfinite(corners).all():
        raise AquaticError("lies nowhere on the earth; expected the transform of its own CRS")
    geod = Geod(ellps="WGS84")
    width, height = (geod.inv(*corners[0], *corners[k])[2] for k in (1, 2))
    return to_lonlat, to_pixel, (height, width)


def _time(dataset: Any, path: Path) -> datetime | None:
    """Return when a scene was taken, by its tags, else by a name as of Sentinel-1; UTC."""
    tags = {key.lower(): value for key, value in dataset.tags().items()}
    for name in _TIME_TAGS[1:]:
        text = tags.get(name.lower(), "")
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            continue
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    named = re.search(r"(?<!\d)(\d{8}T\d{6})(?!\d)", path.name, re.IGNORECASE)
    if named is None:
        return None
    try:
        return datetime.strptime(named[1].upper(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _platform(name: str) -> str | None:
    found = re.match(r"s1([a-d])[_-]", name, re.IGNORECASE)
    return f"Sentinel-1{found[1].upper()}" if found else None
