"""Arrays of whole numbers and what is said of them, as text for a page.

An array of (rows, columns) is stored as differences from the row before, modulo its range, all
lowest bytes first: what changes little from one time to the next is mostly zeros, which deflate
shortens. `unpack` is what ``static/payload.js`` does.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 5
"""How hard zlib tries: one level more takes twice as long, for one part in a hundred."""

_TYPES = {"u1": np.uint8, "u2": np.uint16, "u4": np.uint32}


@dataclass(frozen=True)
class Packed:
    """An array of whole numbers, packed.

    Attributes
    ----------
    kind : str
        ``u1``, ``u2`` or ``u4``: unsigned, of so many bytes.
    shape : tuple of int
        Rows and columns.
    content : bytes
    """

    kind: str
    shape: tuple[int, ...]
    content: bytes


def pack_array(values: NDArray[np.unsignedinteger]) -> Packed:
    """Pack whole numbers, uint8, uint16 or uint32, shape (rows, columns)."""
    differences = values.copy()
    differences[1:] -= values[:-1]  # modulo the range
    low_first = differences.astype(values.dtype.newbyteorder("<"), copy=False)
    planes = low_first.reshape(-1, 1).view(np.uint8).T.tobytes()
    return Packed(values.dtype.str[1:], values.shape, zlib.compress(planes, LEVEL))


@dataclass
class Payload:
    """What a page is given.

    Attributes
    ----------
    header : dict
        Of plain values.
    arrays : dict
        Name -> packed array.
    """

    header: dict[str, Any]
    arrays: dict[str, Packed] = field(default_factory=dict)

    def as_text(self) -> tuple[dict[str, Any], str]:
        """Return the header, with the layout of the arrays, and the arrays in base64."""
        layout = [
            {"name": name, "type": each.kind, "shape": each.shape, "bytes": len(each.content)}
            for name, each in self.arrays.items()
        ]
        content = b"".join(each.content for each in self.arrays.values())
        return self.header | {"arrays": layout}, base64.b64encode(content).decode("ascii")


def unpack(header: Mapping[str, Any], text: str) -> dict[str, NDArray[np.unsignedinteger]]:
    """Return the arrays of a payload that was written as text."""
    content, start, arrays = base64.b64decode(text), 0, {}
    for row in header["arrays"]:
        shape, kind = tuple(row["shape"]), np.dtype(_TYPES[row["type"]])
        inflated = zlib.decompress(content[start : start + row["bytes"]])
        planes = np.frombuffer(inflated, np.uint8).reshape(kind.itemsize, -1)
        differences = np.ascontiguousarray(planes.T).view(kind.newbyteorder("<")).reshape(shape)
        arrays[row["name"]] = np.cumsum(differences, axis=0, dtype=kind)
        start += row["bytes"]
    return arrays
