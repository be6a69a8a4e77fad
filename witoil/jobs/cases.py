"""Cases before they run: begun, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.claim import claimed
from witoil.errors import OutputError

if TYPE_CHECKING:
    from catalog import RoleName
    from witoil.case import Case


def begin(
    path: Path,
    *,
    point: tuple[float, float] | None = None,
    slick: Sequence[str] = (),
    forcing: Mapping[RoleName, Sequence[str]] | None = None,
    period: tuple[datetime, datetime] | None = None,
    force: bool = False,
    **amounts: Any,
) -> Case:
    """Write the smallest case file that runs, commented.

    Parameters
    ----------
    path : Path
        TOML file.
    point : tuple of float, optional
        Longitude and latitude of what leaks. [degrees] Either this
    slick : sequence of str
        or files of a slick that was seen.
    forcing : mapping, optional
        Role -> files, those that there are.
    period : tuple of datetime, optional
        Of the run, UTC.
    force : bool
        Replace a file that is there.
    **amounts
        ``name``, and what is known of the oil: fields of `witoil.case.starter.Beginning`.

    Returns
    -------
    Case
        As it is read from the file.

    Raises
    ------
    WitoilError, CatalogError, SimulatorError
        One line that says what to change; nothing is written then.
    """
    from witoil.case.loading import parse_text
    from witoil.case.starter import text_of
    from witoil.files import replacing
    from witoil.scenario.beginning import at_point, from_slick
    from witoil.scenario.oils import oil_of

    with claimed(path, is_file=True):
        refuse_existing(path, force=force)
        if point is not None:
            beginning = at_point(point, forcing or {}, period, **amounts)
        else:
            beginning = from_slick(slick, forcing or {}, period, **amounts)
        text = text_of(beginning, path)
        case = parse_text(text, path)
        oil_of(case)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return case


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to write a case file where one is, unless by force."""
    if path.exists() and not force:
        raise OutputError(f"{path}: is there already; expected a new name, or --force")


def check(case: Case, *, fetch: bool = False) -> dict[str, Any]:
    """Say what a case would read, cover, cost and lack; see `witoil.check.case.check`.

    Raises
    ------
    CatalogError
        Where the cache cannot be used.
    """
    from witoil.check.case import check as check_case

    return check_case(case, fetch=fetch)
