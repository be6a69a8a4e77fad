"""Plug-ins that are trained here: linear models of what is measured in images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from aquatic.errors import AquaticError
from witoil.files import filling
from witoil.plugins.card import MEASURES, NAME, Preprocessing, parse_card
from witoil.plugins.errors import PluginError
from witoil.plugins.images import SUFFIXES
from witoil.plugins.weights import pinned

MODEL = "model.onnx"


def train_measured(
    images: Path, folder: Path, *, name: str, licence: str, version: str = "1"
) -> dict[str, Any]:
    """Train a plug-in of the task ``measure-classify``, and write it.

    Parameters
    ----------
    images : Path
        With a folder for each class, named as it.
    folder : Path
        Takes ``card.toml`` and the model; there must be none yet.
    name, version : str
        Of the plug-in.
    licence : str
        Of the weights, as that of the images allows.

    Returns
    -------
    dict
        ``macro_f1`` of a cross-validation in five parts, ``images`` of each class, and
        ``left_out``: images in which nothing was found, that cannot be read, or are there twice.

    Raises
    ------
    PluginError
        Where there are too few images, or the name is none.
    """
    import numpy as np

    from aquatic.plankton.training import FOLDS, cross_validated, macro_f1, train

    if folder.exists():
        raise PluginError(f"{folder}: is there already; expected a new folder for the plug-in")
    how = Preprocessing(kind="image", measures=MEASURES, background="otsu")
    rows, labels, left_out = _measured(images, how)
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(MEASURES))
    try:
        score = macro_f1(labels, cross_validated(values, labels))
        model = train(values, labels)
    except AquaticError as error:
        raise PluginError(f"{images}: {error}") from None
    counts = {each: labels.count(each) for each in model.classes}
    document = {
        "model": {
            "id": name,
            "version": version,
            "task": "measure-classify",
            "title": f"{len(counts)} classes by size, shape and grey",
            "licence_code": "Apache-2.0",
            "licence_weights": licence,
        },
        "input": {
            "kind": "image",
            "measures": list(MEASURES),
            "background": "otsu",
            "mean": model.mean.tolist(),
            "std": model.std.tolist(),
        },
        "output": {"format": "logits", "labels": list(model.classes)},
        "training": {"dataset": images.name, "images": len(labels)},
        "metrics": [
            {
                "name": "macro_f1",
                "value": round(score, 4),
                "dataset": f"{images.name}, {FOLDS} parts, each left out once",
            }
        ],
    }
    parse_card(document, "card")  # before anything is written
    with filling(folder) as room:
        (room / MODEL).write_bytes(model.onnx())
        text = _toml(document) + "\n" + pinned(room / MODEL).strip() + "\n"
        (room / NAME).write_text(text, encoding="utf-8")
    return {"macro_f1": score, "images": counts, "left_out": left_out}


def _measured(images: Path, how: Preprocessing) -> tuple[list[list[float]], list[str], list[str]]:
    """Return what is measured in each image, its class, and what was left out."""
    from aquatic.plankton.measures import measured
    from witoil.plugins.heads.measure import thing_in
    from witoil.plugins.images import read_photo

    if not images.is_dir():
        raise PluginError(f"{images}: is no folder; expected one with a folder for each class")
    rows, labels, left_out = [], [], []
    seen: dict[Any, Path] = {}
    for path in sorted(images.glob("*/*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            photo = read_photo(path)
            found = thing_in(photo, how)
        except PluginError as error:
            left_out.append(str(error))
            continue
        # in two parts of the cross-validation, one would tell the other
        first = seen.setdefault((photo.size, sha256(photo.pixels.tobytes()).digest()), path)
        if first != path:
            left_out.append(f"{path}: is the same image as {first}")
            continue
        if found is None:
            left_out.append(f"{path}: nothing is darker than the background")
            continue
        rows.append([*measured(found[0], how.measures).values()])
        labels.append(path.parent.name)
    return rows, labels, left_out


def _toml(document: dict[str, Any]) -> str:
    """Return a document of tables, and of lists of tables, as TOML."""
    lines = []
    for title, table in document.items():
        tables: Sequence[dict[str, Any]] = table if isinstance(table, list) else [table]
        head = f"[[{title}]]" if isinstance(table, list) else f"[{title}]"
        for each in tables:
            lines += [head, *(f"{key} = {_value(value)}" for key, value in each.items()), ""]
    return "\n".join(lines)


def _value(value: Any) -> str:
    # the escapes of JSON are those of TOML but for one
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
