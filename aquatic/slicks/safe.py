"""Sentinel-1 ground-range products as they are delivered (SAFE): calibration, noise, places.

The format is that of the Sentinel-1 Product Specification (S1-RS-MDA-52-7441); calibration that of
"Radiometric Calibration of S-1 Level-1 Products" (ESA-EOPG-CSCOP-TN-0002):
``sigma0 = (DN^2 - noise) / A^2``.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError
from aquatic.slicks.scene import Places, RadarScene

Floats = npt.NDArray[np.floating[Any]]
_MOST_XML_BYTES = 200_000_000
_BORDER = 20
"""What is left out beside pixels of 0: processors leave small values there. [pixel]"""

_NAME = re.compile(r"s1[a-d]-(?P<mode>\w+)-(?P<kind>\w+)-(?P<polarisation>vv|hh|vh|hv)-", re.I)


def is_safe(path: Path) -> bool:
    """Say whether a folder or a zip is called as those of Sentinel products are."""
    name = path.name.lower()
    if path.is_dir():
        return name.endswith(".safe") or (path / "manifest.safe").is_file()
    return name.endswith((".safe.zip", ".zip")) or name == "manifest.safe"


@contextmanager
def opened_safe(path: Path) -> Iterator[RadarScene]:
    """Open a Sentinel-1 GRD product, the VV of it, else HH.

    Parameters
    ----------
    path : Path
        The folder, a zip of it, or its ``manifest.safe``.

    Raises
    ------
    AquaticError
        Where it is another product, or a part of it is missing or damaged.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    with ExitStack() as stack:
        files = stack.enter_context(_opened_files(path))
        parts = _parts(files)
        annotation = _Annotation(files.tree(parts.annotation))
        calibration = _Table(
            parts.calibration,
            files.tree(parts.calibration).findall("calibrationVectorList/calibrationVector"),
            "sigmaNought",
        )
        noise = _Noise(files.tree(parts.noise), parts.noise)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)  # placed by its grid
                dataset = stack.enter_context(rasterio.open(files.address(parts.measurement)))
        except RasterioError as error:
            raise AquaticError(f"{parts.measurement}: {error}; get the product again") from None
        if (dataset.height, dataset.width) != annotation.size:
            raise AquaticError(
                f"{parts.measurement}: found {dataset.height} x {dataset.width} pixels, expected "
                f"{annotation.size[0]} x {annotation.size[1]} as its annotation says"
            )
        measured = _Measured(dataset, calibration, noise, annotation.is_denoised)
        yield _scene(path, parts, annotation, measured)


@dataclass(frozen=True)
class _Parts:
    """Files of one polarisation."""

    polarisation: str
    annotation: str
    calibration: str
    noise: str
    measurement: str


class _Files:
    """Files of a product, in a folder or a zip."""

    def __init__(self, names: Sequence[str], read: Callable[[str], bytes], base: str) -> None:
        self.names, self._read, self._base = names, read, base

    def address(self, name: str) -> str:
        """Return what GDAL opens."""
        return f"{self._base}{name}"

    def tree(self, name: str) -> Element:
        """Return an XML file."""
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            content = self._read(name)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise AquaticError(f"{name}: cannot be read ({error}); get it again") from None
        if len(content) > _MOST_XML_BYTES:
            raise AquaticError(f"{name}: found {len(content):,} bytes, expected an annotation")
        try:
            found: Element = fromstring(content)
        except (ParseError, DefusedXmlException, ValueError) as error:
            raise AquaticError(f"{name}: is no XML ({error}); get the product again") from None
        return found


@contextmanager
def _opened_files(path: Path) -> Iterator[_Files]:
    folder = path.parent if path.name == "manifest.safe" else path
    if folder.is_dir():
        names = [it.relative_to(folder).as_posix() for it in folder.rglob("*") if it.is_file()]
        yield _Files(names, lambda name: (folder / name).read_bytes(), f"{folder}/")
        return
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.namelist()
            tops = {PurePosixPath(it).parts[0] for it in listed if it.strip("/")}
            top = f"{tops.pop()}/" if len(tops) == 1 and "manifest.safe" not in listed else ""
            names = [it.removeprefix(top) for it in listed if not it.endswith("/")]
            base = f"/vsizip/{{{path.resolve()}}}/{top}"
            yield _Files(names, lambda name: archive.read(top + name), base)
    except (OSError, zipfile.BadZipFile) as error:
        raise AquaticError(f"cannot be read as a zip ({error}); get it again") from None


def _parts(files: _Files) -> _Parts:
    """Return the files of the polarisation to take.

    Raises
    ------
    AquaticError
        With what is missing, or which product it is.
    """
    annotations = {
        found["polarisation"].lower(): (name, found)
        for name in sorted(files.names)
        if re.fullmatch(r"annotation/[^/]+\.xml", name)
        and (found := _NAME.match(PurePosixPath(name).name))
    }
    if not annotations:
        raise AquaticError(
            "has no annotation of Sentinel-1 (annotation/s1a-iw-grd-vv-....xml); expected a whole "
            f"GRD product{_other_product(files)}"
        )
    kinds = {found["kind"].lower() for _, found in annotations.values()}
    if kinds != {"grd"}:
        raise AquaticError(
            f"is a product of the type {', '.join(sorted(kinds)).upper()}, expected GRD (detected, "
            "ground range)"
        )
    polarisation = next((it for it in ("vv", "hh") if it in annotations), None)
    if polarisation is None:
        raise AquaticError(
            f"has the polarisations {', '.join(sorted(annotations)).upper()}, in which slicks are "
            "near the noise; expected VV or HH"
        )
    name, _ = annotations[polarisation]
    stem = PurePosixPath(name).stem
    wanted = {
        "calibration": f"annotation/calibration/calibration-{stem}.xml",
        "noise": f"annotation/calibration/noise-{stem}.xml",
        "measurement": f"measurement/{stem}.tiff",
    }
    missing = [it for it in wanted.values() if it not in files.names]
    if missing:
        raise AquaticError(
            f"is not whole: has no {' and no '.join(missing)}; expected all of the product, get it "
            "again"
        )
    return _Parts(polarisation, name, **wanted)


def _other_product(files: _Files) -> str:
    """Say which other product it looks like."""
    names = " ".join(files.names).lower()
    for kind, sign in (("RAW", "-raw-"), ("OCN", "-ocn-"), ("SLC", "-slc-")):
        if sign in names:
            return f"; its files are those of {kind}"
    return ""


class _Annotation:
    """What the annotation says of a product."""

    def __init__(self, root: Element) -> None:
        kind = _text(root, "adsHeader/productType")
        if kind != "GRD":
            raise AquaticError(f"is a product of the type {kind}, expected GRD")
        information = "imageAnnotation/imageInformation"
        self.platform = _text(root, "adsHeader/missionId")
        self.time = _time(_text(root, f"{information}/productFirstLineUtcTime"))
        lines = int(_text(root, f"{information}/numberOfLines"))
        samples = int(_text(root, f"{information}/numberOfSamples"))
        self.size = (lines, samples)
        self.pixel_m = (
            float(_text(root, f"{information}/azimuthPixelSpacing")),
            float(_text(root, f"{information}/rangePixelSpacing")),
        )
        done = root.findtext(
            "imageAnnotation/processingInformation/thermalNoiseCorrectionPerformed"
        )
        self.is_denoised = (done or "").strip().lower() == "true"
        self.grid = _Grid(root.findall("geolocationGrid/geolocationGridPointList/*"))


class _Grid:
    """The geolocation grid: longitude, latitude and incidence by line and pixel."""

    def __init__(self, points: Sequence[Element]) -> None:
        try:
            rows = np.array(
                [
                    [
                        float(it.findtext(name) or "nan")
                        for name in ("line", "pixel", "longitude", "latitude", "incidenceAngle")
                    ]
                    for it in points
                ]
            ).reshape(-1, 5)
        except ValueError:
            rows = np.full((1, 5), np.nan)
        self._lines, self._pixels = np.unique(rows[:, 0]), np.unique(rows[:, 1])
        shape = len(self._lines), len(self._pixels)
        if not np.isfinite(rows).all() or min(shape) < 2 or shape[0] * shape[1] != len(rows):
            raise AquaticError(
                f"has a geolocation grid of {len(rows)} points that is not whole; get it again"
            )
        ordered = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        lons = np.unwrap(
            np.unwrap(ordered[:, 2].reshape(shape), period=360.0, axis=1), period=360.0, axis=0
        )
        self._ordered = ordered
        self._lon, self._lat = self._spline(lons), self._spline(ordered[:, 3].reshape(shape))
        self._angle = self._spline(ordered[:, 4].reshape(shape))
        self._lons = lons

    def _spline(self, values: Floats) -> Any:
        from scipy.interpolate import RectBivariateSpline

        degrees = [min(3, side - 1) for side in values.shape]
        return RectBivariateSpline(self._lines, self._pixels, values, kx=degrees[0], ky=degrees[1])

    def to_lonlat(self, places: Places) -> Places:
        """Return longitude and latitude of places of the image. [degrees]"""
        x, y = np.asarray(places, np.float64).T
        # the grid has lines and pixels by their middles
        return np.column_stack([self._lon.ev(y - 0.5, x - 0.5), self._lat.ev(y - 0.5, x - 0.5)])

    def incidence_deg(self, rows: Floats, columns: Floats) -> Floats:
        """Return the angles of incidence of rows and columns. [degrees]"""
        return np.asarray(self._angle.ev(rows, columns))

    def to_pixel(self, lonlat: Places) -> Places:
        """Return places of the image, found by Newton's method from a plane through the grid."""
        lonlat = np.asarray(lonlat, np.float64)
        middle = float(self._lons.mean())
        lon = middle + (lonlat[:, 0] - middle + 180.0) % 360.0 - 180.0
        wanted = np.column_stack([lon, lonlat[:, 1]])
        known = np.column_stack([self._lons.ravel(), self._ordered[:, 3], np.ones(self._lons.size)])
        plane, *_ = np.linalg.lstsq(known, self._ordered[:, :2], rcond=None)
        at = np.column_stack([wanted, np.ones(len(wanted))]) @ plane  # line, pixel
        low = [self._lines[0], self._pixels[0]]
        high = [self._lines[-1], self._pixels[-1]]
        for _ in range(6):
            inside = np.clip(at, low, high)  # beyond the grid its borders go on straight
            y, x = inside.T
            here = np.column_stack([self._lon.ev(y, x), self._lat.ev(y, x)])
            slopes = np.array(
                [[it.ev(y, x, dx=1), it.ev(y, x, dy=1)] for it in (self._lon, self._lat)]
            ).transpose(2, 0, 1)
            at = inside + np.linalg.solve(slopes, (wanted - here)[:, :, None])[:, :, 0]
        return np.asarray(at[:, ::-1] + 0.5)


class _Table:
    """Values on lines and pixels, linear between; the pixels of each line are its own.

    Parameters
    ----------
    name : str
        Of the file.
    vectors : sequence of Element
    value : str
        Name of the element with the values.
    """

    def __init__(self, name: str, vectors: Sequence[Element], value: str) -> None:
        self._name = name
        lines, rows = [], []
        for vector in vectors:
            pixels, values = (_numbers(vector, it, name) for it in ("pixel", value))
            if len(pixels) != len(values) or not len(pixels) or (np.diff(pixels) <= 0.0).any():
                raise AquaticError(
                    f"{name}: found {len(values)} values of {value} for {len(pixels)} pixels; "
                    "expected as many, get it again"
                )
            lines.append(int(_text(vector, "line")))
            rows.append((pixels, values))
        if not lines:
            raise AquaticError(f"{name}: has no {value}; expected its vectors, get it again")
        order = np.argsort(lines, kind="stable")
        self._lines = np.array(lines, np.float64)[order]
        self._rows = [rows[k] for k in order]

    def __call__(self, rows: Floats, width: int) -> Floats:
        """Return (rows, width) of values."""
        columns = np.arange(width)
        at = np.clip(np.searchsorted(self._lines, rows, side="right") - 1, 0, None)
        needed = {*at.tolist(), *np.minimum(at + 1, len(self._lines) - 1).tolist()}
        known = {k: np.interp(columns, *self._rows[k]) for k in needed}
        found = np.empty((len(rows), width), np.float32)
        for k, (row, low) in enumerate(zip(rows, at.tolist(), strict=True)):
            high = min(low + 1, len(self._lines) - 1)
            span = self._lines[high] - self._lines[low]
            share = 0.0 if span <= 0.0 else (row - self._lines[low]) / span
            share = min(max(share, 0.0), 1.0)
            found[k] = (1.0 - share) * known[low] + share * known[high]
        return found


class _Noise:
    """Thermal noise: in range by vectors, in azimuth by blocks of swaths, in the unit of DN^2.

    Products of before March 2018 (IPF 2.9) have noise in range alone.
    """

    def __init__(self, root: Element, name: str) -> None:
        vectors = root.findall("noiseRangeVectorList/noiseRangeVector")
        value = "noiseRangeLut"
        if not vectors:
            vectors, value = root.findall("noiseVectorList/noiseVector"), "noiseLut"
        self._range = _Table(name, vectors, value)
        self._blocks = [
            _Block(it, name) for it in root.findall("noiseAzimuthVectorList/noiseAzimuthVector")
        ]

    def __call__(self, rows: Floats, width: int) -> Floats:
        """Return (rows, width) of noise."""
        found = self._range(rows, width)
        for block in self._blocks:
            block.scale(found, rows)
        return found


class _Block:
    """Noise in azimuth of a part of a swath."""

    def __init__(self, vector: Element, name: str) -> None:
        self._lines, self._values = (
            _numbers(vector, it, name) for it in ("line", "noiseAzimuthLut")
        )
        if len(self._lines) != len(self._values) or not len(self._lines):
            raise AquaticError(
                f"{name}: found {len(self._values)} values of noiseAzimuthLut for "
                f"{len(self._lines)} lines; expected as many, get it again"
            )
        self._first, self._last = (
            [int(_text(vector, f"{end}{side}")) for side in ("AzimuthLine", "RangeSample")]
            for end in ("first", "last")
        )

    def scale(self, noise: Floats, rows: Floats) -> None:
        """Multiply what lies in this block, in place."""
        inside = (rows >= self._first[0]) & (rows <= self._last[0])
        factors = np.interp(rows[inside], self._lines, self._values)
        noise[inside, self._first[1] : self._last[1] + 1] *= factors[:, None]


@dataclass(frozen=True)
class _Measured:
    """Digital numbers and what makes cross-sections of them."""

    dataset: Any
    constant: _Table
    noise: _Noise
    is_denoised: bool

    def read(self, part: slice) -> Floats:
        """Return cross-sections of some rows, less the noise; NaN beyond the swath."""
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        height, width = self.dataset.height, self.dataset.width
        area = Window.from_slices(part, slice(0, width), height=height, width=width)
        try:
            # squares of 16 bits do not fit into them
            numbers = self.dataset.read(1, window=area).astype(np.float32)
        except RasterioError as error:
            raise AquaticError(f"is damaged ({error}); get the product again") from None
        rows = np.arange(part.start, part.start + len(numbers), dtype=np.float64)
        power = numbers**2
        if not self.is_denoised:
            power -= self.noise(rows, width)
        found = power / self.constant(rows, width) ** 2
        found[_outside(numbers)] = np.nan
        return np.asarray(found)

    def noise_level(self) -> float:
        """Return what the noise looks like in the middle of the scene, as a cross-section."""
        row, width = np.array([self.dataset.height / 2.0]), self.dataset.width
        level = self.noise(row, width) / self.constant(row, width) ** 2
        return float(np.median(level))


def _outside(numbers: Floats) -> npt.NDArray[np.bool_]:
    """Return what lies beyond the swath: zeros at both ends of a row, and some pixels beside."""
    filled = numbers > 0.0
    width = numbers.shape[1]
    first = np.where(filled.any(axis=1), filled.argmax(axis=1), width)
    last = np.where(filled.any(axis=1), width - 1 - filled[:, ::-1].argmax(axis=1), -1)
    first = np.where(first > 0, first + _BORDER, 0)
    last = np.where(last < width - 1, last - _BORDER, width - 1)
    columns = np.arange(width)
    return np.asarray((columns < first[:, None]) | (columns > last[:, None]))


def _scene(path: Path, parts: _Parts, annotation: _Annotation, measured: _Measured) -> RadarScene:
    grid = annotation.grid
    remarks = []
    if annotation.is_denoised:
        remarks.append("its noise was subtracted before: it is not subtracted again")
    return RadarScene(
        path.parent.name if path.name == "manifest.safe" else path.name,
        annotation.size,
        annotation.pixel_m,
        measured.read,
        grid.to_lonlat,
        grid.to_pixel,
        incidence_deg=grid.incidence_deg,
        noise=measured.noise_level(),
        time=annotation.time,
        platform=_PLATFORMS.get(annotation.platform, annotation.platform),
        polarisation=parts.polarisation.upper(),
        remarks=tuple(remarks),
    )


_PLATFORMS = {f"S1{letter}": f"Sentinel-1{letter}" for letter in "ABCD"}


def _text(element: Element, name: str) -> str:
    found = (element.findtext(name) or "").strip()
    if not found:
        raise AquaticError(f"its annotation has no {name}; expected that of a GRD product")
    return found


def _numbers(vector: Element, name: str, file: str) -> npt.NDArray[np.float64]:
    try:
        return np.array((vector.findtext(name) or "").split(), np.float64)
    except ValueError:
        raise AquaticError(f"{file}: {name} holds what is no number; get it again") from None


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise AquaticError(f"says {text!r} for its time, expected ISO 8601") from None
