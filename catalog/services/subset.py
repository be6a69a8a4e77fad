"""Parts of remote data sets: which hold a box and a period, and fetching no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.antimeridian import unbroken_box
from catalog.errors import CatalogError, CoverageError
from catalog.files.netcdf import write_netcdf
from catalog.forcing.axes import AxisName, find_axis
from catalog.forcing.times import read_times
from catalog.grid import Box, format_box
from catalog.locate import fetch, refuse_damaged
from catalog.remote.download import download, is_url
from catalog.remote.opendap import Opendap
from catalog.remote.store import Entry, Make, Store, default_store
from catalog.remote.thredds_xml import HTTP, OPENDAP, RESOLVER, SUBSET, RemoteDataset
from catalog.thredds import find_datasets, walk, within

Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Part:
    """What is wanted of a data set.

    Attributes
    ----------
    box : tuple of float, optional
        West, south, east, north. [degrees]
    period : tuple of datetime, optional
        Start and end, UTC.
    variables : tuple of str
        Empty: all.
    """

    box: Box | None = None
    period: Period | None = None
    variables: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Part()

    def __str__(self) -> str:
        period = "" if self.period is None else "/".join(t.isoformat() for t in self.period)
        return f"{','.join(self.variables)} {self.box or ''} {period}"


def fetch_parts(
    name: str,
    part: Part,
    *,
    by_ncss: bool = False,
    refresh: bool = False,
) -> Iterator[Entry]:
    """Fetch what a name means, or a part of it.

    Parameters
    ----------
    name : str
        As for `catalog.locate.locate`; the URL of a ``catalog.xml`` stands for all it lists.
    part : Part
        Of files as servers have them, only the period can be chosen, by their names; OPeNDAP
        and NCSS give parts of them.
    by_ncss : bool
        Let the server make the part (NetCDF Subset Service).
    refresh : bool
        Fetch again what the cache holds.

    Yields
    ------
    Entry
        Of the cache.

    Raises
    ------
    CatalogError
    """
    store = default_store()
    max_age = timedelta(0) if refresh else None
    for dataset in _datasets_of(name, part):
        identifier, make, file = _way_to(dataset, part, store, by_ncss=by_ncss, refresh=refresh)
        if make is None:
            fetch(identifier, store, max_age=max_age)
        else:
            store.get(identifier, make, name=file, max_age=max_age)
        entry = store.find(identifier)
        assert entry is not None
        yield entry


def search(
    url: str,
    *,
    box: Box | None,
    period: Period | None,
    depth: int | None = None,
) -> Iterator[tuple[RemoteDataset, str]]:
    """Search a catalogue and those it leads to for data sets that touch a box and a period.

    Parameters
    ----------
    url : str
    box : tuple of float, optional
        West, south, east, north. [degrees]
    period : tuple of datetime, optional
        UTC.
    depth : int, optional
        See `catalog.thredds.walk`.

    Yields
    ------
    RemoteDataset
    str
        What it covers; or why that is not known, in which case it is among those found.

    Raises
    ------
    UnreadableFileError
        If the catalogue cannot be read. Others that it leads to are warned of.
    """
    store = default_store()
    for _, catalogue in walk(url, depth=depth):
        datasets = [d for d in catalogue.datasets if RESOLVER not in d.access]
        for dataset in within(datasets, *period) if period else datasets:
            if OPENDAP not in dataset.access:
                yield dataset, "coverage not known"
                continue
            try:
                found = _Axes(Opendap(dataset.access[OPENDAP]).open(store), dataset.name)
                if found.touches(box, period):
                    yield dataset, str(found)
            except CatalogError as error:
                yield dataset, f"coverage not known ({error})"


def cut(dataset: xr.Dataset, part: Part, where: str) -> xr.Dataset:
    """Leave a part of a data set, with a node and a time more on every side.

    Parameters
    ----------
    dataset : Dataset
        Times as numbers.
    part : Part
    where : str
        Name of the data set, for error messages.

    Returns
    -------
    Dataset
        Lazy, where `dataset` is.

    Raises
    ------
    CatalogError
        If a variable is missing, or an axis that is to be cut.
    CoverageError
        If nothing would be left.
    """
    absent = [name for name in part.variables if name not in dataset.variables]
    if absent:
        raise CatalogError(
            f"{where}: no variable {', '.join(absent)} among "
            f"{', '.join(map(str, dataset.variables))}"
        )
    axes = _Axes(dataset, where)
    if part.box is not None:
        west, south, east, north = unbroken_box(part.box)
        dataset = axes.take(dataset, "latitude", axes.latitude, south, north)
        middle = 0.5 * (west + east)
        turned = (axes.longitude - middle + 180.0) % 360.0 + middle - 180.0
        dataset = axes.take(dataset, "longitude", turned, west, east)
    if part.period is not None:
        start, end = (np.datetime64(t.replace(tzinfo=None), "ns") for t in part.period)
        dataset = axes.take(dataset, "time", axes.times, start, end)
    return dataset[list(part.variables)] if part.variables else dataset


class _Axes:
    """Where the values of a data set are, and when."""

    def __init__(self, dataset: xr.Dataset, where: str) -> None:
        self._dataset = dataset
        self._where = where

    @property
    def latitude(self) -> npt.NDArray[np.float64]:
        return self._horizontal("latitude")

    @property
    def longitude(self) -> npt.NDArray[np.float64]:
        return self._horizontal("longitude")

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        return read_times(self._dataset.variables[self._name("time")], self._where).times.ravel()

    def touches(self, box: Box | None, period: Period | None) -> bool:
        """Return whether there is something of a box and a period."""
        try:
            cut(self._dataset, Part(box, period), self._where)
        except CoverageError:
            return False
        return True

    def take(
        self, dataset: xr.Dataset, axis: AxisName, values: npt.NDArray[Any], low: Any, high: Any
    ) -> xr.Dataset:
        """Cut one axis, leaving the neighbours of what is within."""
        order = np.argsort(values)
        first = int(np.searchsorted(values[order], low, side="left"))
        last = int(np.searchsorted(values[order], high, side="right"))
        if first >= values.size or last == 0:
            raise CoverageError(
                f"{self._where}: {axis} runs from {values.min()} to {values.max()}, expected some "
                f"of {low} to {high}"
            )
        chosen = np.sort(order[max(first - 1, 0) : last + 1])
        (dim,) = self._dataset.variables[self._name(axis)].dims or (None,)
        return dataset if dim is None else dataset.isel({dim: chosen})

    def _horizontal(self, axis: AxisName) -> npt.NDArray[np.float64]:
        variable = self._dataset.variables[self._name(axis)]
        if variable.ndim != 1 or not variable.size:
            raise CatalogError(
                f"{self._where}: {axis} has the shape {variable.shape}, expected one dimension"
            )
        return variable.to_numpy().astype(np.float64)

    def _name(self, axis: AxisName) -> str:
        """Return the coordinate of an axis."""
        return find_axis(self._dataset, None, axis, self._where)

    def __str__(self) -> str:
        latitude, longitude, times = self.latitude, self.longitude, self.times
        first, last = (np.datetime_as_string(t, unit="m") for t in (times.min(), times.max()))
        box = (longitude.min(), latitude.min(), longitude.max(), latitude.max())
        return f"{first}Z to {last}Z, {times.size} times, {format_box(box)}"


def _datasets_of(name: str, part: Part) -> list[RemoteDataset]:
    """Return what a name means, as if it stood in a catalogue."""
    bare = name.removeprefix("thredds:")
    if bare != name or urlsplit(name).path.endswith(("/catalog.xml", "/catalog.html")):
        found = find_datasets(bare)
        return within(found, *part.period) if part.period else found
    bare = name.removeprefix("opendap:")
    service = OPENDAP if bare != name or "/dodsC/" in name else HTTP
    if "/ncss/" in name:
        service = SUBSET
    if not is_url(bare):
        raise CatalogError(f"{name!r}: not a URL; expected https://..., opendap:... or thredds:...")
    return [RemoteDataset(urlsplit(bare).path.rpartition("/")[2], "", {service: bare})]


def _way_to(
    dataset: RemoteDataset, part: Part, store: Store, *, by_ncss: bool, refresh: bool
) -> tuple[str, Make | None, str | None]:
    """Choose the service: identifier in the store, how to make the file, and its name."""
    access = dataset.access
    stem = dataset.name.rpartition(".")[0] or dataset.name
    if by_ncss or list(access) == [SUBSET]:
        if SUBSET not in access:
            raise CatalogError(f"{dataset.name}: has no NCSS, only {', '.join(access)}")
        url = f"{access[SUBSET]}?{_ncss_query(part)}"
        return url, partial(download, url, check=refuse_damaged), f"{stem}.nc"
    cuts = part.box is not None or part.variables or HTTP not in access
    if OPENDAP in access and cuts:
        remote = Opendap(access[OPENDAP])
        write = partial(_write, remote, part, store, refresh)
        return f"opendap:{remote}?{part}", write, f"{stem}.nc"
    if HTTP in access:
        return access[HTTP], None, None
    raise CatalogError(
        f"{dataset.name}: is to be had by {', '.join(access) or 'no service of the catalogue'} "
        "only; expected "
        "HTTPServer, OPENDAP or NetcdfSubset"
    )


def _ncss_query(part: Part) -> str:
    from siphon.ncss import NCSSQuery

    query = NCSSQuery().variables(*(part.variables or ("all",))).accept("netcdf4")
    if part.box is not None:
        west, south, east, north = part.box
        query.lonlat_box(west=west, east=east, south=south, north=north)
    if part.period is not None:
        query.time_range(*(t.astimezone(UTC).replace(tzinfo=None) for t in part.period))
    return str(query)


def _write(remote: Opendap, part: Part, store: Store, refresh: bool, path: Path) -> dict[str, str]:
    """Write a part of a data set on a server to a file."""
    found = cut(remote.open(store, refresh=refresh), part, str(remote))
    packed = {name: {"zlib": True} for name, field in found.data_vars.items() if field.ndim > 1}
    write_netcdf(found, path, packed)
    return {"url": remote.url}
