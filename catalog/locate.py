"""What a name means that is no path: files on servers, which are fetched, and data sets."""

from __future__ import annotations

import shutil
import zipfile
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

from catalog.errors import CatalogError, UnreadableFileError
from catalog.files.archives import ZIP_ERRORS
from catalog.files.inputs import refuse_damaged_netcdf
from catalog.remote.download import NotFoundError, download, is_url, refuse_foreign_url
from catalog.remote.opendap import Opendap
from catalog.remote.store import Store, default_store
from catalog.remote.thredds_xml import HTTP, OPENDAP
from catalog.thredds import find_datasets

_THREDDS, _OPENDAP = "thredds:", "opendap:"
_PARTS = {".shp": True, ".shx": True, ".dbf": True, ".prj": False, ".cpg": False}
"""Endings of the parts of a shapefile, and whether there is none without it."""


def is_remote(name: str) -> bool:
    """Return whether a name is one for `locate`, and not a path."""
    return is_url(name) or name.lower().startswith((_THREDDS, _OPENDAP))


def locate(name: str, store: Store | None = None) -> list[Path | Opendap]:
    """Return what a remote name means, its files fetched.

    Parameters
    ----------
    name : str
        The URL of a file. ``opendap:URL``, or a URL with ``/dodsC/`` in it: a data set. Or
        ``thredds:URL#PATTERN``: those data sets of a catalogue, see
        `catalog.thredds.find_datasets`, as files where the server gives these.
    store : Store, optional
        Keeps what is fetched. Default: that of the user.

    Returns
    -------
    list of Path or Opendap

    Raises
    ------
    CatalogError
        If something cannot be had.
    """
    store = store or default_store()
    if name.lower().startswith(_THREDDS):
        address = name[len(_THREDDS) :]
        found = find_datasets(address)
        return [_locate_dataset(dataset.access, address, store) for dataset in found]
    if name.lower().startswith(_OPENDAP):
        return [Opendap(name[len(_OPENDAP) :])]
    if "/dodsC/" in urlsplit(name).path:
        return [Opendap(name)]
    return [fetch(name, store)]


def fetch(url: str, store: Store | None = None, *, max_age: timedelta | None = None) -> Path:
    """Return the file of a URL, a shapefile as a zip of its parts.

    Parameters
    ----------
    url : str
    store : Store, optional
        Keeps it. Default: that of the user.
    max_age : timedelta, optional
        What was fetched longer ago is fetched again. Default: it lasts.

    Raises
    ------
    CatalogError
        If it cannot be had or is damaged.
    """
    refuse_foreign_url(url)
    store = store or default_store()
    name = urlsplit(url).path.rpartition("/")[2]
    if name.lower().endswith(".shp"):
        make, file = partial(_fetch_shapefile, url), f"{name[:-4]}.zip"
        return store.get(url, make, name=file, max_age=max_age)
    return store.get(url, partial(download, url, check=refuse_damaged), max_age=max_age)


def refuse_damaged(file: Path) -> None:
    """Refuse a file that is not whole, where its format tells.

    Raises
    ------
    CatalogError
    """
    with file.open("rb") as content:
        head = content.read(8)
    if head.startswith((b"CDF\x01", b"CDF\x02", b"\x89HDF")):
        refuse_damaged_netcdf(file)
    elif head.startswith(b"PK\x03\x04"):
        try:
            zipfile.ZipFile(file).close()
        except ZIP_ERRORS as error:
            raise UnreadableFileError(f"is not a whole zip ({error})") from error


def _locate_dataset(access: dict[str, str], address: str, store: Store) -> Path | Opendap:
    if HTTP in access:
        return fetch(access[HTTP], store)
    if OPENDAP in access:
        return Opendap(access[OPENDAP])
    raise CatalogError(
        f"{address}: is to be had by {', '.join(access) or 'no service of the catalogue'} only; "
        "expected HTTPServer or OPeNDAP"
    )


def _fetch_shapefile(url: str, path: Path) -> dict[str, str]:
    """Write a zip of the parts of a shapefile, which lie beside each other on the server."""
    parts = urlsplit(url)
    stem = parts.path[:-4]
    facts: dict[str, str] = {}
    with TemporaryDirectory(dir=path.parent) as folder, zipfile.ZipFile(path, "w") as archive:
        for suffix, is_needed in _PARTS.items():
            part = Path(folder) / f"{path.stem}{suffix}"
            with suppress(*(() if is_needed else (NotFoundError,))):
                found = download(urlunsplit(parts._replace(path=stem + suffix)), part)
                facts = facts or found
                _add(archive, part)
    return facts


def _add(archive: zipfile.ZipFile, part: Path) -> None:
    # A fixed date, so that the same parts make the same archive.
    with archive.open(zipfile.ZipInfo(part.name), "w") as target, part.open("rb") as packed:
        shutil.copyfileobj(packed, target)
