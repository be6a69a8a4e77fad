"""KMZ: what Google Earth plays along its time slider, with colours by status and a legend."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import simplekml
from PIL import Image, ImageDraw, ImageFont

from witoil.exports.content import Content
from witoil.exports.layers import Batch, Layer, iso
from witoil.exports.particles import layer_of
from witoil.exports.styles import LAYER_COLOURS, STATUS_COLOURS

MOST_PLACEMARKS = 25_000
"""Particles times outputs that Google Earth shows without stalling."""

_SECOND = np.timedelta64(1, "s")
_DOT_PIXELS = 32

# the library keeps what it is writing in attributes of its classes
_one_at_a_time = threading.Lock()


def write(content: Content, path: Path) -> list[str]:
    """Write all layers as folders of placemarks; of too many particles, every so many.

    The pictures that the file holds lie beside it meanwhile, and are removed.
    """
    layers, remarks = _thinned(content)
    dot, legend = path.with_name("dot.png"), path.with_name("legend.png")
    with _one_at_a_time:
        kml = simplekml.Kml(name=escape(content.name), open=1)
        kml.parsetext(False)  # what it does to text lets some through
        kml.document.description = escape(html.escape(_about(content, remarks)))
        # else the name would be read as HTML
        kml.document.style.balloonstyle.text = "$[description]"
        _draw_dot(dot)
        styles = _styles(kml.addfile(str(dot)))
        for style in styles.values():
            # what placemarks share has to stand in the document, not in a folder of one of them
            kml.document._addstyle(style)
        _draw_legend(legend, layers)
        _add_legend(kml, kml.addfile(str(legend)))
        for layer in layers:
            _add_layer(kml, layer, styles, content.step)
        kml.savekmz(str(path), format=False)
    dot.unlink()
    legend.unlink()
    return remarks


def _thinned(content: Content) -> tuple[list[Layer], list[str]]:
    """Return the layers with no more particles than can be shown, and what was left out."""
    if content.particles is None or content.layers[0].size <= MOST_PLACEMARKS:
        return content.layers, []
    stride = int(np.ceil(content.layers[0].size / MOST_PLACEMARKS))
    shown = content.particles.isel(trajectory=slice(None, None, stride))
    remark = (
        f"particles: 1 of {stride:,} is shown ({shown.sizes['trajectory']:,} of "
        f"{content.particles.sizes['trajectory']:,}), each with its own mass only, as Google Earth "
        f"stalls with more than {MOST_PLACEMARKS:,} placemarks; --to gpkg holds them all"
    )
    return [layer_of(shown), *content.layers[1:]], [remark]


def _about(content: Content, remarks: list[str]) -> str:
    return "\n".join([f"{content.name}: drift of oil by {content.model}. Times are UTC.", *remarks])


def _styles(dot: str) -> dict[str, Any]:
    """Return the style of each status and layer, which all placemarks of it share."""
    styles = {}
    for status, colour in STATUS_COLOURS.items():
        style = simplekml.Style()
        style.iconstyle.icon.href = dot
        style.iconstyle.color = _kml_colour(colour)
        style.iconstyle.scale = 0.25
        style.labelstyle.scale = 0
        styles[status.name.lower()] = style
    for name, colour in LAYER_COLOURS.items():
        style = simplekml.Style()
        style.linestyle.color = _kml_colour(colour)
        style.linestyle.width = 3
        style.polystyle.color = _kml_colour(colour, 60)
        styles[name] = style
    return styles


def _add_layer(
    kml: simplekml.Kml, layer: Layer, styles: dict[str, Any], step: np.timedelta64 | None
) -> None:
    top = kml.newfolder(name=escape(layer.title))
    times = layer.of_kind("time")
    for batch in layer.batches():
        folder = top
        if layer.geometry == "Point" and batch.size:
            folder = top.newfolder(name=str(iso(batch.columns["time"][:1])[0]))
        for k, data in enumerate(_rows(layer, batch)):
            mark = _placemark(folder, batch.geometry[k])
            mark.name = escape(str(data.get("particle", layer.title)))
            mark.placemark.styleurl = f"#{styles[data.get('status', layer.name)].id}"
            if times:
                _show(mark, batch.columns[times[0]][k], step if times[0] == "time" else None)
            for name, value in data.items():
                # shown in a balloon, which is HTML
                mark.extendeddata.newdata(name, escape(html.escape(str(value), quote=False)))


def _rows(layer: Layer, batch: Batch) -> Iterator[dict[str, Any]]:
    """Yield what is known of each feature."""
    times = layer.of_kind("time")
    lists = [
        (iso(values) if name in times else values).tolist()
        for name, values in batch.columns.items()
    ]
    for row in zip(*lists, strict=True):
        named = zip(batch.columns, row, strict=True)
        yield {name: value for name, value in named if value is not None and value == value}


def _show(mark: Any, since: np.datetime64, step: np.timedelta64 | None) -> None:
    """Show a placemark from a time on, until the next output where they have a usual step."""
    if np.isnat(since):
        return
    mark.timespan.begin = iso(np.array([since]))[0]
    if step is not None:
        # both ends belong to a span
        mark.timespan.end = iso(np.array([since + step - _SECOND]))[0]


def _placemark(folder: Any, geometry: Any) -> Any:
    if isinstance(geometry, np.ndarray):
        return folder.newpoint(coords=[tuple(geometry.tolist())])
    whole = folder.newmultigeometry()
    for part in geometry.geoms:
        if part.geom_type == "LineString":
            whole.newlinestring(coords=list(part.coords), tessellate=1)
            continue
        holes = [list(ring.coords) for ring in part.interiors]
        whole.newpolygon(outerboundaryis=list(part.exterior.coords), innerboundaryis=holes)
    return whole


def _draw_dot(path: Path) -> None:
    """Draw a white disk, which styles colour; one of our own needs no network."""
    image = Image.new("RGBA", (_DOT_PIXELS, _DOT_PIXELS), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((1, 1, _DOT_PIXELS - 2, _DOT_PIXELS - 2), "white", "#808080")
    image.save(path)


def _draw_legend(path: Path, layers: list[Layer]) -> None:
    of_layers = {layer.title for layer in layers}
    entries = [(layer.title, LAYER_COLOURS.get(layer.name)) for layer in layers]
    if layers and layers[0].name == "particles":
        shown = _statuses(layers[0])
        entries[:1] = [
            (status.name.lower().replace("_", " "), colour)
            for status, colour in STATUS_COLOURS.items()
            if status.name.lower() in shown
        ]
    font, line = ImageFont.load_default(15), 24
    width = 40 + int(max((font.getlength(text) for text, _ in entries), default=0.0))
    image = Image.new("RGBA", (width, 12 + line * len(entries)), (255, 255, 255, 225))
    draw = ImageDraw.Draw(image)
    for k, (text, colour) in enumerate(entries):
        top = 6 + line * k
        if text in of_layers:
            draw.rectangle((8, top + 5, 20, top + 17), outline=colour, width=3)
        else:
            draw.ellipse((8, top + 5, 20, top + 17), colour, "#5b6673")
        draw.text((28, top + 2), text, "#1f2933", font)
    image.save(path)


def _statuses(particles: Layer) -> set[str]:
    return {word for batch in particles.batches() for word in set(batch.columns["status"])}


def _add_legend(kml: simplekml.Kml, href: str) -> None:
    overlay = kml.newscreenoverlay(name="Legend")
    overlay.icon.href = href
    fraction = simplekml.Units.fraction
    for place in (overlay.overlayxy, overlay.screenxy):
        place.x, place.y, place.xunits, place.yunits = 0.02, 0.95, fraction, fraction
    overlay.size.x = overlay.size.y = -1
    overlay.size.xunits = overlay.size.yunits = fraction


def _kml_colour(colour: str, alpha: int = 255) -> str:
    """Return a colour as KML has it: opacity, blue, green, red."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"{alpha:02x}{blue:02x}{green:02x}{red:02x}"
