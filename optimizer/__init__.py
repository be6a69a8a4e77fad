"""Scores of masks and tracks, and a search for the parameters that score best.

The package knows a callable and a space, and nothing of what they stand for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.evidence import Evidence
    from optimizer.history import History, Trial
    from optimizer.posterior import (
        NormalProposal,
        effective_size,
        next_proposal,
        posterior_sample,
        quantiles,
        weigh,
    )
    from optimizer.proposals import METHODS, Proposal, propose
    from optimizer.scores import (
        area_ratio,
        centroid_distance,
        fractions_skill_score,
        intersection_over_union,
        score_masks,
    )
    from optimizer.search import Objective, Outcome, maximise
    from optimizer.space import Parameter, Space
    from optimizer.tracks import cumulative_separation, liu_weisberg_skill

__all__ = [
    "METHODS",
    "Evidence",
    "History",
    "NormalProposal",
    "Objective",
    "Outcome",
    "Parameter",
    "Proposal",
    "Space",
    "Trial",
    "area_ratio",
    "centroid_distance",
    "cumulative_separation",
    "effective_size",
    "fractions_skill_score",
    "intersection_over_union",
    "liu_weisberg_skill",
    "maximise",
    "next_proposal",
    "posterior_sample",
    "propose",
    "quantiles",
    "score_masks",
    "weigh",
]

_MODULES = {
    "evidence": ("Evidence",),
    "history": ("History", "Trial"),
    "posterior": (
        "NormalProposal",
        "effective_size",
        "next_proposal",
        "posterior_sample",
        "quantiles",
        "weigh",
    ),
    "proposals": ("METHODS", "Proposal", "propose"),
    "scores": (
        "area_ratio",
        "centroid_distance",
        "fractions_skill_score",
        "intersection_over_union",
        "score_masks",
    ),
    "search": ("Objective", "Outcome", "maximise"),
    "space": ("Parameter", "Space"),
    "tracks": ("cumulative_separation", "liu_weisberg_skill"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562): numba is slow to load."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"optimizer.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
