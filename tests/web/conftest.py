import os
import shutil
import stat
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from web.store.base import Store

ROOT = Path(__file__).parents[2]


def _postgres():
    """Return the folder of the programs of PostgreSQL, the newest that there is."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += Path("/usr/lib/postgresql").glob("*/bin")
    return max(folders, key=lambda folder: folder.as_posix(), default=None)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """Address of a PostgreSQL server that belongs to the tests, without the name of a database."""
    programs = _postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("postgres")
    # it does not run as root
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
        # pytest keeps its folders to itself
        for parent in folder.parents[: len(folder.parents) - 2]:
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    data = folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    start = [programs / "initdb", "-A", "trust", "-U", "witoil", "-E", "UTF8", "-N", data]
    subprocess.run([*user, *start], **quiet)
    control = [*user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", f"-c listen_addresses= -k {folder} -F", "start"], **quiet)
    yield f"postgresql://witoil@/{{}}?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'witoil.sqlite'}"
    return _new_database(request.getfixturevalue("postgres"))


def _new_database(address):

    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(address.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return address.format(name)


@pytest.fixture
def store(database):
    """A store with all tables and nothing in them."""
    opened = Store.open(database)
    yield opened
    opened.close()
