"""Weights got for a plug-in: from where its card says, or from a file that somebody brings."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from witoil.plugins.card import FETCHED, Card, Weights
from witoil.plugins.errors import PluginError
from witoil.plugins.pins import VARIABLE, Pin, add_pin, known_weights, read_pins

if TYPE_CHECKING:
    from witoil.plugins.registry import Plugin

_ATTEMPTS = 3
_MOST_BYTES = 8e9


@dataclass(frozen=True)
class Fetched:
    """What has come.

    Attributes
    ----------
    path : Path
    sha256 : str
    is_new : bool
        Whether nothing was known of its checksum until now.
    is_model : bool
        Whether it can be run; else it is to be turned into ONNX first.
    """

    path: Path
    sha256: str
    is_new: bool
    is_model: bool


def state(plugin: Plugin) -> str:
    """Return in a few words whether a plug-in can run, and why not."""
    weights = plugin.card.weights if plugin.card else None
    if weights is None or plugin.weights_folder is None:
        return "program"
    try:
        known = known_weights(weights, plugin.weights_folder)
    except PluginError:
        return "checksums damaged"
    if (plugin.weights_folder / weights.file).is_file() and known.sha256 is not None:
        return "ready" if weights.sha256 else "ready, pinned"
    if weights.upstream is not None and weights.upstream.access == "request":
        return "weights on request"
    said = weights.sha256 or (weights.upstream.sha256 if weights.upstream else None)
    return "to fetch" if said else "to fetch, unverified"


def is_there(plugin: Plugin) -> bool:
    """Return whether the weights of a plug-in are there, where it needs any."""
    weights = plugin.card.weights if plugin.card else None
    if weights is None or plugin.weights_folder is None:
        return True
    return (plugin.weights_folder / weights.file).is_file()


def fetch(plugin: Plugin, given: Path | None = None, *, renew: bool = False) -> Fetched:
    """Fetch the weights of a plug-in, or take them from a file.

    Parameters
    ----------
    plugin : Plugin
        That is data.
    given : Path, optional
        Of the ONNX file or of what the makers give out, where it was got by other means.
    renew : bool
        Take a file although another one was pinned.

    Raises
    ------
    PluginError
        Where they have no address, are not those that were pinned, or are no ONNX.
    CatalogError
        Where they cannot be had.
    """
    card, folder = plugin.card, plugin.weights_folder
    if card is None or card.weights is None or folder is None:
        raise PluginError(f"{plugin.name}: is a program, which has no weights to fetch")
    weights = card.weights
    if given is not None:
        return _taken(card, weights, folder, given, renew)
    if weights.uri.startswith(FETCHED):
        return _downloaded(
            weights.uri, weights.file, weights.sha256, folder, True, renew, weights.bytes
        )
    upstream = weights.upstream
    if upstream is None:
        raise PluginError(f"{folder / weights.file}: has no URL in its card; add the file")
    if upstream.access == "request":
        raise PluginError(
            f"{plugin.name}: its weights are given on request by {upstream.contact}; then "
            f"`witoil modules fetch {plugin.name} --from FILE`"
        )
    return _downloaded(upstream.uri, upstream.name, upstream.sha256, folder, False, renew)


def _downloaded(
    url: str,
    name: str,
    sha256: str | None,
    folder: Path,
    is_model: bool,
    renew: bool,
    size: int | None = None,
) -> Fetched:
    from catalog.errors import CatalogError
    from catalog.remote.download import Patience, download
    from witoil.plugins.weights import weights_path

    pin = None if renew else read_pins(folder).get(name)
    expected = sha256 or (pin.sha256 if pin else None)
    path = weights_path(folder, name)
    if not path.is_file() or renew:
        patience = Patience.from_environment()
        attempts = min(patience.attempts, _ATTEMPTS)  # somebody waits for the answer
        try:
            folder.mkdir(parents=True, exist_ok=True)
            patience = dataclasses.replace(patience, attempts=attempts)
            download(url, path, sha256=expected, most_bytes=size or _MOST_BYTES, patience=patience)
        except OSError as error:
            raise PluginError(f"{folder}: {error.strerror}; set {VARIABLE} to a folder") from None
        except CatalogError as error:
            raise PluginError(
                f"{error}; where there is no network, get {url} elsewhere and give it with --from"
            ) from error
    return _pinned(path, folder, expected, is_model)


def _taken(card: Card, weights: Weights, folder: Path, given: Path, renew: bool) -> Fetched:
    """Copy a file that was given, if it is what is expected."""
    from witoil.files import write_bytes
    from witoil.plugins.weights import parsed

    try:
        content = given.read_bytes()
    except OSError as error:
        raise PluginError(f"{given}: {error.strerror}; expected a file of weights") from None
    is_model = given.suffix.lower() == ".onnx"
    if is_model:
        parsed(content, given)
        name, said = weights.file, weights.sha256
    elif weights.upstream is not None and weights.upstream.name:
        name, said = weights.upstream.name, weights.upstream.sha256
    else:
        raise PluginError(f"{given}: expected an ONNX file for {card.model.id}")
    pin = None if renew else read_pins(folder).get(name)
    expected = said or (pin.sha256 if pin else None)
    found = hashlib.sha256(content).hexdigest()
    if expected not in (None, found):
        raise PluginError(_other(given, found, str(expected), said is None))
    write_bytes(folder / name, content)
    return _pinned(folder / name, folder, expected, is_model)


def _pinned(path: Path, folder: Path, expected: str | None, is_model: bool) -> Fetched:
    """Compare a file with what is known of it, or note what it is."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if expected not in (None, found):
        raise PluginError(_other(path, found, str(expected), True))
    if expected is None:
        add_pin(folder, path.name, Pin(found, path.stat().st_size, f"{datetime.now(UTC):%FT%TZ}"))
    return Fetched(path, found, expected is None, is_model)


def _other(path: Path, found: str, expected: str, can_renew: bool) -> str:
    how = "; --renew takes it nevertheless" if can_renew else ""
    return (
        f"{path}: found the checksum {found[:12]}…, expected {expected[:12]}…: it is another file"
        f"{how}"
    )


def refuse_unusable(plugin: Plugin) -> None:
    """Refuse a plug-in whose weights are not there.

    Raises
    ------
    PluginError
        With how to get them.
    """
    weights = plugin.card.weights if plugin.card else None
    if weights is None or weights.upstream is None or is_there(plugin):
        return
    raise PluginError(
        f"{plugin.name}: has no weights yet; `witoil modules fetch {plugin.name}` fetches them "
        "or says how to get them"
    )
