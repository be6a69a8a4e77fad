"""All that the process of a case needs, loaded once by the fork server, before it forks."""

import gc
from importlib import import_module

from simulator.compilation import load_compiled
from witoil.workers import forgo_dask

gc.disable()  # what is loaded stays, and is not to be looked through again and again
forgo_dask()
for _name in (
    "catalog.shapes.coastline",
    "catalog.slicks.slick",
    "geopandas",
    "simulator.model",
    "web.jobs.processes",
    "web.work.worker",
    "witoil.check.case",
    "witoil.preview",
    "witoil.scenario.prepare",
):
    import_module(_name)
load_compiled()
gc.collect()
gc.freeze()  # so that no collection touches, and copies, what all processes share
gc.enable()
