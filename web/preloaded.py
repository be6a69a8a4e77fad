"""All that the process of a case needs, loaded once by the fork server, before it forks."""

import gc

import web.relative  # noqa: F401
import witoil.preview
import witoil.scenario.prepare  # noqa: F401
from simulator.compilation import load_compiled

load_compiled()
gc.collect()
gc.freeze()  # so that no collection touches, and copies, what all processes share
