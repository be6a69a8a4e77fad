"""A sample of parameters that learns from leg after leg; every run of it is done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import optimizer
from simulator import SimulatorError
from witoil.calibration.evaluation import combined_scores, simulated_slicks
from witoil.calibration.priors import EVIDENCE, evidence, total_weight
from witoil.errors import CaseError, WitoilError
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask
from witoil.workers import Workers, result_of

FloatArray = NDArray[np.float64]

ROUNDS = 6
"""Rounds in which the parameters of a step are drawn; half of the first step's are the prior's."""

LEAST = 8.0
"""So many sets of parameters count at least, whatever the scores of a few slicks say."""


@dataclass
class Trial:
    """A set of parameters, and how it did on each leg it was tried on.

    Attributes
    ----------
    number : int
    step : int
        Slicks that had been compared when it was proposed.
    origin : str
        `default`, `prior` or `posterior`; or the variant that it belongs to.
    parameters : dict
        Those searched.
    outcomes : dict
        Number of a leg -> `score` and `fss`, or `failure`.
    """

    number: int
    step: int
    origin: str
    parameters: dict[str, float]
    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)

    def score(
        self,
        legs: Sequence[Scenario],
        chosen: Sequence[int],
        factors: FloatArray | None = None,
    ) -> float:
        """Return the weighted sum of the scores on some legs; minus infinity if any failed.

        Parameters
        ----------
        legs : sequence of Scenario
        chosen : sequence of int
        factors : ndarray, shape (chosen,), optional
            Of the weights of the observations.
        """
        if any("failure" in self.outcomes[k] for k in chosen):
            return -np.inf
        scores = np.array([self.outcomes[k]["score"] for k in chosen])
        weights = np.array([legs[k].observations[0].weight for k in chosen])
        return float(scores @ (weights if factors is None else weights * factors))

    def as_row(self) -> dict[str, Any]:
        """Return the trial as the study has it."""
        return {**vars(self), "outcomes": {str(k): v for k, v in self.outcomes.items()}}


@dataclass(frozen=True)
class Posterior:
    """What is likely after some legs.

    Attributes
    ----------
    trials : tuple of Trial
        Tried on all of these legs.
    weights : ndarray, shape (trials,)
        Their sum is 1.
    """

    trials: tuple[Trial, ...]
    weights: FloatArray

    def marginals(self) -> list[dict[str, Any]]:
        """Return mean, median and the 5 to 95 % range of each parameter by itself."""
        rows = []
        for name in self.trials[0].parameters:
            values = np.array([trial.parameters[name] for trial in self.trials])
            low, middle, high = optimizer.quantiles(values, self.weights, (0.05, 0.5, 0.95))
            mean = float(self.weights @ values)
            rows.append({"name": name, "mean": mean, "p5": low, "p50": middle, "p95": high})
        return rows

    def known(self, masks: Mapping[int, Mask | None]) -> list[tuple[Mask, float]]:
        """Return slick and weight of each trial, by their numbers; failed ones are left out."""
        pairs = zip(self.trials, self.weights, strict=True)
        found = ((masks.get(trial.number), float(weight)) for trial, weight in pairs)
        return [(mask, weight) for mask, weight in found if mask is not None]

    def likeliest(self, most: int) -> Posterior:
        """Return the likeliest trials, so many at most, with weights whose sum is 1 again."""
        order = np.argsort(-self.weights, kind="stable")[:most]
        weights = self.weights[order]
        kept = weights > 0.0
        trials = tuple(self.trials[i] for i in order[kept])
        return Posterior(trials, weights[kept] / weights[kept].sum())


@dataclass(frozen=True)
class Variant:
    """Other legs, or legs without a part of the drift, that some sets of parameters are run on.

    Attributes
    ----------
    name : str
    legs : tuple of Scenario
        As many as the walk has.
    fixed : dict
        Parameters that are the same in all its trials.
    count : int
        Trials, the first of those drawn from the prior.
    scenario : Scenario
        Which the legs are those of.
    """

    name: str
    legs: tuple[Scenario, ...]
    fixed: dict[str, float]
    count: int
    scenario: Scenario


def outcome_of(
    legs: Sequence[Scenario], k: int, changed: Mapping[str, float]
) -> tuple[dict[str, Any], Mask | None]:
    """Run a leg; return its `score` and `fss`, or `failure`, and the slick at its end."""
    leg = [legs[k]]
    try:
        slicks = simulated_slicks(leg, changed)
    except SimulatorError as error:
        return {"failure": str(error)}, None
    scores = combined_scores(leg, slicks)
    return {"score": scores["score"], "fss": scores["fss"]}, slicks[0].oil


class Walk:
    """Trials that are tried on leg after leg.

    Parameters
    ----------
    legs : sequence of Scenario
    space : optimizer.Space
        With priors.
    evaluations : int
        New trials for each leg.
    memory_hours : float
        Time in which what a slick tells of the next one fades, e-folding. [h]
    seed : int
    there : Workers
        Who run the simulations, as long as there are trials to run.
    variants : sequence of Variant
        Each has trials of its own, from which no other is drawn.
    recorded : sequence of mapping
        Rows of an earlier walk of the same case, which are not run again.
    on_batch : callable
        Called with the number of runs done, whenever some have been.
    """

    def __init__(
        self,
        legs: Sequence[Scenario],
        space: optimizer.Space,
        *,
        evaluations: int,
        memory_hours: float,
        seed: int,
        there: Workers,
        variants: Sequence[Variant] = (),
        recorded: Sequence[Mapping[str, Any]] = (),
        on_batch: Callable[[Walk], None] = lambda walk: None,
    ) -> None:
        self.legs = legs
        self.space = space
        self.evaluations = evaluations
        self.memory_hours = memory_hours
        self.seed = seed
        self.variants = {variant.name: variant for variant in variants}
        self.trials: list[Trial] = []
        self.runs = 0
        self._there = there
        self._legs_there: dict[str, Any] = {}
        self._recorded = recorded
        self._on_batch = on_batch
        self._kept: list[Trial] = []
        self._drawn: tuple[Trial, ...] = ()
        self._varied: dict[str, tuple[Trial, ...]] = {}
        self._proposals: list[optimizer.NormalProposal] = []

    def prior(self) -> Posterior:
        """Return the first trials, drawn from the prior before any slick is compared."""
        if not self.trials:
            self._add(0, "default", [self._default()])
            count = self.evaluations - self.evaluations // ROUNDS * (ROUNDS // 2) - 1
            prior = optimizer.NormalProposal.prior(len(self.space.names), count)
            self._drawn = tuple(self._propose(0, "prior", prior))
            self._varied = {variant.name: self._vary(variant) for variant in self.variants.values()}
        drawn = self._drawn
        return Posterior(drawn, np.full(len(drawn), 1.0 / len(drawn)))

    def varied(self, name: str, seen: int) -> Posterior | None:
        """Return what is likely of a variant once the first `seen` legs have been forecast by it.

        None where all of its trials have failed.
        """
        self.prior()
        trials = self._varied[name]
        likelihood = self._log_likelihood(trials, seen)
        if np.isneginf(likelihood).all():
            return None
        points = self._standard([self._drawn[k] for k in range(len(trials))])
        prior = optimizer.NormalProposal.prior(points.shape[1], len(trials))
        least = min(LEAST, 0.5 * len(trials))
        return Posterior(trials, optimizer.weigh(points, likelihood, [prior], least=least))

    def learn(self, seen: int) -> Posterior:
        """Return what is likely once the first `seen` legs have been seen.

        To be called with 1, 2, 3 ...: it goes on from what was likely one leg before.
        """
        if seen > 1:
            before = self._posterior(seen - 1)
            order = np.argsort(-before.weights, kind="stable")[: self.evaluations]
            self._kept = [before.trials[i] for i in sorted(order)]
        else:
            self.prior()
        self.run(self._kept, range(seen))
        rounds = ROUNDS // 2 if seen == 1 else ROUNDS
        for _ in range(rounds):
            now = self._posterior(seen)
            proposal = optimizer.next_proposal(
                self._standard(now.trials), now.weights, self.evaluations // ROUNDS
            )
            self.run(self._propose(seen, "posterior", proposal), range(seen))
        return self._posterior(seen)

    def best(self, legs: Sequence[int]) -> Trial:
        """Return the trial of the highest score on some legs, less what the priors take off."""
        return max(self._kept, key=lambda trial: self.penalised(trial, legs))

    def penalised(self, trial: Trial, legs: Sequence[int]) -> float:
        """Return the mean score of a trial on some legs, less what the priors take off."""
        weight = total_weight([self.legs[k] for k in legs])
        score = trial.score(self.legs, legs) / weight
        return evidence(weight).penalised(score, self.space.log_prior(trial.parameters))

    def run(self, trials: Sequence[Trial], legs: Sequence[int]) -> None:
        """Try trials on legs, side by side; what is known already is not run again."""
        tasks = [(trial, k) for trial in trials for k in legs if k not in trial.outcomes]
        if tasks:
            self._run(tasks)

    def forecast(self, trials: Sequence[Trial], leg: int) -> list[Mask | None]:
        """Run trials on a leg and return the slick of each at its end; None where one failed."""
        return self._run([(trial, leg) for trial in trials])

    def _run(self, tasks: Sequence[tuple[Trial, int]]) -> list[Mask | None]:
        submit = self._there.executor.submit
        futures = [
            submit(outcome_of, self._legs_of(trial.origin), k, trial.parameters)
            for trial, k in tasks
        ]
        found = [result_of(future) for future in futures]
        for (trial, k), (outcome, _) in zip(tasks, found, strict=True):
            trial.outcomes[k] = outcome
        self.runs += len(tasks)
        self._on_batch(self)
        return [mask for _, mask in found]

    def _legs_of(self, origin: str) -> Any:
        """Return what stands for the legs of a trial where it is run; they go there once."""
        name = origin if origin in self.variants else ""
        if name not in self._legs_there:
            legs = self.variants[name].legs if name else self.legs
            self._legs_there[name] = self._there.share(tuple(legs))
        return self._legs_there[name]

    def _propose(self, step: int, origin: str, proposal: optimizer.NormalProposal) -> list[Trial]:
        drawn = 1 + sum(before.count for before in self._proposals)
        points = proposal.draw([self.seed, drawn])
        self._proposals.append(proposal)
        return self._add(step, origin, self.space.from_standard(points))

    def _vary(self, variant: Variant) -> tuple[Trial, ...]:
        points = [trial.parameters | variant.fixed for trial in self._drawn[: variant.count]]
        return tuple(self._number(0, variant.name, points))

    def _add(self, step: int, origin: str, points: Sequence[dict[str, float]]) -> list[Trial]:
        new = self._number(step, origin, points)
        self._kept += new
        return new

    def _number(self, step: int, origin: str, points: Sequence[dict[str, float]]) -> list[Trial]:
        first = len(self.trials)
        new = [Trial(first + n, step, origin, point) for n, point in enumerate(points)]
        for trial in new:
            self._recall(trial)
        self.trials += new
        return new

    def _recall(self, trial: Trial) -> None:
        """Take over what an earlier walk knows of a trial."""
        if trial.number >= len(self._recorded):
            return
        row = self._recorded[trial.number]
        if row["parameters"] != trial.parameters:
            raise WitoilError(
                f"trial {trial.number} of the study has other parameters than it would have now; "
                "expected a study of this machine and these versions, or another --out"
            )
        trial.outcomes = {int(k): outcome for k, outcome in row["outcomes"].items()}

    def fading(self, seen: int) -> FloatArray:
        """Return how much each of the first legs tells of the next one, shape (seen,). [1]"""
        ends = np.array([leg.observations[0].time for leg in self.legs[:seen]], "datetime64[ns]")
        hours = (ends[-1:] - ends) / np.timedelta64(1, "h")
        fading: FloatArray = np.exp(-hours / self.memory_hours)
        return fading

    def _posterior(self, seen: int) -> Posterior:
        likelihood = self._log_likelihood(self._kept, seen)
        if np.isneginf(likelihood).all():
            raise CaseError(f"every simulation failed; one of them: {self._a_failure(seen)}")
        weights = optimizer.weigh(
            self._standard(self._kept), likelihood, self._proposals, least=LEAST
        )
        return Posterior(tuple(self._kept), weights)

    def _log_likelihood(self, trials: Sequence[Trial], seen: int) -> FloatArray:
        """Return that of each trial, by the legs seen; minus infinity where one failed."""
        fading = self.fading(seen)
        scores = np.array([trial.score(self.legs, range(seen), fading) for trial in trials])
        return scores / EVIDENCE

    def _a_failure(self, seen: int) -> str:
        outcomes = (self._kept[0].outcomes[k] for k in range(seen))
        return next(str(found["failure"]) for found in outcomes if "failure" in found)

    def _standard(self, trials: Sequence[Trial]) -> FloatArray:
        return self.space.to_standard([trial.parameters for trial in trials])

    def _default(self) -> dict[str, float]:
        return dict(self.space.default)
