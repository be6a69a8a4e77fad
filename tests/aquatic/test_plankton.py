"""Things in scans: found, parted, measured; tables of EcoTaxa as they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aquatic.errors import AquaticError
from aquatic.plankton.ecotaxa import ECOTAXA, read_table, written
from aquatic.plankton.measures import MEASURES, Thing, largest, measured
from aquatic.plankton.objects import boxes, labelled, separated
from aquatic.plankton.zooscan import (
    BAR_ROWS,
    has_scale_bar,
    pixel_um_of,
    read_vignette,
    things_in,
    vignette_level,
    without_background,
)
from tests.aquatic.pictures import keep_picture
from tests.aquatic.plankton_scenes import coloured, discs
from tests.plugins.builders import AQUATIC


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_discs_that_touch_are_counted(data):
    radius = st.floats(5.0, 16.0)
    places = [(0.0, 0.0, data.draw(radius))]
    for _ in range(data.draw(st.integers(1, 3))):
        row, column, last = places[-1]
        size, angle = data.draw(radius), data.draw(st.floats(0.0, 2.0 * np.pi))
        reach = 0.97 * (last + size)
        place = (row + reach * np.sin(angle), column + reach * np.cos(angle), size)
        if all(np.hypot(place[0] - r, place[1] - c) > 0.96 * (s + size) for r, c, s in places):
            places.append(place)
    inside = discs((240, 240), [(row + 120, column + 120, size) for row, column, size in places])
    assert separated(inside).max() == len(places)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 40.0), st.floats(1.0, 3.0), st.floats(0.0, np.pi))
def test_an_ellipse_is_not_parted(radius, ratio, angle):
    y, x = np.mgrid[:100, :100] - 50.2
    along, beside = (
        x * np.cos(angle) + y * np.sin(angle),
        (y * np.cos(angle) - x * np.sin(angle)) * ratio,
    )
    inside = np.hypot(along, beside) <= radius
    assert separated(inside).max() == labelled(inside).max(), (radius, ratio, angle)


@pytest.mark.parametrize(("radius", "step"), [(15, 30), (15, 27), (6, 12), (4, 8)])
def test_a_grid_of_discs_at_an_edge_is_counted(radius, step):
    """Each touches four; those of the first row are cut by the edge of the image."""
    places = [(step * i, 20 + step * j, radius) for i in range(4) for j in range(4)]
    labels = separated(discs((130, 150), places))
    assert sorted(np.unique(labels)) == list(range(17))


def test_what_is_parted_covers_what_was_whole():
    inside = np.random.default_rng(1).random((60, 60)) < 0.4
    parts, things = separated(inside), labelled(inside)
    assert ((parts > 0) == inside).all()
    for number in np.unique(parts[parts > 0]):
        assert len(np.unique(things[parts == number])) == 1
    assert separated(np.zeros((5, 5), bool)).max() == 0
    assert separated(np.ones((5, 5), bool)).max() == 1


def test_the_measures_of_a_disc_are_those_of_a_disc():
    found = measured(Thing(discs((101, 101), [(50, 50, 50.0)]), np.full((101, 101), 40, np.uint8)))
    assert tuple(found) == tuple(MEASURES)
    for name in ("major", "minor", "esd"):
        assert found[name] == pytest.approx(100.0, rel=0.01)
    assert found["feret"] == pytest.approx(101.0, rel=0.01)
    assert found["elongation"] == pytest.approx(1.0, abs=0.01)
    # the mean depth of a disc is a third of the deepest
    assert found["thickness_ratio"] == pytest.approx(3.0, rel=0.05)
    assert (found["grey_mean"], found["grey_std"], found["grey_mode"]) == (40.0, 0.0, 40.0)


def test_measures_of_one_pixel_and_of_a_line_are_finite():
    for shape in ((1, 1), (1, 9), (9, 1), (2, 2)):
        found = measured(Thing(np.ones(shape, bool), np.full(shape, 7, np.uint8)))
        assert np.isfinite([*found.values()]).all()
        assert found["feret"] == pytest.approx(np.hypot(*shape))
        assert found["area_convex"] == found["area"] == shape[0] * shape[1]


def test_a_thing_measures_the_same_wherever_it_is_and_turned():
    rng = np.random.default_rng(3)
    inside = np.pad(discs((30, 40), [(10, 12, 9), (14, 26, 7)]), 1)
    pixels = rng.integers(0, 200, inside.shape, dtype=np.uint8)
    first, _ = largest(inside, pixels)
    moved, _ = largest(np.pad(inside, 5), np.pad(pixels, 5))
    # all but what is of its image
    own = [name for name in MEASURES if name not in ("image_share", "grey_background")]
    assert measured(first, own) == measured(moved, own)
    turned, _ = largest(np.rot90(inside), np.rot90(pixels))
    one, two = measured(first, own), measured(turned, own)
    swapped = {"width": "height", "height": "width"}
    for name, value in one.items():
        assert two[swapped.get(name, name)] == pytest.approx(value, rel=0.02, abs=0.02), name


def scan_of(places, seed=0):
    """Return a scan and its blank: a lamp that is brighter in the middle, noise, discs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:240, :320]
    lamp = 225.0 - 25.0 * (((x - 160) / 160.0) ** 2 + ((y - 120) / 120.0) ** 2)
    inside = discs(lamp.shape, places)
    scan = lamp - np.where(inside, 90.0, 0.0) + rng.normal(0.0, 1.5, lamp.shape)
    blank = lamp + rng.normal(0.0, 1.5, lamp.shape)
    return scan.astype(np.uint8), blank.astype(np.uint8), inside


PLACES = [(60, 60, 25), (60, 108, 24), (150, 80, 18), (178, 102, 17), (120, 230, 40), (190, 280, 9)]


@pytest.mark.slow
def test_a_blank_scan_makes_the_background_white():
    scan, blank, inside = scan_of(PLACES)
    white = without_background(scan, blank)
    assert (white[~inside] > 243).mean() > 0.999
    labels = separated(white <= 235)
    assert sorted(np.bincount(labels[labels > 0]))[-6:] == pytest.approx(
        sorted(np.pi * r**2 for _, _, r in PLACES), rel=0.03
    )
    picture = np.hstack([np.repeat(scan[..., None], 3, axis=2), coloured(white, labels)])
    keep_picture("zooscan", Image.fromarray(picture))


@pytest.mark.parametrize(
    ("blank", "text"),
    [
        (np.full((240, 240), 220, np.uint8), "expected the same frame"),
        (scan_of([(120, 160, 60)])[0], None),
        (np.where(discs((240, 320), [(120, 160, 60)]), 20, 220).astype(np.uint8), "empty tray"),
    ],
)
def test_what_is_no_blank_is_refused(blank, text):
    scan, *_ = scan_of(PLACES)
    if text is None:
        without_background(scan, blank[::2, ::2])
        return
    with pytest.raises(AquaticError, match=text):
        without_background(scan, blank)


def vignette_of(inside, grey=120, *, bar=True, marks=True):
    """Return what ZooProcess writes of a thing: a border, marks at two corners, a scale bar."""
    height, width = inside.shape
    pixels = np.full((height + 28 + (BAR_ROWS if bar else 0), width + 30), 255, np.uint8)
    pixels[14 : 14 + height, 15 : 15 + width][inside] = round(255 * (grey / 255) ** 2)
    if marks:
        pixels[14, 15:26] = pixels[14:25, 15] = 0
        pixels[14 + height, 5 + width : 16 + width] = 0
        pixels[4 + height : 15 + height, 15 + width] = 0
    if bar:
        pixels[-5:-3, 9:20] = 0
        pixels[-16:-9, 11] = 0
    return pixels


@pytest.mark.parametrize("bar", [True, False])
@pytest.mark.parametrize("marks", [True, False])
def test_bar_and_marks_are_no_part_of_a_thing(bar, marks):
    inside = discs((31, 41), [(15, 20, 15.2)])[:, 5:36]
    pixels = vignette_of(inside, bar=bar, marks=marks)
    found = read_vignette(pixels, upper=243, gamma=2.0)
    assert (found.thing.inside == inside).all()
    assert found.place == (14, 15)
    assert found.thing.grey.mean() == pytest.approx(120, abs=1)
    assert has_scale_bar(pixels) is bar
    assert ["no scale bar" in it for it in found.remarks] == [True] * (not bar)


def test_what_compression_broke_off_is_still_of_the_thing():
    inside = discs((31, 60), [(15, 14, 14.2)])
    inside[15, 27:] = True
    inside[15, 40:42] = False
    inside = inside[inside.any(axis=1)]
    found = read_vignette(vignette_of(inside), upper=243, gamma=2.0)
    assert found.thing.inside.shape == inside.shape
    alone = read_vignette(vignette_of(inside, marks=False), upper=243, gamma=2.0)
    assert alone.thing.inside.shape[1] < inside.shape[1]


def test_a_vignette_with_nothing_says_so():
    found = read_vignette(np.full((60, 40), 255, np.uint8))
    assert found.thing is None
    assert "nothing is darker" in found.remarks[-1]


def test_levels_lie_between_the_greys_of_thing_and_background():
    assert vignette_level(243, 1.0) == 243.5
    assert 255 * (245 / 255) ** 2 < vignette_level(245, 2.0) < 255 * (246 / 255) ** 2


@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real table")
def test_a_real_table_is_written_as_it_was():
    content = (AQUATIC / "img" / "uc2_ecotaxa.tsv").read_bytes()
    table = read_table(content.decode())
    assert table.text().encode() == content
    assert table.of_image("m106_mn01_n1_sml_821.jpg")["object_area"] == "1401.0"
    assert {"object_area", "object_feret"} <= {*ECOTAXA.values()} & {*table.columns}


_cell = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=25, deadline=None)
@given(st.lists(_cell, max_size=5), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_table_is_written_as_it_was(cells, line_end, is_ended):
    lines = ["img_file_name\tobject_id", "[t]\t[t]", *(f"{cell}\tx" for cell in cells)]
    text = line_end.join(lines) + (line_end if is_ended else "")
    assert read_table(text).text() == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tb\n1\t2\n", "no second line"),
        ("", "no second line"),
        ("img_a\tfoo\n[t]\t[t]\n", "'foo'"),
        ("img_a\timg_a\n[t]\t[t]\n", "twice"),
        ("img_a\tobject_b\n[t]\t[f]\nx\t1,5\n", "line 3: object_b: found '1,5'"),
        ("img_a\tobject_b\n[t]\t[f]\nx\tnan\n", "expected a number"),
        ("img_a\tobject_b\n[t]\t[f]\nx\n", "line 3: found 1 cells, expected 2"),
    ],
)
def test_what_is_no_table_is_refused(text, said):
    with pytest.raises(AquaticError, match=said):
        read_table(text)


def test_boxes_leave_out_numbers_that_are_nowhere():
    labels = np.array([[1, 0, 3]], np.int32)
    assert [number for number, _ in boxes(labels)] == [1, 3]


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_a_thin_thing_has_the_width_of_its_pixels(width):
    """The variance of a rectangle is a twelfth of its side squared; its ellipse has its area."""
    found = measured(Thing(np.ones((60, width), bool), np.zeros((60, width), np.uint8)))
    assert found["major"] / found["minor"] == pytest.approx(60 / width)
    assert found["major"] * found["minor"] * np.pi / 4.0 == pytest.approx(60 * width)
    assert found["elongation"] == pytest.approx(60 / width)


@pytest.mark.parametrize("scan", [255 - np.full((40, 40), 250), np.full((40, 40), 230)])
def test_a_scan_whose_background_is_dark_is_refused(scan):
    with pytest.raises(AquaticError, match="expected things before a lighter background"):
        things_in(scan.astype(np.uint8), 243)


def test_a_negative_of_a_vignette_is_refused():
    image = 255 - vignette_of(np.ones((20, 20), bool), bar=False, marks=False)
    with pytest.raises(AquaticError, match="expected a light background"):
        read_vignette(image)


@pytest.mark.parametrize(
    ("dpi", "um"), [((4800.0, 4800.0), 5.2917), ((2399.9952, 2399.9952), 10.583), ((72, 72), None)]
)
def test_the_side_of_a_pixel_is_that_of_a_scanner(dpi, um):
    assert pixel_um_of(dpi) == (um if um is None else pytest.approx(um, rel=1e-4))
    for told in (None, (0.0, 0.0), (float("nan"), float("nan")), (float("inf"), 2400.0)):
        assert pixel_um_of(told) is None
    with pytest.raises(AquaticError, match="square pixels"):
        pixel_um_of((1200.0, 2400.0))


def test_the_mark_of_a_spreadsheet_is_no_part_of_a_name():
    text = "\ufeffimg_file_name\tobject_area\n[t]\t[f]\na.jpg\t3.5\n"
    table = read_table(text)
    assert table.of_image("a.jpg") == {"img_file_name": "a.jpg", "object_area": "3.5"}
    assert table.text() == text
    with pytest.raises(AquaticError, match="img_rank twice"):
        read_table("\ufeffimg_rank\timg_rank\n[f]\t[f]\n1\t2\n")


@pytest.mark.parametrize("cell", ["1,5", "1_5", "1e400", "n/a"])
def test_what_is_no_number_is_refused(cell):
    with pytest.raises(AquaticError, match="line 3: object_area"):
        read_table(f"object_area\n[f]\n{cell}\n")


def test_a_number_that_is_none_is_written_as_nothing():
    assert [written(it) for it in (float("nan"), float("-inf"), 2.5, None)] == ["", "", "2.5", ""]
