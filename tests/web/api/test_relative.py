"""Jobs read by relative names, so that nothing they write says where the server keeps its files."""

from pathlib import Path

import pytest

from web.data.relative import by_relative_names


def test_files_are_found_by_relative_names_and_words_stay(tmp_path):
    for name in ("a/currents.nc", "b/x/1.nc", "b/y/2.nc", "a/deep/slick.shp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    inputs = {
        "case": {
            "name": "/a/b",
            "forcing": {
                "currents": f"{tmp_path}/a/currents.nc",
                "winds": [f"{tmp_path}/b/*/?.nc", "none", "https://host/x.nc"],
            },
            "observation": [{"geometry": f"{tmp_path}/a/deep/slick.shp"}],
            "model": {"particles": 5},
        },
        "pictures": True,
    }
    here, room = Path.cwd(), tmp_path / "room"
    with by_relative_names(inputs, room) as relative:
        case = relative["case"]
        assert str(tmp_path) not in str(relative)
        assert Path(case["forcing"]["currents"]).read_text() == "a/currents.nc"
        assert sorted(each.read_text() for each in Path().glob(case["forcing"]["winds"][0])) == [
            "b/x/1.nc",
            "b/y/2.nc",
        ]
        assert Path(case["observation"][0]["geometry"]).read_text() == "a/deep/slick.shp"
        assert case["forcing"]["winds"][1:] == ["none", "https://host/x.nc"]
        assert (case["name"], case["model"], relative["pictures"]) == (
            "/a/b",
            {"particles": 5},
            True,
        )
    assert Path.cwd() == here
    assert not room.exists()
    assert (tmp_path / "a" / "currents.nc").exists()


def test_names_are_the_same_in_another_attempt(tmp_path):
    inputs = {"run": "/srv/b/run.nc", "observation": "/srv/a/slick.shp"}
    room = tmp_path / "room"
    room.mkdir()
    (room / "1").symlink_to("/nowhere")  # of one that was killed
    with by_relative_names(inputs, room) as first:
        pass
    with by_relative_names(inputs, tmp_path / "other") as second:
        pass
    assert first == second == {"run": "1/run.nc", "observation": "2/slick.shp"}


def test_what_fails_leaves_no_links(tmp_path):
    here = Path.cwd()
    with pytest.raises(KeyError), by_relative_names({"run": "/a/b"}, tmp_path / "room"):
        raise KeyError
    assert Path.cwd() == here
    assert list(tmp_path.iterdir()) == []
