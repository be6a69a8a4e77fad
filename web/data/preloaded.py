"""All that the check of a file needs, loaded once by the fork server, before it forks."""

from importlib import import_module

from web.loading import shared

with shared():
    for _name in (
        *("web.data.checking", "catalog.slicks.geotiff", "filelock"),
        *("geopandas", "netCDF4", "scipy.io", "xarray"),
    ):
        import_module(_name)
