"""The pictures of the documents show what the program does now."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs import pictures
from docs.pictures import DEMO, PICTURES, ROOT, SEARCHES, WEATHERING, noted, unpacked
from witoil.case import load_case
from witoil.figures.drawing import BOTH, OBSERVED_ONLY, SIMULATED_ONLY

PAGES = [
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
]


def test_every_picture_of_the_documents_is_drawn_by_the_one_command():
    shown = {
        (page.parent / name).resolve()
        for page in PAGES
        for name in re.findall(r"!\[[^]]*\]\((?!https?:)([^)]+)\)", page.read_text("utf-8"))
    }
    screens = set(
        (ROOT / "docs" / "images").resolve().rglob("*.png")
    )  # tests of the page make them
    assert shown == {path.resolve() for path in PICTURES} | screens


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures_are_as_they_were_drawn(path):
    assert noted(path)


def test_what_was_measured_of_searches_and_weathering_is_what_is_drawn():
    assert noted(SEARCHES) == pictures.searches_drawn()
    assert noted(WEATHERING) == pictures.weathering_drawn()


def share(panel, colour):
    return (np.asarray(panel) == tuple(bytes.fromhex(colour[1:]))).all(axis=-1).sum()


@pytest.mark.slow
def test_the_pixels_of_the_demo_are_those_of_its_note():
    drawn = noted(DEMO)
    seen = unpacked(drawn, "observed")
    with Image.open(DEMO) as picture:
        whole = picture.convert("RGB")
    half = whole.width // 2
    for name, left in (("before", 0), ("after", half)):
        panel = whole.crop((left, 0, left + half, whole.height))
        slick = unpacked(drawn, name)
        cells = [(seen & ~slick).sum(), (slick & ~seen).sum(), (seen & slick).sum()]
        pixels = [share(panel, colour) for colour in (OBSERVED_ONLY, SIMULATED_ONLY, BOTH)]
        # land, outlines and texts cover and colour some
        np.testing.assert_allclose(
            np.array(pixels) / sum(pixels), np.array(cells) / sum(cells), atol=0.03
        )


@pytest.mark.slow
def test_the_picture_shows_the_run_that_the_demo_makes(demo_twin, demo_study):
    case, drawn = load_case(demo_twin / "demo.toml"), noted(DEMO)
    # a search on another processor finds other parameters, which match what was seen as well
    best = {**demo_study["best"], "parameters": drawn["parameters"]}
    now = pictures.DemoRun.of(case, {**demo_study, "best": best}).drawn()
    assert drawn["fss"] == pytest.approx(now["fss"], abs=0.02)
    assert drawn["shape"] == now["shape"]
    for name in now["masks"]:
        then, again = unpacked(drawn, name), unpacked(now, name)
        assert (then & again).sum() > 0.95 * (then | again).sum(), name


@pytest.mark.slow
def test_a_picture_that_was_changed_is_found_out(tmp_path):
    with Image.open(DEMO) as picture:
        picture.load()
        told = dict(picture.text)
        other = picture.convert("RGB")
    other.putpixel((10, 10), (1, 2, 3))
    changed = Path(tmp_path / "demo.png")
    other.save(changed)
    with pytest.raises(ValueError, match=r"run that"):
        noted(changed)
    pictures.note(changed, DEMO.read_bytes(), {"searches.json": "0"})
    assert noted(changed) != pictures.searches_drawn()
    assert told  # the note itself is in the file, for whoever looks
