"""What modules of the programme answer, in the one form that results have.

DEEPaaS says nothing of what is in an answer. The forms that are known are those of its YOLO family
(a list for each image, or frame, of what Ultralytics writes), of EyeOnWater, of planktonclas and of
ZooProcess; another one is kept as it is, and said to be of no known form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shapely import Polygon, box, make_valid, union_all
from shapely.geometry.base import BaseGeometry

from witoil.plugins.envelope import Feature, Findings

_UNKNOWN = "the answer has a form that is not known: it is kept as it is, nothing is on the map"


class _OtherFormError(Exception):
    """An answer that is not of the form that was tried."""


def findings_of(answer: Any) -> Findings:
    """Return what an answer says was found in a file; pixels count from its upper left corner."""
    for read in _FORMS:
        try:
            return Findings(list(read(answer)))
        except (_OtherFormError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            continue
    return Findings([Feature(properties={"answer": answer})], remarks=[_UNKNOWN])


def _detections(answer: Any) -> Iterator[Feature]:
    """Yield boxes of Ultralytics, in a list for each frame."""
    if not _is_list_of(answer, list):
        raise _OtherFormError
    for frame, found in enumerate(answer):
        for each in found:
            yield Feature(
                str(each["name"]),
                _score(each["confidence"]),
                _outline(each),
                frame=frame,
                properties={"class": each["class"]} if "class" in each else {},
            )


def _outline(each: Mapping[str, Any]) -> BaseGeometry:
    """Return the outline of a thing, where it has one, else its box, turned or not."""
    segments = each.get("segments")
    if segments and len(segments["x"]) >= 3:
        return _whole(Polygon(_points(segments["x"], segments["y"])))
    corners = each["box"]
    if "x3" in corners:
        numbers = range(1, 5)
        points = _points([corners[f"x{k}"] for k in numbers], [corners[f"y{k}"] for k in numbers])
        return _whole(Polygon(points))
    (left, top), (right, bottom) = _points(
        (corners["x1"], corners["x2"]), (corners["y1"], corners["y2"])
    )
    return _whole(box(left, top, right, bottom))


def _whole(outline: Polygon) -> BaseGeometry:
    """Return an outline, mended where it crosses itself; its areas alone, where it has any."""
    mended = make_valid(outline)
    areas = [it for it in getattr(mended, "geoms", [mended]) if it.area > 0.0]
    return union_all(areas) if areas else mended


def _points(x: Any, y: Any) -> list[tuple[float, float]]:
    points = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    if not all(math.isfinite(value) for point in points for value in point):
        raise _OtherFormError
    return points


def _of_names(answer: Any) -> Iterator[Feature]:
    """Yield classes out of lists side by side, the best ones of each file."""
    names = (answer["pred_lab"], answer["pred_prob"], answer.get("aphia_ids"))
    labels, scores, aphia = names
    for number, (label, score) in enumerate(zip(labels, scores, strict=True)):
        best = dict(zip(map(str, label), map(_score, score), strict=True))
        properties: dict[str, Any] = {"scores": best}
        if aphia:
            properties["aphia_id"] = aphia[number][0] if _is_list(aphia[number]) else aphia[number]
        yield Feature(str(label[0]), _score(score[0]), properties=properties)


def _of_eyeonwater(answer: Any) -> Iterator[Feature]:
    """Yield one class for each file."""
    for each in answer["predictions"]:
        yield Feature(str(each["class_name"]), _score(each["confidence"]))


def _of_top(answer: Any) -> Iterator[Feature]:
    """Yield the best class of each file of Ultralytics' classifier."""
    if not _is_list_of(answer, dict) or not answer:
        raise _OtherFormError
    for each in answer:
        scores = {str(name): _score(value) for name, value in each["top5_prediction"].items()}
        label = max(scores, key=lambda name: scores[name])
        yield Feature(label, scores[label], properties={"scores": scores})


def _of_scores(answer: Any) -> Iterator[Feature]:
    """Yield a score for each name: how likely a vignette has several things, of ZooProcess."""
    if {*answer} != {"names", "scores"}:
        raise _OtherFormError
    for name, score in zip(answer["names"], answer["scores"], strict=True):
        yield Feature(None, _score(score), properties={"name": str(name)})


_FORMS: tuple[Callable[[Any], Iterator[Feature]], ...] = (
    _detections,
    _of_names,
    _of_eyeonwater,
    _of_top,
    _of_scores,
)


def _score(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not 0.0 <= number <= 1.0:
        raise _OtherFormError
    return number


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(it, kind) for it in value)
