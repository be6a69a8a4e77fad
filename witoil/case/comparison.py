"""Where two documents differ: what was done before, and what is asked for now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def differences(
    before: Any, now: Any, may_differ: Collection[str] = (), key: str = ""
) -> list[tuple[str, Any, Any]]:
    """Return where two documents differ.

    Parameters
    ----------
    before, now : Any
        As JSON has them.
    may_differ : collection of str
        Dotted keys that are not looked at.
    key : str
        Where the documents stand in larger ones.

    Returns
    -------
    list of tuple
        Dotted key, value before, value now.
    """
    if key in may_differ:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        found = []
        for name in [*now, *(k for k in before if k not in now)]:
            inner = f"{key}.{name}" if key else name
            found += differences(before.get(name), now.get(name), may_differ, inner)
        return found
    return [] if before == now else [(key, before, now)]
