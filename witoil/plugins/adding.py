"""A plug-in put among the others: tried first, and there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalog.files.archives import unpack
from catalog.files.scratch import scratch_folder
from witoil.claim import part_name
from witoil.errors import OutputError
from witoil.plugins.card import NAME, Card, read_card
from witoil.plugins.errors import PluginError
from witoil.plugins.fetching import fetch
from witoil.plugins.prediction import session_of
from witoil.plugins.registry import VARIABLE, Plugin, namesake, open_folder
from witoil.plugins.sessions import Sessions
from witoil.plugins.weights import read_arrays, weights_path

_TEXTS = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "README", "CITATION")
"""Starts of the names of texts that go with a plug-in."""


@dataclass(frozen=True)
class Added:
    """A plug-in that was added.

    Attributes
    ----------
    plugin : Plugin
    left_out : sequence of str
        Files that lay beside it, which its card does not name.
    """

    plugin: Plugin
    left_out: Sequence[str]


def add_plugin(place: Path, into: Path | None = None, *, force: bool = False) -> Added:
    """Put a plug-in among those that are found, after its model was loaded.

    Parameters
    ----------
    place : Path
        A folder with a card, or a zip of one.
    into : Path, optional
        Folder of plug-ins, made where it does not exist. Default: the first one that
        ``WITOIL_PLUGIN_PATH`` names.
    force : bool
        Replace the plug-in that has its name there.

    Raises
    ------
    PluginError
        Where it is broken, or another plug-in has its name.
    CatalogError
        Where the zip is damaged, leads out of itself or unpacks to too much, or weights that the
        card names by URL cannot be had.
    OutputError
        Where it cannot be written.
    """
    folder = into or first_folder()
    with _as_folder(place) as found:
        card = read_card(found / NAME)
        target = folder / card.model.id
        _refuse_taken(card, target, force=force)
        try:
            return _copied(found, card, target)
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(
                f"{target}: could not be written ({error.strerror or error}); expected a folder "
                "that can be, with room on its disk"
            ) from error


def first_folder() -> Path:
    """Return the folder that plug-ins are put into.

    Raises
    ------
    PluginError
        Where none is named, or the first is a plug-in itself.
    """
    names = [name for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name]
    if not names:
        raise PluginError(
            f"{VARIABLE}: found no folder of plug-ins; expected one there, or by --into DIR"
        )
    folder = Path(names[0])
    if (folder / NAME).is_file():
        raise PluginError(
            f"{folder}: is a plug-in itself, the first that {VARIABLE} names; expected a folder of "
            "plug-ins by --into DIR"
        )
    return folder


@contextmanager
def _as_folder(place: Path) -> Iterator[Path]:
    """Give the folder with the card."""
    if place.is_dir():
        yield _with_card(place, place)
        return
    if place.suffix.lower() != ".zip" or not place.is_file():
        raise PluginError(f"{place}: is no folder and no zip; expected one with a {NAME}")
    with scratch_folder() as scratch:
        unpack(place, scratch)
        yield _with_card(scratch, place)


def _with_card(folder: Path, place: Path) -> Path:
    """Return a folder, or the one within it that has a card, as zips have it."""
    if (folder / NAME).is_file():
        return folder
    within = sorted(path.parent for path in folder.glob(f"*/{NAME}"))
    if len(within) != 1:
        count = f"{len(within)} folders with one" if within else "none"
        raise PluginError(f"{place}: has no {NAME}, and {count} in it; expected one plug-in")
    return within[0]


def _refuse_taken(card: Card, target: Path, *, force: bool) -> None:
    name = card.model.id
    if target.exists() and not force:
        raise PluginError(f"{target}: is there already; expected another id, or --force")
    other = namesake(name, target)
    if other is not None:
        raise PluginError(
            f"{name}: is the id of {other.place}, too; expected another id in the card"
        )


def _copied(found: Path, card: Card, target: Path) -> Added:
    """Copy a plug-in beside its place, try it there, and rename it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # hidden, and so not found by others until it is whole
    staging = target.parent / f".{target.name}.{part_name('')}"
    try:
        staging.mkdir()
        left_out = _copy(found, card, staging)
        _try(open_folder(staging))
        _put(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Added(open_folder(target), left_out)


def _copy(found: Path, card: Card, staging: Path) -> list[str]:
    """Copy what a card names, and texts; return the rest."""
    weights = card.weights
    named = {NAME, *(it.file for it in (card.drift, card.ood) if it is not None)}
    if weights is not None:
        named |= {weights.file, *(it.uri for it in weights.external)}
    left_out = []
    for path in sorted(path for path in found.rglob("*") if not path.is_dir()):
        name = path.relative_to(found).as_posix()
        if name not in named and not name.upper().startswith(_TEXTS):
            left_out.append(name)
            continue
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(weights_path(found, name), staging / name)
    return left_out


def _try(plugin: Plugin) -> None:
    """Load the model of a plug-in, fetched where it has to be, and all that its card names."""
    if plugin.card is None or plugin.card.weights is None or plugin.folder is None:
        raise PluginError(plugin.fault or f"{plugin.place}: cannot be used")
    weights = plugin.card.weights
    if weights.uri != weights.file:
        fetch(plugin)
    session_of(plugin, Sessions())
    if plugin.card.drift is not None:
        read_arrays(plugin.card.drift, plugin.folder)


def _put(staging: Path, target: Path) -> None:
    """Rename a folder, and remove the one that it replaces."""
    before = target.parent / f".{target.name}.{part_name('')}"
    if target.exists():
        target.rename(before)
    try:
        staging.rename(target)
    except OSError:
        if before.exists():
            before.rename(target)
        raise
    shutil.rmtree(before, ignore_errors=True)
