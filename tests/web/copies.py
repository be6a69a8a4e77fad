"""Runners in copies of this process: a new one would load all that it has first."""

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkProcess

from web.store.base import Store


def begin_copy(store: Store, work: Callable[..., object], *arguments: object) -> ForkProcess:
    """Begin work in a copy of this process, whose store is closed until it is used again.

    SQLite must not be open where a process is copied.
    """
    store.close()
    copy = get_context("fork").Process(target=work, args=arguments)
    copy.start()
    return copy
