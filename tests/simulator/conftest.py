import pytest


@pytest.fixture(scope="session", autouse=True)
def _compiled(compiled):
    pass
