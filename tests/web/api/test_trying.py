"""What a model takes, for the form of the page on which it is tried."""

import pytest

from tests.plugins.builders import card, mean_colour, plugin_in, same
from tests.plugins.scenes import DARK, dark_spots
from tests.web.people import assert_problem

COLOURS = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"',
    output='format = "probs"\ntopk = 2\nlabels = ["red", "green", "blue"]',
    rest='[geo]\nkinds = ["point", "track"]',
)
CLASSES = card(
    "semantic-seg",
    how='resize = "none"',
    output='format = "probs"\nlabels = ["a", "b", "c"]',
    rest="[tiling]\nsize = 16",
).replace("made-semantic-seg", "classes")


@pytest.fixture
def models(client, tmp_path, monkeypatch):
    """A client of a service with three models, and one whose card is broken."""
    plugin_in(tmp_path / "colours", mean_colour(), COLOURS)
    plugin_in(tmp_path / "dark", dark_spots(), DARK)
    plugin_in(tmp_path / "classes", same(), CLASSES)
    (plugin_in(tmp_path / "broken", same(), CLASSES) / "card.toml").write_text("[model]")
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path))
    return client


@pytest.mark.parametrize(
    ("name", "fields", "kinds"),
    [
        ("made-image-classify", {"topk": 2, "abstain": 0.0}, ["station", "exif"]),
        ("made-semantic-seg", {"conf": 0.5}, ["affine"]),
        ("classes", {}, []),
    ],
)
def test_a_form_has_what_the_task_makes_use_of(models, name, fields, kinds):
    found = models.get(f"/try/{name}").json
    told = found["fields"]["properties"]
    assert {key: each["default"] for key, each in told.items()} == fields
    assert [*found["georef"]] == kinds
    assert ".png" in found["suffixes"]


@pytest.mark.parametrize("name", ["none", "broken", "..%2f..%2fetc", "a" * 500])
def test_what_is_no_model_is_told_without_the_folders_of_the_machine(models, tmp_path, name):
    answer = models.get(f"/try/{name}")
    assert_problem(answer, 404)
    assert str(tmp_path) not in answer.text


def test_a_model_without_weights_is_not_ready_and_names_no_folder(models, tmp_path, monkeypatch):
    monkeypatch.setenv("WITOIL_WEIGHTS", str(tmp_path / "weights"))
    assert models.get("/v2/models/vessel-distance/ready").json["ready"] is False
    assert models.get("/v2/models/classes/ready").json["ready"] is True
    for answer in (
        models.get("/try/vessel-distance"),
        models.get("/v2/models/vessel-distance/"),
        models.post("/v2/models/vessel-distance/predict/", data={}),
    ):
        assert_problem(answer, 404)
        assert "has no weights here yet" in answer.json["detail"]
        assert str(tmp_path) not in answer.text


def test_a_program_has_a_field_for_what_it_can_be_told(models):
    told = models.get("/try/sound-levels").json
    assert told["suffixes"] == [".flac", ".ogg", ".wav"]
    fields = told["fields"]["properties"]
    assert (fields["seconds"]["minimum"], fields["seconds"]["maximum"]) == (1.0, 3600.0)
    assert fields["density"]["enum"] == ["no", "yes"]
    files = models.get("/try/satellite-bathymetry").json
    assert "soundings" not in files["fields"]["properties"]
    assert files["suffixes"] == [".tif", ".tiff"]


def test_the_page_is_for_anybody_and_each_model_leads_to_it(models):
    with models.get("/try?model=classes") as page:
        assert page.mimetype == "text/html"
        rules = page.headers["Content-Security-Policy"]
    assert "unsafe" not in rules
    assert "media-src blob:" in rules
    for model in models.get("/v2/models/").json["models"]:
        (link,) = (each for each in model["links"] if each["rel"] == "alternate")
        with models.get(link["href"]) as page:
            assert page.status_code == 200
