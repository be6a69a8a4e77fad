"""What keeps a process that reads strangers' files from reading anything else for them.

Some formats lead elsewhere: a virtual raster or layer names other files, a GeoJSON may name the
address of its reference system, and GDAL opens URLs by itself, past all that guards our own
downloads. It is told so before it is loaded, by the environment.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from catalog.remote.addresses import ADDRESSES, PRIVATE_HOSTS

_LEAD_ELSEWHERE = (
    *("VRT", "OGR_VRT", "GDALG", "GTI", "STACIT", "STACTA", "MRF", "DERIVED", "KMLSUPEROVERLAY"),
    *("HTTP", "WMS", "WMTS", "WCS", "WFS", "OAPIF", "OGCAPI", "CSW", "GeoRSS", "DAAS", "ADBC"),
    *("EEDA", "EEDAI", "PLSCENES", "PLMOSAIC", "NGW", "Carto", "AmigoCloud", "Elasticsearch"),
    *("GML", "MapML", "GTFS", "GPSBabel", "PMTiles", "MBTiles", "Zarr", "ESRIC", "TIL"),
)
"""Drivers of GDAL for files that name other files, or for services.

GMLAS is not among them: it opens nothing but names that begin with `GMLAS:`, and where GDAL comes
without it, each process would warn of that.
"""

_NOWHERE = "127.0.0.1:9"  # nobody listens at the port of discard


def confined(private_hosts: Iterable[str] = ()) -> dict[str, str]:
    """Return what the environment of such a process has to hold.

    Parameters
    ----------
    private_hosts : iterable of str
        Hosts of a private network that it may fetch from all the same.
    """
    return {
        "GDAL_SKIP": ",".join(_LEAD_ELSEWHERE),
        "GDAL_HTTP_PROXY": _NOWHERE,
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
        "PROJ_NETWORK": "OFF",
        ADDRESSES: "public",
        PRIVATE_HOSTS: ",".join(private_hosts),
    }


def allow_fewer_drivers() -> None:
    """Have GDAL not warn of drivers that it is told to skip and comes without: builds differ."""
    logging.getLogger("rasterio._env").addFilter(
        lambda record: "GDAL_SKIP" not in record.getMessage()
    )


def stay_in(folder: Path) -> None:
    """Have such a process work in a folder, and keep there what it has only for a while.

    Parameters
    ----------
    folder : Path
    """
    for name in ("TMPDIR", "HOME", "WITOIL_CACHE"):
        os.environ[name] = os.fspath(folder)
    tempfile.tempdir = os.fspath(folder)  # what was found before
    os.chdir(folder)
