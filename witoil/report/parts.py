"""What the pages of runs, ensembles and traces are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from witoil.case import Case
from witoil.report.coverage import oddities
from witoil.report.page import Player, context_of_run, image_uri, page_template

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


def page_of(case: Case, study: Mapping[str, Any], *, player: Player | None, **context: Any) -> str:
    """Return a page, whose template says what else it takes."""
    return page_template("run.html").render(
        study=study, **context_of_run(case, study, player), **context
    )


def unknowns_of_forcing(coverage: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what was parametrised, filled or odd in what drove the oil."""
    lines = []
    for row in coverage:
        name = row["variable"].replace("_", " ")
        for remark in oddities(row):
            line = f"{name[0].upper()}{name[1:]}: {remark}."
            if line not in lines:
                lines.append(line)
    return lines
