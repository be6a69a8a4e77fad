"""What a score says about the parameters, so that a prior can be weighed against it."""

import math
from dataclasses import dataclass

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    r"""How much a score counts against the prior.

    Parameters
    ----------
    observations : float
        Effective number of independent observations that the score is the mean of: the sum of
        their weights.
    temperature : float
        Difference of the score that makes one unit of log-likelihood for one observation: what
        is less says nothing about the parameters.

    Raises
    ------
    ValueError
        If one of them is not positive and finite.

    Notes
    -----
    With :math:`S` the score, :math:`n` the observations, :math:`T` the temperature and :math:`z`
    the distances from the middle of the prior in its standard deviations,

    .. math:: \log p = n S / T - \tfrac12 \sum z^2 .

    The search maximises the same thing in units of the score, :math:`S - T / (2 n) \sum z^2`: with
    one observation it stays near the prior, with many it may leave. A generalised (Gibbs)
    posterior takes a loss in place of a log-likelihood that nobody can write down.

    References
    ----------
    Bissiri, P. G., Holmes, C. C. and Walker, S. G. (2016). A general framework for updating
    belief distributions. Journal of the Royal Statistical Society B, 78(5), 1103-1130.
    https://doi.org/10.1111/rssb.12158
    """

    observations: float
    temperature: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be positive and finite, got {value}")

    @property
    def scale(self) -> float:
        """Difference of the score that makes one unit of log-likelihood."""
        return self.temperature / self.observations

    def penalised(self, score: float, log_prior: float) -> float:
        """Score less the penalty of the prior: highest where the posterior is. [score]"""
        return score + self.scale * log_prior
