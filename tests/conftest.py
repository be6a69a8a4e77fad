import os
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def cases() -> Path:
    """Folder of the real cases, which are data to read and never part of the repository."""
    folder = Path(os.environ.get("WITOIL_CASES", _PROJECT / "../shared/cases")).resolve()
    if not folder.is_dir():
        pytest.skip(f"real cases not found at {folder}; set WITOIL_CASES to their folder")
    return folder
