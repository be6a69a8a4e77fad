"""Numbers, units and times as a page has them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from witoil.times import to_datetime

NONE = "\N{EN DASH}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def time_in_words(time: np.datetime64) -> str:
    """Return a time as the page has it."""
    return f"{day(to_datetime(time))} UTC"


def stamp_in_words(stamp: str) -> str:
    """Return a time in the way of names of files, 20210824T1533, as the page has it."""
    return f"{day(datetime.strptime(stamp, '%Y%m%dT%H%M'))} UTC"


def day(time: datetime) -> str:
    """Return a time to the minute, with its day in words."""
    return f"{time.day} {time:%B %Y, %H:%M}"


def listed(items: Sequence[str]) -> str:
    """Return items as a list in a sentence."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def number(value: float | None, decimals: int | None = None) -> str:
    """Return a number for reading, of three digits where no decimals are asked; None is a dash."""
    if value is None:
        return NONE
    if decimals is None and value and abs(value) < 1000.0:
        decimals = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:.{min(decimals, 8)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:,.{decimals or 0}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def quantity(value: float | None, units: str) -> str:
    """Return a number with its unit."""
    gap = "" if units in ("1", "degree") else "\N{NO-BREAK SPACE}"
    return f"{number(value)}{gap}{unit(units)}"


def percent(share: float) -> str:
    """Return a share as text; what is there is never 0."""
    return "<0.1%" if 0.0 < share < 0.0005 else f"{share:.1%}"


def percents(shares: Sequence[float]) -> list[str]:
    """Return shares of one whole as texts that add up to it; what is there is never 0.

    Those that lose most by rounding are rounded up.
    """
    exact = [1e3 * share for share in shares]
    counts = [math.floor(each) for each in exact]
    left = round(sum(exact)) - sum(counts)
    by_loss = sorted(range(len(exact)), key=lambda k: counts[k] - exact[k])
    for k in by_loss[:left]:
        counts[k] += 1
    return [
        "<0.1%" if count == 0 and share > 0.0 else f"{count / 10:.1f}%"
        for count, share in zip(counts, shares, strict=True)
    ]


def raised(number: str) -> str:
    """Return a whole number as an exponent."""
    return number.translate(_SUPERSCRIPTS)


def unit(units: str) -> str:
    """Return a unit as it is printed: nothing for 1, exponents raised."""
    names = {"1": "", "degree": "°", "um": "µm"}
    if units in names:
        return names[units]
    return re.sub(r"(?<=[a-z])-?\d+", lambda m: raised(m.group()), units)
