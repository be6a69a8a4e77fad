"""What reads an uploaded file as the catalogue does, in a process of its own, and says what it has.

That process has little memory and little time, and an environment without secrets: a file that was
made to do harm does it there. `web.data.checkers` has it forked.
"""

from __future__ import annotations

import json
import logging
import re
import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pyogrio
import pyogrio.raw
import rasterio
import shapely

from catalog.errors import CatalogError, UnclearError, UnreadableFileError
from catalog.files.archives import unpack
from catalog.files.scratch import scratch_folder
from catalog.forcing.files import ForcingFiles
from catalog.forcing.names import ROLES
from catalog.oils import read_oil
from catalog.shapes.coastline import read_land
from catalog.shapes.shore_types import read_shore_types
from catalog.shapes.tracks import read_lines, read_track
from catalog.slicks.detection import Detection
from catalog.slicks.events import read_detections
from catalog.slicks.slick import read_slicks
from simulator.errors import SimulatorError
from simulator.shore import SHORE_TYPE_NAMES
from web.confinement import stay_in
from web.data.purposes import DETECTIONS, Purpose
from web.features.seen import document_of
from witoil.errors import WitoilError
from witoil.plugins.images import read_photo
from witoil.plugins.rasters import facts_of_raster
from witoil.plugins.sound import opened
from witoil.runs.drifters import read_drifters
from witoil.runs.opening import open_run

MEMORY_BYTES = 3_000_000_000
"""Address space, of which libraries take a third. [byte]"""

CPU_SECONDS = 60
FILE_BYTES = 1_500_000_000
"""Largest file that may be unpacked. [byte]"""

MOST_VERTICES = 500_000
MOST_CELLS = 100_000_000
"""Values of a raster, in all its bands."""

MOST_DECODED_BYTES = 4_000_000_000
"""Values of a NetCDF file when they are unpacked. [byte]"""

REMARKS = "remarks"
"""Among the facts: what is odd in the file, and how it was taken."""

MOST_REMARKS = 20

_DRIVERS = {"ESRI Shapefile", "GeoJSON", "GPKG", "LIBKML", "KML"}

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NETCDF = (b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n")
_JSON = (b"{", b"[")
_ZIP = (b"PK\x03\x04",)

SIGNATURES: Mapping[str, tuple[bytes, ...]] = {
    ".zip": _ZIP,
    ".kmz": _ZIP,
    ".shp": (b"\x00\x00\x27\x0a",),
    ".geojson": _JSON,
    ".json": _JSON,
    ".gpkg": (b"SQLite format 3\0",),
    ".kml": (b"<",),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".nc": _NETCDF,
    ".nc4": _NETCDF,
    ".csv": (b"",),
}
"""How files begin, by how their names end; GDAL goes by the content alone."""

_SEEN_AND_HEARD: Mapping[str, tuple[bytes, ...]] = {
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".wav": (b"RIFF", b"RF64"),
    ".flac": (b"fLaC",),
}
"""How files for models begin; within archives nobody looks for them."""

_ALONE = (SIGNATURES.keys() - {".shp"}) | _SEEN_AND_HEARD.keys()
_READ_ELSEWHERE = {".gml", ".fgb"}
"""What readers of the catalogue take, and is not taken from strangers."""

_ARCHIVES = {".zip", ".kmz"}
_VECTORS = {".shp", ".geojson", ".json", ".gpkg", ".kml"}
_RASTERS = {".tif", ".tiff"}
_TEXTS = {".geojson", ".json", ".kml", ".csv"}


def check(file: str, answer: str, purpose: str, seconds: float) -> None:
    """Check a file, and write what was found, or what is wrong, as JSON.

    Parameters
    ----------
    file : str
        In the folder in which this process is to stay.
    answer : str
        Where it writes.
    purpose : str
        See `web.data.purposes.Purpose`.
    seconds : float
        After so long the system ends this process. [s]
    """
    signal.setitimer(signal.ITIMER_REAL, seconds)
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(
            kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard),) * 2
        )
    path = Path(file)
    stay_in(path.parent)
    Path(answer).write_text(json.dumps(_answer(path, purpose), allow_nan=False))


def _answer(path: Path, purpose: str) -> dict[str, Any]:
    try:
        refuse_harmful(path)
        with _remarks() as texts:
            facts = _READERS[cast("Purpose", purpose)](path)
        said = [*(_plain(text, path) for text in texts), *facts.get(REMARKS, [])]
        return {"facts": {**facts, REMARKS: said}}
    except UnclearError as error:  # a key of the case settles it
        return {"facts": {"unclear": _said(error, path)}}
    except (CatalogError, WitoilError, SimulatorError) as error:
        return {"fault": _said(error, path)}
    except (MemoryError, RecursionError):
        return {"fault": f"{path.name}: takes too much memory to read; bring less of it"}
    except Exception as error:
        return {"fault": f"{path.name}: cannot be read ({type(error).__name__}); get it again"}


@contextmanager
def _remarks() -> Iterator[list[str]]:
    """Collect what readers of the catalogue warn of, at most `MOST_REMARKS`."""
    texts: list[str] = []
    readers = logging.getLogger("catalog")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: (  # type: ignore[method-assign]
        texts.append(record.getMessage()) if len(texts) < MOST_REMARKS else None
    )
    readers.addHandler(handler)
    try:
        yield texts
    finally:
        readers.removeHandler(handler)


def _said(error: Exception, path: Path) -> str:
    return _plain(str(error), path)


def _plain(text: str, path: Path) -> str:
    """Return a text without folders of this machine."""
    text = text.replace(f"{path.parent}/", "")
    return re.sub(r"witoil-\w+/files/", "", text)  # where archives are unpacked


def refuse_harmful(path: Path) -> None:
    """Refuse a file that is not what its name says, leads to other files, or is too large inside.

    Raises
    ------
    CatalogError
    """
    suffix = path.suffix.lower()
    if suffix == ".shp":
        raise CatalogError(
            f"{path.name}: a shapefile is several files; expected .shp, .shx, .dbf and .prj "
            "together in a zip"
        )
    if suffix not in _ALONE:
        raise CatalogError(
            f"{path.name}: the name ends in {suffix or 'nothing'}, expected one of "
            f"{', '.join(sorted(_ALONE))}"
        )
    _refuse_other_content(path, path.name)
    if suffix not in _ARCHIVES:
        _refuse_inside(path, path.name)
        return
    with scratch_folder() as folder:
        unpack(path, folder)
        for member in sorted(folder.rglob("*")):
            label = f"{path.name}/{member.relative_to(folder).as_posix()}"
            if member.suffix.lower() in _READ_ELSEWHERE:
                raise CatalogError(
                    f"{label}: found {member.suffix.lower()}, expected a shapefile, GeoJSON, "
                    "GeoPackage, KML, GeoTIFF or NetCDF"
                )
            is_read = member.suffix.lower() in SIGNATURES.keys() - _ARCHIVES
            if is_read and member.is_file() and not member.name.startswith("."):
                _refuse_other_content(member, label)
                _refuse_inside(member, label)


def _refuse_other_content(path: Path, label: str) -> None:
    """Refuse a file that does not begin as its name says."""
    with path.open("rb") as file:
        head = file.read(4096)
    suffix = path.suffix.lower()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip() if suffix in _TEXTS else head
    if not head:
        raise CatalogError(f"{label}: the file is empty")
    if not start.startswith({**SIGNATURES, **_SEEN_AND_HEARD}[suffix]):
        raise CatalogError(f"{label}: does not begin as a {suffix} file does; get it again")


def _refuse_inside(path: Path, label: str) -> None:
    suffix = path.suffix.lower()
    if suffix in _VECTORS:
        _refuse_vector(path, label)
    elif suffix in _RASTERS:
        _refuse_large_raster(path, label)
    elif _is_hdf(path):
        _refuse_hdf(path, label)


def _is_hdf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x89HDF"


def _refuse_vector(path: Path, label: str) -> None:
    """Refuse a vector file of another format, with a reference elsewhere, or too detailed."""
    if path.suffix.lower() in (".geojson", ".json"):
        _refuse_system_elsewhere(path, label)
    elif path.suffix.lower() == ".gpkg":
        _refuse_computed(path, label)
    try:
        layers = pyogrio.list_layers(path)
    except pyogrio.errors.DataSourceError:
        return  # the record of an oil; of anything else its reader says what is wrong
    vertices = 0
    for name, _ in layers:
        driver = pyogrio.read_info(path, layer=name)["driver"]
        if driver not in _DRIVERS:
            raise CatalogError(f"{label}: is of the format {driver}; expected what its name says")
        for row in _batches(path, name):
            vertices += int(shapely.get_num_coordinates(shapely.from_wkb(row)).sum())
            if vertices > MOST_VERTICES:
                raise CatalogError(
                    f"{label}: has more than {MOST_VERTICES:,} vertices; simplify its outlines"
                )


def _refuse_computed(path: Path, label: str) -> None:
    """Refuse a GeoPackage with tables that are computed when they are read, maybe without end."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'view' OR "
        "(sql LIKE 'create%virtual%table%' AND sql NOT LIKE '%using%rtree%')"
    )
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            found = file.execute(query).fetchone()
    except sqlite3.Error as error:
        raise UnreadableFileError(f"{label}: not a whole GeoPackage ({error})") from None
    if found is not None:
        raise CatalogError(
            f"{label}: its table {found[0]!r} is computed when it is read; expected stored ones"
        )


def _batches(path: Path, layer: str) -> Iterator[Any]:
    """Yield the geometries of a layer as WKB, some at a time."""
    first, count = 0, 1000
    while True:
        found = pyogrio.raw.read(
            path, layer=layer, columns=[], skip_features=first, max_features=count
        )
        rows = found[2]
        if rows is None or not len(rows):
            return
        yield rows
        first += count
        if len(rows) < count:
            return


def _refuse_system_elsewhere(path: Path, label: str) -> None:
    """Refuse JSON that is none, or names the address of its reference system."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{label}: not JSON ({error})") from None
    system = document.get("crs") if isinstance(document, dict) else None
    if isinstance(system, dict) and system.get("type") in ("link", "url"):
        raise CatalogError(
            f"{label}: its reference system stands at another address; expected longitudes and "
            "latitudes, as GeoJSON has them"
        )


def _refuse_large_raster(path: Path, label: str) -> None:
    with rasterio.open(path, driver="GTiff") as raster:
        cells = raster.width * raster.height * raster.count
    if cells > MOST_CELLS:
        raise CatalogError(
            f"{label}: has {cells:,} cells, expected {MOST_CELLS:,} at most; cut out the slick"
        )


def _refuse_hdf(path: Path, label: str) -> None:
    """Refuse NetCDF 4 whose values stand in other files, as HDF5 allows, or are too many."""
    sizes = []

    def look_at_link(name: str, link: Any) -> str | None:
        return None if isinstance(link, h5py.HardLink | h5py.SoftLink) else name

    def look_at(name: str, item: Any) -> str | None:
        if not isinstance(item, h5py.Dataset):
            return None
        sizes.append((item.size or 0) * item.dtype.itemsize)
        return name if item.external or item.is_virtual else None

    with h5py.File(path) as file:
        elsewhere = file.visititems_links(look_at_link) or file.visititems(look_at)
    if elsewhere:
        raise CatalogError(
            f"{label}: what {elsewhere} holds stands in another file; expected one whole file"
        )
    size = sum(sizes)
    if size > MOST_DECODED_BYTES:
        raise CatalogError(
            f"{label}: unpacks to {size / 1e9:.1f} GB, expected {MOST_DECODED_BYTES / 1e9:g} GB at "
            "most; cut out the region and the time"
        )


def _mask(path: Path) -> dict[str, Any]:
    detections = _detections(path)
    slicks = [detection.slick for detection in detections]
    bounds = [slick.geometry.bounds for slick in slicks]
    west, south, east, north = zip(*bounds, strict=True)
    return {
        "times": [slick.time.isoformat() for slick in slicks if slick.time is not None],
        "box": [min(west), min(south), max(east), max(north)],
        "doubts": [slick.doubt for slick in slicks if slick.doubt],
        DETECTIONS: [document_of(each) for each in detections],
    }


def _detections(path: Path) -> list[Any]:
    """Return what a file holds, with what its name and its attributes say of it."""
    try:
        return list(read_detections([path], [path.name]))
    except CatalogError:  # a slick, by whatever name; if it is none, that is said now
        return [Detection(path.stem, slick) for slick in read_slicks(path)]


def _forcing(path: Path) -> dict[str, Any]:
    faults: list[CatalogError] = []
    found: dict[str, Any] = {}
    for role in ROLES:
        try:
            with ForcingFiles(path, role) as files:
                found[role] = {
                    "quantities": sorted(files.names),
                    "times": _ends(files.times),
                    "box": _box(files.longitude, files.latitude),
                }
        except CatalogError as error:
            faults.append(error)
    if not found:
        raise faults[0]
    return {"roles": found}


def _track(path: Path) -> dict[str, Any]:
    track = read_track(path)
    if len(track.times) > MOST_VERTICES:
        raise CatalogError(f"{path.name}: has more than {MOST_VERTICES:,} fixes; leave some out")
    return {
        "fixes": len(track.times),
        "times": _ends(track.times),
        "box": _box(track.longitude, track.latitude),
    }


def _drifters(path: Path) -> dict[str, Any]:
    tracks = read_drifters(path).values()
    fixes = sum(len(track.times) for track in tracks)
    if fixes > MOST_VERTICES:
        raise CatalogError(f"{path.name}: has more than {MOST_VERTICES:,} fixes; leave some out")
    times = np.sort(np.concatenate([track.times for track in tracks]))
    return {"drifters": len(tracks), "fixes": fixes, "times": _ends(times)}


def _ends(times: Any) -> list[str]:
    """Return the first and the last of rising times, as ISO 8601."""
    return [f"{str(times[k])[:19]}Z" for k in (0, -1)]


def _box(longitude: Any, latitude: Any) -> list[float]:
    """Return west, south, east and north. [degrees]"""
    return [float(end(axis)) for end in (min, max) for axis in (longitude, latitude)]


def _lines(path: Path) -> dict[str, Any]:
    lines = read_lines(path)
    return {"lines": len(lines.geoms), "box": list(lines.bounds)}


def _land(path: Path) -> dict[str, Any]:
    return {"box": list(read_land((-180.0, -90.0, 180.0, 90.0), str(path)).bounds)}


def _shore(path: Path) -> dict[str, Any]:
    zones = read_shore_types(path, SHORE_TYPE_NAMES)
    return {"zones": len(zones), "types": sorted({name for _, name in zones})}


def _run(path: Path) -> dict[str, Any]:
    run = open_run(path)
    return {"model": run.model}


def _oil(path: Path) -> dict[str, Any]:
    return {"oil": read_oil(path).name}


def _image(path: Path) -> dict[str, Any]:
    photo = read_photo(path)
    return {"size": list(photo.size), "remarks": list(photo.remarks)}


def _raster(path: Path) -> dict[str, Any]:
    return facts_of_raster(path)


def _sound(path: Path) -> dict[str, Any]:
    with opened(path) as recording:
        return {"seconds": recording.seconds, "rate_hz": recording.rate}


_READERS: Mapping[Purpose, Callable[[Path], dict[str, Any]]] = {
    "mask": _mask,
    "forcing": _forcing,
    "track": _track,
    "drifters": _drifters,
    "lines": _lines,
    "land": _land,
    "shore": _shore,
    "run": _run,
    "oil": _oil,
    "image": _image,
    "raster": _raster,
    "sound": _sound,
}
