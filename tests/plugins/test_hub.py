"""What other platforms take, made from cards: the hub's metadata, and functions of OSCAR."""

import json
import os
import subprocess
import sys
import zipfile

import jsonschema
import numpy as np
import pytest
import yaml

from tests.plugins.builders import card, mean_colour, plugin_in
from tests.witoil.command import witoil
from witoil.plugins.card import parse_card
from witoil.plugins.errors import PluginError
from witoil.plugins.hub import as_yaml, metadata_of
from witoil.plugins.oscar import write_function
from witoil.plugins.registry import open_folder

AI4 = "ai4-metadata==2.4.2"
SOURCE = "https://example.org/made"
TEXT = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
).replace(
    'version = "1"', f'version = "1"\nsource = "{SOURCE}"\ntitle = "Colours: \\"all\\" of them"'
)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    made = open_folder(plugin_in(tmp_path / "models" / "made", mean_colour(), TEXT))
    assert made.fault is None
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "models"))
    return made


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """The hub's own schema, out of its wheel: 53 KB."""
    folder = tmp_path_factory.mktemp("ai4")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, AI4], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{AI4} cannot be had: {done.stderr.strip()[-200:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        name = "ai4_metadata/assets/schemata/ai4-apps-v2.3.0.json"
        return json.loads(archive.read(name))


@pytest.mark.slow
def test_metadata_are_those_of_the_hub(plugin, schema):
    answer = witoil("modules", "metadata", plugin.name)
    assert answer.returncode == 0
    found = yaml.safe_load(answer.stdout)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.validate(found)
    assert found["title"] == 'Colours: "all" of them'
    assert found["links"] == {"source_code": SOURCE}
    assert found["tasks"] == ["Computer Vision", "Classification"]
    assert found["tags"] == ["image-classify", "image", "red", "green", "blue"]
    trained = metadata_of(plugin.card, can_be_trained=True)
    validator.validate(trained)
    assert "AI4 trainable" in trained["categories"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image", "audio"])
def test_metadata_of_hosted_modules_are_those_of_the_hub_too(schema, kind):
    sound = {"sample_rate": 8000, "seconds": 1.0} if kind == "audio" else {"resize": "none"}
    made = parse_card(
        {
            "model": {
                "id": "a",
                "version": "1",
                "task": "deepaas",
                "licence_code": "MIT",
                "licence_weights": "unknown",
                "source": SOURCE,
                "doi": "10.5281/zenodo.1",
                "description": "one\ntwo: # three",
            },
            "input": {"kind": kind, **sound},
            "output": {"format": "json"},
        },
        "a",
    )
    found = yaml.safe_load(as_yaml(metadata_of(made)))
    jsonschema.Draft202012Validator(schema).validate(found)
    assert found["summary"] == "one"
    assert found["doi"] == "10.5281/zenodo.1"


def test_a_card_without_a_source_has_no_metadata(tmp_path):
    made = open_folder(
        plugin_in(tmp_path / "made", mean_colour(), TEXT.replace(f'source = "{SOURCE}"\n', ""))
    )
    with pytest.raises(PluginError, match=r"model\.source: found none"):
        metadata_of(made.card)


@pytest.mark.slow
def test_the_script_of_a_function_runs_the_model_on_a_file_that_arrives(plugin, tmp_path):
    from PIL import Image

    answer = witoil(
        "modules", "oscar", plugin.name, "--image", "ghcr.io/a/b:1", "--out", tmp_path / "fn"
    )
    assert answer.returncode == 0, answer.stderr
    document = yaml.safe_load((tmp_path / "fn" / f"{plugin.name}.yaml").read_text())
    (entry,) = document["functions"]["oscar"]
    service = entry["oscar-cluster"]
    assert service["script"] == "script.sh"
    assert service["cpu"] == "1"  # OSCAR wants a text
    assert service["input"] == [
        {"storage_provider": "minio.default", "path": f"{service['name']}/in"}
    ]
    pixels = np.full((8, 8, 3), (0, 255, 0), np.uint8)
    arrived = tmp_path / "a picture.png"
    Image.fromarray(pixels).save(arrived)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "witoil").write_text(f'#!/bin/sh\nexec {sys.executable} -m witoil "$@"\n')
    (programs / "witoil").chmod(0o755)
    environment = os.environ | {
        "INPUT_FILE_PATH": str(arrived),
        "TMP_OUTPUT_DIR": str(tmp_path / "results"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    (tmp_path / "results").mkdir()
    subprocess.run(["sh", tmp_path / "fn" / "script.sh"], env=environment, check=True)
    (found,) = (tmp_path / "results").rglob("features.geojson")
    assert found.parent.name == "a picture.png.found"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"image": "a b"}, "--image"),
        ({"image": "-x"}, "--image"),
        ({"image": "a/b", "bucket": "A/../b"}, "--bucket"),
    ],
)
def test_names_that_oscar_does_not_take_are_refused(plugin, tmp_path, options, says):
    with pytest.raises(PluginError, match=says):
        write_function(plugin, tmp_path / "fn", **options)
    assert not (tmp_path / "fn").exists()
