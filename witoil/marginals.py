"""What is likely of each parameter by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from witoil.priors import Priors
from witoil.walk import Posterior


def quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], levels: Sequence[float]
) -> list[float]:
    """Return weighted quantiles of a sample."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = np.searchsorted(reached, np.asarray(levels) * reached[-1])
    found: list[float] = values[order][np.minimum(at, values.size - 1)].tolist()
    return found


def marginals(priors: Priors, posterior: Posterior) -> list[dict[str, Any]]:
    """Return mean, median and the 5 to 95 % range of each parameter."""
    rows = []
    for parameter in priors.space.parameters:
        values = np.array([trial.parameters[parameter.name] for trial in posterior.trials])
        low, middle, high = quantiles(values, posterior.weights, (0.05, 0.5, 0.95))
        mean = float(posterior.weights @ values)
        rows.append({"name": parameter.name, "mean": mean, "p5": low, "p50": middle, "p95": high})
    return rows
