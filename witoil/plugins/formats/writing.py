"""The formats that findings are written in, by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from witoil.files import write_json
from witoil.plugins.envelope import Envelope
from witoil.plugins.errors import PluginError

Writer = Callable[[Sequence[Envelope], Path], list[str]]
"""Writes envelopes into a folder, and returns the names of the files."""


def write_envelopes(found: Sequence[Envelope], folder: Path) -> list[str]:
    """Write the envelope of each file, ``NAME.json``."""
    taken: dict[str, int] = {}
    names = []
    for envelope in found:
        count = taken[envelope.file] = taken.get(envelope.file, 0) + 1
        name = f"{envelope.file}.json" if count == 1 else f"{envelope.file}-{count}.json"
        write_json(folder / name, envelope.document())
        names.append(name)
    return names


def write_geojson(found: Sequence[Envelope], folder: Path) -> list[str]:
    """Write all that is on the map, ``features.geojson`` (RFC 7946)."""
    features = [
        feature
        for envelope in found
        for feature in envelope.document()["features"]
        if feature["geometry"] is not None
    ]
    if not features:
        return []
    write_json(folder / "features.geojson", {"type": "FeatureCollection", "features": features})
    return ["features.geojson"]


WRITERS: dict[str, Writer] = {"json": write_envelopes, "geojson": write_geojson}


def writer_named(name: str) -> Writer:
    """Return the writer of a format.

    Raises
    ------
    PluginError
        Where there is none.
    """
    if name not in WRITERS:
        raise PluginError(f"found the format {name!r}, expected one of {', '.join(WRITERS)}")
    return WRITERS[name]
