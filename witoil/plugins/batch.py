"""A plug-in run on many files: one bad file never stops the rest, a killed batch goes on."""

from __future__ import annotations

import hashlib
import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from witoil.plugins.errors import PluginError
from witoil.plugins.formats.layers import Results
from witoil.plugins.formats.scenes import Written
from witoil.plugins.formats.writing import (
    FILE_WRITERS,
    RESERVED,
    TABLE_WRITERS,
    WRITERS,
    refuse_missing,
    refuse_unknown,
)
from witoil.plugins.georeference import Georeference
from witoil.plugins.inputs import OF_KIND, Arrivals, Item, Places, listed, stamp_of
from witoil.plugins.isolation import (
    PROCESSES,
    THREADS,
    Answer,
    LostWorkerError,
    Readers,
    Task,
    answer_of,
    readers,
)
from witoil.plugins.ledger import Ledger, Waiting, opened
from witoil.plugins.prediction import refuse_options
from witoil.plugins.registry import Plugin, code_stamp
from witoil.plugins.summary import reference_scores, write_report

MOST_SECONDS = 600.0
"""How long a file may take. [s]"""

LOOK_SECONDS = 1.0
"""Time from one look for files that arrive to the next. [s]"""

_TELL_SECONDS = 0.05

_DECODERS = ("witoil", "numpy", "onnxruntime", "pillow", "rasterio")
"""Libraries whose other versions may give other results."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Options:
    """How a batch is done.

    Attributes
    ----------
    georeference, time, parameters
        See `witoil.plugins.prediction.predict`.
    formats : sequence of str
        Names out of those of `witoil.plugins.formats.writing`.
    scheduler : str
        ``processes`` or ``threads`` of this machine, or the address of a Dask scheduler. A single
        file is looked at here.
    most_seconds : float
        How long a file may take. [s]
    force : bool
        Begin anew, whatever is known of the files.
    """

    georeference: Georeference | None = None
    time: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    formats: Sequence[str] = ("json", "geojson")
    scheduler: str = THREADS
    most_seconds: float = MOST_SECONDS
    force: bool = False


def predict_files(
    plugin: Plugin,
    files: Sequence[Path | str],
    folder: Path,
    options: Options = Options(),
    *,
    watch: bool = False,
    progress: Progress = lambda share, note: None,
) -> dict[str, Any]:
    """Run a plug-in on files and write what it finds.

    Parameters
    ----------
    plugin : Plugin
    files : sequence of Path or str
        Also folders and URLs of buckets, see `witoil.plugins.inputs.listed`.
    folder : Path
        Exists, and is claimed.
    options : Options
    watch : bool
        Wait for files that arrive, until `progress` raises; what is found is written whenever there
        is nothing else to do, and at the end.
    progress : callable
        Called with the share that is done, 0 to 1, and a note; to end the batch, it raises.

    Returns
    -------
    dict
        As in ``report.json``.

    Raises
    ------
    PluginError
        Where there is no file, a format is not known or its package not installed, the plug-in has
        not such options or its model cannot be loaded.

    Notes
    -----
    What is found is kept file by file: a batch that was killed and is started again goes on with
    the files that were not done. One that had ended tries those again that failed or have changed.
    Order and number of workers change nothing in what is written.
    """
    refuse_unknown(options.formats)
    refuse_missing(options.formats)
    refuse_options(plugin, options.georeference, options.parameters)
    with opened(folder) as ledger:
        batch = _Batch(plugin, files, folder, options, ledger, progress)
        if watch:
            batch.follow()
        else:
            batch.do()
        return batch.write()


class _Batch:
    """A batch at work.

    Parameters
    ----------
    plugin, files, folder, options, progress
        See `predict_files`.
    ledger : Ledger
    """

    def __init__(
        self,
        plugin: Plugin,
        files: Sequence[Path | str],
        folder: Path,
        options: Options,
        ledger: Ledger,
        progress: Progress,
    ) -> None:
        self._plugin, self._folder, self._options = plugin, folder, options
        self._ledger, self._progress = ledger, progress
        self._writers = [FILE_WRITERS[it] for it in options.formats if it in FILE_WRITERS]
        self._left_out: Mapping[str, int] = {}
        assert plugin.card is not None  # refused before
        self._card = plugin.card
        self._task = Task(
            plugin,
            options.georeference,
            options.time,
            options.parameters,
            options.most_seconds,
            bool(self._writers),
        )
        every = frozenset().union(*OF_KIND.values())
        is_program = plugin.code is not None
        suffixes = every if is_program else OF_KIND[self._card.input.kind]
        self._places = Places(files, suffixes, folder)
        self._reference = reference_scores(plugin)
        ledger.begin(self._kind(), anew=options.force)

    def _kind(self) -> str:
        """Return what is another one where the files would have other results."""
        options, where = self._options, self._options.georeference
        table = getattr(where, "file", None)
        made_of = (
            self._plugin.place,
            self._card.model_dump_json(),
            code_stamp(self._plugin),
            _versions(),
            repr(where),
            stamp_of(table) if table else "",
            repr(options.time),
            sorted(options.parameters.items()),
            sorted(name for name in options.formats if name in FILE_WRITERS),
        )
        return hashlib.sha256(repr(made_of).encode()).hexdigest()

    def do(self) -> None:
        """Do all files that there are."""
        listing = listed(self._places)
        if not listing.items:
            raise PluginError(
                "found no files; expected images, rasters or sounds, or a folder of them"
            )
        self._left_out = listing.left_out
        self._ledger.leave_out(listing.items)
        self._ledger.enter(listing.items, RESERVED)
        waiting = self._ledger.waiting()
        if not waiting:
            return
        # a single file that is lost with this process costs no other
        scheduler = THREADS if len(listing.items) == 1 and self._is_local else self._scheduler
        with readers(self._task, scheduler, len(waiting)) as there:
            self._read(there, waiting)

    @property
    def _is_local(self) -> bool:
        return self._options.scheduler == PROCESSES

    @property
    def _scheduler(self) -> str:
        """What reads the files: a hosted module is a process already, one for each that asks."""
        is_hosted = self._card.model.task == "deepaas"
        return THREADS if is_hosted and self._is_local else self._options.scheduler

    def follow(self) -> None:
        """Do files as they arrive; it ends by what `progress` raises."""
        arrivals = Arrivals(self._places)
        is_written = True
        try:
            with readers(self._task, self._scheduler) as there:
                while True:
                    items, state = arrivals.look()
                    self._left_out = arrivals.left_out
                    self._ledger.enter(items, RESERVED)
                    waiting = self._ledger.waiting()
                    if waiting:
                        is_written = False
                        self._read(there, waiting)
                    elif not is_written and not arrivals.is_awaited:
                        self.write()
                        is_written = True
                    self._progress(1.0, self._note(state))
                    clock.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            if not is_written:
                self.write()
            raise

    def _read(self, there: Readers, waiting: Sequence[Waiting]) -> None:
        """Look at files, as many at once as there are readers for; those lost together, alone."""
        suspects: list[Waiting] = []
        self._hand_out(there.submit, there.width, waiting, suspects.append)
        for each in suspects:
            self._hand_out(there.submit, 1, [each], self._give_up)

    def _hand_out(
        self,
        submit: Callable[[Item], Future[Answer]],
        width: int,
        waiting: Iterable[Waiting],
        on_lost: Callable[[Waiting], None],
    ) -> None:
        left = iter(waiting)
        under_way: dict[Future[Answer], Waiting] = {}
        total, failed = self._ledger.counts()
        done = total - len(self._ledger.waiting())
        told = 0.0
        while True:
            while len(under_way) < width and (each := next(left, None)) is not None:
                under_way[submit(each.item)] = each
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                each = under_way.pop(future)
                try:
                    failed += self._keep(each, answer_of(future))
                    done += 1
                except LostWorkerError:
                    on_lost(each)
            self._ledger.commit()
            # a picture of it takes as long as some of the work
            if clock.monotonic() - told > _TELL_SECONDS:
                self._progress(done / total, f"{failed} failed" if failed else "")
                told = clock.monotonic()

    def _give_up(self, waiting: Waiting) -> None:
        place = waiting.item.place
        self._ledger.keep_fault(
            waiting, f"{place}: ended the workers of Dask that read it; is it damaged?"
        )

    def _keep(self, waiting: Waiting, answer: Answer) -> bool:
        """Write what belongs to a file and keep the rest; say whether it failed."""
        if answer.fault:
            self._ledger.keep_fault(waiting, answer.fault)
            return True
        names: list[str] = []
        if answer.envelope is not None:
            envelope = replace(answer.envelope, card=self._card)
            for write in self._writers:
                names += write(envelope, self._folder, waiting.stem)
        self._ledger.keep(waiting, answer.kept, names)
        return False

    def _note(self, text: str) -> str:
        total, failed = self._ledger.counts()
        return f"{total:,} files" + (f", {failed:,} failed" if failed else "") + f"; {text}"

    def write(self) -> dict[str, Any]:
        """Write what was found in all files, and the report."""
        found = self._ledger.found(self._card)
        results = Results(found, found.places, self._ledger.faults())
        written = {name: _written(name, results, self._folder) for name in self._options.formats}
        kept = [it for it in written.values() if isinstance(it, Written)]
        kept.append(Written(self._ledger.written()))
        report = write_report(
            self._plugin,
            results,
            self._folder,
            total=self._ledger.counts()[0],
            refused={name: text for name, text in written.items() if isinstance(text, str)},
            written=kept,
            left_out=self._left_out,
            reference=self._reference,
        )
        self._ledger.finish()
        return report


def _versions() -> dict[str, str]:
    found = {}
    for name in _DECODERS:
        with suppress(PackageNotFoundError):  # a program may need no runtime
            found[name] = version(name)
    return found


def _written(name: str, results: Results, folder: Path) -> Written | str:
    """Write a format, or return why it cannot hold what was found; the others go on."""
    try:
        if name in TABLE_WRITERS:
            return TABLE_WRITERS[name](results, folder)
        if name in WRITERS:
            return WRITERS[name](results.found, folder)
    except PluginError as error:
        return f"{name}: {error}"
    return Written([])  # that of each file was written with it
