"""Plug-ins of several sites with one card ─▶ one plug-in whose weights are their mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aquatic.errors import AquaticError
from witoil.files import filling
from witoil.plugins.card import NAME, Card
from witoil.plugins.errors import PluginError
from witoil.plugins.pins import known_weights
from witoil.plugins.registry import open_folder
from witoil.plugins.weights import parsed, pinned_table, read_weights, weights_path

_OWN = ("weights", "training", "metrics", "drift", "ood")
"""Tables of a card that sites may have otherwise."""


def average_plugins(
    folders: Sequence[Path], out: Path, samples: Sequence[int] | None = None
) -> dict[str, Any]:
    """Write a plug-in whose weights are the mean of those of others.

    Parameters
    ----------
    folders : sequence of Path
        Of plug-ins: a card and an ONNX file each. The cards are the same but for weights, training
        and metrics.
    out : Path
        Folder to write, not there yet.
    samples : sequence of int, optional
        How many each was trained on. Default: ``training.images`` of each card.

    Returns
    -------
    dict
        ``model``, ``samples`` of each, how many ``tensors`` were averaged, and ``remarks``.

    Raises
    ------
    PluginError
        Where a plug-in is broken, cards or models differ, or a count is missing.
    """
    cards = [_card(folder) for folder in folders]
    counts = _counts(folders, cards, samples)
    for folder, card in zip(folders[1:], cards[1:], strict=True):
        _refuse_other_card(folders[0], cards[0], folder, card)
    models = [_model(folder, card) for folder, card in zip(folders, cards, strict=True)]
    averaged, tensors = _averaged(folders, models, counts)
    if out.exists():
        raise PluginError(f"{out}: is there already, expected a new folder")
    remarks = []
    if any(card.metrics or card.drift or card.ood for card in cards):
        remarks.append(
            "metrics, drift and ood of the sites were left out: they are not those of the mean"
        )
    if any(node.op_type == "BatchNormalization" for node in averaged.graph.node):
        remarks.append(
            "has batch normalisation, whose running means and variances were averaged, too: try it"
        )
    _write(out, cards[0], averaged.SerializeToString(), sum(counts))
    return {
        "model": cards[0].model.id,
        "samples": list(counts),
        "tensors": tensors,
        "remarks": remarks,
    }


def _card(folder: Path) -> Card:
    plugin = open_folder(folder)
    if plugin.card is None:
        raise PluginError(plugin.fault or f"{folder}: has no card")
    return plugin.card


def _counts(
    folders: Sequence[Path], cards: Sequence[Card], samples: Sequence[int] | None
) -> list[int]:
    if samples is not None:
        if len(samples) != len(folders):
            raise PluginError(
                f"found {len(samples)} counts of samples for {len(folders)} plug-ins, expected as "
                "many"
            )
        return list(samples)
    counts = [card.training.images for card in cards]
    for folder, count in zip(folders, counts, strict=True):
        if not count:
            raise PluginError(
                f"{folder / NAME}: training.images: found none, expected how many the model was "
                "trained on, there or by --samples"
            )
    return [int(count or 0) for count in counts]


def _refuse_other_card(first: Path, one: Card, folder: Path, other: Card) -> None:
    ours, theirs = (
        {key: value for key, value in card.model_dump().items() if key not in _OWN}
        for card in (one, other)
    )
    for key in ours:
        if ours[key] != theirs[key]:
            raise PluginError(
                f"{folder / NAME}: {key}: differs from {first / NAME}; expected one card, "
                "so that the models do the same"
            )


def _model(folder: Path, card: Card) -> Any:
    assert card.weights is not None  # or the folder would be refused
    weights = known_weights(card.weights, folder)
    path = weights_path(folder, weights.file)
    return parsed(read_weights(weights, path), path)


def _averaged(
    folders: Sequence[Path], models: Sequence[Any], counts: Sequence[int]
) -> tuple[Any, int]:
    """Return the first model with the mean of all tensors, and how many differed."""
    from onnx import numpy_helper

    from aquatic.averaging import average

    tensors = [
        {name: numpy_helper.to_array(tensor) for name, tensor in _named(model)} for model in models
    ]
    try:
        means = average(tensors, counts)
    except AquaticError as error:
        names = ", ".join(str(folder) for folder in folders)
        raise PluginError(f"{names}: {error}") from error
    for model in models:
        for name, tensor in _named(model):
            tensor.CopyFrom(numpy_helper.from_array(means[name], tensor.name))
    for folder, model in zip(folders[1:], models[1:], strict=True):
        if model.graph.SerializeToString() != models[0].graph.SerializeToString():
            raise PluginError(
                f"{folder}: has another graph than {folders[0]}; expected models of one program"
            )
    differed = sum(means[name] is not tensors[0][name] for name in means)
    return models[0], differed


def _named(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the tensors of a model with a name each: initializers, and constants of nodes."""
    yield from ((it.name, it) for it in model.graph.initializer)
    for k, node in enumerate(model.graph.node):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield f"{node.name or node.op_type} {k} {attribute.name}", attribute.t


def _write(out: Path, card: Card, content: bytes, samples: int) -> None:
    import tomli_w

    document = card.model_dump(mode="json", exclude_none=True, exclude_unset=True, by_alias=True)
    for key in ("metrics", "drift", "ood"):
        document.pop(key, None)
    document["weights"] = pinned_table("model.onnx", content)
    document["training"] = document.get("training", {}) | {"images": samples}
    if card.labels:
        document["output"].pop("labels", None)
        document["labels"] = [
            it.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            for it in card.labels
        ]
    with filling(out) as folder:
        (folder / "model.onnx").write_bytes(content)
        (folder / NAME).write_text(tomli_w.dumps(document), encoding="utf-8")
