"""Whether forecast probabilities come true, and the curve by which earlier ones correct the next.

Of the cells given 30 %, did 30 % hold oil? Cells of probability 0 stay out of this: the sea has no
end. They enter the Brier score where oil was seen in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from witoil.scenario.verification import Mask

FloatArray = NDArray[np.float64]
Forecast = tuple[NDArray[np.float32], Mask, Mask]
"""Probability, slick that was seen, and cells that can be compared."""

EDGES = np.array([0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0])
"""Bounds of the bins of probability; cells of exactly 0 are a bin of their own. [1]"""

TOLD = 2.0
"""What one slick tells of a curve, as information: that of 8 cells of 50 % that are not akin.

Cells of one slick come true or fail together, so that there are far more of them than evidence. On
twins FSS is greatest there (docs/calibration.md)."""

SD = 0.5
"""Standard deviation of each coefficient of a curve round that of the identity: a judgement."""

_EDGE = 1e-3  # keeps logarithms of probabilities finite


@dataclass(frozen=True)
class Reliability:
    """Forecast and observed frequencies.

    Attributes
    ----------
    cells : ndarray of int64, shape (bins,)
        In each bin; that of probability 0 is left out, since the sea has no end.
    forecast : ndarray, shape (bins,)
        Mean probability of these cells; NaN where there are none. [1]
    observed : ndarray, shape (bins,)
        Share of them in which oil was seen. [1]
    missed : int
        Cells of probability 0 in which oil was seen.
    seen : int
        Cells in which oil was seen.
    """

    cells: NDArray[np.int64]
    forecast: NDArray[np.float64]
    observed: NDArray[np.float64]
    missed: int
    seen: int

    @property
    def expected_error(self) -> float:
        """Mean distance of forecast and observed frequency, over all cells in bins; NaN of none.

        The expected calibration error of Naeini et al. (2015),
        https://doi.org/10.1609/aaai.v29i1.9602. [1]
        """
        known = self.cells > 0
        if not known.any():
            return float("nan")
        apart = np.abs(self.forecast[known] - self.observed[known])
        return float(np.average(apart, weights=self.cells[known]))


def reliability(forecasts: Iterable[Forecast]) -> Reliability:
    """Return the reliability of forecasts taken together.

    Parameters
    ----------
    forecasts : iterable of tuple
        Probability, slick that was seen, and cells that can be compared.
    """
    bins = EDGES.size - 1
    cells = np.zeros(bins, np.int64)
    expected, found = np.zeros(bins), np.zeros(bins)
    missed = seen = 0
    for probability, mask, valid in forecasts:
        p, oil = probability[valid].astype(np.float64), mask[valid]
        some = p > 0.0
        which = np.clip(np.searchsorted(EDGES, p[some], side="left") - 1, 0, bins - 1)
        cells += np.bincount(which, minlength=bins)
        expected += np.bincount(which, p[some], bins)
        found += np.bincount(which, oil[some].astype(np.float64), bins)
        missed += int(np.count_nonzero(oil & ~some))
        seen += int(np.count_nonzero(oil))
    with np.errstate(invalid="ignore"):
        return Reliability(cells, expected / cells, found / cells, missed, seen)


@dataclass(frozen=True)
class Brier:
    """Brier score of probabilities, and its parts: score = reliability - resolution + uncertainty.

    Attributes
    ----------
    score : float
        Mean square of probability less oil, over the cells in which either is above 0. [1]
    reliability, resolution, uncertainty : float
        By the bins of probability.
    within : float
        What the bins leave out: score less their sum.
    spread_skill : float
        Root of the variance that the probabilities tell, p (1 - p), over that of the score: 1 where
        they are right, less where they are too sure.

    References
    ----------
    Murphy (1973), https://doi.org/10.1175/1520-0450(1973)012%3C0595:ANVPOT%3E2.0.CO;2; Stephenson
    et al. (2008) for what is within, https://doi.org/10.1175/2007WAF2006116.1
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    spread_skill: float


def brier(forecasts: Iterable[Forecast]) -> Brier | None:
    """Return the Brier score of forecasts taken together; None where no cell had any oil."""
    p_of, oil_of = [], []
    for probability, mask, valid in forecasts:
        used = valid & ((probability > 0.0) | mask)
        p_of.append(probability[used].astype(np.float64))
        oil_of.append(mask[used].astype(np.float64))
    p, oil = np.concatenate(p_of), np.concatenate(oil_of)
    if not p.size:
        return None
    which = np.searchsorted(EDGES, p, side="left")  # 0: of probability 0
    cells = np.bincount(which, minlength=EDGES.size)
    known = cells > 0
    share = cells[known] / p.size
    mean = np.bincount(which, p, EDGES.size)[known] / cells[known]
    came = np.bincount(which, oil, EDGES.size)[known] / cells[known]
    base = oil.mean()
    score = float(np.mean((p - oil) ** 2))
    reliable, resolved = share @ (mean - came) ** 2, share @ (came - base) ** 2
    uncertain = base * (1.0 - base)
    spread = float(np.mean(p * (1.0 - p)))
    return Brier(
        score,
        float(reliable),
        float(resolved),
        float(uncertain),
        float(score - (reliable - resolved + uncertain)),
        float(np.sqrt(spread / score)) if score > 0.0 else 1.0,
    )


def crps(values: FloatArray, weights: FloatArray, observed: float) -> float:
    """Return the continuous ranked probability score of a weighted sample: E|X - y| - E|X - X'|/2.

    Parameters
    ----------
    values : ndarray, shape (n,)
    weights : ndarray, shape (n,)
        Not negative, their sum is 1.
    observed : float

    Returns
    -------
    float
        In the unit of the values; that of a sure forecast is its absolute error.

    References
    ----------
    Gneiting and Raftery (2007), equation 21, https://doi.org/10.1198/016214506000001437
    """
    order = np.argsort(values, kind="stable")
    x, w = values[order], weights[order]
    below = np.cumsum(w)[:-1]
    spread = 2.0 * float((below * (1.0 - below)) @ np.diff(x))
    return float(w @ np.abs(x - observed)) - 0.5 * spread


@dataclass(frozen=True)
class Curve:
    """What a probability is corrected to: logit q = a ln p - b ln(1 - p) + c, rising.

    Attributes
    ----------
    a, b, c : float
        1, 1 and 0 for the identity.

    References
    ----------
    Kull, Silva Filho and Flach (2017). Beta calibration. Proceedings of Machine Learning Research,
    54, 623-631. https://proceedings.mlr.press/v54/kull17a.html
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __call__(self, probability: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities corrected; 0 stays 0, and the identity changes no bit."""
        if (self.a, self.b, self.c) == (1.0, 1.0, 0.0):
            return probability
        corrected = np.zeros_like(probability)
        some = probability > 0.0
        corrected[some] = expit(_features(probability[some]) @ np.array([self.a, self.b, self.c]))
        return corrected

    def as_dict(self) -> dict[str, float]:
        """Return the coefficients as the study has them."""
        return asdict(self)


def learnt_curve(forecasts: Sequence[Forecast], counts: Sequence[float]) -> Curve:
    """Return the curve that earlier forecasts ask for, shrunk to the identity.

    It is the most likely one under normal priors of the coefficients round those of the identity,
    with each forecast worth `TOLD`, however many its cells.

    Parameters
    ----------
    forecasts : sequence of tuple
        Probability before any correction, slick that was seen, cells that can be compared.
    counts : sequence of float
        How much each counts, in [0, 1].
    """
    parts: list[tuple[NDArray[Any], ...]] = []
    for (probability, mask, valid), count in zip(forecasts, counts, strict=True):
        used = valid & (probability > 0.0)
        # a thousand values are as good as all
        values, which = np.unique(np.round(probability[used], 3), return_inverse=True)
        cells = np.bincount(which, minlength=values.size).astype(np.float64)
        told = float(cells @ (values * (1.0 - values)))
        if told > 0.0:
            weight = count * TOLD / max(told, TOLD)
            came = np.bincount(which, mask[used].astype(np.float64), values.size)
            parts.append((_features(values), weight * cells, weight * came))
    if not parts:
        return Curve()
    from scipy.optimize import minimize  # large, and not for a look at a case

    features, cells, came = (np.concatenate(part) for part in zip(*parts, strict=True))
    identity = np.array([1.0, 1.0, 0.0])

    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        """Return minus the log posterior, and its gradient."""
        z, off = features @ x, (x - identity) / SD
        value = -(came @ log_expit(z) + (cells - came) @ log_expit(-z)) + 0.5 * off @ off
        return float(value), features.T @ (cells * expit(z) - came) + off / SD

    found: Any = minimize(
        loss, identity, jac=True, method="L-BFGS-B", bounds=[(0.0, None), (0.0, None), (None, None)]
    )
    a, b, c = (float(v) for v in found.x)
    return Curve(a, b, c)


def _features(probability: NDArray[Any]) -> FloatArray:
    p = np.clip(probability.astype(np.float64), _EDGE, 1.0 - _EDGE)
    return np.stack([np.log(p), -np.log1p(-p), np.ones_like(p)], axis=-1)
