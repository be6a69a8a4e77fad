"""Zarr stores: folders that count as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def is_zarr(path: Path) -> bool:
    """Say whether a folder is a Zarr store, of version 2 or 3."""
    return any((path / name).is_file() for name in (".zgroup", ".zmetadata", "zarr.json"))
