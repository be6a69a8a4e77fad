"""The table of modules: a row for each card, with a status, and a test that there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "modules.md").read_text(encoding="utf-8")
STATUSES = re.findall(r"^\| (\*[^|*]+\*) \|", TEXT, re.MULTILINE)
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and line.count("|") == 6 and "`" in line
]


def test_there_are_rows_and_statuses():
    assert len(STATUSES) == 5
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_a_status_and_a_test_that_there_is(row):
    _, _, status, figure, tests = row
    assert status in STATUSES
    assert figure
    named = re.findall(r"`(tests/[^`]+)`", tests)
    assert named or status == "*slot*"
    assert [it for it in named if not (ROOT / it).is_file()] == []


def test_every_card_has_a_row():
    named = {name for row in ROWS for name in re.findall(r"`([^`]+)`", row[0])}
    cards = {it.parent.name for it in (ROOT / "witoil/plugins/cards").glob("*/card.toml")}
    assert cards <= named
