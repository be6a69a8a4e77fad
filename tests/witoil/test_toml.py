import tomllib
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from witoil.case import toml

texts = st.text(st.characters(exclude_categories=("Cs",))).filter(lambda text: "${" not in text)
zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)


@given(st.one_of(texts, st.lists(texts)), texts)
def test_text_is_read_back_the_same_whatever_is_remarked(text, remark):
    line = f"key = {toml.value(text)} {toml.comment(remark)}"
    assert tomllib.loads(line) == {"key": text}


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones))
def test_times_are_read_back_the_same(time):
    assert tomllib.loads(f"time = {toml.moment(time)}")["time"] == time.astimezone(UTC)


def test_paths_below_the_case_file_are_short_and_remote_names_stay(tmp_path):
    assert toml.path_from(tmp_path, str(tmp_path / "a" / "b.nc")) == "a/b.nc"
    assert toml.path_from(tmp_path / "c", str(tmp_path / "b.nc")) == str(tmp_path / "b.nc")
    for name in ("https://h/x.nc", "thredds:https://h/catalog.xml", "opendap:https://h/x"):
        assert toml.path_from(tmp_path, name) == name
