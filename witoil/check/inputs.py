"""The files that a case names: there, in the cache, to be fetched, or missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from catalog.errors import CatalogError
from catalog.forcing.names import ROLES, RoleName
from catalog.locate import is_remote
from catalog.paths import expand_paths
from catalog.remote.download import is_url
from catalog.remote.store import default_store
from witoil.case import AreaRelease, Case, Forcing, LineRelease, ShipRelease
from witoil.case.parts import Paths
from witoil.case.releases import Release

Whence = Literal["file", "cache", "to be fetched", "server", "missing"]

_COASTLINES = ("osm", "gshhg", "none")


@dataclass(frozen=True)
class Input:
    """What one key of a case reads.

    Attributes
    ----------
    key : str
        ``forcing.currents``, ``release.0.geometry`` ...
    name : str
        As the case has it.
    whence : {"file", "cache", "to be fetched", "server", "missing"}
        ``server``: asked for what the run needs, when it runs.
    files : tuple of str
    size_bytes : int or None
        Of them together; None where that is not known. [byte]
    """

    key: str
    name: str
    whence: Whence
    files: tuple[str, ...] = ()
    size_bytes: int | None = None

    @property
    def at_hand(self) -> bool:
        """Whether it can be read without a server."""
        return self.whence in ("file", "cache")

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "key": self.key,
            "name": self.name,
            "from": self.whence,
            "files": list(self.files),
            "size_bytes": self.size_bytes,
        }


def inputs_of(case: Case) -> list[Input]:
    """Return what a case reads, key by key, with nothing fetched.

    Parameters
    ----------
    case : Case

    Raises
    ------
    CatalogError
        Where the cache cannot be used.
    """
    return [_input(key, name) for key, name in _named(case)]


def _named(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the keys that name files, and the names; relative ones from the case file's folder."""
    for key, value in _keys_with_paths(case):
        if value is not None:
            for name in case.paths(value):
                yield key, name


def _keys_with_paths(case: Case) -> Iterator[tuple[str, Paths | None]]:
    yield from _of_forcing(case.forcing, "forcing", ROLES)
    for k, product in enumerate(case.ensemble.forcing if case.ensemble else ()):
        given = product.model_dump(exclude={"weight"}, exclude_none=True)
        changed = case.forcing.model_copy(update={name: getattr(product, name) for name in given})
        roles = [role for role in ROLES if role in given]
        yield from _of_forcing(changed, f"ensemble.forcing.{k}", roles)
    if case.forcing.coastline not in _COASTLINES:
        yield "forcing.coastline", case.forcing.coastline
    if case.oil.name is not None and case.oil.name.strip().lower().endswith(".json"):
        yield "oil.name", case.oil.name.strip()
    yield "shore.zones", case.shore.zones
    for k, release in enumerate(case.release):
        yield from _of_release(release, f"release.{k}")
    for k, seen in enumerate(case.observation):
        yield f"observation.{k}.geometry", seen.geometry
        yield f"observation.{k}.swath", seen.swath


def _of_forcing(
    forcing: Forcing, key: str, roles: Iterable[RoleName]
) -> Iterator[tuple[str, Paths]]:
    for role in roles:
        for product in forcing.products(role):
            yield f"{key}.{role}", product.files


def _of_release(release: Release, key: str) -> Iterator[tuple[str, Paths | None]]:
    if isinstance(release, AreaRelease | LineRelease):
        yield f"{key}.geometry", release.geometry
    if isinstance(release, ShipRelease) and isinstance(release.track, str):
        yield f"{key}.track", release.track


def _input(key: str, name: str) -> Input:
    if is_remote(name):
        return _remote(key, name)
    try:
        files = expand_paths(name)
    except CatalogError:  # what is wrong with it is said where it is read
        return Input(key, name, "missing")
    return Input(key, name, "file", tuple(map(str, files)), sum(map(_size, files)))


def _remote(key: str, name: str) -> Input:
    if not is_url(name) or "/dodsC/" in urlsplit(name).path:
        return Input(key, name, "server")
    entry = default_store().find(name)
    if entry is None:
        return Input(key, name, "to be fetched")
    return Input(key, name, "cache", (str(entry.path),), entry.size)


def _size(path: Path) -> int:
    """Return the size of a file, of a shapefile with its parts, or of a Zarr store. [byte]"""
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    if path.suffix.lower() == ".shp":
        parts = (path.with_suffix(suffix) for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"))
        return sum(part.stat().st_size for part in parts if part.is_file())
    return path.stat().st_size
