import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.witoil.command import witoil
from tests.witoil.player.made import HOUR, ISLAND, OPEN_SEA, START, drifting, particles_of, run_of
from tests.witoil.player.test_pack import CASE, write_raster
from witoil.errors import WitoilError
from witoil.outputs.pictures import write_film, write_still
from witoil.player import film
from witoil.player.stills import Stills

AFLOAT, BEACHED, SEEN, LAND = (
    (0x2B, 0x37, 0x43),
    (0xD5, 0x5E, 0),
    (0xCC, 0x3D, 0x8F),
    (221, 216, 204),
)


def count(picture, colour):
    return int((np.abs(np.asarray(picture, int)[..., :3] - colour).max(axis=2) <= 8).sum())


@pytest.mark.slow
def test_each_time_has_its_picture():
    stills = Stills(drifting(), land=ISLAND)
    pictures = [stills.pixels(step) for step in range(7)]
    assert len({picture.tobytes() for picture in pictures}) == 7
    assert all(picture.shape == pictures[0].shape for picture in pictures)
    assert all(n % 2 == 0 for n in pictures[0].shape[:2])
    assert count(pictures[0], LAND) > 1000
    # the legend has one of each, the map those that are there
    assert count(pictures[6], BEACHED) > count(pictures[5], BEACHED)
    assert count(pictures[3], SEEN) > count(pictures[4], SEEN) == count(pictures[0], SEEN)
    np.testing.assert_array_equal(stills.pixels(2), pictures[2])


@pytest.mark.slow
def test_a_field_lies_where_its_particles_do():
    random = np.random.default_rng(0)
    lon = 19.60 + 0.003 * random.random((400, 1)) + np.array([0.0, 0.06])
    lat = 36.58 + 0.003 * random.random((400, 1)) + np.array([0.0, 0.04])
    run = run_of(particles_of(lon, lat, mass=np.full((400, 2), 50.0)))
    middles = []
    for what in ("particles", "thickness"):
        stills = Stills(run, what, OPEN_SEA)
        before, after = (stills.pixels(step).astype(int) for step in range(2))
        # where the oil was, without the time above the map; from below, as legends differ
        gone = (np.abs(before - after).max(axis=2) > 30)[::-1]
        rows, columns = np.nonzero(gone[: int(0.4 * len(gone)), :500])
        assert rows.size > 100
        middles.append((rows.mean(), columns.mean()))
    np.testing.assert_allclose(*middles, atol=6.0)


@pytest.mark.slow
def test_probabilities_are_drawn_too(tmp_path):
    chances = np.zeros((20, 20))
    chances[4:9, 3:12] = 0.95
    name = "probability of oil at 2025-06-01T06:00:00Z"
    write_raster(tmp_path / "probability_1.tif", [chances], [name], nodata=0.0)
    run = run_of(None, tmp_path, command="forecast", summary={"case": CASE})
    write_still(run, tmp_path / "p.png", land=ISLAND)
    image = Image.open(tmp_path / "p.png").convert("RGB")
    assert count(image, (0x44, 0x01, 0x54)) > 10_000  # the darkest of viridis


@pytest.mark.slow
def test_the_nearest_output_is_drawn(tmp_path):
    run = drifting()
    stills = Stills(run, land=ISLAND)
    assert stills.step_at(START + 2 * HOUR + HOUR / 3) == 2
    write_still(run, tmp_path / "a.png", time=START + 2 * HOUR + HOUR / 3, land=ISLAND)
    assert (tmp_path / "a.png").read_bytes() == stills.png(2)
    for time in (START - HOUR / 60, START + 7 * HOUR):
        with pytest.raises(WitoilError, match="expected a time within"):
            stills.step_at(time)


@pytest.mark.slow
def test_a_name_is_text_in_pictures():
    for name in ("$x", "a $\\frac$ b", "<b> ü & %"):
        Stills(replace(drifting(), name=name), land=ISLAND).png(0)


@pytest.mark.slow
def test_a_budget_of_particles_is_a_chart(tmp_path):
    write_still(drifting(), tmp_path / "b.png", "budget")
    image = Image.open(tmp_path / "b.png").convert("RGB")
    assert count(image, AFLOAT) > 10_000
    assert count(image, BEACHED) > 1_000


@pytest.mark.parametrize(
    ("what", "name", "message"),
    [
        ("wind", "p.png", "expected particles, thickness, budget$"),
        ("map", "p.png", r"has no map\.png; expected a run that drew one: without --no-pictures"),
        (None, "p.jpg", "ends with .png"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path, what, name, message):
    with pytest.raises(WitoilError, match=message):
        write_still(drifting(), tmp_path / name, what, land=ISLAND)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folder", [".", "best"])
def test_pictures_that_a_run_drew_are_given_as_they_are(tmp_path, folder):
    run = run_of(drifting().particles, tmp_path / "run")
    place = run.path / folder
    place.mkdir(parents=True)
    for name in ("map", "coast"):
        (place / f"{name}.png").write_bytes(name.encode())
        write_still(run, tmp_path / "p.png", name)
        assert (tmp_path / "p.png").read_bytes() == name.encode()
    (place / "particles.png").write_bytes(b"no picture of its own")
    with pytest.raises(WitoilError, match=r"expected particles, thickness, budget, map, coast$"):
        write_still(run, tmp_path / "q.png", "wind", land=ISLAND)
    with pytest.raises(WitoilError, match=r"has no driving\.png"):
        write_still(run, tmp_path / "q.png", "driving")
    for what in ("map", "budget"):
        with pytest.raises(WitoilError, match=f"^--time: the {what} is of no single time"):
            write_still(run, tmp_path / "q.png", what, START)
    assert not (tmp_path / "q.png").exists()


def test_no_film_is_told_to_show_what_only_pictures_can(tmp_path):
    with pytest.raises(WitoilError, match=r"expected particles, thickness$"):
        write_film(drifting(), tmp_path / "run.gif", "budget", land=ISLAND)


def test_a_budget_needs_masses(tmp_path):
    run = run_of(particles_of([[19.6, 19.7]], [[36.5, 36.6]]))
    with pytest.raises(WitoilError, match="no mass"):
        write_still(run, tmp_path / "b.png", "budget")


@pytest.mark.slow
def test_a_gif_has_a_picture_for_each_output(tmp_path):
    told = []
    write_film(
        drifting(),
        tmp_path / "run.gif",
        land=ISLAND,
        pictures_per_second=4.0,
        progress=lambda share, note: told.append(share),
    )
    with Image.open(tmp_path / "run.gif") as image:
        assert image.n_frames == 7
        assert image.info["duration"] == 250
        assert image.info["loop"] == 0
    assert told == [k / 7 for k in range(1, 8)]


# the reader leaves its pipes to the collector
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_mp4_has_a_picture_for_each_output(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    write_film(drifting(), tmp_path / "ein Lauf ü.mp4", land=ISLAND, pictures_per_second=2.0)
    frames, seconds = ffmpeg.count_frames_and_secs(str(tmp_path / "ein Lauf ü.mp4"))
    assert frames == 7
    assert seconds == pytest.approx(3.5)
    reader = ffmpeg.read_frames(str(tmp_path / "ein Lauf ü.mp4"))
    width, height = next(reader)["size"]
    last = np.frombuffer(list(reader)[-1], np.uint8).reshape(height, width, 3)
    expected = Stills(drifting(), land=ISLAND).pixels(6)
    assert np.abs(last.astype(int) - expected).mean() < 5.0


def test_without_an_encoder_it_is_said_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr(film.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WitoilError, match=r"pip install 'witoil\[animate\]'"):
        write_film(drifting(), tmp_path / "run.mp4", land=ISLAND)


@pytest.mark.slow
def test_a_film_that_breaks_off_leaves_nothing(tmp_path):
    def stop(share, note):
        if share > 0.5:
            raise KeyboardInterrupt

    for name in ("run.gif", "run.mp4"):
        with pytest.raises(KeyboardInterrupt):
            write_film(drifting(), tmp_path / name, land=ISLAND, progress=stop)
    assert not list(tmp_path.iterdir())


def test_a_film_of_another_kind_is_refused(tmp_path):
    with pytest.raises(WitoilError, match=r"ends with \.mp4 or \.gif"):
        write_film(drifting(), tmp_path / "run.avi", land=ISLAND)


@pytest.fixture(scope="module")
def simulated(twin_copy):
    folder = twin_copy("pictures")
    text = (folder / "demo.toml").read_text().replace("20_000", "400")
    (folder / "small.toml").write_text(text)
    answer = witoil("simulate", folder / "small.toml", "--out", folder / "out")
    assert answer.returncode == 0, answer.stderr
    return folder / "out"


@pytest.mark.slow
def test_the_commands_make_files_of_a_run(simulated, tmp_path):
    for arguments, said in (
        (("view", simulated, "--out", tmp_path / "run.html"), "MB, to open in a browser"),
        (("animate", simulated, "--out", tmp_path / "run.gif", "--fps", 12), "written to"),
        (("plot", simulated, "--what", "thickness", "--out", tmp_path / "t.png"), "written to"),
        (("plot", simulated, "--what", "budget", "--out", tmp_path / "b.png"), "written to"),
        (("animate", simulated, "--quiet", "--out", tmp_path / "q.gif"), ""),
    ):
        answer = witoil(*arguments)
        assert answer.returncode == 0, answer.stderr
        assert said in answer.stdout
        assert said or not answer.stdout + answer.stderr
    page = (tmp_path / "run.html").read_text("utf-8")
    assert "of oil released" in page
    for name in ("run.gif", "t.png", "b.png", "q.gif"):
        Image.open(io.BytesIO((tmp_path / name).read_bytes())).load()
