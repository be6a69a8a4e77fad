"""How layers look: colours for all formats, and styles for QGIS."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from simulator import Status
from witoil.exports.layers import Layer

STATUS_COLOURS = {
    Status.AFLOAT: "#2b3743",
    Status.BEACHED: "#d55e00",
    Status.LEFT_DOMAIN: "#ffffff",
    Status.SUBMERGED: "#0072b2",
    Status.SUNK: "#56b4e9",
    Status.EVAPORATED: "#c3ccd4",
}
"""Colours of particles, as charts of the oil budget have them."""

LAYER_COLOURS = {
    "slicks": "#0072b2",
    "observed": "#e69f00",
    "coast": "#d55e00",
    "probable": "#0072b2",
    "source": "#cc3d8f",
}

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_GEOMETRIES = {"Point": "0", "MultiLineString": "1", "MultiPolygon": "2"}
_BY_EXPRESSIONS = "4"


def qml(layer: Layer, step: np.timedelta64 | None) -> str:
    """Return the style of a layer as QGIS reads it.

    Parameters
    ----------
    layer : Layer
    step : timedelta64 or None
        How long a feature is shown by the temporal controller; None where there is one time only.
    """
    root = ElementTree.Element(
        "qgis", version="3.28.0", styleCategories="Symbology|Temporal|LayerConfiguration"
    )
    if step is not None and "time" in layer.of_kind("time"):
        _temporal(root, step)
    if layer.name == "particles":
        _by_status(root)
    else:
        _single(root, layer)
    ElementTree.SubElement(root, "layerGeometryType").text = _GEOMETRIES[layer.geometry]
    ElementTree.indent(root)
    return _DOCTYPE + ElementTree.tostring(root, encoding="unicode") + "\n"


def _temporal(root: ElementTree.Element, step: np.timedelta64) -> None:
    # by expressions, which take a time and a text that is one alike
    seconds = int(step / np.timedelta64(1, "s"))
    begin = 'to_datetime("time")'
    plain = dict.fromkeys(("startField", "endField", "durationField"), "")
    times = {
        "startExpression": begin,
        "endExpression": f"{begin} + make_interval(seconds:={seconds})",
    }
    rest = {"enabled": "1", "mode": _BY_EXPRESSIONS, "accumulate": "0", "limitMode": "0"}
    ElementTree.SubElement(
        root, "temporal", {**rest, **plain, **times, "durationUnit": "s", "fixedDuration": "0"}
    )


def _by_status(root: ElementTree.Element) -> None:
    renderer = _renderer(root, "categorizedSymbol", attr="status")
    categories = ElementTree.SubElement(renderer, "categories")
    symbols = ElementTree.SubElement(renderer, "symbols")
    for k, (status, colour) in enumerate(STATUS_COLOURS.items()):
        word = status.name.lower()
        ElementTree.SubElement(
            categories,
            "category",
            symbol=str(k),
            value=word,
            label=word.replace("_", " "),
            type="string",
            render="true",
        )
        dot = {
            "name": "circle",
            "color": _rgba(colour),
            "outline_color": _rgba("#5b6673"),
            "outline_width": "0.1",
            "size": "1.2",
            "size_unit": "MM",
        }
        _symbol(symbols, "marker", str(k), "SimpleMarker", dot)


def _single(root: ElementTree.Element, layer: Layer) -> None:
    colour = LAYER_COLOURS[layer.name]
    symbols = ElementTree.SubElement(_renderer(root, "singleSymbol"), "symbols")
    if layer.geometry == "MultiLineString":
        line = {"line_color": _rgba(colour), "line_width": "0.8", "line_width_unit": "MM"}
        _symbol(symbols, "line", "0", "SimpleLine", line)
        return
    area = {
        "color": _rgba(colour, 60),
        "style": "solid",
        "outline_color": _rgba(colour),
        "outline_style": "solid",
        "outline_width": "0.4",
        "outline_width_unit": "MM",
    }
    _symbol(symbols, "fill", "0", "SimpleFill", area)


def _renderer(root: ElementTree.Element, kind: str, **attributes: str) -> ElementTree.Element:
    plain = {"symbollevels": "0", "forceraster": "0", "enableorderby": "0"}
    return ElementTree.SubElement(root, "renderer-v2", {"type": kind, **plain, **attributes})


def _symbol(
    symbols: ElementTree.Element, kind: str, name: str, drawing: str, options: dict[str, str]
) -> None:
    symbol = ElementTree.SubElement(
        symbols, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    drawn = ElementTree.SubElement(
        symbol, "layer", {"class": drawing, "enabled": "1", "locked": "0", "pass": "0"}
    )
    table = ElementTree.SubElement(drawn, "Option", type="Map")
    for key, value in options.items():
        ElementTree.SubElement(table, "Option", type="QString", name=key, value=value)


def _rgba(colour: str, alpha: int = 255) -> str:
    return ",".join(map(str, (*bytes.fromhex(colour.removeprefix("#")), alpha)))
