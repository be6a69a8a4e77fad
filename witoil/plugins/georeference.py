"""Where the pixels of an image are on the earth: from what a person, a camera or a table tells.

Nothing is guessed: without a georeference results stay in pixels.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import shapely
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails
from shapely.geometry.base import BaseGeometry

from witoil.plugins.csv_tables import read_rows
from witoil.plugins.errors import PluginError
from witoil.times import given_in_utc, in_utc

if TYPE_CHECKING:
    from pyproj import CRS

Places = npt.NDArray[np.float64]
Six = tuple[float, float, float, float, float, float]
POINT_KINDS = ("station", "exif", "track", "samples")
"""What a card means by `point`: all that give one place."""

Lon = Annotated[float, Field(ge=-180.0, le=360.0)]
Lat = Annotated[float, Field(ge=-90.0, le=90.0)]


class _Kind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Affine(_Kind):
    """A map: six numbers from column and row to x and y of a reference system."""

    kind: Literal["affine"]
    transform: Six = Field(description="x = a column + b row + c, y = d column + e row + f.")
    crs: str

    @model_validator(mode="after")
    def _can_be_turned_round(self) -> Self:
        a, b, _, d, e, _ = self.transform
        if a * e - b * d == 0.0:
            raise ValueError("transform: found one that leads to a line, expected an area")
        return self


class Camera(_Kind):
    """What tells the size of a pixel on the water under a camera that looks down."""

    heading_deg: float = Field(
        0.0,
        ge=-360.0,
        le=360.0,
        description="Direction of the top of the image, clockwise from north.",
    )
    gsd_m: float | None = Field(None, gt=0.0, description="Side of a pixel on the water. [m]")
    height_m: float | None = Field(None, gt=0.0, description="Above the water. [m]")
    fov_deg: float | None = Field(
        None, gt=0.0, lt=180.0, description="Angle that the width of the image covers."
    )


class Nadir(Camera):
    """A photo taken straight down, its middle under the camera."""

    kind: Literal["nadir"]
    lon: Lon
    lat: Lat

    @model_validator(mode="after")
    def _has_a_scale(self) -> Self:
        if (self.gsd_m is None) == (self.height_m is None or self.fov_deg is None):
            raise ValueError("expected either gsd_m, or height_m and fov_deg")
        return self


class Exif(Camera):
    """What the file itself tells: position, direction, focal length; the height is to be given."""

    kind: Literal["exif"]
    heading_deg: float | None = Field(None, ge=-360.0, le=360.0)  # type: ignore[assignment]


class Homography(_Kind):
    """A plane seen at an angle: nine numbers from pixels to x and y of a reference system."""

    kind: Literal["homography"]
    matrix: tuple[tuple[float, float, float], ...] = Field(min_length=3, max_length=3)
    crs: str

    @model_validator(mode="after")
    def _can_be_turned_round(self) -> Self:
        if np.linalg.matrix_rank(np.array(self.matrix)) < 3:
            raise ValueError("matrix: found one that leads to a line, expected an area")
        return self


class Station(_Kind):
    """A camera or hydrophone that stays where it is."""

    kind: Literal["station"]
    lon: Lon
    lat: Lat


class TrackFix(_Kind):
    """Where something was when."""

    time: datetime
    lon: Lon
    lat: Lat


class Track(_Kind):
    """Where a ship was when: a table with the columns time, lon and lat, or fixes."""

    kind: Literal["track"]
    file: Path | None = None
    fixes: tuple[TrackFix, ...] = ()

    @model_validator(mode="after")
    def _is_given_once(self) -> Self:
        if (self.file is None) == (not self.fixes):
            raise ValueError("expected either file or fixes")
        return self


class Samples(_Kind):
    """A table of EcoTaxa with a line for each image."""

    kind: Literal["samples"]
    file: Path


Georeference = Affine | Nadir | Exif | Homography | Station | Track | Samples

KINDS: Mapping[str, type[BaseModel]] = {
    "affine": Affine,
    "nadir": Nadir,
    "exif": Exif,
    "homography": Homography,
    "station": Station,
    "track": Track,
    "samples": Samples,
}
"""Kinds of georeference by their names."""

_ADAPTER: TypeAdapter[Georeference] = TypeAdapter(
    Annotated[Georeference, Field(discriminator="kind")]
)


@dataclass(frozen=True)
class Placing:
    """Where an image is.

    Attributes
    ----------
    point : tuple of float or None
        Longitude and latitude of the image as a whole. [degrees]
    to_lonlat : callable or None
        From places of the image, (n, 2), to longitude and latitude. None: it has no extent.
    transform, crs
        Of its pixels, where the map is affine.
    time : datetime or None
        That the table has of it.
    properties : mapping
        What else the table has of it.
    gsd_m : float or None
        Side of a pixel. [m]
    """

    point: tuple[float, float] | None = None
    to_lonlat: Callable[[Places], Places] | None = None
    transform: Six | None = None
    crs: str | None = None
    time: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def place(self, pixel: BaseGeometry | None) -> BaseGeometry | None:
        """Return a geometry of the image in degrees; the whole image's point for None."""
        if pixel is None or self.to_lonlat is None:
            return None if self.point is None else shapely.Point(self.point)
        to_lonlat = self.to_lonlat
        placed: BaseGeometry = shapely.transform(pixel, lambda xy: _unbroken(to_lonlat(xy)))
        return placed


def pixel_side(placing: Placing, size: tuple[int, int]) -> float | None:
    """Return the side of a pixel in the middle of an image; None where it has no extent. [m].

    The root of its area.
    """
    sides = pixel_sides(placing, size)
    return None if sides is None else math.sqrt(sides[0] * sides[1])


def pixel_sides(placing: Placing, size: tuple[int, int]) -> tuple[float, float] | None:
    """Return height and width of a pixel in the middle of an image; None: it has no extent. [m].

    On the ellipsoid of WGS 84.
    """
    from pyproj import Geod

    if placing.to_lonlat is None:
        return None
    middle = np.array([size[1] / 2.0, size[0] / 2.0])
    lonlat = placing.to_lonlat(middle + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    (lon, lat), right, down = lonlat.tolist()
    geod = Geod(ellps="WGS84")
    width, height = (float(geod.inv(lon, lat, *other)[2]) for other in (right, down))
    return height, width


def parse_georeference(text: str) -> Georeference:
    """Return the georeference of a text.

    Parameters
    ----------
    text : str
        ``kind:key=value,key=value``, JSON, or the name of a JSON file.

    Raises
    ------
    PluginError
    """
    found = _parsed(text)
    # what no file can make good is told once, not of each of thousands
    if isinstance(found, Affine | Homography):
        _system(found.crs)
    table = getattr(found, "file", None)
    if table is not None and not table.is_file():
        raise PluginError(f"--georef: {table}: is no file that is there; expected a table")
    return found


def _parsed(text: str) -> Georeference:
    if text.startswith("{"):
        return _checked(_json(text, "--georef"), "--georef")
    if text.endswith(".json"):
        try:
            return _checked(_json(Path(text).read_text(encoding="utf-8"), text), text)
        except OSError as error:
            raise PluginError(f"{text}: {error.strerror}; expected a JSON file") from None
    kind, _, rest = text.partition(":")
    pairs = [part.partition("=") for part in rest.split(",") if part]
    return _checked({"kind": kind} | {key.strip(): value for key, _, value in pairs}, "--georef")


def georeference_of_request(text: str, *, files: bool = False) -> Georeference:
    """Return the georeference that somebody elsewhere asks for.

    Parameters
    ----------
    text : str
        JSON.
    files : bool
        Whether it may name files: only where others look which.

    Raises
    ------
    PluginError
        Also for a reference system by anything but its number, since PROJ opens files for some.
    """
    found = _checked(_json(text, "georef"), "georef")
    if isinstance(found, Track | Samples) and found.file is not None and not files:
        raise PluginError("georef: file: found the name of a file, expected its content (fixes)")
    if isinstance(found, Affine | Homography) and not re.fullmatch(r"EPSG:\d{4,6}", found.crs):
        raise PluginError(f"georef: crs: found {found.crs[:40]!r}, expected one such as EPSG:32637")
    if isinstance(found, Affine | Homography):
        _system(found.crs)
    return found


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PluginError(f"{name}: {error}; expected JSON") from None


def _checked(document: Any, name: str) -> Georeference:
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PluginError(f"{name}: {_mistake(first)}") from None


def _mistake(item: ErrorDetails) -> str:
    """Return what is wrong with a georeference, and what its kind is made of."""
    kinds = f"expected one of {', '.join(KINDS)}, as in station:lon=1.75,lat=41.18"
    if item["type"] == "union_tag_invalid":
        return f"found the kind {item['ctx']['tag']!r}, {kinds}"
    if item["type"] in ("union_tag_not_found", "model_attributes_type", "dict_type"):
        return f"found no kind, {kinds}"
    kind, *keys = map(str, item["loc"])
    text = item["msg"].removeprefix("Value error, ")
    text = {
        "missing": "is missing",
        "extra_forbidden": "is no key of this kind",
        "tuple_type": f"found {item['input']!r}, expected numbers in JSON, [1, 2, ...]",
    }.get(item["type"], text[:1].lower() + text[1:])
    known = ", ".join(it for it in KINDS[kind].model_fields if it != "kind")
    is_told = text.startswith(("found", "is "))
    if not is_told and not isinstance(item["input"], dict | list | tuple):
        text = f"found {item['input']!r}, {text.replace('input should be', 'expected')}"
    return f"{'.'.join((kind, *keys))}: {text}; {kind} has {known}"


def refuse_kind(kind: str, kinds: tuple[str, ...], name: str) -> None:
    """Refuse a kind of georeference that a card does not have."""
    allowed = {*kinds} | ({*POINT_KINDS} if "point" in kinds else set())
    if kind not in allowed:
        usable = ", ".join(sorted(allowed - {"none", "point"})) or "none"
        raise PluginError(
            f'georef: found the kind "{kind}", expected one that the card of {name} has in '
            f"[geo] kinds: {usable}"
        )


def locate(
    georeference: Georeference,
    file: str,
    size: tuple[int, int],
    exif: Mapping[str, Any],
    time: datetime | None,
) -> Placing:
    """Return where an image is.

    Parameters
    ----------
    georeference : Georeference
    file : str
        Name of the image.
    size : tuple of int
        Its height and width. [pixel]
    exif : mapping
    time : datetime or None
        When it was taken.

    Raises
    ------
    PluginError
        Where what is needed is not known, or cannot be.
    """
    match georeference:
        case Affine(transform=transform, crs=crs):
            return affine_placing(transform, crs, size)
        case Nadir():
            gsd_m = georeference.gsd_m or _gsd(georeference.height_m, georeference.fov_deg, size)
            point = (georeference.lon, georeference.lat)
            return _under_camera(point, georeference.heading_deg, gsd_m, size)
        case Exif():
            return _of_exif(georeference, exif, size)
        case Homography(matrix=matrix, crs=crs):
            return _of_homography(np.array(matrix), crs, size)
        case Station(lon=lon, lat=lat):
            return Placing((lon, lat))
        case Track():
            return _on_track(georeference, time, file)
        case Samples(file=table):
            return _of_sample(table, file)


def affine_placing(transform: Six, crs: str, size: tuple[int, int]) -> Placing:
    """Return where an image is whose pixels have an affine map.

    Parameters
    ----------
    transform : tuple of float
        x = a column + b row + c, y = d column + e row + f.
    crs : str
        As pyproj reads it.
    size : tuple of int
        Height and width. [pixel]
    """
    matrix = np.array([[*transform[:3]], [*transform[3:]], [0.0, 0.0, 1.0]])
    placing = _of_homography(matrix, crs, size)
    return Placing(placing.point, placing.to_lonlat, transform, crs)


def exif_time(exif: Mapping[str, Any]) -> tuple[datetime | None, str | None]:
    """Return when a photo was taken, UTC, and what is in doubt about it.

    The clock of GPS is UTC; that of the camera counts where EXIF has its offset.
    """
    try:
        if "GPSDateStamp" in exif and "GPSTimeStamp" in exif:
            hours, minutes, seconds = (float(part) for part in exif["GPSTimeStamp"])
            day = str(exif["GPSDateStamp"]).strip("\0 ").replace(":", "-")
            clock = f"{int(hours):02}:{int(minutes):02}:{int(seconds):02}"
            return given_in_utc(datetime.fromisoformat(f"{day}T{clock}")), None
        clock = str(exif.get("DateTimeOriginal", "")).strip("\0 ")
        if not clock:
            return None, None
        offset = str(exif.get("OffsetTimeOriginal", "")).strip("\0 ")
        day, _, hour = clock.partition(" ")
        if not offset:
            return None, f"the camera's clock says {clock} without its zone, which is no time"
        return given_in_utc(datetime.fromisoformat(f"{day.replace(':', '-')}T{hour}{offset}")), None
    except (ValueError, TypeError, ZeroDivisionError):
        return None, "the time in EXIF cannot be read"


def _unbroken(places: Places) -> Places:
    """Return longitudes that do not jump by 360 from the first one on."""
    made = np.array(places, dtype=np.float64)
    if not np.isfinite(made).all():
        raise PluginError(
            "georef: a part of the image lies nowhere on the earth (beyond its horizon, or outside "
            "the reference system); expected a georeference of the whole image"
        )
    made[:, 0] = made[0, 0] + (made[:, 0] - made[0, 0] + 180.0) % 360.0 - 180.0
    return made


def _gsd(height_m: float | None, fov_deg: float | None, size: tuple[int, int]) -> float:
    assert height_m is not None  # checked with the kind
    assert fov_deg is not None
    return 2.0 * height_m * math.tan(math.radians(fov_deg) / 2.0) / size[1]


def _under_camera(
    point: tuple[float, float], heading_deg: float, gsd_m: float, size: tuple[int, int]
) -> Placing:
    """Return where a photo is whose middle lies at a point, on a plane that touches there."""
    lon, lat = point
    heading = math.radians(heading_deg)
    east_of_x, north_of_x = gsd_m * math.cos(heading), -gsd_m * math.sin(heading)
    east_of_y, north_of_y = -gsd_m * math.sin(heading), -gsd_m * math.cos(heading)
    x, y = size[1] / 2.0, size[0] / 2.0
    transform = (
        *(east_of_x, east_of_y, -(east_of_x * x + east_of_y * y)),
        *(north_of_x, north_of_y, -(north_of_x * x + north_of_y * y)),
    )
    crs = f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m +no_defs"
    placing = affine_placing(transform, crs, size)
    return Placing(point, placing.to_lonlat, transform, crs)


def _system(crs: str) -> CRS:
    """Return a reference system in which x and y are places.

    Raises
    ------
    PluginError
        Where the text is none, or one of heights or of time.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        system = CRS.from_user_input(crs)
    except CRSError:
        system = None
    if system is None or not (system.is_geographic or system.is_projected):
        raise PluginError(
            f"georef: crs: found {crs!r}, expected a reference system such as EPSG:32637"
        )
    return system


def _of_homography(matrix: Places, crs: str, size: tuple[int, int]) -> Placing:
    from pyproj import Transformer

    transformer = Transformer.from_crs(_system(crs), "EPSG:4326", always_xy=True)

    def to_lonlat(places: Places) -> Places:
        x, y, w = matrix @ np.column_stack([places, np.ones(len(places))]).T
        w = np.where(w * corner_sign > 0.0, w, np.nan)  # behind the horizon
        return np.column_stack(transformer.transform(x / w, y / w))

    middle = np.array([[size[1] / 2.0, size[0] / 2.0]])
    corner_sign = np.sign((matrix @ [middle[0, 0], middle[0, 1], 1.0])[2])
    (point,) = to_lonlat(middle)
    if not np.isfinite(point).all():
        raise PluginError(
            "georef: the middle of the image lies nowhere on the earth; expected the transform of "
            f"an image of {size[1]} x {size[0]} pixels into {crs}"
        )
    return Placing((float(point[0]), float(point[1])), to_lonlat)


def _of_exif(how: Exif, exif: Mapping[str, Any], size: tuple[int, int]) -> Placing:
    try:
        lat = _degrees(exif["GPSLatitude"], exif["GPSLatitudeRef"], "S")
        lon = _degrees(exif["GPSLongitude"], exif["GPSLongitudeRef"], "W")
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise PluginError(
            "georef: the file has no position in EXIF; expected one, or another georeference"
        ) from None
    if not (abs(lat) <= 90.0 and abs(lon) <= 180.0) or lat == lon == 0.0:
        raise PluginError(f"georef: EXIF has the position {lon:g} E {lat:g} N, expected a place")
    heading, gsd_m = how.heading_deg, how.gsd_m
    if gsd_m is None and how.height_m is not None:
        focal = float(exif.get("FocalLengthIn35mmFilm") or 0.0)
        fov = how.fov_deg or (math.degrees(2.0 * math.atan(18.0 / focal)) if focal else None)
        if fov is None:
            raise PluginError(
                "georef: EXIF has no focal length for 35 mm film; expected fov_deg or gsd_m"
            )
        gsd_m = _gsd(how.height_m, fov, size)
    if heading is None and exif.get("GPSImgDirectionRef", "T") in ("T", "T\0"):
        heading = float(exif["GPSImgDirection"]) if "GPSImgDirection" in exif else None
    if gsd_m is None or heading is None:
        missing = "the size of a pixel (gsd_m or height_m)" if gsd_m is None else "heading_deg"
        return Placing((lon, lat), remarks=(f"only the position counts: {missing} is not known",))
    return _under_camera((lon, lat), heading, gsd_m, size)


def _degrees(parts: Any, reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60.0 + seconds / 3600.0
    return -value if str(reference).strip("\0 ").upper() == negative else value


def _on_track(track: Track, time: datetime | None, file: str) -> Placing:
    if time is None:
        raise PluginError(f"{file}: no time is known; expected --time, or one in EXIF, for a track")
    fixes = track.fixes or _read_fixes(track.file)
    seconds = np.array([in_utc(fix.time).timestamp() for fix in fixes])
    if (np.diff(seconds) <= 0.0).any():
        raise PluginError("georef: fixes: found times that do not ascend, expected each later")
    at = in_utc(time).timestamp()
    if not seconds[0] <= at <= seconds[-1]:
        raise PluginError(
            f"{file}: was taken at {in_utc(time):%Y-%m-%d %H:%M:%S} UTC, when the track is not "
            "known; expected a time within it"
        )
    lons = np.unwrap([fix.lon for fix in fixes], period=360.0)
    lat = np.interp(at, seconds, [fix.lat for fix in fixes])
    lon = (float(np.interp(at, seconds, lons)) + 180.0) % 360.0 - 180.0
    return Placing((lon, float(lat)))


def _read_fixes(path: Path | None) -> tuple[TrackFix, ...]:
    assert path is not None  # checked with the kind
    needed = [*TrackFix.model_fields]
    found = []
    for row in read_rows(path, needed):
        try:
            found.append(TrackFix.model_validate({name: row[name].strip() for name in needed}))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise PluginError(
                f"{path}: {first['loc'][0]}: found {first['input']!r}, expected time (ISO 8601, "
                "UTC), lon and lat (degrees, with a point)"
            ) from None
    if not found:
        raise PluginError(f"{path}: has no rows; expected a track: {', '.join(needed)}")
    return tuple(found)


def _of_sample(table: Path, file: str) -> Placing:
    """Return what a table of EcoTaxa has of an image: position, time, depths, size of a pixel."""
    rows = read_rows(table, ())
    found = [row for row in rows if Path(row.get("img_file_name") or "").name == file]
    found = found or [row for row in rows if row.get("object_id") == Path(file).stem]
    if len(found) != 1:
        raise PluginError(
            f"{table}: has {len(found)} lines for {file}, expected one whose img_file_name or "
            "object_id it is"
        )
    (row,) = found
    try:
        point = float(row["object_lon"]), float(row["object_lat"])
    except (KeyError, TypeError, ValueError):
        raise PluginError(f"{table}: {file}: expected object_lon and object_lat") from None
    _refuse_place(point, f"{table}: {file}")
    depths = {
        key.removeprefix("object_") + "_m": float(row[key])
        for key in ("object_depth_min", "object_depth_max")
        if row.get(key)
    }
    time = _sample_time(row)
    remarks = (
        ()
        if time
        else (f"{table.name} has no object_date and object_time for it that are one time",)
    )
    return Placing(point, time=time, properties=depths, remarks=remarks)


def _refuse_place(point: tuple[float, float], name: str) -> None:
    if not (-180.0 <= point[0] <= 360.0 and -90.0 <= point[1] <= 90.0):
        raise PluginError(f"{name}: found {point[0]:g} E {point[1]:g} N, expected degrees")


def _sample_time(row: Mapping[str, str]) -> datetime | None:
    """Return the time of a line, UTC as EcoTaxa has it: YYYYMMDD and HHMMSS, or HHMM.

    Zeros at the front are lost where a table was through a spreadsheet: what is left of 5 digits is
    one time, of 3 digits it may be 4:20 as well as 0:04:20.
    """
    day, clock = row.get("object_date") or "", row.get("object_time") or ""
    if len(clock) not in (4, 5, 6):
        return None
    clock = clock.zfill(6) if len(clock) == 5 else clock
    try:
        return given_in_utc(datetime.fromisoformat(f"{day}T{clock}"))
    except ValueError:
        return None
