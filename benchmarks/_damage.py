"""Files damaged in many ways, the same ones for the same seed."""

import json
import re
import shutil
import sqlite3
import warnings
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import netCDF4
import numpy as np
import rasterio
import xarray as xr

_HEADER = 1024
_EXTREMES = (0, 1, 2**7, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)

ODD_TEXTS = (
    *("", " ", "nan", "None", "-", "m s-1", "hours", "hours since yesterday", "degrees_north"),
    *("days since 0000-00-00", "seconds since 1970-01-01", "hours since 2021-08-24 99:00", "K"),
    *("time: mean", "360_day", "julian", "up", "T", "X", "latitude", "eastward_wind", "true"),
    *("x" * 5000, "é∂\u200b", "a\nb", "{}", "../../etc/passwd", "%s%n", "1e999", "0x10"),
)
ODD_NUMBERS = (0, 1, -1, 2, 0.0, -0.0, 1e-300, 1e20, 1e308, 2**31, -(2**63), 9999, 360.0, -90.5)
_INTEGERS = ("i1", "i2", "i4")
_NOT_FINITE = (float("nan"), float("inf"), float("-inf"))

ATTRIBUTES = (
    *("units", "calendar", "standard_name", "long_name", "axis", "positive", "bounds", "title"),
    *("scale_factor", "add_offset", "missing_value", "_FillValue", "valid_range", "valid_min"),
    *("valid_max", "cell_methods", "grid_mapping", "coordinates", "flag_values", "_Unsigned"),
    *("field_type", "Conventions", "climatology", "dtype", "actual_range", "time"),
)


def damage(path: Path, chance: Random, *, rough: float = 0.4, most: int = 3) -> list[str]:
    """Damage a file or a Zarr store where it lies, once or a few times.

    Parameters
    ----------
    path : Path
        A shapefile stands for all its parts.
    chance : Random
    rough : float
        Share of damage that is done to bytes, after which little can be read.
    most : int
        Times.

    Returns
    -------
    list of str
        What was done.
    """
    # in bytes last: what libraries make of those is not to be found out here
    is_rough = sorted(
        chance.random() < rough for _ in range(min(chance.choice((1, 1, 2, 3)), most))
    )
    return [_damage_once(path, chance, each) for each in is_rough]


def _damage_once(path: Path, chance: Random, rough: bool) -> str:
    if path.is_dir():
        path = chance.choice(sorted(p for p in path.rglob("*") if p.is_file()))
    elif path.suffix == ".shp":
        path = chance.choice(sorted(path.parent.glob(f"{path.stem}.*")))
    kind = path.suffix or path.name  # of a Zarr store, names begin with a dot
    ways = (damage_bytes,) if rough else _WAYS.get(kind, (damage_bytes,))
    way = chance.choice(ways)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done = way(path, chance)
    except Exception as error:  # what is damaged already may not stand any more of it
        done = f"{damage_bytes(path, chance)} (not {way.__name__}: {type(error).__name__})"
    return f"{path.name}: {done}"


def damage_bytes(path: Path, chance: Random) -> str:
    """Change, cut, repeat or remove bytes, half of the time near the start."""
    content = bytearray(path.read_bytes()) if path.exists() else bytearray()
    way = chance.choice(
        ("change", "change", "number", "cut", "zero", "ones", "repeat", "remove", "swap", "replace")
    )
    size = len(content)

    def place() -> int:
        return chance.randrange(max(min(size, _HEADER) if chance.random() < 0.5 else size, 1))

    start, length = place(), min(chance.choice((1, 4, 16, 256, 4096)), max(size, 1))
    if way == "change":
        for _ in range(chance.randint(1, 8)):
            content[place() : place() + 1] = bytes([chance.randrange(256)])
    elif way == "number":
        width = chance.choice((2, 4, 8))
        number = chance.choice(_EXTREMES) % 2 ** (8 * width)
        content[start : start + width] = number.to_bytes(width, chance.choice(("big", "little")))
    elif way == "cut":
        del content[place() :]
    elif way in ("zero", "ones"):
        content[start : start + length] = (b"\0" if way == "zero" else b"\xff") * length
    elif way == "repeat":
        content[start:start] = content[start : start + length] * chance.randint(1, 3)
    elif way == "remove":
        del content[start : start + length]
    elif way == "swap":
        other = place()
        block = content[start : start + length]
        content[start : start + length] = content[other : other + length]
        content[other : other + length] = block
    else:
        content = bytearray(chance.choice((b"", b"\0" * 100, b"<html>log in</html>", b"\x89HDF")))
    path.write_bytes(content)
    return f"{way} at {start}, {length} bytes"


def damage_text(path: Path, chance: Random) -> str:
    """Change numbers, words, lines and the encoding of a text."""
    text = path.read_text(encoding="utf-8")
    way = chance.choice(("number", "number", "word", "drop", "double", "line", "quote", "encoding"))
    lines = text.splitlines(keepends=True) or [""]
    line = chance.randrange(len(lines))
    if way in ("number", "word", "drop"):
        pattern = {"number": r"-?\d+(?:\.\d+)?", "word": r"[A-Za-z_]+", "drop": r"[^\w\s]"}[way]
        found = list(re.finditer(pattern, text))
        if found:
            match = chance.choice(found)
            odd = [str(n) for n in (*ODD_NUMBERS, *_NOT_FINITE)] + ["", "1e999", "9" * 400, "null"]
            words = [m.group() for m in re.finditer(r"[A-Za-z_]+", text)] + list(ODD_TEXTS)
            new = "" if way == "drop" else chance.choice(odd if way == "number" else words)
            text = text[: match.start()] + new + text[match.end() :]
    elif way == "double":
        text = "".join([*lines[: line + 1], *lines[line:]])
    elif way == "line":
        text = "".join([*lines[:line], *lines[line + 1 :]])
    elif way == "quote":
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice("\"'[]{}<>,;=:\t\r\n\0#&\\é") + text[place:]
    else:
        code = chance.choice(("utf-16", "utf-8-sig", "utf-32"))
        path.write_bytes(text.encode(code))
        return code
    path.write_text(text, encoding="utf-8")
    return way


def damage_json(path: Path, chance: Random) -> str:
    """Put values of another type, other keys or deeper nesting into a document of JSON."""
    document = json.loads(path.read_text(encoding="utf-8"))
    holders: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in items:
            holders.append((holder, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    holder, key = chance.choice(holders)
    way = chance.choice(
        ("replace", "replace", "replace", "remove", "wrap", "deep", "double", "key")
    )
    value = holder[key]
    if way == "replace":
        holder[key] = chance.choice(
            [*ODD_TEXTS, *ODD_NUMBERS, *_NOT_FINITE, None, True, [], {}, [[]], [None], {"a": 1}]
        )
    elif way == "remove":
        del holder[key]
    elif way == "wrap":
        holder[key] = chance.choice(([value], [value, value], {"value": value}, str(value)))
    elif way == "deep":
        path.write_text(json.dumps(document).replace(json.dumps(value), "[" * 5000 + "]" * 5000, 1))
        return f"{key}: deep"
    elif isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder[chance.choice(("", "type", "coordinates", "value", str(key).upper()))] = value
        if way == "key":
            del holder[key]
    path.write_text(json.dumps(document), encoding="utf-8")
    return f"{key}: {way}"


def damage_netcdf(path: Path, chance: Random) -> str:
    """Change attributes, names, values and shapes of a NetCDF file, which stays one."""
    return chance.choice((_change_attribute, _change_attribute, _change_values, _change_layout))(
        path, chance
    )


def _change_attribute(path: Path, chance: Random) -> str:
    with netCDF4.Dataset(path, "a") as file:
        holder = chance.choice([file, *file.variables.values()])
        name = chance.choice([*holder.ncattrs(), *ATTRIBUTES])
        of_file = [n for v in file.variables.values() for n in (v.name, *v.dimensions)]
        value = chance.choice(
            [
                *(chance.choice(ODD_TEXTS), chance.choice(of_file)),
                chance.choice((*ODD_NUMBERS, *_NOT_FINITE)),
                np.array(chance.sample(ODD_NUMBERS, 2), "f8"),
                np.array([chance.choice((0, 1, -128, -32768))]).astype(chance.choice(_INTEGERS)),
                np.array([], "f8"),
            ]
        )
        if name in holder.ncattrs() and chance.random() < 0.2:
            holder.delncattr(name)
            return f"{name} removed"
        holder.setncattr(name, value)
    return f"{name} = {str(value)[:40]!r}"


def _change_values(path: Path, chance: Random) -> str:
    with netCDF4.Dataset(path, "a") as file:
        file.set_auto_maskandscale(False)
        variable = chance.choice(list(file.variables.values()))
        values = np.array(variable[...])
        way = chance.choice(("all", "one", "turn", "same", "some", "noise"))
        odd = chance.choice((*ODD_NUMBERS, *_NOT_FINITE))
        with np.errstate(all="ignore"):
            value = np.array(odd).astype(values.dtype)
        flat = values.reshape(-1)
        if way == "all":
            flat[:] = value
        elif way == "one":
            flat[chance.randrange(flat.size)] = value
        elif way == "some":
            flat[:: chance.randint(2, 4)] = value
        elif way == "turn":
            flat[:] = flat[::-1].copy()
        elif way == "same":
            flat[:] = flat[0]
        else:
            noise = np.random.default_rng(chance.randrange(2**32)).normal(0.0, 1e3, flat.size)
            flat[:] = noise.astype(values.dtype)
        variable[...] = values
    return f"{variable.name}: {way} {odd}"


def _change_layout(path: Path, chance: Random) -> str:
    with xr.open_dataset(path, decode_cf=False) as file:
        data = file.load()
    name = chance.choice([str(n) for n in data.variables])
    dim = chance.choice([str(d) for d in data.sizes])
    way = chance.choice(("drop", "rename", "rename dim", "empty", "one", "turn", "type", "flat"))
    if way == "drop":
        data = data.drop_vars(name)
    elif way == "rename":
        others = [str(n) for n in data.variables if n != name]
        new = chance.choice(["", "lat", "longitude", "time", "u10", "depth", *others]) or "x"
        data = data.drop_vars(new, errors="ignore").rename({name: new})
    elif way == "rename dim":
        data = data.rename({dim: f"{dim}_"} if dim in data.variables else {dim: "other"})
    elif way == "empty":
        data = data.isel({dim: slice(0, 0)})
    elif way == "one":
        data = data.isel({dim: 0}) if chance.random() < 0.5 else data.isel({dim: [0]})
    elif way == "turn":
        data = data.isel({dim: slice(None, None, -1)}).transpose(*reversed(list(data.sizes)))
    elif way == "type":
        with np.errstate(all="ignore"):
            kind = chance.choice(("i1", "i2", "i4", "f4", "U"))
            data = data.assign({name: data[name].astype(kind)})
    else:
        data = data.assign({name: data[name].max()})
    for variable in data.variables.values():
        variable.encoding.clear()
    path.unlink()
    data.to_netcdf(path, engine="netcdf4")
    return f"{name}, {dim}: {way}"


def damage_zip(path: Path, chance: Random) -> str:
    """Damage, rename, double or drop a member of an archive, or how it says it is packed."""
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    k = chance.randrange(len(members))
    name, content = members[k]
    way = chance.choice(("damage", "damage", "rename", "drop", "double", "folder", "zip"))
    if way == "damage":
        part = path.with_name(f"part{Path(name).suffix}")
        part.write_bytes(content)
        _damage_once(part, chance, chance.random() < 0.4)
        members[k] = (name, part.read_bytes() if part.exists() else b"")
        part.unlink(missing_ok=True)
    elif way == "rename":
        odd = ("../x.nc", "/x.nc", "C:\\x.nc", "", "a/../../x", "x" * 300, "._x.nc", "x", "é.nc")
        members[k] = (chance.choice(odd), content)
    elif way == "drop":
        del members[k]
    elif way == "double":
        members.append((name, content[: len(content) // 2]))
    elif way == "folder":
        members.append((f"{name}/", b""))
    else:
        members[k] = (f"{name}.zip", path.read_bytes())
    packing = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(path, "w", packing) as archive:
        for member, packed in members:
            archive.writestr(member, packed)
    return f"{name}: {way}"


def damage_geotiff(path: Path, chance: Random) -> str:
    """Change the place, the reference system, the values or the bands of a GeoTIFF."""
    with rasterio.open(path) as file:
        profile, bands = file.profile, file.read()
    way = chance.choice(("transform", "crs", "nodata", "values", "type", "bands", "one", "tags"))
    if way == "transform":
        numbers = list(profile["transform"])[:6]
        numbers[chance.randrange(6)] = chance.choice((0.0, -1.0, 1e-12, 1e12, *_NOT_FINITE))
        profile["transform"] = rasterio.Affine(*numbers)
    elif way == "crs":
        odd = (None, "EPSG:3857", "EPSG:32736", "EPSG:4978", "+proj=geos +h=35785831 +lon_0=0")
        profile["crs"] = chance.choice(odd)
    elif way == "nodata":
        profile["nodata"] = chance.choice((0, 1, 255))
    elif way == "values":
        kind = bands.dtype
        with np.errstate(all="ignore"):
            bands = np.full_like(bands, np.array(chance.choice((0, 1, 2, 255, -1))).astype(kind))
    elif way == "type":
        bands = bands.astype(chance.choice(("uint8", "int16", "float32", "float64", "complex64")))
        profile["dtype"] = bands.dtype
    elif way == "bands":
        bands, profile["count"] = np.concatenate([bands, bands]), 2 * profile["count"]
    elif way == "one":
        bands, profile["width"], profile["height"] = bands[:, :1, :1], 1, 1
    profile["driver"] = "GTiff"
    with rasterio.open(path, "w", **profile) as file:
        file.write(bands)
        if way == "tags":
            file.update_tags(TIFFTAG_DATETIME=chance.choice(ODD_TEXTS), AREA_OR_POINT="Odd")
    return way


def damage_geopackage(path: Path, chance: Random) -> str:
    """Change what a GeoPackage says of its layers, or the layers themselves."""
    with closing(sqlite3.connect(path)) as connection:
        ((name,),) = connection.execute("SELECT table_name FROM gpkg_contents")
    statement = chance.choice(
        (
            "DELETE FROM gpkg_contents",
            "DELETE FROM gpkg_geometry_columns",
            "DELETE FROM gpkg_spatial_ref_sys",
            "UPDATE gpkg_geometry_columns SET srs_id = 4979",
            "UPDATE gpkg_contents SET srs_id = 99999, table_name = 'other'",
            "UPDATE gpkg_geometry_columns SET geometry_type_name = 'LINESTRING'",
            f'UPDATE "{name}" SET geom = NULL',
            f'UPDATE "{name}" SET geom = randomblob(200)',
            f'UPDATE "{name}" SET geom = zeroblob(40)',
            f'DELETE FROM "{name}"',
            f'DROP TABLE "{name}"',
        )
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        # those of GDAL need functions that only it has
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (trigger,) in names.fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        connection.execute(statement)
    return statement


def drop(path: Path, chance: Random) -> str:
    """Remove a file that others need, or put it in place of another."""
    siblings = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
    if siblings and chance.random() < 0.5:
        other = chance.choice(siblings)
        other.unlink()
        shutil.copyfile(path, other)
        return f"in place of {other.name}"
    path.unlink()
    return "dropped"


Way = Callable[[Path, Random], str]
_WAYS: dict[str, tuple[Way, ...]] = {
    ".nc": (damage_netcdf,),
    ".zip": (damage_zip,),
    ".json": (damage_json, damage_json, damage_text),
    ".geojson": (damage_json, damage_json, damage_text),
    ".toml": (damage_text,),
    ".csv": (damage_text,),
    ".xml": (damage_text,),
    ".kml": (damage_text,),
    ".gml": (damage_text,),
    ".dds": (damage_text,),
    ".das": (damage_text,),
    ".tif": (damage_geotiff,),
    ".gpkg": (damage_geopackage,),
    ".prj": (damage_text, drop),
    ".cpg": (damage_text, drop),
    ".zarray": (damage_json,),
    ".zattrs": (damage_json,),
    ".zgroup": (damage_json,),
    ".zmetadata": (damage_json,),
    ".dbf": (drop,),
    ".shx": (drop,),
}
