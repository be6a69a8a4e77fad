"""One HTML file that plays a run: it loads nothing, and its policy forbids that it does."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template

from witoil.player.coast import Land
from witoil.player.pack import pack
from witoil.runs.run import Run

_START = "main.js"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_ANY_EXPORT = re.compile(r"^(?:import|export)\b", re.MULTILINE)

FRAME_HEIGHT = 720
"""Height of the player within another page. [CSS pixel]"""


def embedded(run: Run, land: Land | None = None) -> str:
    """Return the player of a run as an element for another page, which it cannot touch.

    A page with a policy of its own must have `script_policy` in it, and allow inline styles.
    """
    page, title = html.escape(render(run, land)), html.escape(f"{run.name}, played in time")
    style = f"width:100%;height:{FRAME_HEIGHT}px;border:0"
    return (
        f'<iframe title="{title}" sandbox="allow-scripts" style="{style}" srcdoc="{page}"></iframe>'
    )


def script_policy() -> str:
    """Return what the policy of another page must say for the player to run within it."""
    return f"script-src '{_hash(bundled(static_files()))}'"


def render(run: Run, land: Land | None = None) -> str:
    """Return the page of a run as text.

    Parameters
    ----------
    run : Run
    land : Land, optional
        Default: as the run had it, read again.

    Raises
    ------
    WitoilError, CatalogError
        Where the run cannot be shown.
    """
    header, payload = pack(run, land).as_text()
    script, style = bundled(static_files()), f"\n{_static('player.css')}"
    return Template(_static("page.html")).substitute(
        title=html.escape(run.name),
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        # nothing in it can end the element that it stands in
        header=json.dumps(header, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c"),
        payload=payload,
    )


@cache
def static_files() -> Mapping[str, str]:
    """Return the JavaScript modules of the player, by name."""
    folder = files("witoil.player").joinpath("static")
    return {
        entry.name: entry.read_text("utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".js")
    }


def bundled(modules: Mapping[str, str], start: str = _START) -> str:
    """Return modules as one, those that others import from first.

    A page opened from disk may not import from other files. Each module becomes a block of its
    own, so that names are not shared, and gives what it exports to those after it.

    Parameters
    ----------
    modules : mapping
        Name of the file -> text. Imports are of names from files beside it; exports stand before
        functions, classes and constants.
    start : str
        The module that imports the others.
    """
    order: list[str] = []
    _visit(modules, start, (), order)
    return "\n".join(["", *(_as_block(name, modules[name], name == start) for name in order)])


def _visit(modules: Mapping[str, str], name: str, above: tuple[str, ...], order: list[str]) -> None:
    if name in above:
        raise ValueError(f"{name} imports itself by way of {', '.join(above)}")
    if name in order:
        return
    for found in _IMPORT.finditer(modules[name]):
        _visit(modules, found[2], (*above, name), order)
    order.append(name)


def _as_block(name: str, text: str, last: bool) -> str:
    """Return a module as an expression that gives its exports; the last one may wait."""
    exports = _EXPORT.findall(text)
    body = _EXPORT.sub("", text)
    body = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_variable(found[2])};\n", body)
    odd = _ANY_EXPORT.search(body)
    if odd is not None:
        raise ValueError(f"{name}: found {body[odd.start() :].splitlines()[0]!r}")
    if last:
        return f"// {name}\n{body}"
    given = ", ".join(exports)
    return f"// {name}\nconst {_variable(name)} = (() => {{\n{body}return {{ {given} }};\n}})();\n"


def _variable(name: str) -> str:
    return f"$${name.removesuffix('.js')}"


def _static(name: str) -> str:
    return files("witoil.player").joinpath("static", name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
