"""Forcing fetched from a service: a box and a period of a data set, kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from catalog.antimeridian import unbroken_box, wrapped_box
from catalog.errors import CatalogError
from catalog.forcing import open_forcing
from catalog.grid import Box
from catalog.means import Meaning, place_means
from catalog.names import RoleName
from catalog.registry import Choice, RegisteredDataset, TimeSpan
from catalog.store import Store, default_store

MARGIN_DEG = 0.5
"""More than the box is fetched, so that the nodes round it are there. [degrees]"""


@dataclass(frozen=True)
class Request:
    """What to fetch.

    Attributes
    ----------
    dataset : RegisteredDataset
    role : {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        West, south, east, north, widened by `MARGIN_DEG`. [degrees]
    period : tuple of datetime
        UTC, on whole hours and a step wider at both ends.
    """

    dataset: RegisteredDataset
    role: RoleName
    box: Box
    period: TimeSpan

    @classmethod
    def of(cls, choice: Choice) -> Request:
        """Widen what is wanted to what has to be fetched."""
        west, south, east, north = unbroken_box(choice.box)
        margin = max(MARGIN_DEG, 2.0 * choice.dataset.resolution_deg)
        step = timedelta(hours=max(choice.dataset.step_hours, 1.0))
        first, last = choice.period
        first, last = (
            moment.replace(minute=0, second=0, microsecond=0) for moment in (first, last)
        )
        return cls(
            choice.dataset,
            choice.role,
            wrapped_box(
                (
                    round(west - margin, 4),
                    round(max(south - margin, -90.0), 4),
                    round(east + margin, 4),
                    round(min(north + margin, 90.0), 4),
                )
            ),
            (first - step, last + step + timedelta(hours=1)),
        )

    @property
    def identifier(self) -> str:
        """What the cache knows it by: everything that settles the answer, and no secret."""
        box = ",".join(f"{value:g}" for value in self.box)
        period = "/".join(f"{moment:%Y-%m-%dT%HZ}" for moment in self.period)
        names = ",".join(self.dataset.wanted(self.role))
        return (
            f"{self.dataset.service}:{self.dataset.id}?variables={names}&bbox={box}&time={period}"
        )

    @property
    def name(self) -> str:
        """Name of the file: with the id of the data set, which tells means from instants."""
        first, last = (f"{moment:%Y%m%dT%H}" for moment in self.period)
        return f"{self.dataset.id}_{self.role}_{first}-{last}.nc"


Fetch = Callable[[Request, Path], None]


def fetch_forcing(
    choice: Choice, store: Store | None = None, *, now: datetime | None = None
) -> Path:
    """Fetch what a data set has of a box and a period, unless it is in the cache.

    Parameters
    ----------
    choice : Choice
        As `Registry.choose` returns it.
    store : Store, optional
        By default the user's.
    now : datetime, optional
        A period that ends later than this less a week is fetched anew after six hours, as
        forecasts are replaced.

    Returns
    -------
    Path
        NetCDF.

    Raises
    ------
    CatalogError
        If the service's client is not installed, has no credentials, or cannot fetch it; one line
        that says what to do. Nothing of the credentials is in it.
    """
    request = Request.of(choice)
    fetch = _FETCH[choice.dataset.service]
    final = now is None or request.period[1] < now - timedelta(days=7)
    return (store or default_store()).get(
        request.identifier,
        lambda path: fetch(request, path),
        name=request.name,
        max_age=None if final else timedelta(hours=6),
    )


def _fetch_cmems(request: Request, path: Path) -> None:
    from catalog.cmems import fetch_cmems

    fetch_cmems(request, path)


def _fetch_era5(request: Request, path: Path) -> None:
    from catalog.era5 import fetch_era5

    fetch_era5(request, path)


def fetch_opendap(request: Request, path: Path) -> None:
    """Read a box and a period over OPeNDAP, and write them as CF NetCDF.

    Parameters
    ----------
    request : Request
    path : Path
        Is written.

    Raises
    ------
    CatalogError
    """
    first, last = (np.datetime64(moment.replace(tzinfo=None), "ns") for moment in request.period)
    urls = [f"opendap:{url}" for url in request.dataset.urls]
    forcing = open_forcing(urls, request.role, box=request.box, period=(first, last))
    if request.dataset.values == "mean":
        interval = np.timedelta64(round(3600.0 * request.dataset.step_hours), "s")
        times = place_means(forcing["time"].to_numpy(), Meaning(interval))
        forcing = forcing.assign_coords(time=times)
    write_forcing(forcing, path)


def write_forcing(forcing: xr.Dataset, path: Path) -> None:
    """Write forcing that has been read, which `open_forcing` reads to the same numbers."""
    kept = forcing.drop_vars([name for name in forcing.coords if str(name).startswith("source_of")])
    kept["latitude"].attrs.update(standard_name="latitude", units="degrees_north")
    kept["longitude"].attrs.update(standard_name="longitude", units="degrees_east")
    kept["time"].attrs["standard_name"] = "time"
    kept.attrs["Conventions"] = "CF-1.10"
    encoding: dict[Hashable, dict[str, Any]] = {
        name: {"zlib": True, "complevel": 1} for name in kept.data_vars
    }
    encoding["time"] = {"units": "seconds since 1970-01-01", "dtype": "int64"}
    kept.to_netcdf(path, engine="netcdf4", encoding=encoding)


def need_client(module: str, extra: str) -> None:
    """Refuse to go on without the client of a service.

    Raises
    ------
    CatalogError
    """
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise CatalogError(
            f"the client {module} is not installed; expected it: pip install 'witoil[{extra}]'"
        )


def need_credentials(variables: tuple[str, ...], file: Path, how: str) -> None:
    """Refuse to go on without credentials, which are looked for and never read here.

    Raises
    ------
    CatalogError
    """
    if not all(os.environ.get(name) for name in variables) and not file.expanduser().is_file():
        raise CatalogError(
            f"no credentials: {' and '.join(variables)} not set, and no {file}; set them, or {how}"
        )


_FETCH: dict[str, Fetch] = {
    "cmems": _fetch_cmems,
    "era5": _fetch_era5,
    "opendap": fetch_opendap,
}
