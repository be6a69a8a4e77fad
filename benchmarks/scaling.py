"""What workers of a scheduler gain here, and on paper with many events and many workers.

Measured: an ensemble on a Dask scheduler of this machine with one worker and with two, forcing and
results as bytes. On paper: the schedule of many such ensembles on a cluster, simulated.
"""

import heapq
import math
import os
import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ensemble import _real, _synthetic
from witoil.case import load_case
from witoil.ensemble.members import draw_members
from witoil.ensemble.runs import prepare_products, run_ensemble, simulate_member
from witoil.scenario.prepare import prepare

MEMBERS = 40
EVENTS, MEMBERS_OF_EACH, WORKERS = 1000, 1000, 512
GROUPS = (1, 8, 64, 512)


@dataclass(frozen=True)
class Ensemble:
    """What the ensemble of one event asks for.

    Attributes
    ----------
    members : int
    member_seconds, prepare_seconds : float
        Of one processor. [s]
    forcing_bytes, result_bytes : float
        What each worker needs once, and what each member gives.
    """

    members: int
    member_seconds: float
    prepare_seconds: float
    forcing_bytes: float
    result_bytes: float


@dataclass(frozen=True)
class Plan:
    """How long all events take, and what moves.

    Attributes
    ----------
    seconds : float
        Until the last event has ended. [s]
    processor_hours : float
        Paid for, whether busy or not. [h]
    moved_bytes : float
    busy : float
        Share of the paid time in which members are run. [1]
    """

    seconds: float
    processor_hours: float
    moved_bytes: float
    busy: float


def plan(
    event: Ensemble, events: int, workers: int, group: int, bytes_per_second: float = 1.25e8
) -> Plan:
    """Simulate a schedule: groups of workers take event after event.

    Parameters
    ----------
    event : Ensemble
        All events are alike.
    events, workers, group : int
        Workers in all, and those that share the members of an event.
    bytes_per_second : float
        Of the line of a group: its scheduler sends the forcing to one worker after the other and
        takes in all results. Default: 1 Gbit/s.

    Returns
    -------
    Plan
    """
    moved = group * event.forcing_bytes + event.members * event.result_bytes
    whole = event.prepare_seconds + moved / bytes_per_second
    whole += math.ceil(event.members / group) * event.member_seconds
    free = [0.0] * (workers // group)
    for _ in range(events):
        heapq.heapreplace(free, free[0] + whole)
    seconds = max(free)
    paid = seconds * workers
    return Plan(
        seconds,
        paid / 3600.0,
        events * moved,
        events * event.members * event.member_seconds / paid,
    )


def run() -> dict[str, float]:
    """Measure, and plan with what was measured.

    Returns
    -------
    dict of str to float
        [s], [byte], and of each group of workers [h] and [1].
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "case.toml"
        path.write_text(_real() if "WITOIL_CASES" in os.environ else _synthetic(folder))
        start = time.perf_counter()
        scenario = prepare(load_case(path))
        scenarios = prepare_products(scenario.case, scenario)
        prepared = time.perf_counter() - start
        drawn = draw_members(scenario, MEMBERS)
        result = simulate_member(scenarios[0], drawn[0])  # compiles, or loads
        start = time.perf_counter()
        simulate_member(scenarios[0], drawn[1])
        event = Ensemble(
            MEMBERS_OF_EACH,
            time.perf_counter() - start,
            prepared,
            len(pickle.dumps(scenarios)),
            len(pickle.dumps(result)),
        )
        figures: dict[str, float] = dict(vars(event))
        for workers in (1, 2):
            with _cluster(workers) as address:
                run_ensemble(scenarios, drawn[: 2 * workers], scheduler=address)
                start = time.perf_counter()
                run_ensemble(scenarios, drawn, scheduler=address)
                figures[f"{MEMBERS}_members_{workers}_workers_s"] = time.perf_counter() - start
    for group in GROUPS:
        planned = plan(event, EVENTS, WORKERS, group)
        figures |= {
            f"groups_of_{group}_{what}": value for what, value in _in_hours(planned).items()
        }
    return figures


def _in_hours(planned: Plan) -> dict[str, float]:
    figures = dict(vars(planned))
    return {"hours": figures.pop("seconds") / 3600.0, **figures}


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    from dask.distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address
