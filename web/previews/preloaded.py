"""All that the process of a case needs, loaded once by the fork server, before it forks."""

from importlib import import_module

from web.loading import shared

with shared():
    from simulator.compilation import load_compiled

    for _name in (
        *("catalog.shapes.coastline", "catalog.slicks.geotiff", "catalog.slicks.rasters"),
        *("catalog.slicks.slick", "geopandas", "optimizer.scores", "pyogrio", "simulator.model"),
        *("web.jobs.processes", "web.work.worker"),
        *("witoil.check.case", "witoil.preview", "witoil.scenario.prepare"),
    ):
        import_module(_name)
    load_compiled()
