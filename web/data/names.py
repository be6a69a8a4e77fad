"""Which texts of the inputs of a process name files.

Any text is taken for the name of a file, but for texts that are known to be words. So a key that is
new is closed until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORDS = frozenset(
    (
        *("start", "end", "time", "kind", "type", "method", "start_from", "slick", "format"),
        *("layer", "time_field", "time_format", "time_zone"),
        *("raster_values", "thickness_class", "bonn_estimate"),
        *("dataset", "roles", "variables"),
        *("module", "version", "formats", "label", "crs"),
        *("gap_policy", "means", "zeros", "stokes_drift", "evaporation", "dispersion"),
    )
)
"""Keys, in whichever table, whose texts are words or times."""


def _is_none(text: str) -> bool:
    return text == "none"


_SPECIAL: Mapping[str, Callable[[str], bool]] = {
    "case.name": lambda text: True,
    "oil.name": lambda text: not text.strip().lower().endswith(".json"),
    "coastline": lambda text: text in ("osm", "gshhg", "none"),
    "currents": _is_none,
    "winds": _is_none,
    "waves": _is_none,
    "temperature": _is_none,
}
"""Keys, some with the table that they stand in, whose texts may be words, and which texts are."""

Location = tuple[str | int, ...]
"""Keys and numbers that lead to a place in the inputs."""


@dataclass(frozen=True)
class Named:
    """A text of the inputs that names a file, and where it stands."""

    location: Location
    text: str


def names_in(inputs: Any, location: Location = ()) -> Iterator[Named]:
    """Yield the texts of inputs that name files, each with its place."""
    if isinstance(inputs, Mapping):
        for key, value in inputs.items():
            yield from names_in(value, (*location, str(key)))
    elif isinstance(inputs, list | tuple):
        for number, value in enumerate(inputs):
            yield from names_in(value, (*location, number))
    elif isinstance(inputs, str) and not is_word(location, inputs):
        yield Named(location, inputs)


def keys_of(location: Location) -> list[str]:
    """Return the keys that lead to a place, without the numbers in lists."""
    return [part for part in location if isinstance(part, str)]


def is_word(location: Location, text: str) -> bool:
    """Say whether a text at a place of the inputs is a word, and no name."""
    keys = keys_of(location)
    for name in (".".join(keys[-2:]), keys[-1] if keys else ""):
        if name in _SPECIAL:
            return _SPECIAL[name](text)
    return bool(keys) and keys[-1] in WORDS
