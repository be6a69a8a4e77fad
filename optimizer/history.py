"""What a search has tried so far, and its form as plain rows for JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

__all__ = ["History", "Trial"]


@dataclass(frozen=True)
class Trial:
    """One evaluation of the objective.

    Parameters
    ----------
    number : int
        Place in the search, from 0.
    parameters : dict of str to float
        The point tried. [units of each parameter]
    score : float or None
        What the objective gave, higher is better; None if the evaluation failed.
    details : dict
        What else the objective said; must be plain JSON data.
    failure : str or None
        Why the evaluation failed; None if it did not.
    origin : str
        Which rule proposed the point.
    seconds : float
        How long the evaluation took. Two trials that differ only in this are equal. [s]
    penalised : float or None
        What the search maximises: the score less the penalty for its distance from the prior.
        None where there is no score, or where the search knows no penalty.
    approach : float or None
        How near the point came to where the score begins to tell; None where it tells.
    """

    number: int
    parameters: dict[str, float]
    score: float | None
    details: dict[str, Any]
    failure: str | None
    origin: str
    seconds: float = field(compare=False)
    penalised: float | None = None
    approach: float | None = None

    @property
    def value(self) -> float | None:
        """What the search maximises: `penalised`, or the score where there is no penalty."""
        return self.score if self.penalised is None else self.penalised


class History(Sequence[Trial]):
    """Trials in number order, without gaps.

    Parameters
    ----------
    trials : iterable of Trial
        The trials so far.

    Attributes
    ----------
    stopped : str or None
        Why the search ended; None while it goes on. Two histories of the same trials are equal.

    Raises
    ------
    ValueError
        If the trials are not numbered 0, 1, 2 and so on.
    """

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._trials: list[Trial] = []
        self.stopped: str | None = None
        for trial in trials:
            self.append(trial)

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "History":
        """Read back what :meth:`to_rows` gave, also by way of JSON.

        Parameters
        ----------
        rows : iterable of mapping
            One row a trial.

        Raises
        ------
        TypeError
            If a row has other fields than a trial.
        """
        return cls(Trial(**row) for row in rows)

    def to_rows(self) -> list[dict[str, Any]]:
        """One plain dict a trial. JSON keeps every float of them exactly."""
        return [dict(vars(trial)) for trial in self._trials]

    def append(self, trial: Trial) -> None:
        """Add the next trial."""
        if trial.number != len(self._trials):
            raise ValueError(f"expected trial {len(self._trials)}, got {trial.number}")
        self._trials.append(trial)

    @property
    def best(self) -> Trial | None:
        """The trial of the highest value, the earliest of equals; None while none has one."""
        scored = [trial for trial in self._trials if trial.value is not None]
        return max(scored, key=lambda trial: (trial.value, -trial.number), default=None)

    def __len__(self) -> int:
        return len(self._trials)

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trial]: ...
    def __getitem__(self, index: int | slice) -> Trial | list[Trial]:
        return self._trials[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._trials == other._trials

    def __repr__(self) -> str:
        return f"History({self._trials!r})"
