"""Pictures of docs/modules.md: WITOIL_PICTURES=docs/images pytest tests/aquatic tests/plugins."""

import io
import os
from pathlib import Path

from PIL import Image

MOST_BYTES = 150_000


def keep_picture(name, picture):
    """Keep a picture of what a module found, where a folder for pictures is named.

    Parameters
    ----------
    name : str
        Of the file in the folder ``modules``, without its suffix.
    picture : Image or matplotlib.figure.Figure
    """
    content = io.BytesIO()
    if isinstance(picture, Image.Image):
        coloured = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        coloured.save(content, "PNG", optimize=True)
    else:
        picture.savefig(content, dpi=80)
    assert len(content.getvalue()) < MOST_BYTES
    if folder := os.environ.get("WITOIL_PICTURES"):
        kept = Path(folder) / "modules" / f"{name}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content.getvalue())
