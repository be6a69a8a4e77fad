"""What is asked of a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from catalog.antimeridian import unbroken_box, wrapped_box
from catalog.forcing.names import RoleName
from catalog.grid import Box
from catalog.services.registry import Choice, RegisteredDataset, TimeSpan

MARGIN_DEG = 0.5
"""More than the box is fetched, so that the nodes round it are there. [degrees]"""


@dataclass(frozen=True)
class Request:
    """What to fetch.

    Attributes
    ----------
    dataset : RegisteredDataset
    role : {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        West, south, east, north, widened by `MARGIN_DEG`. [degrees]
    period : tuple of datetime
        UTC, on whole hours and a step wider at both ends.
    """

    dataset: RegisteredDataset
    role: RoleName
    box: Box
    period: TimeSpan

    @classmethod
    def of(cls, choice: Choice) -> Request:
        """Widen what is wanted to what has to be fetched."""
        west, south, east, north = unbroken_box(choice.box)
        margin = max(MARGIN_DEG, 2.0 * choice.dataset.resolution_deg)
        step = timedelta(hours=max(choice.dataset.step_hours, 1.0))
        first, last = choice.period
        first, last = (
            moment.replace(minute=0, second=0, microsecond=0) for moment in (first, last)
        )
        return cls(
            choice.dataset,
            choice.role,
            wrapped_box(
                (
                    round(west - margin, 4),
                    round(max(south - margin, -90.0), 4),
                    round(east + margin, 4),
                    round(min(north + margin, 90.0), 4),
                )
            ),
            (first - step, last + step + timedelta(hours=1)),
        )

    @property
    def identifier(self) -> str:
        """What the cache knows it by: everything that settles the answer, and no secret."""
        box = ",".join(f"{value:g}" for value in self.box)
        period = "/".join(f"{moment:%Y-%m-%dT%HZ}" for moment in self.period)
        names = ",".join(self.dataset.wanted(self.role))
        return (
            f"{self.dataset.service}:{self.dataset.id}?variables={names}&bbox={box}&time={period}"
        )

    @property
    def name(self) -> str:
        """Name of the file: with the id of the data set, which tells means from instants."""
        first, last = (f"{moment:%Y%m%dT%H}" for moment in self.period)
        return f"{self.dataset.id}_{self.role}_{first}-{last}.nc"
