"""What is worth telling of the data that drove a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def oddities(row: Mapping[str, Any]) -> list[str]:
    """Return what was parametrised, filled or odd in a variable.

    Parameters
    ----------
    row : mapping
        As `catalog.Coverage` or `catalog.Parametrised` tells it, see their ``as_dict``.
    """
    is_whole = "box" in row and not row["gaps"]
    return [*([] if is_whole else [row["action"]]), *row.get("remarks", [])]
