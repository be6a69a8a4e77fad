"""Weights that do not come with their card: where they are kept, and the checksums they had first.

A card may name weights that its makers have not given a checksum of, or that are turned into ONNX
by whoever uses them. The first file that comes is taken as it is, which is said; its checksum is
pinned, and from then on another file is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from witoil.plugins.card import Weights
from witoil.plugins.errors import PluginError

VARIABLE = "WITOIL_WEIGHTS"
NAME = "pins.json"


@dataclass(frozen=True)
class Pin:
    """The checksum that a file had when it first came.

    Attributes
    ----------
    sha256 : str
    bytes : int
    pinned : str
        When that was, UTC.
    """

    sha256: str
    bytes: int
    pinned: str


def weights_folder(name: str) -> Path:
    """Return the folder for the weights of a card that comes with a package.

    `VARIABLE` names the folder of all of them; default: that of the user's data.
    """
    import platformdirs

    folder = os.environ.get(VARIABLE)
    whole = Path(folder) if folder else platformdirs.user_data_path("witoil") / "weights"
    return whole / name


def known_weights(weights: Weights, folder: Path) -> Weights:
    """Return weights with the checksum of their card, or the one that was pinned."""
    pin = read_pins(folder).get(weights.file) if weights.sha256 is None else None
    if pin is None:
        return weights
    return weights.model_copy(update={"sha256": pin.sha256, "bytes": pin.bytes})


def read_pins(folder: Path) -> dict[str, Pin]:
    """Return the pins of a folder by file; none where there is no such file.

    Raises
    ------
    PluginError
        Where it is damaged.
    """
    import json

    path = folder / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {name: Pin(**values) for name, values in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PluginError(
            f"{path}: {error}; expected the checksums of its folder: remove it, and fetch again"
        ) from None


def add_pin(folder: Path, name: str, pin: Pin) -> None:
    """Note the checksum of a file of a folder."""
    from dataclasses import asdict

    from witoil.files import write_json

    pins: Mapping[str, Any] = read_pins(folder) | {name: pin}
    write_json(folder / NAME, {key: asdict(value) for key, value in sorted(pins.items())})
