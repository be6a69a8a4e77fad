"""A model as the hub of AI4EOSC lists it: metadata of version 2, generated from its card.

The schema is that of the package ai4-metadata, which checks it (``ai4-metadata validate``).
"""

from __future__ import annotations

from typing import Any

from witoil.plugins.card import Card
from witoil.plugins.errors import PluginError

VERSION = "2.3.0"

_TASKS = {
    "audio": ["Classification", "Time Series"],
    "image": ["Computer Vision"],
    "raster": ["Computer Vision"],
    "video": ["Computer Vision"],
}
_DATA = {"audio": ["Audio"], "image": ["Image"], "raster": ["Image"], "video": ["Video"]}
_REGRESSES = ("raster-regress", "video-score")
_SORTS = ("image-classify", "tile-classify", "pixel-classify", "measure-classify", "audio-classify")


def metadata_of(card: Card, *, can_be_trained: bool = False) -> dict[str, Any]:
    """Return the metadata of a model.

    Parameters
    ----------
    card : Card
    can_be_trained : bool
        Whether it can be trained by the service.

    Raises
    ------
    PluginError
        Where the card does not say where the code is, without which there are none.
    """
    model = card.model
    if model.homepage is None:
        raise PluginError(f"{model.id}: model.source: found none, expected the address of its code")
    title = model.title or model.id
    links = {"source_code": model.homepage}
    if card.weights is not None and card.weights.uri.startswith("https://"):
        links["weights"] = card.weights.uri
    if model.doi is not None:
        links["citation"] = f"https://doi.org/{model.doi}"
    if card.training.doi is not None:
        links["dataset"] = f"https://doi.org/{card.training.doi}"
    if (model.base_model or "").startswith("https://"):
        links["base_model"] = str(model.base_model)
    found: dict[str, Any] = {
        "metadata_version": VERSION,
        "title": title,
        "summary": (model.description or title).splitlines()[0],
        "description": _description(card),
        "links": links,
        "libraries": ["Other"],
        "tasks": _tasks(card),
        "categories": ["AI4 inference", "AI4 pre trained"]
        + (["AI4 trainable"] if can_be_trained else []),
        "tags": list(dict.fromkeys([model.task, card.input.kind, *_labels(card)])),
        "data-type": _DATA.get(card.input.kind, ["Other"]),
    }
    return found | ({"doi": model.doi} if model.doi else {})


def as_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML, in the order that it has."""
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))


def _description(card: Card) -> str:
    model = card.model
    lines = [
        model.description or model.title or model.id,
        f"Task: {model.task}. Version: {model.version}. Licence of the code: "
        f"{model.licence_code}; of the weights: {model.licence_weights}.",
    ]
    lines += [f"{it.name}: {it.value:g} ({it.dataset})".replace(" ()", "") for it in card.metrics]
    return "\n\n".join(lines)


def _tasks(card: Card) -> list[str]:
    more = []
    if card.model.task in _SORTS:
        more.append("Classification")
    if card.model.task in _REGRESSES:
        more.append("Regression")
    return list(dict.fromkeys([*_TASKS.get(card.input.kind, ["Other"]), *more]))


def _labels(card: Card) -> list[str]:
    return [label.name for label in card.labels[:20] if not label.background]
