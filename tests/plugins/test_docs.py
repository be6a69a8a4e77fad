import re
import tomllib
from pathlib import Path

import numpy as np

from tests.plugins.test_safety import installed
from witoil.plugins import card, georeference
from witoil.plugins.formats.writing import FILE_WRITERS, TABLE_WRITERS, WRITERS
from witoil.plugins.prediction import predict
from witoil.plugins.registry import plugin_named

TEXT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")


def test_every_key_of_a_card_is_documented():
    tables = (
        *(card.Identity, card.Weights, card.Preprocessing, card.Tiling, card.Output, card.Label),
        *(card.Geo, card.Metric, card.Training, card.Reference, card.ExternalData, card.View),
    )
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()}
    assert [key for key in keys if not re.search(rf"`[^`]*\b{key}\b[^`]*`|{key} =", TEXT)] == []


def test_tasks_formats_and_kinds_are_documented():
    names = {
        *card.FORMATS,
        *WRITERS,
        *FILE_WRITERS,
        *TABLE_WRITERS,
        *(f for formats in card.FORMATS.values() for f in formats),
    }
    kinds = {
        it.model_fields["kind"].annotation.__args__[0]
        for it in (
            *(georeference.Affine, georeference.Nadir, georeference.Exif, georeference.Station),
            *(georeference.Homography, georeference.Track, georeference.Samples),
        )
    }
    assert [name for name in names | kinds if f"`{name}`" not in TEXT] == []


def test_the_card_that_is_shown_is_one():
    shown = re.search(r"```toml\n(\[model\].*?)```", TEXT, re.DOTALL)[1]
    parsed = card.parse_card(tomllib.loads(shown), "docs")
    assert [label.name for label in parsed.labels] == ["bad", "water_bad", "water_good"]


def test_the_program_that_is_shown_is_one(tmp_path, monkeypatch, image):
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
    project = tomllib.loads(re.search(r"```toml\n(\[project\].*?)```", TEXT, re.DOTALL)[1])
    (value,) = project["project"]["entry-points"]["witoil.plugins"].values()
    installed(tmp_path, value.partition(":")[0], value, code)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = predict(plugin_named("crab-counter"), image(np.zeros((4, 4, 3))))
    assert [it.label for it in found.findings.features] == ["crab"]


def test_the_views_that_are_shown_are_those_of_a_card():
    views = re.search(r"```toml\n(\[\[views\]\].*?)```", TEXT, re.DOTALL)[1]
    document = tomllib.loads(views) | {
        "model": {
            "id": "dover",
            "version": "1",
            "task": "video-score",
            "licence_code": "MIT",
            "licence_weights": "MIT",
        },
        "weights": {"uri": "m.onnx", "sha256": "0" * 64, "bytes": 1},
        "input": {"kind": "image", "size": [224, 224]},
        "output": {"format": "scores"},
    }
    technical, aesthetic = card.parse_card(document, "docs").views
    assert (technical.frames, technical.fragments, aesthetic.interval) == (32, 7, None)
