"""What a job tells people while it works: what its data cover, a bar, how to go on after Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from witoil.cli.coverage import in_brief

if TYPE_CHECKING:
    from witoil.check.cost import Cost

_LONG = 10.0
"""Work that takes longer is announced. [s]"""

Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say all that is known of the data.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is wrong.")]


@dataclass(frozen=True)
class Voice:
    """How much a command says."""

    verbose: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.verbose and self.quiet:
            raise typer.BadParameter("--quiet and --verbose exclude each other")

    def say(self, text: str) -> None:
        """Print a line."""
        if not self.quiet:
            print(text, flush=True)


@contextmanager
def shown(label: str, voice: Voice) -> Iterator[dict[str, Any]]:
    """Give what a job tells people by: coverage on standard output, a bar on standard error."""
    bar = _NoBar() if voice.quiet else _Bar(label)

    def on_coverage(reports: Iterable[Any]) -> None:
        bar.clear()
        for line in map(str, reports) if voice.verbose else in_brief(reports):
            voice.say(line)
        bar.start()

    def progress(share: float, note: str) -> None:
        if interruptions:
            raise KeyboardInterrupt  # again: libraries may swallow the first
        bar.show(share, note)

    with _noted_interruptions() as interruptions:
        try:
            yield {"progress": progress, "on_coverage": on_coverage, "on_cost": bar.announce}
        except KeyboardInterrupt:
            bar.clear()
            print("witoil: interrupted; the same command goes on from there", file=sys.stderr)
            raise typer.Exit(130) from None
        finally:
            bar.clear()


class _NoBar:
    """Shows nothing, and loads nothing that could."""

    def start(self) -> None:
        """Show nothing."""

    def show(self, share: float, note: str) -> None:
        """Show nothing."""

    def announce(self, cost: Cost) -> None:
        """Say nothing."""

    def clear(self) -> None:
        """Leave all as it is."""


class _Bar(_NoBar):
    """A bar on standard error, and before it is known how far a job is, what it does."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True)
        self._reading = self._console.status("")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task(label, total=1.0, note="")

    def start(self) -> None:
        """Show the bar."""
        self._bar.start()

    def show(self, share: float, note: str) -> None:
        """Show how far the job is."""
        if self._bar.live.is_started:
            self._bar.update(self._task, completed=share, note=note)
        else:
            self._reading.update(note)
            self._reading.start()

    def announce(self, cost: Cost) -> None:
        """Say how long something long will take."""
        if cost.seconds > _LONG:
            self._console.print(f"about {cost.duration} on this machine", highlight=False)

    def clear(self) -> None:
        """Take away what is shown."""
        self._reading.stop()
        if self._bar.live.is_started:
            self._bar.stop()


@contextmanager
def _noted_interruptions() -> Iterator[list[int]]:
    """Give a list that has an item for each Ctrl-C meanwhile; each raises as without."""
    noted: list[int] = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
