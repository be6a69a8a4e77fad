"""The page of a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from witoil.report.page import Player
from witoil.report.parts import Part, Picture, page_of, unknowns_of_forcing
from witoil.report.verdicts import of_trace
from witoil.report.words import percent, quantity
from witoil.trace.backward import BackwardScenario


def trace_page(
    scenario: BackwardScenario,
    summary: Mapping[str, Any],
    picture: bytes,
    player: Player | None = None,
) -> str:
    """Return the page of a trace, which loads nothing.

    Parameters
    ----------
    scenario : BackwardScenario
    summary : mapping
        As in ``trace.json``.
    picture : bytes
        PNG.
    player : Player, optional
    """
    areas = [
        (f"Area that holds the source with a probability of {level} %", quantity(area, "km2"))
        for level, area in summary["area_km2"].items()
    ]
    caption = (
        "Above: the regions that hold the source with a probability of 50 and 90 %, and the way of "
        "their middle back in time. Below: how they widen."
    )
    return page_of(
        scenario.case,
        dict(summary) | {"seeds": {"model": summary["seed"]}},
        kind="trace",
        verdict=of_trace(summary),
        facts=[
            *areas,
            ("Members", f"{summary['members']}"),
            ("Particles", f"{summary['particles']:,}"),
            ("Paths that left the area", percent(summary["share_left_domain"])),
        ],
        parts=[Part("Where it may have been released", [Picture(picture, caption, caption)])],
        unknowns=[*summary["assumptions"], *unknowns_of_forcing(summary["coverage"])],
        player=player,
    )
