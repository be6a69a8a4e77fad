"""Pictures of the page for the documents: WITOIL_PICTURES=docs/images pytest tests/web."""

import io
import os
from pathlib import Path

from PIL import Image

MOST_BYTES = 200_000


def take_picture(page, name):
    """Return a picture of a page as documents have it; keep it where a folder is named.

    Parameters
    ----------
    page : Page
    name : str
        Of the file, without its suffix.

    Returns
    -------
    Image
    """
    page.mouse.move(0, 0)  # nothing is pointed at
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    assert len(picture.getcolors(1 << 24)) > 50  # there is more on it than ground
    content = io.BytesIO()
    coloured = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    coloured.save(content, "PNG", optimize=True)
    assert len(content.getvalue()) < MOST_BYTES
    if folder := os.environ.get("WITOIL_PICTURES"):
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(content.getvalue())
    return picture
