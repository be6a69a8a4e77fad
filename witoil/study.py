"""`study.json`: the record of a calibration, and the way back into it after a break."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optimizer
from witoil.comparison import differences
from witoil.errors import WitoilError
from witoil.files import plain, write_json

NAME = "study.json"

_MAY_DIFFER = {"case.optimise.evaluations", "case.optimise.tolerance"}
"""Keys that say how long a search goes on, and not where."""


def write_study(
    folder: Path, head: Mapping[str, Any], history: optimizer.History, space: optimizer.Space
) -> dict[str, Any]:
    """Write the study atomically, as it stands after an evaluation.

    Parameters
    ----------
    folder : Path
    head : mapping
        What does not change during a search: case, versions, seeds, default, persistence ...
    history : History
    space : Space

    Returns
    -------
    dict
        The study as written.
    """
    rows = history.to_rows()
    # apart, so that the history of a search that was interrupted is that of one that was not
    seconds = [row.pop("seconds") for row in rows]
    best = history.best
    return write_json(
        folder / NAME,
        {
            **head,
            "stopped": history.stopped,
            "best": None
            if best is None
            else {**best.details, "penalised": best.value, "trial": best.number},
            "space": [vars(parameter) for parameter in space.parameters],
            "history": rows,
            "seconds": seconds,
        },
    )


def read_history(folder: Path, head: Mapping[str, Any]) -> optimizer.History:
    """Return the evaluations already done in a folder; none where there is no study yet.

    Raises
    ------
    WitoilError
        Where the study there belongs to another case or was made by other versions; the message
        names the first difference.
    """
    path = folder / NAME
    try:
        study = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            {**row, "seconds": seconds}
            for row, seconds in zip(study["history"], study["seconds"], strict=True)
        ]
        history = optimizer.History.from_rows(rows)
        before = {key: study[key] for key in ("case", "versions")}
    except FileNotFoundError:
        return optimizer.History()
    except (ValueError, KeyError, TypeError) as error:
        raise WitoilError(
            f"{path}: not a study of witoil ({error}); expected one to continue, or another --out"
        ) from None
    refuse_other(path, before, head)
    return history


def refuse_other(path: Path, before: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    """Refuse to go on with a study of another case or other versions; name the difference."""
    now = plain({key: head[key] for key in ("case", "versions")})
    for key, found, wanted in differences(before, now, _MAY_DIFFER):
        raise WitoilError(
            f"{path}: cannot be continued: {key} was {found!r} and is now {wanted!r}; "
            "expected the same, or another --out"
        )
