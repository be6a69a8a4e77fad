"""What files may be brought for, and what is told of them between processes."""

from __future__ import annotations

from typing import Literal

Purpose = Literal[
    "mask",
    "forcing",
    "track",
    "drifters",
    "lines",
    "land",
    "shore",
    "run",
    "oil",
    "image",
    "raster",
    "sound",
]
"""What a file may be brought for; each has a reader that has to take it."""

DETECTIONS = "detections"
"""Among the facts of a mask, what becomes features; it is not shown."""
