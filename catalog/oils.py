"""Oils of NOAA's ADIOS database: records in JSON, singly or in a folder or zip, read into SI.

The folder or zip is named by the environment variable ``WITOIL_OILS``.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from catalog.archives import ZIP_ERRORS, refuse_expansion
from catalog.errors import CatalogError, UnreadableFileError
from catalog.paths import expand_paths

LIBRARY_VARIABLE = "WITOIL_OILS"
"""Environment variable that names the folder or zip of records."""

Points = tuple[tuple[float, float], ...]

_MOST_RECORD_BYTES = 10**7
_FRESH_WATER_15C = 999.1
# No oil exceeds it against water; a record that does has a slip in its unit. [N m-1]
_SURFACE_TENSION_OF_WATER = 0.073

_FACTORS = {
    "density": {"kg/m^3": 1.0, "g/cm^3": 1e3, "g/cm³": 1e3, "g/mL": 1e3},
    "kinematic viscosity": {"m^2/s": 1.0, "cSt": 1e-6, "mm^2/s": 1e-6},
    "dynamic viscosity": {"kg/(m s)": 1.0, "Pa.s": 1.0, "mPa.s": 1e-3, "cP": 1e-3},
    "fraction": {"fraction": 1.0, "1": 1.0, "%": 1e-2},
    "interfacial tension": {"N/m": 1.0, "mN/m": 1e-3, "dyne/cm": 1e-3},
    "temperature": {"K": 1.0, "C": 1.0, "F": 5.0 / 9.0},
}
"""Units that the records use, to SI."""

_ZERO_OF = {"K": 0.0, "C": 273.15, "F": 459.67 * 5.0 / 9.0}
_CRUDES = {"Crude Oil NOS", "Tight Oil", "Bitumen", "Bitumen Blend"}
_LASTING_EMULSIONS = {"Stable", "Mesostable", "Entrained"}


class OilEntry(NamedTuple):
    """One line of a list of oils: what it is, and whether NOAA finds it fit for a model."""

    id: str
    name: str
    api_gravity: float | None
    suitable: bool


@dataclass(frozen=True)
class OilRecord:
    """What ADIOS says of a fresh oil.

    Attributes
    ----------
    id, name, product_type : str
    densities : tuple of (float, float)
        Temperature [K] and density [kg m-3].
    viscosities : tuple of (float, float)
        Temperature [K] and kinematic viscosity [m2 s-1].
    cuts : tuple of (float, float)
        Temperature [K] and the fraction distilled up to it [1]; empty where not measured.
    cuts_by_volume : bool
        Whether fractions are of volume rather than mass.
    recovered : float
        Fraction that distils at all. [1]
    max_water_fraction : float or None
        Of the wettest emulsion that lasted. [1]
    oil_water_interfacial_tension : float or None
        Against sea water where measured, else fresh water. [N m-1]
    pour_point : float or None
        [K]
    """

    id: str
    name: str
    product_type: str
    densities: Points
    viscosities: Points
    cuts: Points
    cuts_by_volume: bool
    recovered: float
    max_water_fraction: float | None
    oil_water_interfacial_tension: float | None
    pour_point: float | None

    @property
    def is_crude(self) -> bool:
        """Whether the oil is crude, rather than a product of it."""
        return self.product_type in _CRUDES


def read_oil(path: str | Path) -> OilRecord:
    """Read one record of ADIOS.

    Parameters
    ----------
    path : str or Path
        JSON, or a URL of it.

    Returns
    -------
    OilRecord

    Raises
    ------
    UnreadableFileError
        If there is no such file, or it is not JSON.
    CatalogError
        If it is no record, or a property that the model needs is missing.
    """
    path = expand_paths(path)[0]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"{path}: cannot be read ({error.strerror}); expected a record of ADIOS in JSON"
        ) from error
    return _record(_parse(content, str(path)), str(path))


def find_oils(query: str = "", library: str | Path | None = None) -> list[OilEntry]:
    """List the records whose name holds all words of a query, or whose id starts with it.

    Parameters
    ----------
    query : str
        In any case; none: everything.
    library : str or Path, optional
        Folder or zip of records; default: the environment variable ``WITOIL_OILS``, and nothing
        where that is not set.

    Returns
    -------
    list of OilEntry
        By name.

    Raises
    ------
    CatalogError
        If the folder or zip, or a file in it, cannot be read.
    """
    wanted = query.strip().casefold()
    return sorted(
        (
            entry
            for entry in _index(_library(library))
            if entry.id.casefold().startswith(wanted)
            or all(word in entry.name.casefold() for word in wanted.split())
        ),
        key=lambda entry: (entry.name.casefold(), entry.id),
    )


def look_up_oil(name: str, library: str | Path | None = None) -> OilRecord | None:
    """Return the record with an id or name; None if there is none.

    Parameters
    ----------
    name : str
        Id or whole name, in any case.
    library : str or Path, optional
        As in `find_oils`.

    Raises
    ------
    CatalogError
        If several records have the name, or the one lacks a property that the model needs.
    """
    root = _library(library)
    index = _index(root)
    wanted = name.strip().casefold()
    found = [entry for entry in index if entry.id.casefold() == wanted] or [
        entry for entry in index if entry.name.casefold() == wanted
    ]
    found = [entry for entry in found if entry.suitable] or found
    if not found or root is None:
        return None
    if len(found) > 1:
        raise CatalogError(
            f"oil {name!r}: {len(found)} records of {root} have this name; "
            f"expected one of the ids {', '.join(sorted(entry.id for entry in found))}"
        )
    label = f"{root}/{index[found[0]]}"
    return _record(_parse(_content(root, index[found[0]]), label), label)


def _library(library: str | Path | None) -> Path | None:
    """Folder or zip of the records; None where none is named."""
    named = library or os.environ.get(LIBRARY_VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.exists():
        raise UnreadableFileError(
            f"{path}: no such folder or zip of oil records; check {LIBRARY_VARIABLE}"
        )
    return path


def _index(root: Path | None) -> dict[OilEntry, str]:
    """Map the entries of a library to the names of their files in it."""
    return {} if root is None else _index_of(root, root.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _index_of(root: Path, _changed: int) -> dict[OilEntry, str]:
    index = {}
    for member, content in _contents(root):
        document = _parse(content, f"{root}/{member}")
        metadata = _table(document, "metadata")
        # Other JSON may lie in the folder.
        if isinstance(document.get("oil_id"), str) and isinstance(metadata.get("name"), str):
            entry = OilEntry(
                document["oil_id"],
                metadata["name"],
                _number(metadata.get("API")),
                _is_suitable(document, f"{root}/{member}"),
            )
            index[entry] = member
    if not index:
        raise CatalogError(f"{root}: holds no record of ADIOS; expected JSON files of oils")
    return index


def _is_suitable(document: dict[str, Any], label: str) -> bool:
    """Return NOAA's mark, or where a record has none (NOAA computes it), whether it loads."""
    mark = document["metadata"].get("gnome_suitable")
    if isinstance(mark, bool):
        return mark
    try:
        _record(document, label)
    except CatalogError:
        return False
    return True


def _contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """Read every JSON file of a folder or zip, each with its name there."""
    if root.is_dir():
        for path in sorted(root.rglob("*.json")):
            # macOS adds a hidden "._" twin to every file it packs.
            if not path.name.startswith("."):
                member = path.relative_to(root).as_posix()
                yield member, _content(root, member)
        return
    with _archive(root) as archive:
        entries = [e for e in archive.infolist() if e.filename.endswith(".json")]
        refuse_expansion(root, entries)
        for entry in entries:
            if not entry.filename.rpartition("/")[2].startswith("."):
                yield entry.filename, _from_archive(archive, entry, root)


def _content(root: Path, member: str) -> bytes:
    if root.is_dir():
        try:
            return (root / member).read_bytes()
        except OSError as error:
            raise UnreadableFileError(
                f"{root}/{member}: cannot be read ({error.strerror})"
            ) from error
    with _archive(root) as archive:
        return _from_archive(archive, archive.getinfo(member), root)


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except ZIP_ERRORS as error:
        raise UnreadableFileError(
            f"{path}: cannot be read as a zip ({error}); expected a folder or zip of oil records"
        ) from error


def _from_archive(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path) -> bytes:
    """Read a file of an archive into memory: nothing is unpacked to a path that it names."""
    if entry.file_size > _MOST_RECORD_BYTES:
        raise CatalogError(
            f"{root}/{entry.filename}: is {entry.file_size / 1e6:.0f} MB, more than a record can be"
        )
    try:
        return archive.read(entry)
    except ZIP_ERRORS as error:
        raise UnreadableFileError(
            f"{root}/{entry.filename}: cannot be unpacked ({error}); get the archive again"
        ) from error


def _parse(content: bytes, label: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{label}: not JSON ({error}); get it again") from error
    return document if isinstance(document, dict) else {}


def _record(document: dict[str, Any], label: str) -> OilRecord:
    metadata = _table(document, "metadata")
    samples = _tables(document, "sub_samples")
    if not isinstance(document.get("oil_id"), str) or not isinstance(metadata.get("name"), str):
        raise CatalogError(
            f"{label}: no record of ADIOS; expected JSON with oil_id and metadata.name"
        )
    oil = f"{label}: oil {document['oil_id']} ({metadata['name']})"
    fresh = samples[0] if samples else {}
    properties = _table(fresh, "physical_properties")
    distillation = _table(fresh, "distillation_data")
    densities = _points(properties, "densities", "density", "density", oil)
    if not densities and (api := _number(metadata.get("API"))) is not None and api > -131.5:
        densities = ((288.15, _FRESH_WATER_15C * 141.5 / (api + 131.5)),)
    viscosities = _viscosities(properties, densities, oil)
    cuts = _points(distillation, "cuts", "fraction", "fraction", oil, at="vapor_temp")
    record = OilRecord(
        id=document["oil_id"],
        name=metadata["name"],
        product_type=str(metadata.get("product_type", "")),
        densities=densities,
        viscosities=viscosities,
        cuts=cuts if len(cuts) > 1 else (),
        cuts_by_volume=str(distillation.get("type", "")).casefold().startswith("volume"),
        recovered=_si(distillation.get("fraction_recovered"), "fraction", oil) or 1.0,
        max_water_fraction=_wettest(samples, oil),
        oil_water_interfacial_tension=_tension(properties, oil),
        pour_point=_si(_table(properties, "pour_point").get("measurement"), "temperature", oil),
    )
    _require_complete(record, metadata.get("gnome_suitable"), oil)
    return record


def _require_complete(record: OilRecord, suitable: object, oil: str) -> None:
    """Refuse a record that the model cannot use.

    A crude oil without distillation can be estimated from its density, a product cannot; where
    NOAA finds the record suitable, that estimate is NOAA's too.
    """
    missing = []
    if not record.densities:
        missing.append("density")
    if not record.viscosities:
        missing.append("viscosity")
    if not (record.cuts or record.is_crude or suitable is True):
        missing.append("distillation cuts")
    if missing:
        raise CatalogError(
            f"{oil}: missing: {', '.join(missing)} of the fresh oil; choose an oil that is suitable"
        )
    if suitable is False:
        raise CatalogError(
            f"{oil}: missing: the mark gnome_suitable, by which NOAA finds a record fit for a "
            "model; choose another oil, or set metadata.gnome_suitable to true in a copy"
        )


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _tables(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = table.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:  # JSON sets no limit to the digits of a whole number
        return None
    return number if math.isfinite(number) else None


def _si(measurement: object, quantity: str, oil: str) -> float | None:
    """Return a measurement in SI; None where it has no number. Of a range, its upper end."""
    if not isinstance(measurement, dict):
        return None
    numbers = [_number(measurement.get(key)) for key in ("value", "max_value", "min_value")]
    value = next((number for number in numbers if number is not None), None)
    if value is None:
        return None
    unit, factors = measurement.get("unit"), _FACTORS[quantity]
    if not isinstance(unit, str) or unit not in factors:
        raise CatalogError(
            f"{oil}: {quantity} in {unit!r}, expected one of the units {', '.join(factors)}"
        )
    return value * factors[unit] + (_ZERO_OF[unit] if quantity == "temperature" else 0.0)


def _points(
    table: dict[str, Any], key: str, value: str, quantity: str, oil: str, at: str = "ref_temp"
) -> Points:
    """Return a list of measurements as temperatures and values, without incomplete ones."""
    pairs = (
        (_si(item.get(at), "temperature", oil), _si(item.get(value), quantity, oil))
        for item in _tables(table, key)
    )
    return tuple((t, v) for t, v in pairs if t is not None and v is not None and v >= 0.0 < t)


def _viscosities(properties: dict[str, Any], densities: Points, oil: str) -> Points:
    """Return kinematic viscosities, as measured or else from dynamic ones.

    Where several shear rates share a temperature, the first is kept by the simulator.
    """
    kinematic = _points(
        properties, "kinematic_viscosities", "viscosity", "kinematic viscosity", oil
    )
    dynamic = _points(properties, "dynamic_viscosities", "viscosity", "dynamic viscosity", oil)
    if not kinematic and dynamic and densities:
        temperatures, values = zip(*sorted(densities), strict=True)
        # Constant beyond the measured ones, where oil changes by some 0.1 % per kelvin.
        kinematic = tuple(
            (t, viscosity / float(np.interp(t, temperatures, values))) for t, viscosity in dynamic
        )
    return tuple((t, viscosity) for t, viscosity in kinematic if viscosity > 0.0)


def _wettest(samples: list[dict[str, Any]], oil: str) -> float | None:
    """Return the largest water content of the emulsions that lasted, of fresh or aged oil."""
    contents = [
        _si(emulsion.get("water_content"), "fraction", oil)
        for sample in samples
        for emulsion in _tables(_table(sample, "environmental_behavior"), "emulsions")
        if emulsion.get("visual_stability") in _LASTING_EMULSIONS
    ]
    return max((w for w in contents if w is not None and 0.0 < w < 1.0), default=None)


def _tension(properties: dict[str, Any], oil: str) -> float | None:
    for water in ("seawater", "water"):
        measured = _points(
            properties, f"interfacial_tension_{water}", "tension", "interfacial tension", oil
        )
        # The one nearest to 15 degrees Celsius.
        for _, tension in sorted(measured, key=lambda point: abs(point[0] - 288.15)):
            if 0.0 < tension < _SURFACE_TENSION_OF_WATER:
                return tension
    return None
