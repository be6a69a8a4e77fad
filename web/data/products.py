"""What jobs may fetch of services: data sets of the registry that the operator has named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError
from catalog.services.registry import Choice, Registry
from web.errors import ContentError, TooLargeError
from web.faults import Fault
from web.jobs.inputs import FetchInputs
from witoil.jobs import chosen_datasets

if TYPE_CHECKING:
    from web.settings import Settings

_FINAL = timedelta(days=7)
"""After so long services replace nothing any more."""


def admit_fetch(inputs: Any, settings: Settings) -> dict[str, str]:
    """Refuse a job that would fetch what it may not.

    Parameters
    ----------
    inputs : BaseModel
        Of any process; all but those of `fetch` fetch nothing of the registry.
    settings : Settings

    Returns
    -------
    dict
        What is fetched, each with what tells its content, for `web.jobs.queue.key_of`.

    Raises
    ------
    ContentError
        If the operator has not named a data set, or none covers what is wanted.
    TooLargeError
    """
    if not isinstance(inputs, FetchInputs) or inputs.names:
        return {}
    assert inputs.box is not None
    assert inputs.time is not None
    registry = Registry.load().only(settings.products)
    try:
        choices = chosen_datasets(
            registry, inputs.roles, inputs.dataset, inputs.box, inputs.time.ends
        )
    except CatalogError as error:
        known = ", ".join(each.id for each in registry.datasets) or "none"
        raise ContentError(
            [Fault("/inputs", f"{error} (the operator lets jobs fetch: {known})")]
        ) from None
    size = sum(choice.size_bytes for choice in choices)
    if size > settings.upload_bytes:
        raise TooLargeError(
            f"found about {size:,} bytes to fetch, expected {settings.upload_bytes:,} at most; ask "
            "for a smaller area or less time"
        )
    return dict(map(_identity, choices))


def _identity(choice: Choice) -> tuple[str, str]:
    is_final = choice.period[1] < datetime.now(UTC) - _FINAL
    return f"{choice.role} of {choice.dataset.id}", "final" if is_final else ""
