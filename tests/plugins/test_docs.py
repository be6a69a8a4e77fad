import re
import tomllib
from pathlib import Path

from witoil.plugins import card, georeference
from witoil.plugins.formats.writing import FILE_WRITERS, WRITERS

TEXT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")


def test_every_key_of_a_card_is_documented():
    tables = (
        *(card.Identity, card.Weights, card.Preprocessing, card.Tiling, card.Output, card.Label),
        *(card.Geo, card.Metric, card.Training, card.Reference, card.ExternalData),
        *(card.Parameter, card.Upstream),
    )
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()}
    assert [key for key in keys if not re.search(rf"`[^`]*\b{key}\b[^`]*`|{key} =", TEXT)] == []


def test_tasks_formats_and_kinds_are_documented():
    names = {
        *card.FORMATS,
        *WRITERS,
        *FILE_WRITERS,
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
