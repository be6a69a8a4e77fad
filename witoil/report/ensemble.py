"""The page of an ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from witoil.ensemble.runs import EnsembleResult
from witoil.report.answers import position
from witoil.report.page import Player
from witoil.report.parts import MOST_STRETCHES, Part, Picture, Table, page_of, unknowns_of_forcing
from witoil.report.verdicts import of_ensemble
from witoil.report.words import number


def ensemble_page(
    result: EnsembleResult,
    record: Mapping[str, Any],
    picture: bytes,
    player: Player | None = None,
) -> str:
    """Return the page of an ensemble, which loads nothing.

    Parameters
    ----------
    result : EnsembleResult
    record : mapping
        As in ``ensemble.json``.
    picture : bytes
        Of the maps, PNG.
    player : Player, optional
    """
    counted = record["members_counted"]
    scenario = result.scenarios[0]
    caption = (
        f"Left: share of the {counted} members with a slick in a cell at any time, and oil on the "
        "coast. Right: the earliest arrival."
    )
    return page_of(
        scenario.case,
        {
            **record,
            "coverage": record["forcing"][0]["coverage"],
            "stokes_drift": record["forcing"][0]["stokes_drift"],
        },
        kind="ensemble",
        verdict=of_ensemble(record),
        facts=[
            (
                "Members",
                f"{counted}" + (f", {len(result.failures)} failed" * bool(result.failures)),
            ),
            ("Particles in each", f"{record['particles']:,}"),
            ("Products of forcing", f"{len(record['forcing'])}"),
        ],
        parts=[
            Part(
                "Where oil is possible",
                [Picture(picture, caption, caption, wide=True)],
                _likely(result),
            )
        ],
        unknowns=[
            "Probabilities are shares of members: they are right as far as the ranges of the "
            "ensemble are, and were not compared with slicks.",
            *unknowns_of_forcing(record["forcing"][0]["coverage"]),
        ],
        player=player,
    )


def _likely(result: EnsembleResult) -> Table | None:
    coast = result.coast
    count = min(coast.length.size, MOST_STRETCHES)
    if not count:
        return None
    return Table(
        f"The {count} likeliest stretches of coast",
        [
            "Place",
            "Probability",
            "Earliest arrival [h]",
            "Median arrival [h]",
            "Oil if it comes [kg]",
        ],
        [
            [
                position(float(coast.longitude[k]), float(coast.latitude[k])),
                f"{coast.probability[k]:.0%}",
                number(float(coast.first_arrival_earliest[k])),
                number(float(coast.first_arrival_median[k])),
                number(float(coast.greatest_where_oiled[k]), 0),
            ]
            for k in range(count)
        ],
    )
