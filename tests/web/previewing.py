"""Previews answered by a thread of the process of the tests, and cases of the twin for them."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from web.previews import previewer
from web.previews.memory import Memory
from web.settings import Settings


@contextmanager
def serving(data: Path, **options: Any) -> Iterator[None]:
    """Have previews answered for a data folder."""
    _end_other_fork_server()
    room, loop, stopping = data / "room", asyncio.new_event_loop(), asyncio.Event()
    room.mkdir(parents=True)
    work = previewer.serve(Settings(data=data, **options), room, stopping)
    thread = threading.Thread(target=loop.run_until_complete, args=(work,))
    thread.start()
    try:
        while not (data / "preview").is_symlink():
            time.sleep(0.01)
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


def _end_other_fork_server() -> None:
    """End the one fork server of this process where it has other things loaded, as for models.

    What is forked from it would load, and compile, all that previews need, each time.
    """
    server = previewer.forkserver._forkserver  # type: ignore[attr-defined]
    if server._preload_modules != ["web.previews.preloaded"]:
        server._stop()


def take_memory(connection: socket.socket, most_bytes: int, wanted_bytes: int) -> None:
    """Take what is wanted, or all that may be had, say so, and go on without an answer."""
    taken: list[bytearray] = []
    with Memory(most_bytes).limited():
        with suppress(MemoryError):
            taken.extend(bytearray(2**20) for _ in range(wanted_bytes // 2**20))
        connection.sendall(b'{"number": 1}\n')
        time.sleep(600.0)


def twin_case(folder: Path, named: Callable[[str], str] | None = None) -> dict[str, Any]:
    """Return the case of the twin as JSON has it, with few particles.

    `named` makes names of those of its files; default: whole paths.
    """
    named = named or (lambda name: os.fspath(folder / name))
    document = tomllib.loads((folder / "demo.toml").read_text())
    document["model"]["particles"] = 300
    document["time"] = {key: value.isoformat() for key, value in document["time"].items()}
    document["forcing"] = {key: named(value) for key, value in document["forcing"].items()}
    for part in (*document["release"], *document["observation"], document):
        for key in {"geometry", "coastline"} & part.keys():
            part[key] = named(part[key])
        for key in {"start", "end"} & part.keys():
            part[key] = part[key].isoformat()
    return document
