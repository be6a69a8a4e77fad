"""Pictures of modules for the documents: WITOIL_PICTURES=docs/images pytest tests/aquatic."""

import os
from pathlib import Path

from PIL import Image


def keep(name, pixels):
    """Write a picture, where one is wanted, smaller than 150 kB."""
    if folder := os.environ.get("WITOIL_PICTURES"):
        path = Path(folder) / "modules" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels).convert("RGB")
        image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
        assert path.stat().st_size < 150_000
