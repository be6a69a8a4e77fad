"""A case held against its data: what it reads, covers, costs and lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from catalog import Coverage, Parametrised
from catalog.remote.store import default_store
from witoil.calibration.search import refuse_missing_method, search_space
from witoil.case import Case
from witoil.check.cost import START_UP, Command, Cost, cost_of, cost_of_trace
from witoil.check.faults import Lack, lack_of, lacks_of
from witoil.check.inputs import inputs_of
from witoil.ensemble.members import draw_members
from witoil.ensemble.runs import prepare_products
from witoil.forecast.forecasting import refuse_too_few
from witoil.scenario.faults import Faults
from witoil.scenario.legs import legs_of
from witoil.scenario.prepare import prepare
from witoil.scenario.scenario import Scenario
from witoil.times import minute
from witoil.trace.backward import prepare_trace

_ELSEWHERE = ("to be fetched", "server")


def check(case: Case, *, fetch: bool = False) -> dict[str, Any]:
    """Say what a case would read, cover, cost and lack, without running it.

    Parameters
    ----------
    case : Case
    fetch : bool
        Fetch what is not at hand, to look at that as well.

    Returns
    -------
    dict
        ``name``, ``start``, ``end``; ``would_run``; ``commands`` (those that the case is for, with
        their cost, None where it is not known); ``reads`` (see `Input`); ``covers`` (see
        `catalog.Coverage` and `catalog.Parametrised`); ``lacks`` (see `Lack`); ``unread``: keys
        whose files are not at hand, of which nothing is known yet.
    """
    reads = inputs_of(case)
    # where nothing may be fetched, reading says what is not there
    looked_at = fetch or default_store().offline
    unread = [] if looked_at else sorted({r.key for r in reads if r.whence in _ELSEWHERE})
    commands = commands_of(case)
    covers: Sequence[Coverage | Parametrised] = ()
    costs: dict[str, Cost] = {}
    if unread:
        lacks, covers = lacks_of(case, unread)
    else:
        covers, costs, lacks = _prepared(case, commands)
    return {
        "name": case.name,
        "start": minute(case.time.start),
        "end": minute(case.time.end),
        "would_run": not lacks,
        "commands": {name: asdict(costs[name]) if name in costs else None for name in commands},
        "reads": [each.as_dict() for each in reads],
        "covers": [report.as_dict() for report in covers],
        "lacks": [lack.as_dict() for lack in lacks],
        "unread": unread,
    }


def commands_of(case: Case) -> list[str]:
    """Return what a case is for, by the tables that it has."""
    legs = len(case.observation) - (not case.release)
    wanted: dict[str, bool] = {
        "simulate": bool(case.release) and case.ensemble is None,
        "ensemble": case.ensemble is not None,
        "optimise": bool(case.observation) and (case.trace is None or bool(case.release)),
        "forecast": case.starts_from_observations and legs > 1,
        "trace": case.trace is not None,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _prepared(
    case: Case, commands: Sequence[str]
) -> tuple[Sequence[Coverage | Parametrised], dict[str, Cost], list[Lack]]:
    """Read a case as each command does; return what it covers, costs and lacks."""
    faults, costs = Faults(), dict[str, Cost]()
    covers: Sequence[Coverage | Parametrised] = ()
    started = time.process_time()
    if {*commands} - {"trace"}:
        with faults.of("case"):
            scenario = prepare(case)
            covers = scenario.coverage
            before = time.process_time() - started
            for command, refuse_unready in _READY.items():
                if command not in commands:
                    continue
                with faults.of(command):
                    refuse_unready(scenario)
                    costs[command] = cost_of(command, scenario, before=START_UP + before)
    if "trace" in commands:
        started = time.process_time()
        with faults.of("trace"):
            backward = prepare_trace(case)
            covers = covers or backward.coverage
            before = time.process_time() - started
            costs["trace"] = cost_of_trace(backward, before=START_UP + before)
    if not faults.found:
        return covers, costs, []
    # what ended the reading, and what else would
    lacks, found = lacks_of(case)
    said = {lack.what for lack in lacks}
    first = [lack_of(case, key, error) for key, error in faults.found if str(error) not in said]
    return covers or found, costs, [*first, *lacks]


def _ready_for_ensemble(scenario: Scenario) -> None:
    assert scenario.case.ensemble is not None
    draw_members(scenario, scenario.case.ensemble.members)
    prepare_products(scenario.case, scenario)


def _ready_for_search(scenario: Scenario) -> None:
    refuse_missing_method(scenario.case.optimise.method)
    search_space(scenario)


def _ready_for_forecast(scenario: Scenario) -> None:
    refuse_too_few(scenario.case, len(legs_of(scenario)))
    search_space(scenario)


_READY: dict[Command, Callable[[Scenario], None]] = {
    "simulate": lambda scenario: None,
    "ensemble": _ready_for_ensemble,
    "optimise": _ready_for_search,
    "forecast": _ready_for_forecast,
}
"""Command -> what refuses a scenario that it cannot use."""
