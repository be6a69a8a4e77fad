"""Tables of EcoTaxa: tab-separated, a first line of names, a second one of types.

References
----------
.. [1] EcoTaxa, Import: file format, https://ecotaxa.obs-vlfr.fr
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from aquatic.errors import AquaticError

ECOTAXA: Mapping[str, str] = {
    "area": "object_area",
    "area_convex": "object_convarea",
    "circularity": "object_circ.",
    "elongation": "object_elongation",
    "esd": "object_esd",
    "feret": "object_feret",
    "grey_cv_percent": "object_cv",
    "grey_kurtosis": "object_kurt",
    "grey_max": "object_max",
    "grey_mean": "object_mean",
    "grey_median": "object_median",
    "grey_min": "object_min",
    "grey_mode": "object_mode",
    "grey_range": "object_range",
    "grey_skewness": "object_skew",
    "grey_std": "object_stddev",
    "height": "object_height",
    "holes_percent": "object_%area",
    "major": "object_major",
    "minor": "object_minor",
    "perimeter": "object_perim.",
    "perimeter_convex": "object_convperim",
    "perimeter_feret": "object_perimferet",
    "perimeter_major": "object_perimmajor",
    "skeleton_area": "object_skelarea",
    "width": "object_width",
}
"""What we measure -> its column, where that has the same formula.

Symmetry and thickness have columns of ZooProcess, too, with numbers of another kind.
"""

NUMBER, TEXT = "[f]", "[t]"
_BOM = "\ufeff"
"""What spreadsheets put before the first name: kept in the file, no part of the name."""

_PROCESS = "process_"
_PREFIXES = ("img_", "object_", "acq_", "process_", "sample_")


@dataclass(frozen=True)
class Table:
    """A table of EcoTaxa.

    Attributes
    ----------
    columns, types : tuple of str
        Types are ``[f]`` and ``[t]``.
    rows : tuple of tuple of str
        Cells as they are written, so that a table that is written again is the same.
    line_end : str
        Between lines.
    is_ended : bool
        Whether the last line has one, too.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line_end: str = "\n"
    is_ended: bool = True

    def text(self) -> str:
        """Return the table as its file has it."""
        lines = ["\t".join(cells) for cells in (self.columns, self.types, *self.rows)]
        return self.line_end.join(lines) + (self.line_end if self.is_ended else "")

    def records(self) -> list[dict[str, str]]:
        """Return the rows by the names of their columns."""
        columns = [name.lstrip(_BOM) for name in self.columns]
        return [dict(zip(columns, cells, strict=True)) for cells in self.rows]

    def of_image(self, name: str) -> dict[str, str]:
        """Return the row of an image.

        Raises
        ------
        AquaticError
            Where there is none, or several that were processed in other ways.
        """
        found = [
            record
            for record in self.records()
            if record.get("img_file_name", "").rpartition("/")[2] == name
        ]
        for record in found:
            for column in self.columns:
                if column.startswith(_PROCESS) and record[column] != found[0][column]:
                    raise AquaticError(
                        f"found {len(found)} rows of {name}, in which {column} is "
                        f"{found[0][column]!r} and {record[column]!r}, expected one; keep those of "
                        "its sample"
                    )
        if found:
            return found[0]
        raise AquaticError(
            f"found no row whose img_file_name is {name} among {len(self.rows)}, expected one; "
            "give the table that came with the image"
        )


def read_table(text: str) -> Table:
    """Return the table of a text.

    Raises
    ------
    AquaticError
        Where a line has too few or too many cells, or a number is none.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(line_end)
    is_ended = lines[-1] == ""
    lines = lines[:-1] if is_ended else lines
    cells = [tuple(line.split("\t")) for line in lines]
    if len(cells) < 2 or not {*cells[1]} <= {NUMBER, TEXT}:
        raise AquaticError(
            "found no second line of [f] and [t], expected a table of EcoTaxa, parted by tabs"
        )
    table = Table(cells[0], cells[1], tuple(cells[2:]), line_end, is_ended)
    _refuse_columns(table.columns)
    for number, row in enumerate(cells, 1):
        if len(row) != len(table.columns):
            raise AquaticError(
                f"line {number}: found {len(row)} cells, expected {len(table.columns)} as the "
                "first line has"
            )
    for number, row in enumerate(table.rows, 3):
        _refuse_numbers(table, row, number)
    return table


def _refuse_columns(columns: tuple[str, ...]) -> None:
    columns = tuple(name.lstrip(_BOM) for name in columns)
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise AquaticError(f"found the column {twice[0]} twice, expected each once")
    foreign = [name for name in columns if not name.startswith(_PREFIXES)]
    if foreign:
        raise AquaticError(
            f"found the column {foreign[0]!r}, expected names that begin with "
            f"{', '.join(_PREFIXES)}"
        )


def _refuse_numbers(table: Table, row: tuple[str, ...], number: int) -> None:
    for name, kind, cell in zip(table.columns, table.types, row, strict=True):
        if kind == NUMBER and cell and number_of(cell) is None:
            raise AquaticError(
                f"line {number}: {name}: found {cell!r}, expected a number, since the second line "
                "has [f]"
            )


def number_of(cell: str | None) -> float | None:
    """Return the number in a cell; None where there is none."""
    try:
        value = float("" if cell is None or "_" in cell else cell)  # 1_0 is ten in Python alone
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def written(value: object) -> str:
    """Return what a cell has of a value: nothing for None or no number, numbers to nine digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}" if math.isfinite(value) else ""
    return " ".join(str(value).split())
