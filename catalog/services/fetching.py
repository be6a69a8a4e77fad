"""Forcing fetched from a service: a box and a period of a data set, kept in the cache."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from catalog.forcing.files import open_forcing
from catalog.forcing.means import Meaning, place_means
from catalog.remote.store import Store, default_store
from catalog.services.clients import write_forcing
from catalog.services.registry import Choice
from catalog.services.requests import Request

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
    from catalog.services.cmems import fetch_cmems

    fetch_cmems(request, path)


def _fetch_era5(request: Request, path: Path) -> None:
    from catalog.services.era5 import fetch_era5

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


_FETCH: dict[str, Fetch] = {
    "cmems": _fetch_cmems,
    "era5": _fetch_era5,
    "opendap": fetch_opendap,
}
