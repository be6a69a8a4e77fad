"""The page of a run: answers, pictures, what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from witoil.report.answers import answers, position
from witoil.report.page import Player
from witoil.report.parts import MOST_STRETCHES, Part, Picture, Table, page_of, unknowns_of_forcing
from witoil.report.verdicts import of_run
from witoil.report.words import number
from witoil.scenario.coast import OILED_FROM, OiledCoast
from witoil.scenario.scenario import Scenario


def run_page(
    scenario: Scenario,
    summary: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    *,
    coast: OiledCoast | None,
    player: Player | None = None,
) -> str:
    """Return the page of a run, which loads nothing: pictures and style are within.

    Parameters
    ----------
    scenario : Scenario
    summary : mapping
        As in ``summary.json``.
    pictures : mapping
        Those of ``map``, ``budget``, and as far as there are any ``driving`` and ``coast``; PNG.
    coast : OiledCoast or None
    player : Player, optional
    """
    parts = [
        Part(
            "Where the oil is, and what became of it",
            [
                Picture(pictures["map"], *_map_in_words(summary)),
                Picture(pictures["budget"], *_budget_in_words(summary)),
            ],
        )
    ]
    if coast is not None:
        caption = "Oil by length of coast at the end, and all oil ashore over time."
        parts.append(
            Part("On the coast", [Picture(pictures["coast"], caption, caption)], _stretches(coast))
        )
    if "driving" in pictures:
        caption = (
            "Along the middle of the oil afloat, as the model had it; arrows point where it goes, "
            "up is north."
        )
        parts.append(Part("What drove it", [Picture(pictures["driving"], caption, caption)]))
    return page_of(
        scenario.case,
        dict(summary) | {"seeds": {"model": summary["seed"]}},
        kind="simulation",
        verdict=of_run(summary),
        facts=answers(summary),
        parts=parts,
        unknowns=[*_unknowns_of_run(summary), *unknowns_of_forcing(summary["coverage"])],
        player=player,
    )


def _map_in_words(summary: Mapping[str, Any]) -> tuple[str, str]:
    caption = (
        "The oil afloat at the end by thickness, paths of some particles, and slicks before where "
        "they can be told apart."
    )
    facts = "; ".join(f"{name.lower()}: {value}" for name, value in answers(summary))
    return f"Map. {facts}.", caption


def _budget_in_words(summary: Mapping[str, Any]) -> tuple[str, str]:
    balance = summary["mass_balance_kg"]
    parts = "; ".join(
        f"{name.replace('_', ' ')} {number(1e-3 * mass)} t" for name, mass in balance.items()
    )
    return f"Chart of the mass of oil over time. At the end: {parts}.", "The mass of oil by fate."


def _stretches(coast: OiledCoast) -> Table:
    rows = coast.by_stretch()[:MOST_STRETCHES]
    return Table(
        f"The {len(rows)} stretches of coast with the most oil at any time",
        ["Place", "Type", "First oiled [UTC]", "Oil at the end [kg]"],
        [
            [
                position(row["lon"], row["lat"]),
                row["shore_type"],
                row["first_oiled"][:16].replace("T", " "),
                number(row["mass_kg"], 0),
            ]
            for row in rows
        ],
    )


def _unknowns_of_run(summary: Mapping[str, Any]) -> list[str]:
    lines = [
        "How sure all this is: it is one run with one set of parameters. An ensemble "
        "(--members) says how far winds, currents and parameters may shift it."
    ]
    if not summary["scores"]:
        lines.append("Whether it is right: no slick seen later was given to compare it with.")
    if summary["shore"]["oiled_km"] > 0.0:
        lines.append(
            f"Where less than {OILED_FROM:g} kg km⁻¹ lies: such coast does not count as oiled."
        )
    return lines
