"""What all pages share: the template with its filters, the case, the forcing, pictures within."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from witoil.case import Case
from witoil.report.words import NONE, day, number, percent, quantity, unit


def page_template(name: str) -> Template:
    """Return a template of the package, with the filters that print numbers."""
    environment = Environment(
        loader=FunctionLoader(
            lambda file: files("witoil.report").joinpath(file).read_text("utf-8")
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "unit": unit,
        "quantity": quantity,
        "share": percent,
    }
    return environment.get_template(name)


@dataclass(frozen=True)
class Player:
    """What plays a run within a page, and what the policy of the page must allow for it."""

    element: str
    policy: str


def context_of_run(
    case: Case, study: Mapping[str, Any], player: Player | None = None
) -> dict[str, Any]:
    """Return what every page says of the case, the forcing and how to repeat the run."""
    return {
        "player": None if player is None else Markup(player.element),
        "script_policy": "" if player is None else player.policy,
        "period": _period(case),
        "coverage": [_coverage(row) for row in study["coverage"]],
        "case": json.dumps(study["case"], indent=2, ensure_ascii=False),
    }


def _coverage(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the forcing table; names of files without their folders."""
    if "box" not in row:
        return {"variable": row["variable"], "files": None, "action": row["action"]}
    west, south, east, north = row["box"]
    step = row["step_hours"]
    return {
        "variable": row["variable"],
        "files": ", ".join(PurePath(file).name for file in row["files"]),
        "start": row["start"],
        "end": row["end"],
        "step": NONE if step is None else f"{step:g} h",
        "box": [f"{west:.2f} to {east:.2f} °E", f"{south:.2f} to {north:.2f} °N"],
        "missing": row["missing_share"],
        "action": row["action"],
    }


def _period(case: Case) -> str:
    start, end = case.time.start, case.time.end
    until = f"{end:%H:%M}" if start.date() == end.date() else day(end)
    hours = (end - start).total_seconds() / 3600.0
    return f"{day(start)} to {until} UTC ({number(hours)} h)"


def image_uri(png: bytes) -> str:
    """Return a picture as the page holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
