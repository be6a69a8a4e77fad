"""What can go wrong between a user's file and the simulator, said in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Cause = TypeVar("Cause", bound=BaseException)


class CatalogError(ValueError):
    """Data that cannot be used as they are.

    The message is one line for people: what was wrong, where (file and variable), what was
    found, what was expected and what to do.
    """

    def __init__(self, message: str) -> None:
        # Messages of GDAL and HDF5, quoted in ours, run over several lines.
        super().__init__(" ".join(message.split()))


class UnreadableFileError(CatalogError):
    """A file that is missing, broken, or not of the format it claims to be."""


class CoverageError(CatalogError):
    """Data that do not reach over the wanted period or box."""


class UnclearError(CatalogError):
    """Data that may mean several things, where a key of the case says which.

    Attributes
    ----------
    fault : str
        Where, and what was found.
    """

    def __init__(self, fault: str, settles: str) -> None:
        """Put together what was found, and what was expected and which key settles it."""
        super().__init__(f"{fault}; {settles}")
        self.fault = fault


@contextmanager
def without_keys(expected: str) -> Iterator[None]:
    """Say what is expected of files for which a case has no such keys.

    Raises
    ------
    CatalogError
        In place of `UnclearError`.
    """
    try:
        yield
    except UnclearError as error:
        raise CatalogError(f"{error.fault}; {expected}") from None


def cause_of(error: BaseException, *kinds: type[Cause]) -> Cause | None:
    """Return the first of some kinds among an error and those behind it; None where there is none.

    It is what went wrong in a library, whatever others have made of it.
    """
    found: BaseException | None = error
    while found is not None and not isinstance(found, kinds):
        found = found.__cause__ or found.__context__
    return found
