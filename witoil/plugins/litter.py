"""What predictions of litter come to: totals, categories of a list, faces that are made black."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.files import read_json, replacing, write_text
from witoil.plugins.csv_tables import read_rows
from witoil.plugins.errors import PluginError, told_by

if TYPE_CHECKING:
    from witoil.plugins.card import Card

HIGH, LOW, ORGANIC = "Litter-high", "Litter-low", "Organic debris"
_KINDS = ("P - ", "NP - ", "NW - ")
"""How names of kinds begin: plastic, other litter, none."""

_GROWTH = 0.1


def litter_totals(
    envelopes: Sequence[Path], path: Path, *, gsd_cm: float, codes: Path | None = None
) -> dict[str, Any]:
    """Write how much litter was found in photos, a row for each and one for all.

    Parameters
    ----------
    envelopes : sequence of Path
        ``NAME.json`` of predictions of squares.
    path : Path
        CSV that is written.
    gsd_cm : float
        Side of a pixel on the ground. [cm]
    codes : Path, optional
        CSV with ``label`` and ``code``, in place of the Joint List; several rows of one label are
        codes that it may be.

    Returns
    -------
    dict
        ``total``, and ``codes``: for each class that is litter of a kind, its code and why it has
        none.

    Raises
    ------
    PluginError
    """
    from aquatic.litter import J_LIST, litter_in, translated

    listed = J_LIST if codes is None else _read_codes(codes)
    counted = {envelope: _labels(envelope) for envelope in envelopes}
    whole: Counter[str] = sum(counted.values(), Counter())
    _refuse_foreign(whole, listed)
    rows = []
    for name, found in [(it.name, found) for it, found in counted.items()] + [("all", whole)]:
        with told_by(Path(name)):
            litter = litter_in(found[HIGH], found[LOW], found[ORGANIC], gsd_cm=gsd_cm)
        rows.append({"file": name, **asdict(litter)})
    kinds = sorted(it for it in whole if it.startswith(_KINDS[:2]) or it in listed)
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())
    translations = [(it, whole[it], *translated(it, listed)) for it in kinds]
    return {"total": rows[-1], "codes": translations}


def _refuse_foreign(found: Mapping[str, int], listed: Mapping[str, Any]) -> None:
    """Refuse what other models have found: there would be no litter, whatever they saw."""
    squares = [it.name for it in _card_of_squares().labels]
    if found and not any(it in squares or it in listed or it.startswith(_KINDS) for it in found):
        raise PluginError(
            f"found {', '.join(sorted(found)[:5])}, expected squares of litter-detection "
            f"({', '.join(squares)}) or kinds of litter"
        )


def _card_of_squares() -> Card:
    from witoil.plugins.registry import plugin_named

    card = plugin_named("litter-detection").card
    assert card is not None  # one of our own
    return card


def _labels(envelope: Path) -> Counter[str]:
    """Return how many squares have each label."""
    features = _features(envelope)
    return Counter(str(it["properties"]["label"]) for it in features if it["properties"]["label"])


def _features(envelope: Path) -> list[dict[str, Any]]:
    try:
        document = read_json(envelope)
        features: list[dict[str, Any]] = document["features"]
        for feature in features:
            _ = feature["properties"]["label"], feature["properties"]["pixel"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PluginError(
            f"{envelope}: {type(error).__name__}: {error}; expected what `witoil predict --to "
            "json` writes"
        ) from None
    return features


def _read_codes(path: Path) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in read_rows(path, ("label", "code")):
        label, code = row["label"].strip(), row["code"].strip()
        found[label] = (*found.get(label, ()), code) if code else found.get(label, ())
    return found


def black_out(
    images: Sequence[Path], envelopes: Path, folder: Path, *, label: str
) -> dict[str, Any]:
    """Write images in which boxes of a label are black, as faces of people.

    Parameters
    ----------
    images : sequence of Path
    envelopes : Path
        Folder with ``NAME.json`` for each, as a prediction writes it.
    folder : Path
        Takes an image for each, a PNG that is upright and has no EXIF, under its name.
    label : str
        Of what is made black; boxes are a tenth larger on each side.

    Returns
    -------
    dict
        ``images`` and ``boxes``, how many, and ``remarks``.

    Raises
    ------
    PluginError
        Where an image was not looked at, or what was found is written in another way, before
        anything is written.
    """
    from shapely.geometry import shape

    from witoil.plugins.images import read_photo

    wanted = {image: envelopes / f"{image.name}.json" for image in images}
    for image, envelope in wanted.items():
        if not envelope.is_file():
            raise PluginError(
                f"{image}: {envelope} is not there; expected a prediction of it, or {label} would "
                "stay"
            )
    names = Counter(f"{image.stem}.png" for image in images)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise PluginError(f"found two images for {twice[0]}, expected names that differ")
    found = {image: _features(envelope) for image, envelope in wanted.items()}
    remarks = _labels_beside(label, found.values())
    boxes = 0
    folder.mkdir(parents=True, exist_ok=True)
    for image, features in found.items():
        pixels = read_photo(image).pixels.copy()
        for feature in features:
            if feature["properties"]["label"] != label:
                continue
            if feature["properties"]["pixel"] is None:
                raise PluginError(f"{image}: found {label} without a place, expected boxes")
            left, top, right, bottom = shape(feature["properties"]["pixel"]).bounds
            wide, high = _GROWTH * (right - left), _GROWTH * (bottom - top)
            rows = slice(max(0, int(top - high)), int(bottom + high) + 1)
            pixels[rows, max(0, int(left - wide)) : int(right + wide) + 1] = 0
            boxes += 1
        _save(pixels, folder / f"{image.stem}.png")
    return {"images": len(images), "boxes": boxes, "remarks": remarks}


def _labels_beside(label: str, found: Iterable[list[dict[str, Any]]]) -> list[str]:
    """Return what is to be said where nothing has a label, but things have others."""
    others = {str(it["properties"]["label"]) for features in found for it in features}
    if label in others or not others:
        return []
    alike = [it for it in sorted(others) if it.casefold() == label.casefold()]
    if alike:
        raise PluginError(f"label: found {label}, expected {alike[0]} as the model calls it")
    return [f"nothing is called {label}, but {', '.join(sorted(others)[:5])}: nothing is black"]


def _save(pixels: Any, path: Path) -> None:
    from PIL import Image

    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, "PNG")
