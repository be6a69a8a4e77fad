"""Tables that people bring as CSV, row by row."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from witoil.plugins.errors import PluginError


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns.

    Parameters
    ----------
    path : Path
        CSV in UTF-8, with the names in its first line.
    needed : sequence of str
        Columns that it has to have.

    Raises
    ------
    PluginError
        Where it cannot be read, lacks a column, or has a row of another length.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            names = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PluginError(f"{path}: {error}; expected a table in CSV, in UTF-8") from None
    missing = [name for name in needed if name not in names]
    if missing:
        raise PluginError(
            f"{path}: found no column {', '.join(missing)}, expected {', '.join(needed)}"
        )
    for line, cells in rows:
        if len(cells) != len(names):
            raise PluginError(
                f"{path}: line {line}: found {len(cells)} cells, expected {len(names)} as the "
                "first line has"
            )
    return [dict(zip(names, cells, strict=True)) for _, cells in rows]
