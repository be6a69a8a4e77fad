"""One NetCDF file or Zarr store opened, its values not read yet; what is neither is refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import Protocol

import netCDF4
import xarray as xr

from catalog.errors import CatalogError, UnreadableFileError
from catalog.files.archives import unpack
from catalog.files.netcdf import NETCDF_LOCK, open_netcdf
from catalog.files.probe import refuse_fatal
from catalog.files.scratch import scratch_folder
from catalog.files.zarr import is_zarr

_SIGNATURES = {
    b"PK\x03\x04": "a zip archive within another or without the ending .zip: unpack it first",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"GRIB": "a GRIB file: convert it to NetCDF first (`cdo -f nc copy IN OUT`)",
    b"<": "an HTML or XML page, as servers send instead of data when a login or request fails: "
    "download it again",
}

_DAMAGED = "cannot be read as NetCDF, it is cut short, damaged or something else; get it again"


class Lazy(Protocol):
    """A data set on a server, which says its address and opens itself."""

    def open(self) -> xr.Dataset:
        """Return the data set, nothing of it read yet."""


Input = Path | Lazy


def unpacked(path: Input, stack: ExitStack) -> list[Input]:
    """Files to read for one path: a zip, as the Climate Data Store sends them, has several.

    Parameters
    ----------
    path : Path or Lazy
    stack : ExitStack
        What is unpacked is removed when it closes.

    Raises
    ------
    CatalogError
        If it has no NetCDF file, or does not unpack safely.
    """
    if not isinstance(path, Path) or path.suffix.lower() != ".zip":
        return [path]
    folder = stack.enter_context(scratch_folder())
    unpack(path, folder, _may_be_netcdf)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not files:
        raise CatalogError(f"{path}: no NetCDF file (*.nc) in the archive")
    return [*files]


def _may_be_netcdf(name: PurePath) -> bool:
    return ".nc" in name.name and not name.name.startswith(".")


def open_input(path: Input) -> xr.Dataset:
    """Open a file without reading its values; packed integers and fills are decoded when read.

    Parameters
    ----------
    path : Path or Lazy
        NetCDF file of any version, a Zarr store, or a data set on a server.

    Returns
    -------
    Dataset
        Times as numbers, every coordinate a plain variable. The caller closes it.

    Raises
    ------
    UnreadableFileError
        If the file is missing, cut short or neither.
    """
    zarr = isinstance(path, Path) and is_zarr(path)
    if isinstance(path, Path) and not zarr:
        _refuse_other_formats(path)
    with reading(path), warnings.catch_warnings():
        # Files with both _FillValue and missing_value, or with a NaN fill on integers.
        warnings.simplefilter("ignore", xr.SerializationWarning)
        # A store without the summary of its metadata is read all the same.
        warnings.simplefilter("ignore", RuntimeWarning)
        if not isinstance(path, Path):
            return path.open()
        opened = partial(xr.open_dataset, engine="zarr") if zarr else open_netcdf
        return opened(path, decode_times=False, decode_coords=False, cache=False, chunks=None)


@contextmanager
def reading(path: Input) -> Iterator[None]:
    """Turn whatever the libraries say of a damaged file into one line.

    Raises
    ------
    UnreadableFileError
    """
    try:
        yield
    except CatalogError:
        raise
    # What xarray and the libraries below it raise at headers that make no sense has no common base.
    except Exception as error:
        raise UnreadableFileError(
            f"{path}: {_DAMAGED} ({error or type(error).__name__})"
        ) from error


def _refuse_other_formats(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(64).lstrip()
    except OSError as error:
        raise UnreadableFileError(f"{path}: cannot be opened ({error.strerror})") from error
    if not head:
        raise UnreadableFileError(f"{path}: the file is empty, expected NetCDF; get it again")
    for signature, meaning in _SIGNATURES.items():
        if head.startswith(signature):
            raise UnreadableFileError(f"{path}: expected NetCDF, found {meaning}")
    if head.startswith((b"CDF\x01", b"CDF\x02")):
        _refuse_truncated_classic(path)
    refuse_fatal(path)


def refuse_damaged_netcdf(path: Path) -> None:
    """Refuse a NetCDF file that is not whole.

    Raises
    ------
    UnreadableFileError
    """
    with path.open("rb") as file:
        if file.read(3) == b"CDF":
            _refuse_truncated_classic(path)
    refuse_fatal(path)
    with reading(path), NETCDF_LOCK, netCDF4.Dataset(path):
        pass


def _refuse_truncated_classic(path: Path) -> None:
    """Find out what netCDF-C does not say: it reads the lost end of a NetCDF 3 file as zeros.

    Where the number of variables is damaged, it also looks for thousands of millions of them.
    """
    from scipy.io import netcdf_file

    # The file is closed here, whatever becomes of scipy's object.
    with reading(path), path.open("rb") as file, netcdf_file(file, mmap=True) as header:
        if not header.variables:
            raise UnreadableFileError(f"{path}: {_DAMAGED} (it has no variables)")
