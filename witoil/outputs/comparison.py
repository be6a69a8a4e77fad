"""What a comparison leaves behind: a page, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from witoil.calibration.comparison import Comparison, as_document
from witoil.files import write_json, write_text
from witoil.report.comparison import render


def write_comparison(found: Comparison, folder: Path) -> dict[str, Any]:
    """Write ``compare.html`` and ``compare.json``.

    Parameters
    ----------
    found : Comparison
    folder : Path
        Made where it does not exist.

    Returns
    -------
    dict
        As in ``compare.json``.

    Raises
    ------
    OutputError
    """
    document = as_document(found)
    write_text(folder / "compare.html", render(found, document))
    return write_json(folder / "compare.json", document)
