"""Tables that people bring as text, however a spreadsheet saves them."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_DELIMITERS = ",;\t"
_NOTHING = frozenset(("", "na", "n/a", "nan", "null", "none"))
"""What tables have, in small letters, where there is no number."""


def read_columns(path: Path, needed: Sequence[str] = ()) -> dict[str, list[str]]:
    """Return the columns of a table by their names, as text.

    Parameters
    ----------
    path : Path
        In UTF-8 or, with its mark, in UTF-16; the names stand in the first line, which also tells
        whether commas, semicolons or tabs part the cells.
    needed : sequence of str
        Columns that it has to have.

    Raises
    ------
    PluginError
        Where it cannot be read, lacks a column, has one twice, or has a row of another length.
    """
    names, rows = _read(path)
    missing = [name for name in needed if name not in names]
    if missing:
        found = ", ".join(filter(None, names))[:300]
        raise PluginError(
            f"{path}: found no column {', '.join(missing)} among {found}; expected "
            f"{', '.join(needed)}"
        )
    twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
    if twice:
        raise PluginError(f"{path}: found the column {twice[0]} twice, expected each once")
    for line, cells in rows:
        if len(cells) != len(names):
            raise PluginError(
                f"{path}: line {line}: found {len(cells)} cells, expected {len(names)} as the "
                "first line has"
            )
    columns = zip(*(cells for _, cells in rows), strict=True) if rows else ([] for _ in names)
    return {name: [*cells] for name, cells in zip(names, columns, strict=True)}


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns; see `read_columns`."""
    columns = read_columns(path, needed)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def numbers(path: Path, name: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the numbers of a column, (n,); NaN where it has none.

    Raises
    ------
    PluginError
        Where a cell has another text: decimal commas are not guessed.
    """
    import numpy as np

    values = []
    for text in texts:
        plain = text.strip()
        try:
            values.append(float("nan" if plain.casefold() in _NOTHING else plain))
        except ValueError:
            raise PluginError(
                f"{path}: {name}: found {plain[:40]!r}, expected a number such as 1.5, with a point"
            ) from None
    return np.array(values, dtype=np.float64)


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names, and the rows with the lines on which they end."""
    try:
        content = path.read_bytes()
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
        first = text.lstrip().partition("\n")[0]
        # that which parts the names most often; a comma within a name loses
        delimiter = max(_DELIMITERS, key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names = [name.strip() for name in next((cells for cells in reader if any(cells)), [])]
        rows = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except UnicodeDecodeError:
        raise PluginError(
            f"{path}: is no text in UTF-8; expected a table in CSV, saved so"
        ) from None
    except (OSError, csv.Error) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise PluginError(f"{path}: {text}; expected a table in CSV, in UTF-8") from None
    if not names:
        raise PluginError(f"{path}: is empty; expected a table in CSV, names in its first line")
    return names, rows
