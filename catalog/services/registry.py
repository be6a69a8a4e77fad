"""The registry of data sets that forcing can be fetched from, and which of them covers a case."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.antimeridian import unbroken_box
from catalog.errors import CatalogError, CoverageError
from catalog.forcing.names import QUANTITIES, ROLES, RoleName
from catalog.grid import Box, format_box

MORE = "WITOIL_DATASETS"
"""Environment variable that names a file with more data sets."""

Service = Literal["cmems", "era5", "opendap"]
TimeSpan = tuple[datetime, datetime]


class RegisteredDataset(BaseModel):
    """One data set of the registry.

    Attributes
    ----------
    id : str
        Its name at the service.
    title : str
        For people.
    service : {"cmems", "era5", "opendap"}
        How it is fetched.
    product : str
        What the service calls the whole of which it is a part.
    roles : tuple of {"currents", "winds", "waves", "temperature"}
        What it can be used for.
    box : tuple of float
        West, south, east, north. [degrees]
    resolution_deg : float
        Of latitude. [degrees]
    step_hours : float
        From time to time. [h]
    values : {"mean", "instant"}
        Whether values are means over the step.
    start, end : date or int
        First and last day; an integer counts days from today.
    variables : dict
        Name at the service -> CF name.
    aliases : tuple of str
        Former ids.
    includes : tuple of str
        ``stokes drift``, ``tide``: what currents hold already.
    urls : tuple of str
        Of OPeNDAP.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    title: str
    service: Service
    product: str
    roles: tuple[RoleName, ...] = Field(min_length=1)
    box: Box
    resolution_deg: float = Field(gt=0.0)
    step_hours: float = Field(gt=0.0)
    values: Literal["mean", "instant"]
    start: int | date
    end: int | date
    variables: dict[str, str]
    aliases: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.box[1] >= self.box[3]:
            raise ValueError("box: expected west, south, east, north")
        if self.service == "opendap" and not self.urls:
            raise ValueError("urls: none, expected those of OPeNDAP")
        unknown = [name for name in self.variables.values() if name not in QUANTITIES]
        if unknown:
            raise ValueError(f"variables: found {unknown[0]!r}, expected {', '.join(QUANTITIES)}")
        for role in self.roles:
            if not self.wanted(role):
                raise ValueError(f"variables: none for {role}, which the roles name")
        return self

    def span(self, today: date) -> TimeSpan:
        """First and last moment, as of a day."""
        first, last = (
            today + timedelta(days=day) if isinstance(day, int) else day
            for day in (self.start, self.end)
        )
        return (
            datetime(first.year, first.month, first.day, tzinfo=UTC),
            datetime(last.year, last.month, last.day, 23, 59, tzinfo=UTC),
        )

    def wanted(self, role: RoleName) -> dict[str, str]:
        """Variables that a role takes, name at the service -> CF name."""
        return {k: v for k, v in self.variables.items() if v in ROLES[role].quantities}


@dataclass(frozen=True)
class Choice:
    """A data set, and what it covers of what is wanted.

    Attributes
    ----------
    dataset : RegisteredDataset
    role : {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        Wanted. [degrees]
    period : tuple of datetime
        Wanted, UTC.
    covered : tuple of datetime or None
        What of the period it should have.
    """

    dataset: RegisteredDataset
    role: RoleName
    box: Box
    period: TimeSpan
    covered: TimeSpan | None

    @property
    def share(self) -> float:
        """Share of the period that is covered."""
        if self.covered is None:
            return 0.0
        whole = (self.period[1] - self.period[0]).total_seconds()
        return (self.covered[1] - self.covered[0]).total_seconds() / whole if whole else 1.0

    @property
    def gaps(self) -> list[TimeSpan]:
        """What of the period is missing."""
        if self.covered is None:
            return [self.period]
        before, after = (self.period[0], self.covered[0]), (self.covered[1], self.period[1])
        return [gap for gap in (before, after) if gap[0] < gap[1]]

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory, in single precision."""
        if self.covered is None:
            return 0
        west, south, east, north = unbroken_box(self.box)
        width = east - west
        nodes = (width / self.dataset.resolution_deg + 3) * (
            (north - south) / self.dataset.resolution_deg + 3
        )
        hours = (self.covered[1] - self.covered[0]).total_seconds() / 3600.0
        records = hours / self.dataset.step_hours + 2
        return round(4 * nodes * records * len(self.dataset.wanted(self.role)))


@dataclass(frozen=True)
class Registry:
    """All data sets that are known.

    Attributes
    ----------
    datasets : tuple of RegisteredDataset
    """

    datasets: tuple[RegisteredDataset, ...]

    @classmethod
    def load(cls, more: Path | None = None) -> Registry:
        """Read the registry that comes with the package, and another one where there is one.

        Parameters
        ----------
        more : Path, optional
            TOML file of the same form, whose entries go first; by default the one that
            `MORE` names.

        Raises
        ------
        CatalogError
            If an entry makes no sense; one line that says which.
        """
        name = os.environ.get(MORE)
        more = more or (Path(name) if name else None)
        own = files("catalog.services").joinpath("datasets.toml").read_text(encoding="utf-8")
        added = [] if more is None else _parse(_read(more), str(more))
        known = {entry.id for entry in added}
        kept = [entry for entry in _parse(own, "datasets.toml") if entry.id not in known]
        return cls((*added, *kept))

    def only(self, names: Collection[str]) -> Registry:
        """Return those data sets that are named by their id, a former one, or their service."""
        return Registry(
            tuple(d for d in self.datasets if not {d.id, *d.aliases, d.service}.isdisjoint(names))
        )

    def find(self, name: str) -> RegisteredDataset:
        """Return a data set by its id or a former one.

        Raises
        ------
        CatalogError
            If there is none.
        """
        for dataset in self.datasets:
            if name in (dataset.id, *dataset.aliases):
                return dataset
        raise CatalogError(
            f"data set {name!r}: not in the registry; expected one of "
            f"{', '.join(dataset.id for dataset in self.datasets) or 'none'}"
        )

    def choice_of(
        self,
        dataset: RegisteredDataset,
        role: RoleName,
        box: Box,
        period: TimeSpan,
        *,
        today: date | None = None,
    ) -> Choice:
        """Return what a data set covers, whichever else there is; see `choices`.

        Raises
        ------
        CoverageError
            If it has nothing for the role, or does not hold the box.
        """
        if role not in dataset.roles or not _holds(dataset.box, box):
            raise CoverageError(
                f"{dataset.id}: has {' and '.join(dataset.roles)} for {format_box(dataset.box)}; "
                f"expected {role} for {format_box(box)}, choose another"
            )
        span = dataset.span(today or datetime.now(UTC).date())
        return Choice(dataset, role, box, period, _overlap(span, period))

    def choices(
        self, role: RoleName, box: Box, period: TimeSpan, *, today: date | None = None
    ) -> list[Choice]:
        """Return the data sets that hold a box, the best first.

        The best covers most of the period; among those that cover as much, the one with the finest
        grid, then the shortest step, then the one without Stokes drift in its currents.

        Parameters
        ----------
        role : {"currents", "winds", "waves", "temperature"}
        box : tuple of float
            West, south, east, north. [degrees]
        period : tuple of datetime
            UTC.
        today : date, optional
            On which the spans of forecasts and lags are counted.
        """
        found = [
            self.choice_of(dataset, role, box, period, today=today)
            for dataset in self.datasets
            if role in dataset.roles and _holds(dataset.box, box)
        ]
        return sorted(
            found,
            key=lambda choice: (
                -round(choice.share, 6),
                choice.dataset.resolution_deg,
                choice.dataset.step_hours,
                len(choice.dataset.includes),
            ),
        )

    def choose(
        self, role: RoleName, box: Box, period: TimeSpan, *, today: date | None = None
    ) -> Choice:
        """Return the best of `choices`.

        Raises
        ------
        CoverageError
            If none covers any of it.
        """
        found = self.choices(role, box, period, today=today)
        if not found or found[0].covered is None:
            raise CoverageError(
                f"no data set of the registry has {role} for {format_box(box)}, "
                f"{period[0]:%Y-%m-%dT%H:%MZ} to {period[1]:%Y-%m-%dT%H:%MZ}; give files, or add a "
                f"data set by {MORE}"
            )
        return found[0]


def _overlap(span: TimeSpan, period: TimeSpan) -> TimeSpan | None:
    first, last = max(span[0], period[0]), min(span[1], period[1])
    return (first, last) if first <= last else None


def _holds(outer: Box, inner: Box) -> bool:
    if not (outer[1] <= inner[1] and inner[3] <= outer[3]):
        return False
    if outer[2] - outer[0] >= 360.0:
        return True
    west, _, east, _ = unbroken_box(inner)
    turn = 360.0 * math.floor((west - outer[0]) / 360.0)
    return outer[0] <= west - turn and east - turn <= outer[2]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: the registry cannot be read ({error})") from error


def _parse(text: str, label: str) -> list[RegisteredDataset]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{label}: not TOML: {error}") from None
    entries = document.get("dataset")
    if not isinstance(entries, list):
        raise CatalogError(f"{label}: no [[dataset]]; expected one or more")
    return [_entry(entry, f"{label}: dataset {k}") for k, entry in enumerate(entries)]


def _entry(entry: Any, where: str) -> RegisteredDataset:
    try:
        return RegisteredDataset.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "entry"
        message = first["msg"].removeprefix("Value error, ")
        name = entry.get("id", "without an id") if isinstance(entry, dict) else entry
        raise CatalogError(
            f"{where} ({name}): {key}: {message}; expected the keys of docs/data.md"
        ) from None
