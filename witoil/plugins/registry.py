"""Which plug-ins there are: folders with a card, and packages that offer some.

A plug-in that is broken is listed with what is wrong, and keeps no other from being used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from witoil.plugins.card import NAME, Card, parse_card, read_card
from witoil.plugins.errors import PluginError
from witoil.plugins.hosted.record import RECORD
from witoil.plugins.pins import weights_folder

if TYPE_CHECKING:
    from witoil.plugins.envelope import Findings

VARIABLE = "WITOIL_PLUGIN_PATH"
GROUP = "witoil.plugins"


@runtime_checkable
class CodePlugin(Protocol):
    """What a package offers where no built-in step will do."""

    @property
    def card(self) -> Any:
        """A `Card`, or a dict as in ``card.toml``."""

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return what is found in a file."""


@dataclass(frozen=True)
class Plugin:
    """A plug-in that was found.

    Attributes
    ----------
    name : str
        Of the card; of the folder or entry point where the card cannot be read.
    place : str
        Folder, or the package and its entry point.
    card : Card or None
        None: see `fault`.
    fault : str or None
        What is wrong, in one line.
    folder : Path or None
        Of a plug-in that is data.
    code : CodePlugin or None
        Of one that is a program.
    weights_folder : Path or None
        Where the weights of one that is data are.
    """

    name: str
    place: str
    card: Card | None = None
    fault: str | None = None
    folder: Path | None = None
    code: CodePlugin | None = None
    weights_folder: Path | None = None


def find_plugins() -> list[Plugin]:
    """Return all plug-ins by their names: those of ``WITOIL_PLUGIN_PATH``, then those installed.

    One of ``WITOIL_PLUGIN_PATH`` stands in the place of one installed of its name, as with another
    size in its card. Where else two have one name, the second is listed as broken.
    """
    found: dict[str, Plugin] = {}
    broken = []
    of_folders = [*_of_folders()]
    own = {it.name for it in of_folders if it.fault is None}
    for plugin in (*of_folders, *(it for it in _of_packages() if it.name not in own)):
        if plugin.fault is not None:
            broken.append(plugin)
        elif plugin.name in found:
            other = found[plugin.name].place
            text = f'{plugin.place}: id: found "{plugin.name}", which {other} has; expected another'
            broken.append(Plugin(plugin.name, plugin.place, fault=text))
        else:
            found[plugin.name] = plugin
    return sorted([*found.values(), *broken], key=lambda it: (it.name, it.fault is not None))


def plugin_named(name: str, version: str | None = None) -> Plugin:
    """Return the plug-in of a name.

    Parameters
    ----------
    name : str
    version : str, optional
        That it has to have.

    Raises
    ------
    PluginError
        Where there is none, or it is broken.
    """
    plugins = find_plugins()
    named = next((it for it in plugins if it.name == name), None)
    if named is None:
        usable = ", ".join(it.name for it in plugins if it.fault is None) or "none"
        raise PluginError(
            f"found no plug-in {name!r}; expected one of: {usable} (folders of {VARIABLE}, and "
            "packages that are installed)"
        )
    if named.fault is not None or named.card is None:
        raise PluginError(named.fault or f"{named.place}: cannot be used")
    if version not in (None, named.card.model.version):
        raise PluginError(
            f"{name}: found the version {named.card.model.version}, expected {version}"
        )
    return named


def namesake(name: str, folder: Path) -> Plugin | None:
    """Return the plug-in elsewhere than in a folder that has a name; None: it is free there."""
    place = folder.resolve()
    others = (it for it in find_plugins() if it.name == name and it.fault is None)
    return next((it for it in others if Path(it.place).resolve() != place), None)


def code_stamp(plugin: Plugin) -> str:
    """Return what is another one where the modules of a plug-in that is a program have changed."""
    if plugin.code is None:
        return ""
    import hashlib
    import sys

    names = type(plugin.code).__module__, plugin.place.partition(":")[0]
    found = hashlib.sha256()
    for name in sorted({name.partition(".")[0] for name in names} & sys.modules.keys()):
        top = sys.modules[name]
        folders = [Path(each) for each in getattr(top, "__path__", ())]
        alone = [Path(top.__file__)] if top.__file__ else []
        for path in [it for each in folders for it in sorted(each.rglob("*.py"))] or alone:
            found.update(path.read_bytes())
    return found.hexdigest()


def open_folder(folder: Path, *, is_packed: bool = False) -> Plugin:
    """Return the plug-in of a folder with a card.

    Parameters
    ----------
    folder : Path
    is_packed : bool
        Whether it came with a package, where weights cannot be added to.
    """
    try:
        card = read_card(folder / NAME)
        if card.weights is None:
            raise PluginError(f"{folder / NAME}: weights: found none, expected [weights]")
    except PluginError as error:
        return Plugin(folder.name, str(folder), fault=str(error))
    weights_at = folder
    if is_packed and not (folder / card.weights.file).is_file():
        weights_at = weights_folder(card.model.id)
    return Plugin(card.model.id, str(folder), card, folder=folder, weights_folder=weights_at)


def open_hosted(folder: Path) -> Plugin:
    """Return the module of others that is hosted in a folder."""
    from witoil.plugins.hosted.module import HostedModule

    try:
        module = HostedModule.open(folder)
        card = module.card
    except PluginError as error:
        return Plugin(folder.name, str(folder), fault=str(error))
    return Plugin(card.model.id, str(folder), card, code=module)


def _of_folders() -> Iterator[Plugin]:
    for name in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        try:
            yield from _in_folder(Path(name))
        except OSError as error:
            text = f"{name}: {error.strerror}; expected a folder of plug-ins in {VARIABLE}"
            yield Plugin(Path(name).name, name, fault=text)


def _in_folder(folder: Path, *, is_packed: bool = False) -> Iterator[Plugin]:
    """Yield the plug-ins of a folder: itself where it is one, else those of its folders."""
    found = _of_folder(folder, is_packed=is_packed)
    if found is not None:
        yield found
        return
    for each in sorted(folder.iterdir()):
        # a hidden one is just being added
        found = None if each.name.startswith(".") else _of_folder(each, is_packed=is_packed)
        if found is not None:
            yield found


def _of_folder(folder: Path, *, is_packed: bool) -> Plugin | None:
    """Return the plug-in that a folder is; None where it is none."""
    if (folder / NAME).is_file():
        return open_folder(folder, is_packed=is_packed)
    return open_hosted(folder) if (folder / RECORD).is_file() else None


@cache
def _entries(path: tuple[str, ...]) -> tuple[tuple[EntryPoint, str], ...]:
    """Return the entry points of what is installed, and their packages.

    A look at each package takes a while, and so does its name, once for each entry.
    """
    names: dict[str, str] = {}
    entries = tuple(entry_points(group=GROUP))
    for entry in entries:
        module = entry.module.partition(".")[0]
        if module not in names:
            names[module] = entry.dist.name if entry.dist else "installed"
    return tuple((entry, names[entry.module.partition(".")[0]]) for entry in entries)


def _of_packages() -> Iterator[Plugin]:
    import sys

    for entry, package in _entries(tuple(sys.path)):
        place = f"{entry.value} ({package})"
        try:
            yield from _of_program(entry, place) if entry.attr else _of_data(entry, place)
        except KeyboardInterrupt:
            raise
        except PluginError as error:
            text = str(error)
            text = text if text.startswith(place) else f"{place}: {text}"
            yield Plugin(entry.name, place, fault=text)
        except BaseException as error:  # a package may do anything when it is imported, exit, too
            text = f"{place}: {type(error).__name__}: {' '.join(str(error).split())}"
            yield Plugin(entry.name, place, fault=text)


def _of_program(entry: EntryPoint, place: str) -> Iterator[Plugin]:
    code = entry.load()
    if not isinstance(code, CodePlugin):
        raise PluginError("found no .card and .predict; expected both")
    card = code.card if isinstance(code.card, Card) else parse_card(code.card, place)
    yield Plugin(card.model.id, place, card, code=code)


def _of_data(entry: EntryPoint, place: str) -> Iterator[Plugin]:
    spec = find_spec(entry.module)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise PluginError("found no package of this name; expected one with cards beside it")
    for folder in folders:
        yield from _in_folder(Path(folder), is_packed=True)
