"""What all jobs share: progress, what is announced, and a folder that is worked in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.claim import LEAST_BYTES, claimed, need_room

if TYPE_CHECKING:
    from catalog import Coverage, Parametrised
    from witoil.case import Case
    from witoil.check.cost import Command, Cost
    from witoil.scenario.scenario import Scenario

    Covers = Sequence[Coverage | Parametrised]

Progress = Callable[[float, str], None]
"""Called with the share that is done, 0 to 1, and a note; to cancel the job, it raises."""

OnCoverage = Callable[["Covers"], None]
"""Called with what the data of a case cover, before anything is computed."""

OnCost = Callable[["Cost"], None]
"""Called with what a job takes once its data are read, where it begins anew, on this machine."""


READING = "reading forcing, slicks and coastline"


def silent(share: float, note: str) -> None:
    """Tell nobody."""


def unannounced(cost: Cost) -> None:
    """Tell nobody."""


def unread(reports: Covers) -> None:
    """Tell nobody."""


@contextmanager
def working(
    command: str, case: Case, folder: Path, *, force: bool, room: float = LEAST_BYTES
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Keep a folder for a job, and record in it what the job reads and writes."""
    from witoil.outputs.provenance import recorded

    with claimed(folder), recorded(command, case, folder, force=force) as made_from:
        need_room(folder, room)
        yield made_from


def prepared(
    command: Command,
    case: Case,
    progress: Progress,
    on_coverage: OnCoverage,
    on_cost: OnCost,
    members: int | None = None,
) -> Scenario:
    """Return the scenario of a case, and tell what its data cover and what the job takes."""
    from simulator import compile_early
    from witoil.check.cost import cost_of
    from witoil.scenario.prepare import prepare

    compile_early()
    progress(0.0, READING)
    scenario = prepare(case)
    on_coverage(scenario.coverage)
    on_cost(cost_of(command, scenario, members=members))
    return scenario
