"""Where the case of a job stands: among its inputs, and its run among its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREDICT = "predict"
"""The process that runs models; with `then` among its inputs it is a chain."""


def case_of(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the case that a job runs; of a chain that of its last step; None where there is none.

    Parameters
    ----------
    inputs : mapping
        Of the job, as JSON has them.
    """
    found: Mapping[str, Any] | None = (inputs.get("then") or inputs).get("case")
    return found


def step_of(inputs: Mapping[str, Any]) -> str | None:
    """Return the last step of a chain, which is the name of its folder, too; None: no chain."""
    step: str | None = (inputs.get("then") or {}).get("step")
    return step
