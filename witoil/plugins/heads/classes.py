"""What a head makes of numbers for classes: probabilities, a label, the best few."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from witoil.plugins.card import Card
from witoil.plugins.errors import PluginError

Floats = npt.NDArray[np.float32]

_ROUNDING = 1e-3


def probabilities(values: Floats, card: Card, axis: int = -1) -> Floats:
    """Return probabilities of what a model put out.

    Parameters
    ----------
    values : numpy.ndarray
        With the classes along one axis.
    card : Card
        Says whether they are probabilities already.
    axis : int

    Raises
    ------
    PluginError
        Where there are not as many classes as labels, or what should be a probability is none.
    """
    refuse_other_classes(values.shape[axis] if values.ndim else 0, card)
    if card.output.format in ("probs", "prob-map"):
        outside = values[(values < -_ROUNDING) | (values > 1.0 + _ROUNDING)]
        if outside.size:
            raise PluginError(
                f"{card.model.id}: the model gave {outside[0]:.3g}, which is no probability; "
                'expected format = "logits" in its card, or values of 0 to 1'
            )
        return values
    if card.output.activation == "sigmoid":
        return sigmoid(values)
    raised = np.exp(values - values.max(axis=axis, keepdims=True))
    found: Floats = raised / raised.sum(axis=axis, keepdims=True)
    return found


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function, without an overflow."""
    smaller = np.exp(-np.abs(values))
    found: Floats = (np.where(values >= 0.0, 1.0, smaller) / (1.0 + smaller)).astype(np.float32)
    return found


def refuse_other_classes(count: int, card: Card) -> None:
    """Refuse a model that has not as many classes as its card has labels."""
    if count != len(card.labels):
        raise PluginError(
            f"{card.model.id}: the model has {count} classes, but its card {len(card.labels)} "
            "labels; expected as many"
        )


def refuse_other_shape(values: Floats, dimensions: int, card: Card) -> None:
    """Refuse an output that has not as many axes as the format has."""
    if values.ndim != dimensions:
        raise PluginError(
            f"{card.model.id}: the model put out the shape {values.shape}, expected {dimensions} "
            f'axes for format = "{card.output.format}"'
        )


def best(scores: Floats, card: Card) -> tuple[str | None, float, dict[str, Any]]:
    """Return the label of the best class, its score, and what else is said of it.

    Parameters
    ----------
    scores : numpy.ndarray
        (classes,). Scores of classes that have one name, as clusters of a species, are added.
    card : Card
        With how many to name and below which score there is no label.
    """
    merged: dict[str, float] = {}
    for each, part in zip(card.labels, scores.tolist(), strict=True):
        merged[each.name] = merged.get(each.name, 0.0) + part
    order = sorted(merged, key=lambda name: -merged[name])[: card.output.topk]
    label, score = order[0], merged[order[0]]
    properties: dict[str, Any] = {}
    if len(order) > 1:
        properties["scores"] = {name: merged[name] for name in order}
    if score < card.output.abstain:
        return None, score, properties | {"abstained_from": label}
    return label, score, properties | properties_of(label, card)


def properties_of(name: str, card: Card) -> dict[str, Any]:
    """Return what the card has of a label beside its name."""
    label = next(it for it in card.labels if it.name == name)
    known = {"aphia_id": label.aphia_id, "colour": label.colour, "group": label.group}
    return {key: value for key, value in known.items() if value is not None}
