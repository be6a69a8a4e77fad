"""How much room on its disk a job needs."""

from __future__ import annotations

from witoil.case import Case


def room_of_run(case: Case) -> float:
    """Return what the outputs of a run take at least, about half of what is usual. [byte]"""
    seconds = (case.time.end - case.time.start).total_seconds()
    outputs = seconds / (60.0 * case.model.output_interval_minutes) + 1.0
    # 20 bytes for a particle at each output where oil weathers, compressed, and 90 at the end
    return 250e3 + case.model.particles * (10.0 * outputs + 40.0)
