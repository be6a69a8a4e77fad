"""How far each of several predictors is trusted, by how it did before.

The rule is fixed share: a predictor loses trust exponentially in its losses, and gets back a small
share of its first trust after each, so that one that did badly for a while can come back.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["FixedShare"]


@dataclass(frozen=True)
class FixedShare:
    r"""Trust in predictors that follows the best of them, also where that changes.

    Parameters
    ----------
    prior : mapping of str to float
        Predictor -> how far it is trusted before anything is known; made to sum to 1.
    rate : float
        Learning rate: a loss greater by 1 / `rate` makes a predictor e times less trusted.
    share : float
        Part of the trust that is dealt out anew, by the prior, after each round; in [0, 1).

    Raises
    ------
    ValueError
        If a trust, the rate or the share is not what it must be.

    Notes
    -----
    With :math:`\pi` the prior, :math:`\eta` the rate, :math:`\alpha` the share and
    :math:`\ell_{t,i}` in [0, 1] the loss of predictor i in round t, and :math:`i_1 \dots i_n` any
    sequence of predictors that changes m times,

    .. math:: \sum_t \sum_i w_{t,i} \ell_{t,i} \le \sum_t \ell_{t,i_t}
              + \frac{1}{\eta} \Bigl( \sum_{s} \ln \frac{1}{\pi_{s}} + m \ln \frac{1}{\alpha}
              + (n - 1 - m) \ln \frac{1}{1 - \alpha} \Bigr) + \frac{\eta n}{8} ,

    where s runs over the predictor of each of the m + 1 stretches. That is what the trust loses at
    most, if one predictor is drawn by it each round; for a mean of predictions and a convex loss,
    too.

    A predictor that is not there in a round sleeps: its trust stays what it is, and the others
    share the rest.

    References
    ----------
    Herbster, M. and Warmuth, M. K. (1998). Tracking the best expert. Machine Learning, 32,
    151-178. https://doi.org/10.1023/A:1007424614876

    Cesa-Bianchi, N. and Lugosi, G. (2006). Prediction, learning, and games. Cambridge University
    Press, section 5.2, corollary 5.1. https://doi.org/10.1017/CBO9780511546921

    Freund, Y., Schapire, R. E., Singer, Y. and Warmuth, M. K. (1997). Using and combining
    predictors that specialize. STOC '97, 334-343. https://doi.org/10.1145/258533.258616
    """

    prior: Mapping[str, float]
    rate: float
    share: float

    def __post_init__(self) -> None:
        wrong = [name for name, trust in self.prior.items() if not (0.0 < trust < math.inf)]
        if wrong or not self.prior:
            raise ValueError(f"trust must be positive and finite, got {dict(self.prior)}")
        if not (0.0 < self.rate < math.inf):
            raise ValueError(f"rate must be positive and finite, got {self.rate}")
        if not 0.0 <= self.share < 1.0:
            raise ValueError(f"share must be in [0, 1), got {self.share}")

    def trust(
        self, losses: Sequence[Mapping[str, float]], counts: Sequence[float] | None = None
    ) -> dict[str, float]:
        """Return how far each predictor is trusted after some rounds.

        Parameters
        ----------
        losses : sequence of mapping
            Of each round: predictor -> its loss, in [0, 1]; those that slept are missing.
        counts : sequence of float, optional
            How much each round counts, in [0, 1]: its losses are multiplied by it. Default: 1.

        Returns
        -------
        dict of str to float
            Their sum is 1.

        Raises
        ------
        ValueError
            If a loss is not in [0, 1], or is that of an unknown predictor.
        """
        names = [*self.prior]
        log_first = np.log(np.array([self.prior[name] for name in names], np.float64))
        log_first -= np.logaddexp.reduce(log_first)
        log_trust = log_first
        for k, of_round in enumerate(losses):
            awake = np.array([name in of_round for name in names])
            loss = np.array([of_round.get(name, 0.0) for name in names])
            if of_round.keys() - set(names) or not ((loss >= 0.0) & (loss <= 1.0)).all():
                raise ValueError(
                    f"losses must be in [0, 1] and of known predictors, got {dict(of_round)}"
                )
            count = 1.0 if counts is None else counts[k]
            log_trust = self._after(log_trust, count * loss, awake)
            if self.share:
                kept, dealt = math.log1p(-self.share), math.log(self.share) + log_first
                log_trust = np.logaddexp(kept + log_trust, dealt)
        found = np.exp(log_trust)
        return {name: float(v) for name, v in zip(names, found / found.sum(), strict=True)}

    def _after(self, log_trust: np.ndarray, loss: np.ndarray, awake: np.ndarray) -> np.ndarray:
        """Return the trust after a round, without what is dealt out anew."""
        if not awake.any():
            return log_trust
        held = np.logaddexp.reduce(log_trust[awake])
        after = log_trust[awake] - self.rate * loss[awake]
        result = log_trust.copy()
        result[awake] = after - np.logaddexp.reduce(after) + held
        return result

    def regret(self, stretches: Sequence[str], rounds: int) -> float:
        """Return what the trust loses at most to a sequence of predictors.

        Parameters
        ----------
        stretches : sequence of str
            The predictors of the sequence, one for each stretch in which it does not change.
        rounds : int
            At least as many as there are stretches.

        Returns
        -------
        float
            Bound on the sum of losses, less that of the sequence; infinite where the sequence
            changes and nothing is shared.
        """
        changes = len(stretches) - 1
        if not 0 <= changes < rounds:
            raise ValueError(f"expected 1 to {rounds} stretches, got {len(stretches)}")
        whole = sum(self.prior.values())
        told = sum(math.log(whole / self.prior[name]) for name in stretches)
        if changes:
            told += changes * math.log(1.0 / self.share) if self.share else math.inf
        told += (rounds - 1 - changes) * math.log(1.0 / (1.0 - self.share))
        return told / self.rate + self.rate * rounds / 8.0
