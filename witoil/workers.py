"""Dask workers for many runs: those of a scheduler, or threads of this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from witoil.errors import WitoilError

CONNECT_SECONDS = 30.0
"""How long to wait for a scheduler, and for its first worker. [s]"""


@contextmanager
def workers(address: str | None) -> Iterator[Any]:
    """Connect to a scheduler, or make one of threads of this process that opens no port.

    Parameters
    ----------
    address : str, optional
        Of a Dask scheduler, `tcp://host:port`.

    Yields
    ------
    distributed.Client

    Raises
    ------
    WitoilError
        Where the scheduler cannot be reached or has no workers.
    """
    with _quiet(), _connected(address) as client:
        yield client


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
def _connected(address: str | None) -> Iterator[Any]:
    from dask.distributed import Client  # most commands run in one process, without it
    from dask.system import CPU_COUNT

    if address is None:
        with Client(
            processes=False,
            n_workers=1,
            threads_per_worker=CPU_COUNT,
            dashboard_address=None,
            memory_limit=0,
            set_as_default=False,
        ) as client:
            yield client
        return
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
        yield client
