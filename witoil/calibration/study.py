"""`study.json`: the record of a calibration, and the way back into it after a break."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optimizer
from witoil.case.comparison import differences
from witoil.errors import WitoilError
from witoil.files import plain, read_json, write_plain

NAME = "study.json"

COMPARED = ("case", "versions", "default")
"""Keys of a study that must be the same for it to go on."""

SAME_SCORE = 1e-3
"""A run scores the same on other machines to this much: their last bits may differ. [1]"""

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
    rows = plain(history.to_rows())
    # apart, so that the history of a search that was interrupted is that of one that was not
    seconds = [row.pop("seconds") for row in rows]
    best = history.best
    found = {
        **head,
        "stopped": history.stopped,
        "best": None
        if best is None
        else {**best.details, "penalised": best.value, "trial": best.number},
        "space": [vars(parameter) for parameter in space.parameters],
    }
    return write_plain(
        folder / NAME,
        {**plain(found), "history": rows, "checksum": checksum(rows), "seconds": seconds},
        # until the search has ended it is written anew after every evaluation
        indent=None if history.stopped is None else 2,
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
        study = read_json(path)
        refuse_changed(study)
        rows = [
            {**row, "seconds": float(seconds)}
            for row, seconds in zip(study["history"], study["seconds"], strict=True)
        ]
        history = optimizer.History.from_rows(rows)
        before = {key: study[key] for key in COMPARED}
        default_score(before)
    except FileNotFoundError:
        return optimizer.History()
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WitoilError(
            f"{path}: not a study of witoil ({error}); expected one to continue, or another --out"
        ) from None
    refuse_other(path, before, head)
    return history


def checksum(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what tells a history, as the study has it in JSON, from any other."""
    text = json.dumps(rows, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_changed(study: Mapping[str, Any]) -> None:
    """Refuse a history that is not the one that was written.

    Raises
    ------
    ValueError, LookupError, TypeError
    """
    if study["checksum"] != checksum(study["history"]):
        raise ValueError("its history is not what was written")


def default_score(study: Mapping[str, Any]) -> float:
    """Return what the run without changes scores.

    Raises
    ------
    LookupError, TypeError, ValueError
    """
    return float(study["default"]["score"])


def refuse_other(path: Path, before: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    """Refuse to go on with a study of another case, versions or data; name the difference."""
    was, is_now = default_score(before), default_score(head)
    made, make = (
        plain({key: each[key] for key in ("case", "versions")}) for each in (before, head)
    )
    for key, found, wanted in differences(made, make, _MAY_DIFFER):
        raise WitoilError(
            f"{path}: cannot be continued: {key} was {found!r} and is now {wanted!r}; "
            "expected the same, or another --out"
        )
    if abs(was - is_now) > SAME_SCORE:
        raise WitoilError(
            f"{path}: cannot be continued: the run without changes scored {was:.4f} and now scores "
            f"{is_now:.4f}, so that files of the case have changed; expected the same, or "
            "another --out"
        )
