"""Numbers as small whole numbers, with a stated loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Scale(Protocol):
    """A rule by which whole numbers, 0 to `most`, stand for values."""

    def encode(self, values: FloatArray, most: int) -> NDArray[np.int64]:
        """Return the whole numbers of finite values."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is needed to decode."""


@dataclass(frozen=True)
class Linear:
    """Equal steps: `offset` + `step` times the number, off by half a step at most."""

    offset: float
    step: float

    @classmethod
    def over(cls, low: float, high: float, most: int) -> Linear:
        """Return the scale whose last number, `most`, is the greatest value."""
        return cls(low, (high - low) / most or 1.0)

    def encode(self, values: FloatArray, most: int) -> NDArray[np.int64]:
        """Return the nearest number of each value."""
        return np.clip(np.rint((values - self.offset) / self.step), 0, most).astype(np.int64)

    def decode(self, numbers: NDArray[np.integer]) -> FloatArray:
        """Return the values that numbers stand for."""
        return self.offset + self.step * numbers.astype(np.float64)

    def as_dict(self) -> dict[str, Any]:
        """Return what is needed to decode."""
        return {"kind": "linear", "offset": self.offset, "step": self.step}


@dataclass(frozen=True)
class Logarithmic:
    """Equal ratios: 0 is nothing, `most` is `greatest`, and each number `ratio` times the last.

    A value is off by half of what `ratio` exceeds 1 by; one far below `least` is nothing.
    """

    greatest: float
    ratio: float
    most: int

    @property
    def least(self) -> float:
        """What the number 1 stands for."""
        least: float = self.greatest * self.ratio ** (1.0 - self.most)
        return least

    def encode(self, values: FloatArray, most: int) -> NDArray[np.int64]:
        """Return the nearest number of each value."""
        numbers = np.zeros(values.shape, np.int64)
        some = values > 0.0
        power = (np.log(values[some]) - np.log(self.greatest)) / np.log(self.ratio)
        numbers[some] = np.clip(np.rint(power) + self.most, 0, most).astype(np.int64)
        return numbers

    def decode(self, numbers: NDArray[np.integer]) -> FloatArray:
        """Return the values that numbers stand for."""
        powers = self.greatest * self.ratio ** (numbers.astype(np.float64) - self.most)
        return np.where(numbers > 0, powers, 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return what is needed to decode."""
        return {
            "kind": "logarithmic",
            "greatest": self.greatest,
            "ratio": self.ratio,
            "most": self.most,
        }
