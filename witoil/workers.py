"""Who runs many simulations side by side: threads of this process, or workers of a scheduler."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from witoil.errors import WitoilError

if TYPE_CHECKING:
    from dask.distributed import Client

Result = TypeVar("Result")

_LOST = (
    "--scheduler: was lost while it had work to do; start it again, and the same command goes on"
)

CONNECT_SECONDS = 30.0
"""How long to wait for a scheduler, and for its first worker. [s]"""


def forgo_dask() -> None:
    """Have this process do without Dask, which xarray loads only to look whether arrays are of it.

    For processes that have many simulations run by threads, if any: a quarter of what they load.
    An xarray that was loaded before knows that Dask is there, and keeps it.
    """
    if "xarray" not in sys.modules:
        sys.modules["dask"] = None  # type: ignore[assignment]  # as where it is not installed


class LostWorkersError(WitoilError):
    """A scheduler that has gone while it was needed; what was done until then is kept."""


def result_of(future: Future[Result]) -> Result:
    """Return the result of a task, or raise what befell it.

    Raises
    ------
    LostWorkersError
        If it was never run, since the scheduler has gone.
    """
    try:
        return future.result()
    except CancelledError:
        raise LostWorkersError(_LOST) from None


@dataclass(frozen=True)
class Workers:
    """Those who run tasks, and how they get what many tasks share."""

    executor: Executor
    share: Callable[[Any], Any]
    """Hand over something once; what it returns stands for it among the arguments of tasks."""


@contextmanager
def workers(address: str | None) -> Iterator[Workers]:
    """Give workers; tasks that have not begun are dropped where what asked for them fails.

    Parameters
    ----------
    address : str, optional
        Of a Dask scheduler, `tcp://host:port`. Default: threads of this process, which open no
        port.

    Raises
    ------
    WitoilError
        Where the scheduler cannot be reached or has no workers.
    """
    if address is None:
        with _dropped_at_a_fault(ThreadPoolExecutor(os.cpu_count())) as pool:
            yield Workers(pool, lambda data: data)
        return
    with (
        _quiet(),
        _connected(address) as client,
        _dropped_at_a_fault(client.get_executor(pure=False)) as executor,
    ):
        # not hashed: that would read all fields once more, for names that nobody needs
        yield Workers(executor, lambda data: client.scatter(data, broadcast=True, hash=False))


@contextmanager
def _dropped_at_a_fault(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    except BaseException:
        if isinstance(executor, ThreadPoolExecutor):
            executor.shutdown(wait=False, cancel_futures=True)
        else:  # that of Dask cancels what it does not wait for
            executor.shutdown(wait=False)
        raise
    executor.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask tells of its connections out of the messages for users."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    from dask.distributed import Client  # takes a second, and most commands need none
    from distributed.comm.core import CommClosedError

    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WitoilError(
            f"--scheduler {address}: could not be reached ({error}); expected the address of a "
            "running Dask scheduler, tcp://host:port"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise WitoilError(
                f"--scheduler {address}: has no workers; expected at least one that has witoil "
                "installed: dask worker ADDRESS"
            ) from error
        try:
            yield client
        except CommClosedError:
            raise LostWorkersError(_LOST) from None
