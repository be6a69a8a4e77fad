"""Boxes of one thing in the frames of a film, joined, so that it is counted once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import shapely

from witoil.plugins.envelope import Feature, Series

LEAST_IOU = 0.3
PATIENCE = 2
"""Frames in which a thing may be hidden."""


@dataclasses.dataclass
class _Seen:
    """The last that was seen of a thing."""

    number: int
    feature: Feature


def tracked(features: Sequence[Feature]) -> tuple[list[Feature], list[Series]]:
    """Return features with the property ``track``, and how many things of each label there are.

    Parameters
    ----------
    features : sequence of Feature
        With polygons in pixels, by rising frames.

    Notes
    -----
    From frame to frame things of one label are matched so that the sum of their intersections over
    unions is largest (Kuhn 1955), each of them `LEAST_IOU` at least; what is not seen in more than
    `PATIENCE` frames and comes back is another thing.
    """
    known: list[_Seen] = []
    found: list[Feature] = []
    count = 0
    for frame in sorted({feature.frame for feature in features}):
        now = [feature for feature in features if feature.frame == frame]
        known = [it for it in known if frame - it.feature.frame <= PATIENCE + 1]
        numbers = _matched(known, now)
        for k, feature in enumerate(now):
            if k not in numbers:
                numbers[k] = count
                count += 1
            seen = _Seen(numbers[k], feature)
            known = [it for it in known if it.number != seen.number] + [seen]
            properties = {**feature.properties, "track": seen.number}
            found.append(dataclasses.replace(feature, properties=properties))
    labels = sorted({str(feature.label) for feature in features})
    counts = [
        len({it.properties["track"] for it in found if str(it.label) == label}) for label in labels
    ]
    series = [
        Series(f"tracks of {label}", [float(n)]) for label, n in zip(labels, counts, strict=True)
    ]
    return found, series


def _matched(known: Sequence[_Seen], now: Sequence[Feature]) -> dict[int, int]:
    """Return the number of the thing that each feature of a frame is, by its place in the frame."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.array(
        [[_iou(it.feature, feature) for feature in now] for it in known], dtype=np.float64
    ).reshape(len(known), len(now))
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return {
        int(k): known[row].number
        for row, k in zip(rows.tolist(), columns.tolist(), strict=True)
        if overlap[row, k] >= LEAST_IOU
    }


def _iou(one: Feature, other: Feature) -> float:
    if one.label != other.label or one.pixel is None or other.pixel is None:
        return 0.0
    both = shapely.intersection(one.pixel, other.pixel).area
    either = one.pixel.area + other.pixel.area - both
    return float(both / either) if either > 0.0 else 0.0
