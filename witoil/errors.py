"""What can go wrong for a user of the application, in words."""

from __future__ import annotations


class WitoilError(ValueError):
    """One line: what was wrong, where, what was found, what was expected."""


class CaseError(WitoilError):
    """A case file that cannot be run; one line for each mistake."""


class OutputError(WitoilError, OSError):
    """An output that could not be written; nothing stands under its final name."""


def comes_of(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    """Say whether an error, or one of those behind it, is of some kinds."""
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__ or error.__context__
    return False
