import os
import shutil
import stat
import zipfile

import pytest

from catalog.files import archives
from tests.plugins.builders import card, mean_colour, plugin_in
from tests.witoil.command import witoil
from witoil.plugins.registry import VARIABLE, find_plugins, plugin_named

TEXT = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
)
NAME = "made-image-classify"


@pytest.fixture
def brought(tmp_path):
    folder = plugin_in(tmp_path / "brought", mean_colour(), TEXT)
    (folder / "LICENSE").write_text("as you like")
    (folder / "train.py").write_text("print()")
    return folder


@pytest.fixture
def add(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    return lambda place, *more: witoil("modules", "add", place, *more)


def left(tmp_path):
    return sorted(os.listdir(tmp_path / "plugins")) if (tmp_path / "plugins").exists() else []


def zipped(folder, path, top=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{top}{file.name}")
    return path


@pytest.mark.parametrize("how", ["folder", "zip", "zip of a folder"])
def test_a_plugin_is_added_as_its_card_has_it(brought, add, tmp_path, how):
    place = brought
    if how != "folder":
        place = zipped(brought, tmp_path / "it.zip", "it/" if how == "zip of a folder" else "")
    answer = add(place)
    assert answer.returncode == 0, answer.stderr
    assert "left out train.py" in answer.stdout
    assert left(tmp_path) == [NAME]
    assert {*os.listdir(tmp_path / "plugins" / NAME)} == {"card.toml", "model.onnx", "LICENSE"}
    assert [it.fault for it in find_plugins() if it.name == NAME] == [None]


@pytest.mark.slow
def test_one_that_is_there_is_replaced_by_force_alone(brought, add, tmp_path):
    assert add(brought).returncode == 0
    text = (brought / "card.toml").read_text()
    (brought / "card.toml").write_text(text.replace('version = "1"', 'version = "2"'))
    answer = add(brought)
    assert answer.returncode == 2
    assert "is there already; expected another id, or --force" in answer.stderr
    assert add(brought, "--force").returncode == 0
    assert left(tmp_path) == [NAME]
    plugin = plugin_named(NAME)
    assert plugin.card.model.version == "2"
    (brought / "model.onnx").write_bytes(b"broken")
    assert add(brought, "--force").returncode == 2
    plugin = plugin_named(NAME)
    assert plugin.card.model.version == "2"
    assert witoil("modules", "check", NAME).returncode == 0


@pytest.mark.slow
def test_another_of_its_name_is_told(brought, add, tmp_path):
    answer = add(brought)
    answer = add(brought, "--into", tmp_path / "elsewhere")
    assert answer.returncode == 2
    assert "expected another id in the card" in answer.stderr
    assert not (tmp_path / "elsewhere").exists()


def broken_weights(folder):
    (folder / "model.onnx").write_bytes(b"x" + (folder / "model.onnx").read_bytes()[1:])


def without_weights(folder):
    (folder / "model.onnx").unlink()


def link_out(folder):
    shutil.move(folder / "model.onnx", folder.parent / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(folder.parent / "elsewhere.onnx")


def without_card(folder):
    (folder / "card.toml").unlink()


def unknown_key(folder):
    with (folder / "card.toml").open("a") as file:
        file.write("\n[more]\n")


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (broken_weights, "found the checksum"),
        (without_weights, "is not there"),
        (link_out, "leads out of the plug-in's folder"),
        (without_card, "has no card.toml"),
        (unknown_key, "is no key of a card"),
    ],
)
def test_one_that_is_broken_is_not_added(brought, add, tmp_path, damage, text):
    damage(brought)
    answer = add(brought)
    assert answer.returncode == 2
    assert text in " ".join(answer.stderr.split())
    assert answer.stderr.count("\n") == 1
    assert left(tmp_path) == []


def climbing(archive):
    archive.writestr("../card.toml", TEXT)


def linked(archive):
    entry = zipfile.ZipInfo("card.toml")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/hostname")


def bomb(archive):
    for k in range(3):
        entry = zipfile.ZipInfo(f"{k}.onnx")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w") as file:
            file.write(bytes(400_000))


@pytest.mark.parametrize(
    ("pack", "text"),
    [(climbing, "points outside it"), (linked, "is a link"), (bomb, "more than the")],
)
def test_zips_that_do_harm_are_refused(add, tmp_path, pack, text, monkeypatch):
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
        pack(archive)
    answer = add(tmp_path / "it.zip")
    assert answer.returncode == 2
    assert text in answer.stderr
    assert left(tmp_path) == []


@pytest.mark.slow
def test_what_is_no_plugin_is_told(add, tmp_path, monkeypatch):
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    (tmp_path / "model.onnx").write_bytes(mean_colour())
    (tmp_path / "two").mkdir()
    for name in ("a", "b"):
        plugin_in(tmp_path / "two" / name, mean_colour(), TEXT)
    for place, text in {
        "bad.zip": "cannot be unpacked",
        "model.onnx": "is no folder and no zip",
        "none": "is no folder and no zip",
        "two": "2 folders with one in it",
    }.items():
        answer = add(tmp_path / place)
        assert answer.returncode == 2
        assert text in answer.stderr
    monkeypatch.delenv(VARIABLE)
    assert "--into DIR" in add(tmp_path / "two").stderr
    monkeypatch.setenv(VARIABLE, str(tmp_path / "two" / "a"))
    assert "is a plug-in itself" in add(tmp_path / "two" / "b").stderr
