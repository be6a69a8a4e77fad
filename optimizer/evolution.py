"""The evolution strategy with adapted covariances (CMA-ES), as a pure function of its past.

The only module that knows cma. All points are in the unit cube, and low is good.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["samples"]

Array = npt.NDArray[np.float64]

STEP = 0.2
"""First standard deviation of the samples, in sides of the cube."""


def samples(
    points: Array, losses: Array, start: int, count: int, seed: int
) -> tuple[Array, float | None]:
    """Next samples of a strategy that began with trial `start`.

    Parameters
    ----------
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    losses : ndarray, shape (n_trials,)
        What they gave.
    start : int
        Trials before the first generation; the best of them is its middle.
    count : int
        Samples wanted. A generation is as many batches of so many as it needs to have at least
        the 4 + 3 log(n_parameters) points that the strategy is made for.
    seed : int
        Seed of every random choice.

    Returns
    -------
    samples : ndarray, shape (count, n_parameters)
    gain : float or None
        Range of the losses of the last generation, which is what the next one may gain at most;
        None before the second one.

    Notes
    -----
    The strategy has a state, and this function has none: it replays all generations, which takes
    a millisecond each.
    """
    try:
        import cma
    except ImportError:
        raise ImportError('method "cma" needs the package cma: pip install "witoil[cma]"') from None

    n_parameters = points.shape[1]
    size = -(-math.floor(4 + 3 * math.log(n_parameters)) // count) * count
    rng = np.random.default_rng([seed, start])
    strategy = cma.CMAEvolutionStrategy(
        points[losses[:start].argmin()],
        STEP,
        {
            "bounds": [0.0, 1.0],
            "popsize": size,
            "randn": lambda *shape: rng.normal(size=shape),
            "seed": math.nan,  # leave the generator of numpy alone
            "verbose": -9,
            "maxiter": math.inf,
        },
    )
    generation, gain = strategy.ask(size), None
    for first in range(start, len(points) - size + 1, size):
        told = losses[first : first + size]
        strategy.tell(generation, told.tolist())
        generation, gain = strategy.ask(size), float(np.ptp(told))
    done = (len(points) - start) % size
    return np.clip(generation[done : done + count], 0.0, 1.0), gain
