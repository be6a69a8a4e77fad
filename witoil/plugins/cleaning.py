"""Tables of annotations, cleaned: one row for each thing in place of one for each person."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.files import write_text
from witoil.plugins.csv_tables import read_rows
from witoil.plugins.errors import PluginError, told_by

if TYPE_CHECKING:
    from aquatic.annotations import Annotation, Box, Group

_COLUMNS = (
    *("name_img", "name_sp", "xmin", "xmax", "ymin", "ymax"),
    *("group", "length", "occurences"),  # as the tables that are trained on spell it
)
_LINE, _POINT, _BOX = ("x1", "y1", "x2", "y2"), ("x1", "y1"), ("xmin", "xmax", "ymin", "ymax")


def clean_annotations(
    table: Path,
    path: Path,
    *,
    size: tuple[int, int] = (1920, 1080),
    species: Sequence[str] = (),
    pad: float = 0.0,
    least_iou: float = 0.6,
    least_share: float = 0.4,
) -> dict[str, Any]:
    """Write one row for each thing that was annotated; see `aquatic.annotations.united`.

    Parameters
    ----------
    table : Path
        CSV with ``name_img`` and ``name_sp``, and a line (``x1``, ``y1``, ``x2``, ``y2``), a point
        (the first two) or a box (``xmin``, ``xmax``, ``ymin``, ``ymax``) in each row. [pixel]
    path : Path
        CSV that is written.
    size : tuple of int
        Width and height of the images. [pixel]
    species : sequence of str
        Those to keep. Default: all.
    pad : float
        Room on each side of lines. [pixel]
    least_iou, least_share : float

    Returns
    -------
    dict
        ``species``: name -> rows before and after; ``left_out``: rows of other species or without
        one.

    Raises
    ------
    PluginError
        Where a row has no place, or one outside its image; it is named.
    """
    from aquatic.annotations import Annotation, counts, united

    rows = read_rows(table, ("name_img", "name_sp"))
    annotations: list[Annotation] = []
    left_out = 0
    for number, row in enumerate(rows, 2):
        name = row["name_sp"].strip()
        if not name or (species and name not in species):
            left_out += 1
            continue
        box, length = _box(row, f"{table}: line {number}", size, pad)
        annotations.append(Annotation(row["name_img"].strip(), name, box, length))
    if not annotations:
        known = sorted({row["name_sp"] for row in rows})
        raise PluginError(f"{table}: found no row to keep; expected species out of {known[:20]}")
    with told_by(table):
        groups = united(annotations, least_iou=least_iou, least_share=least_share)
    write_text(path, _text(groups))
    return {"species": counts(groups), "left_out": left_out}


def _box(
    row: Mapping[str, str], where: str, size: tuple[int, int], pad: float
) -> tuple[Box, float]:
    """Return the box of a row, and how long what was drawn is."""
    from math import hypot

    from aquatic.annotations import Box, box_of_line, box_of_point

    for names in (_LINE, _BOX, _POINT):
        cells = [row.get(name, "").strip() for name in names]
        if not all(cells):
            continue
        numbers = _numbers(names, cells, where, size)
        if names == _LINE:
            x1, y1, x2, y2 = numbers
            if (x1, y1) == (x2, y2):  # a click
                return box_of_point(x1, y1, size), 0.0
            return box_of_line(x1, y1, x2, y2, size, pad), hypot(x2 - x1, y2 - y1)
        if names == _POINT:
            return box_of_point(numbers[0], numbers[1], size), 0.0
        left, right, top, bottom = numbers
        if left > right or top > bottom:
            raise PluginError(f"{where}: found a box whose least is more than its most")
        drawn = Box(left, right, top, bottom).grown(0.0, 0.0, size)
        return drawn, hypot(right - left, bottom - top)
    raise PluginError(
        f"{where}: found no place, expected x1, y1, x2, y2 of a line, x1, y1 of a point, or xmin, "
        "xmax, ymin, ymax"
    )


def _is_beyond(places: Sequence[float], length: int) -> bool:
    """Tell whether all lie beyond an image, or one so far that the image is another."""
    near = all(-0.5 * length <= it <= 1.5 * length for it in places)
    return not near or max(places) < 0.0 or min(places) > length


def _numbers(
    names: Sequence[str], cells: Sequence[str], where: str, size: tuple[int, int]
) -> list[float]:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        raise PluginError(f"{where}: found {', '.join(cells)}, expected numbers") from None
    # across and down, as the columns of lines and points come, and those of boxes
    across, down = (numbers[:2], numbers[2:]) if names == _BOX else (numbers[::2], numbers[1::2])
    if _is_beyond(across, size[0]) or _is_beyond(down, size[1]):
        raise PluginError(
            f"{where}: found {', '.join(cells)}, expected places within {size[0]} x {size[1]} "
            "pixels; give the size of the images"
        )
    return numbers


def _text(groups: Sequence[Group]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for number, group in enumerate(groups, 1):
        box = group.box
        places = [f"{it:.10g}" for it in (box.xmin, box.xmax, box.ymin, box.ymax)]
        table.writerow(
            (group.image, group.species, *places, number, f"{group.length:.10g}", group.occurrences)
        )
    return text.getvalue()
