"""All that the process of a case needs, loaded once by the fork server, before it forks."""

import gc
from importlib import import_module

from simulator.compilation import load_compiled
from witoil.workers import forgo_dask

forgo_dask()
for _name in ("web.jobs.processes", "web.work.worker", "witoil.preview", "witoil.scenario.prepare"):
    import_module(_name)
load_compiled()
gc.collect()
gc.freeze()  # so that no collection touches, and copies, what all processes share
