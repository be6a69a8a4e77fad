"""Annotations of many people on the same images made one of each thing: boxes, then groups of them.

A citizen draws a line along an animal, a point on it or a box about it, and so do others: what they
draw of one animal overlaps.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aquatic.errors import AquaticError

_STRAIGHT_DEGREES = 18.0
"""Angle to an axis of the image below which the box of a line is too thin. [degrees]"""


@dataclass(frozen=True)
class Box:
    """A box of an image, from its upper left corner. [pixel]."""

    xmin: float
    xmax: float
    ymin: float
    ymax: float

    @property
    def area(self) -> float:
        """[pixel2]."""
        return (self.xmax - self.xmin) * (self.ymax - self.ymin)

    def shared(self, other: Box) -> float:
        """Return the area that it has in common with another. [pixel2]."""
        width = min(self.xmax, other.xmax) - max(self.xmin, other.xmin)
        height = min(self.ymax, other.ymax) - max(self.ymin, other.ymin)
        return max(0.0, width) * max(0.0, height)

    def grown(self, x: float, y: float, size: tuple[float, float]) -> Box:
        """Return a box with room on each side, within an image of a width and height."""
        width, height = size
        return Box(
            min(max(0.0, self.xmin - x), width),
            max(min(width, self.xmax + x), 0.0),
            min(max(0.0, self.ymin - y), height),
            max(min(height, self.ymax + y), 0.0),
        )


def iou(one: Box, other: Box) -> float:
    """Return what two boxes have in common, of what they cover together."""
    shared = one.shared(other)
    return shared / (one.area + other.area - shared) if shared else 0.0


def share_of_smaller(one: Box, other: Box) -> float:
    """Return what two boxes have in common, of the smaller one."""
    shared = one.shared(other)
    return shared / min(one.area, other.area) if shared else 0.0


def box_of_line(
    x1: float, y1: float, x2: float, y2: float, size: tuple[float, float], pad: float = 0.0
) -> Box:
    """Return the box of a line that was drawn along an animal.

    Parameters
    ----------
    x1, y1, x2, y2 : float
        Its ends. [pixel]
    size : tuple of float
        Width and height of the image, beyond which no box goes. [pixel]
    pad : float
        Room on each side. [pixel]

    Notes
    -----
    A line within 18 degrees of an axis of the image has a box that is thinner than an animal: half
    of its length is added on both sides of it.
    """
    length = math.hypot(x2 - x1, y2 - y1)
    angle = math.degrees(math.atan2(abs(y2 - y1), abs(x2 - x1)))
    lies, stands = angle < _STRAIGHT_DEGREES, angle > 90.0 - _STRAIGHT_DEGREES
    box = Box(min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2))
    return box.grown(
        pad + (length / 2.0 if stands else 0.0), pad + (length / 2.0 if lies else 0.0), size
    )


def box_of_point(x: float, y: float, size: tuple[float, float], pad: float = 1.0) -> Box:
    """Return the box about a point. [pixel]."""
    return Box(x, x, y, y).grown(pad, pad, size)


@dataclass(frozen=True)
class Annotation:
    """What one person drew.

    Attributes
    ----------
    image, species : str
    box : Box
    length : float
        Of the line; diagonal of a box. [pixel]
    """

    image: str
    species: str
    box: Box
    length: float


@dataclass(frozen=True)
class Group:
    """Annotations of one thing.

    Attributes
    ----------
    image, species : str
    box : Box
        About all of them.
    length : float
        The longest. [pixel]
    occurrences : int
        How many they are.
    """

    image: str
    species: str
    box: Box
    length: float
    occurrences: int


def united(
    annotations: Sequence[Annotation], *, least_iou: float = 0.6, least_share: float = 0.4
) -> list[Group]:
    """Return one group for each thing that was annotated.

    Parameters
    ----------
    annotations : sequence of Annotation
    least_iou : float
        Annotations of one species and image whose boxes have this in common are of one thing, and
        so are all that are linked by such pairs, in whatever order they come.
    least_share : float
        The boxes of these are of one thing where they have this share of the smaller one in common.

    Returns
    -------
    list of Group
        By image, species and place.

    Raises
    ------
    AquaticError
        Where a threshold is no share.
    """
    for name, value in (("least_iou", least_iou), ("least_share", least_share)):
        if not 0.0 < value <= 1.0:
            raise AquaticError(f"{name}: found {value:g}, expected more than 0, and 1 at most")
    by_place: dict[tuple[str, str], list[Annotation]] = {}
    for each in annotations:
        by_place.setdefault((each.image, each.species), []).append(each)
    found = []
    for members in by_place.values():
        single = [Group(it.image, it.species, it.box, it.length, 1) for it in members]
        first = _linked(single, lambda one, two: iou(one, two) >= least_iou)
        found += _linked(first, lambda one, two: share_of_smaller(one, two) >= least_share)
    return sorted(found, key=_place)


def _place(group: Group) -> tuple[Any, ...]:
    """Return what groups are sorted by, which no two have in common that are not of one thing."""
    box = group.box
    at = (box.xmin, box.ymin, box.xmax, box.ymax)
    return (group.image, group.species, *at, group.length, group.occurrences)


def _linked(groups: list[Group], are_one: Callable[[Box, Box], bool]) -> list[Group]:
    """Return groups of which all that are linked by pairs are one."""
    parents = list(range(len(groups)))

    def root(k: int) -> int:
        while parents[k] != k:
            parents[k] = parents[parents[k]]
            k = parents[k]
        return k

    # sorted by their left side, a box is compared with those that begin before it ends
    order = sorted(range(len(groups)), key=lambda k: groups[k].box.xmin)
    for place, k in enumerate(order):
        for other in order[place + 1 :]:
            if groups[other].box.xmin > groups[k].box.xmax:
                break
            if are_one(groups[k].box, groups[other].box):
                parents[root(k)] = root(other)
    members: dict[int, list[Group]] = {}
    for k, group in enumerate(groups):
        members.setdefault(root(k), []).append(group)
    return [_merged(each) for each in members.values()]


def _merged(groups: list[Group]) -> Group:
    boxes = [it.box for it in groups]
    whole = Box(
        min(it.xmin for it in boxes),
        max(it.xmax for it in boxes),
        min(it.ymin for it in boxes),
        max(it.ymax for it in boxes),
    )
    first = groups[0]
    longest = max(it.length for it in groups)
    return Group(first.image, first.species, whole, longest, sum(it.occurrences for it in groups))


def counts(groups: Sequence[Group]) -> dict[str, tuple[int, int]]:
    """Return, for each species, how many annotations there were and how many things."""
    before: Counter[str] = Counter()
    after = Counter(it.species for it in groups)
    for group in groups:
        before[group.species] += group.occurrences
    return {species: (before[species], after[species]) for species in sorted(before)}
