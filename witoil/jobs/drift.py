"""Oil that drifts: one run, an ensemble, a trace back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.errors import CaseError
from witoil.jobs.working import (
    READING,
    OnCost,
    OnCoverage,
    Progress,
    prepared,
    silent,
    unannounced,
    unread,
    working,
)

if TYPE_CHECKING:
    from simulator import Halt
    from witoil.case import Case
    from witoil.ensemble.runs import MemberResult


def simulate(
    case: Case,
    folder: Path,
    *,
    resume: Path | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = silent,
    on_coverage: OnCoverage = unread,
    on_cost: OnCost = unannounced,
) -> dict[str, Any]:
    """Run a case once, or go on from the end of an earlier run.

    Parameters
    ----------
    case, folder, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.
    resume : Path, optional
        An earlier run: its folder or ``restart.nc``.

    Returns
    -------
    dict
        As in ``summary.json``.
    """
    from witoil.outputs.checkpoints import Checkpoints
    from witoil.outputs.drawing import drawing
    from witoil.outputs.restart import read_restart
    from witoil.outputs.room import room_of_run
    from witoil.scenario.run import run

    before = None if resume is None else read_restart(resume, case)
    ends: list[Any] = []
    with (
        working("simulate", case, folder, room=room_of_run(case), force=force) as made_from,
        drawing(pictures=pictures) as draw,
    ):
        scenario = prepared(
            "simulate", case, progress, on_coverage, on_cost if before is None else unannounced
        )
        began = None if before is None else before.attrs
        kept = Checkpoints(case, folder, lambda: {**made_from(), "resume": began})
        recorded, restart = kept.take_up()

        def on_halt(halt: Callable[[], Halt]) -> None:
            if kept.are_due:
                kept.add(*halt())

        result = run(
            scenario,
            on_output=lambda share: progress(share, ""),
            resume=before if restart is None else restart,
            on_end=ends.append,
            recorded=recorded,
            on_halt=on_halt,
        )
        drawn = draw(scenario, result, scenario.default_of("detection_limit_um"))
        from witoil.outputs.run import write_run  # loads much, for which no picture waits

        return write_run(
            scenario,
            result,
            folder,
            parameters=scenario.parameters(),
            restart=ends[0],
            drawn=drawn,
        )


def ensemble(
    case: Case,
    folder: Path,
    *,
    members: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = silent,
    on_coverage: OnCoverage = unread,
    on_cost: OnCost = unannounced,
) -> dict[str, Any]:
    """Run a case many times, with what is uncertain drawn anew for each member.

    Parameters
    ----------
    case, folder, scheduler, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.
    members : int, optional
        Default: as the case says.

    Returns
    -------
    dict
        As in ``ensemble.json``.
    """
    from witoil.ensemble.members import draw_members
    from witoil.ensemble.runs import MemberResult, prepare_products, run_ensemble
    from witoil.outputs.checkpoints import Checkpoints, KeptMembers
    from witoil.outputs.ensemble import write_ensemble

    count = members or (case.ensemble.members if case.ensemble else 0)
    if not count:
        raise CaseError("ensemble: found no number of members; expected [ensemble] members")
    with working("simulate", case, folder, force=force) as made_from:
        # other machines, and what goes on from an earlier run, take another time
        told = on_cost if scheduler is None else unannounced
        scenario = prepared("ensemble", case, progress, on_coverage, told, members=count)
        drawn = draw_members(scenario, count)
        scenarios = prepare_products(case, scenario)
        on_coverage([report for other in scenarios[1:] for report in other.coverage])

        kept = KeptMembers(Checkpoints(case, folder, lambda: {**made_from(), "members": count}))
        known = {n: MemberResult.from_arrays(n, arrays) for n, arrays in kept.known.items()}
        done, failed = len(known), 0

        def on_member(number: int, result: MemberResult | str) -> None:
            nonlocal done, failed
            done += 1
            if isinstance(result, str):
                failed += 1  # not kept: whatever befell a worker may not befall another
            else:
                kept.add(number, result.to_arrays())
            progress(done / count, f"{failed} failed" if failed else "")

        found = run_ensemble(
            scenarios, drawn, scheduler=scheduler, known=known, on_member=on_member
        )
        return write_ensemble(found, folder, scenario.observations, pictures=pictures)


def trace(
    case: Case,
    folder: Path,
    *,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = silent,
    on_coverage: OnCoverage = unread,
    on_cost: OnCost = unannounced,
) -> dict[str, Any]:
    """Trace a slick of a case back to where and when it may have been released.

    Parameters
    ----------
    case, folder, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.

    Returns
    -------
    dict
        As in ``trace.json``.
    """
    from simulator import compile_early
    from witoil.check.cost import cost_of_trace
    from witoil.outputs.checkpoints import Checkpoints, KeptMembers
    from witoil.outputs.trace import write_trace
    from witoil.trace.backward import MemberPaths, prepare_trace, settings_of, trace_back
    from witoil.trace.source_map import map_sources

    with working("trace", case, folder, force=force) as made_from:
        compile_early()
        progress(0.0, READING)
        scenario = prepare_trace(case)
        on_coverage(scenario.coverage)
        on_cost(cost_of_trace(scenario))
        kept = KeptMembers(Checkpoints(case, folder, made_from))
        known = {number: MemberPaths(**arrays) for number, arrays in kept.known.items()}
        count, done = settings_of(case).members, len(known)

        def on_member(number: int, paths: MemberPaths) -> None:
            nonlocal done
            done += 1
            kept.add(number, paths._asdict())
            progress(done / count, "")

        paths = trace_back(scenario, known=known, on_member=on_member)
        return write_trace(scenario, map_sources(scenario, paths), folder, pictures=pictures)
