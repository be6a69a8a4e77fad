"""Pages of a run, an ensemble and a trace: answers, pictures, what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from witoil.case import Case
from witoil.ensemble.runs import EnsembleResult
from witoil.figures import drawing
from witoil.files import replacing
from witoil.report.answers import answers, position
from witoil.report.page import context_of_run, image_uri, page_template
from witoil.report.words import number, quantity
from witoil.scenario.coast import OILED_FROM, OiledCoast
from witoil.scenario.scenario import Scenario
from witoil.trace.backward import BackwardScenario

MOST_STRETCHES = 10
"""Stretches of coast in a table."""


@dataclass(frozen=True)
class Picture:
    """A picture of a page.

    Attributes
    ----------
    png : bytes
    alt, caption : str
    wide : bool
        It has the width of the page, and no neighbour.
    """

    png: bytes
    alt: str
    caption: str
    wide: bool = False

    @property
    def uri(self) -> str:
        """The picture as the page holds it."""
        return image_uri(self.png)


@dataclass(frozen=True)
class Table:
    """A table of a page; the first column names the rows."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Part:
    """A part of a page, under a title."""

    title: str
    pictures: Sequence[Picture]
    table: Table | None = None


@dataclass(frozen=True)
class Player:
    """What plays a run within a page, and what the policy of the page must allow for it."""

    element: str
    policy: str


def write_run_report(
    path: Path,
    scenario: Scenario,
    summary: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    *,
    coast: OiledCoast | None,
    player: Player | None = None,
) -> None:
    """Write the page of a run.

    Parameters
    ----------
    path : Path
        An HTML file. It loads nothing: images and style are inside.
    scenario : Scenario
    summary : mapping
        As in ``summary.json``.
    pictures : mapping
        Those of ``map``, ``budget``, and as far as there are any ``driving`` and ``coast``; PNG.
    coast : OiledCoast or None
    player : Player, optional

    Raises
    ------
    OutputError
        Where the file cannot be written.
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
    _write(
        path,
        scenario.case,
        dict(summary) | {"seeds": {"model": summary["seed"]}},
        kind="run",
        over="Oil drift simulation",
        verdict=_verdict(scenario, summary),
        facts=answers(summary),
        parts=parts,
        unknowns=[*_unknowns_of_run(summary), *_unknowns_of_forcing(summary["coverage"])],
        player=player,
    )


def write_ensemble_report(
    path: Path,
    result: EnsembleResult,
    record: Mapping[str, Any],
    picture: bytes,
    player: Player | None = None,
) -> None:
    """Write the page of an ensemble; parameters are as of `write_run_report`.

    Parameters
    ----------
    path : Path
    result : EnsembleResult
    record : mapping
        As in ``ensemble.json``.
    picture : bytes
        Of the maps, PNG.
    player : Player, optional
    """
    counted = record["members_counted"]
    scenario = result.scenarios[0]
    area, length = quantity(record["area_km2"], "km2"), f"{number(record['coast_km'])} km"
    caption = (
        f"Left: share of the {counted} members with a slick in a cell at any time, and oil on the "
        "coast. Right: the earliest arrival."
    )
    likely = int((result.probability >= 0.5).sum()) * result.grid.resolution**2 / 1e6
    _write(
        path,
        scenario.case,
        {
            **record,
            "coverage": record["forcing"][0]["coverage"],
            "stokes_drift": record["forcing"][0]["stokes_drift"],
        },
        kind="ensemble",
        over="Oil drift ensemble",
        verdict={
            "kind": "open",
            "short": f"Oil is possible on {area} of sea and {length} of coast",
            "text": f"In half of the members or more it is on {quantity(likely, 'km2')}.",
        },
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
            *_unknowns_of_forcing(record["forcing"][0]["coverage"]),
        ],
        player=player,
    )


def write_trace_report(
    path: Path,
    scenario: BackwardScenario,
    summary: Mapping[str, Any],
    picture: bytes,
    player: Player | None = None,
) -> None:
    """Write the page of a trace; parameters are as of `write_run_report`.

    Parameters
    ----------
    path : Path
    scenario : BackwardScenario
    summary : mapping
        As in ``trace.json``.
    picture : bytes
        PNG.
    player : Player, optional
    """
    traced, place = summary["traced"], summary["likeliest_cell"]
    areas = [
        (f"Area that holds the source with {level} %", quantity(area, "km2"))
        for level, area in summary["area_km2"].items()
    ]
    caption = (
        "Above: the regions that hold the source with 50 and 90 %, and the way of their middle "
        "back in time. Below: how they widen."
    )
    likeliest = position(place["lon"], place["lat"])
    _write(
        path,
        scenario.case,
        dict(summary) | {"seeds": {"model": summary["seed"]}},
        kind="trace",
        over="Oil traced back",
        verdict={
            "kind": "open",
            "short": f"Likeliest place of the release: {likeliest}",
            "text": f"{summary['slick']['key']} was traced back {number(traced['hours'])} h, to "
            f"{traced['from']}.",
        },
        facts=[
            *areas,
            ("Members", f"{summary['members']}"),
            ("Particles", f"{summary['particles']:,}"),
            ("Paths that left the area", f"{summary['share_left_domain']:.1%}"),
        ],
        parts=[Part("Where it may have been released", [Picture(picture, caption, caption)])],
        unknowns=[*summary["assumptions"], *_unknowns_of_forcing(summary["coverage"])],
        player=player,
    )


def _write(
    path: Path, case: Case, study: Mapping[str, Any], *, player: Player | None, **context: Any
) -> None:
    page = page_template("run.html").render(
        study=study,
        **context_of_run(case, study),
        player=None if player is None else Markup(player.element),
        script_policy="" if player is None else player.policy,
        **context,
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _verdict(scenario: Scenario, summary: Mapping[str, Any]) -> dict[str, str]:
    """Say where most of the oil is, and what the run scores where slicks were seen."""
    balance = summary["mass_balance_kg"]
    whole = balance["released"]
    parts = {name: mass / whole for name, mass in balance.items() if name != "released" and mass}
    listed = sorted(parts.items(), key=lambda item: -item[1])
    where = ", ".join(f"{share:.1%} {name.replace('_', ' ')}" for name, share in listed)
    short = f"Of {number(1e-3 * whole)} t of oil: {where}"
    if not summary["scores"]:
        return {"kind": "open", "short": short, "text": "Nothing was compared with slicks seen."}
    at = drawing.distance(scenario.case.score.windows[0] * scenario.grid.resolution)
    texts, better = [], True
    for row in summary["scores"]:
        fss = next(iter(row["fss"].values()))
        text = f"Against the slick seen at {row['time']} the FSS is {number(fss, 2)} at {at}"
        unmoved = row["persistence"]
        if unmoved is not None:
            text += f"; that of the slick before, unmoved, {number(unmoved, 2)}"
            better &= fss is not None and fss > unmoved
        texts.append(f"{text}.")
    known = all(row["persistence"] is not None for row in summary["scores"])
    kind = "open" if not known else "good" if better else "bad"
    return {"kind": kind, "short": short, "text": " ".join(texts)}


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
        ["Place", "Type", "Length [m]", "First oiled", "Oil at the end [kg]", "[kg km⁻¹]"],
        [
            [
                position(row["lon"], row["lat"]),
                row["shore_type"],
                number(row["length_m"], 0),
                row["first_oiled"],
                number(row["mass_kg"], 0),
                number(row["kg_per_km"], 0),
            ]
            for row in rows
        ],
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


def _unknowns_of_forcing(coverage: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what was parametrised, filled or odd in what drove the oil."""
    lines = []
    for row in coverage:
        name = row["variable"].replace("_", " ")
        odd = [] if "box" in row and not row["gaps"] else [row["action"]]
        for remark in [*odd, *row.get("remarks", [])]:
            line = f"{name[0].upper()}{name[1:]}: {remark}."
            if line not in lines:
                lines.append(line)
    return lines
