"""An SQLite database with all tables and nothing in them, which is made once and then copied."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from web.store.base import Store


def lay_empty(path: Path) -> None:
    """Put an empty database where there is none; whoever opens it finds its tables up to date."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        Store.open(f"sqlite:///{path}").close()
        return path.read_bytes()
