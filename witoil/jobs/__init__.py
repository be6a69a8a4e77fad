"""All that can be done with a case, from the case to a folder, for whoever asks for it.

A job claims its folder, reads what the case names, computes, writes, and records what it read. It
tells how far it is by one function, and ends early, with nothing half-written, if that raises.

Parameters of every job
-----------------------
case : Case
folder : Path
    Takes the outputs. Where the same job was broken off there, it goes on if it can.
force : bool
    Replace what another run has left in the folder.
pictures : bool
    Draw, and write a page of what is drawn.
progress : callable
    See `Progress`.
on_coverage : callable
    See `OnCoverage`.
on_cost : callable
    See `OnCost`.

Parameters of some
------------------
mlflow : str, optional
    Tracking store of MLflow that every evaluation goes to.
scheduler : str, optional
    Address of a Dask scheduler, ``tcp://host:port``, whose workers run the simulations.

Raises
------
WitoilError, CatalogError, SimulatorError
    One line that says what to change.
"""

from witoil.jobs.cases import begin, check, refuse_existing
from witoil.jobs.data import chosen_datasets, fetch, fetch_forcing, rasterise
from witoil.jobs.drift import ensemble, simulate, trace
from witoil.jobs.models import (
    average_models,
    convert_annotations,
    predict,
    predict_then,
    shoreline_series,
)
from witoil.jobs.runs import animate, compare, export, plot, score, view
from witoil.jobs.searches import forecast, optimise, reconstruct
from witoil.jobs.working import OnCost, OnCoverage, Progress

__all__ = [
    "OnCost",
    "OnCoverage",
    "Progress",
    "animate",
    "average_models",
    "begin",
    "check",
    "chosen_datasets",
    "compare",
    "convert_annotations",
    "ensemble",
    "export",
    "fetch",
    "fetch_forcing",
    "forecast",
    "optimise",
    "plot",
    "predict",
    "predict_then",
    "rasterise",
    "reconstruct",
    "refuse_existing",
    "score",
    "shoreline_series",
    "simulate",
    "trace",
    "view",
]
