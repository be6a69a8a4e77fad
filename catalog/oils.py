"""Oils of NOAA's ADIOS database: records in JSON, singly or in a folder or zip, read into SI.

The folder or zip is named by the environment variable ``WITOIL_OILS``.
"""

from __future__ import annotations

import json
import math
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from catalog.errors import CatalogError, UnreadableFileError
from catalog.files.archives import ZIP_ERRORS, refuse_expansion
from catalog.oil_measurements import (
    BOILING_TEMPERATURE,
    DENSITY,
    DISTILLED,
    DYNAMIC_VISCOSITY,
    EVAPORATED,
    INTERFACIAL_TENSION,
    KINEMATIC_VISCOSITY,
    MEND,
    POUR_POINT,
    WATER_CONTENT,
    Points,
    in_si,
    number,
    number_or_refused,
    points,
    table_in,
    tables_in,
)
from catalog.paths import expand_paths

LIBRARY_VARIABLE = "WITOIL_OILS"
"""Environment variable that names the folder or zip of records."""

_MOST_RECORD_BYTES = 10**7
_FRESH_WATER_15C = 999.1
_TEMPERATURE_15C = 288.15

# Records round, and some have an API gravity of another sample, or of the density at the
# temperature that it was measured at: oil expands by some 0.1 % per kelvin.
_API_TOLERANCE = 0.03
_API_TOLERANCE_PER_KELVIN = 0.001

# A fraction is at most 1, so one that was written as a percentage is at most a hundredth; of a
# distillation, and of the wettest emulsion, there is always more.
_LEAST_OF_MOST = 0.02


class _Age(IntEnum):
    """What a sample says of its age; the lower, the surer that it is of the fresh oil."""

    SAYS_FRESH = 0
    CALLED_WEATHERED = 1  # though nothing evaporated of it
    NAMED_FRESH = 2
    NOTHING_SAID = 3
    WEATHERED = 4


# Between measurements of one viscosity in two ways.
_SAME_VISCOSITY = 0.1

_AGED = re.compile(r"evap|(?<!un)weather|topped|residue|\baged|^[\d.]+\s*%")

_CRUDES = {"Crude Oil NOS", "Tight Oil", "Bitumen", "Bitumen Blend"}
_LASTING_EMULSIONS = ("Stable", "Mesostable", "Entrained")


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
        If it is no record, a property that the model needs is missing, or a property is beyond
        those of all oils or contradicts another one.
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
        metadata = table_in(document, "metadata")
        # Other JSON may lie in the folder.
        if isinstance(document.get("oil_id"), str) and isinstance(metadata.get("name"), str):
            entry = OilEntry(
                document["oil_id"],
                metadata["name"],
                number(metadata.get("API")),
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
    metadata = table_in(document, "metadata")
    samples = tables_in(document, "sub_samples")
    if not isinstance(document.get("oil_id"), str) or not isinstance(metadata.get("name"), str):
        raise CatalogError(
            f"{label}: no record of ADIOS; expected JSON with oil_id and metadata.name"
        )
    oil = f"{label}: oil {document['oil_id']} ({metadata['name']})"
    fresh = _fresh(samples, oil)
    properties = table_in(fresh, "physical_properties")
    distillation = table_in(fresh, "distillation_data")
    densities = _densities(properties, metadata.get("API"), oil)
    pour_point = in_si(table_in(properties, "pour_point").get("measurement"), POUR_POINT, oil)
    record = OilRecord(
        id=document["oil_id"],
        name=metadata["name"],
        product_type=str(metadata.get("product_type", "")),
        densities=densities,
        viscosities=_viscosities(properties, densities, pour_point, oil),
        cuts=_cuts(distillation, oil),
        cuts_by_volume=str(distillation.get("type", "")).casefold().startswith("volume"),
        recovered=_recovered(distillation, oil),
        max_water_fraction=_wettest(samples, oil),
        oil_water_interfacial_tension=_tension(properties, oil),
        pour_point=pour_point,
    )
    _require_complete(record, metadata.get("gnome_suitable"), oil)
    return record


def _fresh(samples: list[dict[str, Any]], oil: str) -> dict[str, Any]:
    """Return the sample of the fresh oil: one that says so, else the first if it says nothing.

    Others are of weathered oil, or of what distils between two temperatures.
    """
    if not samples:
        return {}
    ages = [_age(table_in(sample, "metadata"), oil) for sample in samples]
    fresh = ages.index(min(ages))
    if ages[fresh] == _Age.WEATHERED or (ages[fresh] == _Age.NOTHING_SAID and fresh > 0):
        names = (table_in(sample, "metadata").get("name") for sample in samples)
        raise CatalogError(
            f"{oil}: found the samples {', '.join(map(str, names))}, expected one of the fresh oil "
            f"(fraction_evaporated 0); {MEND}"
        )
    return samples[fresh]


def _age(metadata: dict[str, Any], oil: str) -> _Age:
    """Return the age of a sample: by what evaporated of it, then by its names."""
    evaporated = in_si(metadata.get("fraction_evaporated"), EVAPORATED, oil)
    name = f"{metadata.get('name')} {metadata.get('short_name')}".casefold()
    if evaporated == 0.0:
        return _Age.CALLED_WEATHERED if _AGED.search(name) else _Age.SAYS_FRESH
    if evaporated or _AGED.search(name):
        return _Age.WEATHERED
    return _Age.NAMED_FRESH if "fresh" in name else _Age.NOTHING_SAID


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


def _from_15_celsius(point: tuple[float, float]) -> float:
    return abs(point[0] - _TEMPERATURE_15C)


def _densities(properties: dict[str, Any], api_gravity: object, oil: str) -> Points:
    """Return densities, as measured or else from the API gravity, which is that of the density."""
    measured = points(properties, "densities", "density", DENSITY, oil)
    api = number_or_refused(api_gravity, "API", oil)
    if api is None:
        return measured
    by_api = _FRESH_WATER_15C * 141.5 / (api + 131.5) if api > -131.5 else math.inf
    if not DENSITY.holds(by_api):
        raise CatalogError(
            f"{oil}: found the API {api:g}, which is a density of {by_api:.4g} kg/m^3, expected "
            f"{DENSITY.range_in('kg/m^3')}; {MEND}"
        )
    if not measured:
        return ((_TEMPERATURE_15C, by_api),)
    temperature, density = min(measured, key=_from_15_celsius)
    tolerance = _API_TOLERANCE + _API_TOLERANCE_PER_KELVIN * abs(temperature - _TEMPERATURE_15C)
    if abs(density / by_api - 1.0) > tolerance:
        raise CatalogError(
            f"{oil}: found the density {density:.4g} kg/m^3 at {temperature - 273.15:.4g} C beside "
            f"the API {api:g}, which is {by_api:.4g} kg/m^3 at 15 C, expected the same within "
            f"{tolerance:.0%}; {MEND}"
        )
    return measured


def _viscosities(
    properties: dict[str, Any], densities: Points, pour_point: float | None, oil: str
) -> Points:
    """Return kinematic viscosities, those measured before those made of dynamic ones.

    Of several at one temperature the simulator keeps the first, and says so. Beside kinematic
    viscosities, dynamic ones are left out that say the same, and those below the pour point, which
    are of a gel of wax.
    """
    kinematic = points(properties, "kinematic_viscosities", "viscosity", KINEMATIC_VISCOSITY, oil)
    dynamic = points(properties, "dynamic_viscosities", "viscosity", DYNAMIC_VISCOSITY, oil)
    if not (dynamic and densities):
        return kinematic
    temperatures, values = zip(*sorted(densities), strict=True)
    # Constant beyond the measured ones, where oil changes by some 0.1 % per kelvin.
    converted = tuple(
        (t, viscosity / float(np.interp(t, temperatures, values))) for t, viscosity in dynamic
    )
    if not kinematic:
        return converted
    known = dict(kinematic)
    return kinematic + tuple(
        (t, viscosity)
        for t, viscosity in converted
        if t >= (pour_point or 0.0)
        and abs(viscosity / known.get(t, math.inf) - 1.0) > _SAME_VISCOSITY
    )


def _cuts(distillation: dict[str, Any], oil: str) -> Points:
    """Return the distillation curve; none of fewer than two points."""
    cuts = points(
        distillation,
        "cuts",
        "fraction",
        DISTILLED,
        oil,
        at="vapor_temp",
        temperatures=BOILING_TEMPERATURE,
    )
    if len(cuts) < 2:
        return ()
    _refuse_hundredth(max(fraction for _, fraction in cuts), "largest distilled fraction", oil)
    return cuts


def _recovered(distillation: dict[str, Any], oil: str) -> float:
    """Return the fraction that distils at all; everything where that is not known."""
    recovered = in_si(distillation.get("fraction_recovered"), DISTILLED, oil)
    if recovered is None:
        return 1.0
    _refuse_hundredth(recovered, "fraction recovered", oil)
    return recovered


def _wettest(samples: list[dict[str, Any]], oil: str) -> float | None:
    """Return the largest water content of the emulsions that lasted, of fresh or aged oil."""
    emulsions = [
        emulsion
        for sample in samples
        for emulsion in tables_in(table_in(sample, "environmental_behavior"), "emulsions")
    ]
    contents = [(in_si(e.get("water_content"), WATER_CONTENT, oil), e) for e in emulsions]
    wettest = max(
        (w for w, e in contents if w and e.get("visual_stability") in _LASTING_EMULSIONS),
        default=None,
    )
    if wettest is not None:
        _refuse_hundredth(wettest, "largest water content", oil)
    return wettest


def _refuse_hundredth(fraction: float, what: str, oil: str) -> None:
    """Refuse fractions that were written as percentages."""
    if fraction < _LEAST_OF_MOST:
        raise CatalogError(
            f"{oil}: found the {what} {100.0 * fraction:g} %, expected at least "
            f"{100.0 * _LEAST_OF_MOST:g} %: fractions in place of percentages? {MEND}"
        )


def _tension(properties: dict[str, Any], oil: str) -> float | None:
    """Return the interfacial tension nearest to 15 degrees Celsius, against sea water if known."""
    sea, fresh = (
        points(properties, f"interfacial_tension_{water}", "tension", INTERFACIAL_TENSION, oil)
        for water in ("seawater", "water")
    )
    measured = sea or fresh
    return min(measured, key=_from_15_celsius)[1] if measured else None
