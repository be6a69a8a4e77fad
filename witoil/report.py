"""The report of a calibration: one page that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from witoil.files import replacing
from witoil.simulation import Scenario
from witoil.verification import Mask


def write_report(
    path: Path,
    scenario: Scenario,
    study: dict[str, Any],
    *,
    before: list[Mask],
    after: list[Mask],
) -> None:
    """Write `report.html`."""
    with replacing(path) as temporary:
        temporary.write_text("<html></html>", encoding="utf-8")
