"""ERA5 from the Climate Data Store, by its own client."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from catalog.errors import CatalogError
from catalog.forcing.files import open_forcing
from catalog.services.clients import need_client, need_credentials, write_forcing
from catalog.services.requests import Request

URL, KEY = "CDSAPI_URL", "CDSAPI_KEY"

_RETRIES = 10
_LONGEST_PAUSE_S = 60.0


def retrievals(request: Request) -> Iterator[dict[str, Any]]:
    """Yield requests that together take a period: one for each month, as days are told by number.

    Parameters
    ----------
    request : Request
    """
    west, south, east, north = request.box
    first, last = (moment.date() for moment in request.period)
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    for year, month in dict.fromkeys((day.year, day.month) for day in days):
        yield {
            "product_type": ["reanalysis"],
            "variable": list(request.dataset.wanted(request.role)),
            "year": [f"{year}"],
            "month": [f"{month:02}"],
            "day": [f"{day.day:02}" for day in days if (day.year, day.month) == (year, month)],
            "time": [f"{hour:02}:00" for hour in range(24)],
            "area": [north, west, south, east],
            "data_format": "netcdf",
            "download_format": "unarchived",
        }


def fetch_era5(request: Request, path: Path, client: Any = None) -> None:
    """Fetch a box and a period, and write it as CF NetCDF.

    Parameters
    ----------
    request : Request
    path : Path
        Is written.
    client : cdsapi.Client, optional
        By default one made from the credentials of the environment or ``~/.cdsapirc``.

    Raises
    ------
    CatalogError
        If the client is not installed, has no credentials, or fails.
    """
    client = client or _client()
    with TemporaryDirectory(dir=path.parent) as folder:
        files = []
        for k, retrieval in enumerate(retrievals(request)):
            target = Path(folder) / f"era5-{k}"
            try:
                client.retrieve(request.dataset.product, retrieval, str(target))
            # It raises whatever the libraries below it do, some of it plain Exception.
            except Exception as error:
                raise CatalogError(
                    f"{request.dataset.id}: the Climate Data Store did not give it ({error}); "
                    "check credentials, the licence accepted on its page, and the connection"
                ) from error
            # Where step types mix the answer is a zip, whatever was asked for.
            suffix = ".zip" if zipfile.is_zipfile(target) else ".nc"
            files.append(target.rename(target.with_suffix(suffix)))
        write_forcing(open_forcing(files, request.role), path)


def _client() -> Any:
    need_client("cdsapi", "era5")
    file = Path(os.environ.get("CDSAPI_RC", "~/.cdsapirc"))
    need_credentials((URL, KEY), file, "write url: and key: to it as the Climate Data Store shows")
    import cdsapi

    # Quiet, for at its most talkative it logs the key.
    return cdsapi.Client(
        quiet=True, debug=False, progress=False, retry_max=_RETRIES, sleep_max=_LONGEST_PAUSE_S
    )
