"""The Copernicus Marine Service, by its own client."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError, UnreadableFileError
from catalog.services.clients import need_client, need_credentials
from catalog.services.requests import Request

USERNAME, PASSWORD = "COPERNICUSMARINE_SERVICE_USERNAME", "COPERNICUSMARINE_SERVICE_PASSWORD"
FOLDER = "COPERNICUSMARINE_CREDENTIALS_DIRECTORY"

_SURFACE_M = 5.0
"""The uppermost level of each model lies above this; the deeper ones are not wanted. [m]"""


def subset_arguments(request: Request, path: Path) -> dict[str, Any]:
    """Return what `copernicusmarine.subset` is called with.

    Parameters
    ----------
    request : Request
    path : Path
        The file to write.
    """
    west, south, east, north = request.box
    first, last = (moment.replace(tzinfo=None) for moment in request.period)
    arguments = {
        "dataset_id": request.dataset.id,
        "variables": list(request.dataset.wanted(request.role)),
        "minimum_longitude": west,
        "maximum_longitude": east + (360.0 if east < west else 0.0),
        "minimum_latitude": south,
        "maximum_latitude": north,
        "start_datetime": first,
        "end_datetime": last,
        # The times and nodes next to what is asked for come along where there are any.
        "coordinates_selection_method": "outside",
        "output_directory": path.parent,
        "output_filename": path.name,
        "file_format": "netcdf",
        "netcdf_compression_level": 1,
        "overwrite": True,
        "disable_progress_bar": True,
    }
    if request.role != "waves" and "-2D_" not in request.dataset.id:
        arguments |= {"minimum_depth": 0.0, "maximum_depth": _SURFACE_M}
    return arguments


def fetch_cmems(request: Request, path: Path, subset: Callable[..., Any] | None = None) -> None:
    """Fetch a box and a period.

    Parameters
    ----------
    request : Request
    path : Path
        Is written.
    subset : callable, optional
        Default: `copernicusmarine.subset`.

    Raises
    ------
    CatalogError
        If the client is not installed, has no credentials, or fails.
    """
    if subset is None:
        need_client("copernicusmarine", "cmems")
        folder = Path(
            os.environ.get("COPERNICUSMARINE_CREDENTIALS_DIRECTORY", "~/.copernicusmarine")
        )
        need_credentials(
            (USERNAME, PASSWORD),
            folder / ".copernicusmarine-credentials",
            "run `copernicusmarine login`",
        )
        import copernicusmarine

        # It tells of every step; people are told by the command that called.
        logging.getLogger("copernicusmarine").setLevel(logging.WARNING)
        subset = copernicusmarine.subset
    # The client gives the file a suffix where it has none.
    target = path.with_suffix(".nc")
    try:
        subset(**subset_arguments(request, target))
    # It raises classes of its own that have no common base.
    except Exception as error:
        raise CatalogError(
            f"{request.dataset.id}: the Copernicus Marine Service did not give it ({error}); "
            "check credentials, connection and the id, which may have changed "
            "(`copernicusmarine describe`)"
        ) from error
    if not target.is_file():
        raise UnreadableFileError(
            f"{request.dataset.id}: the Copernicus Marine Service gave no file; try again"
        )
    target.replace(path)
