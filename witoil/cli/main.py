"""The command line: arguments, messages and progress; the work is done elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from witoil.cli.completion import complete_cases, complete_runs
from witoil.cli.progress import Quiet, Verbose, Voice, shown
from witoil.cli.runs import (
    Coastline,
    Density,
    DetectionLimit,
    KindOfSensor,
    Resolution,
    sensor_of,
    taken_in_words,
    whole_numbers,
)
from witoil.lean import lean


class _Commands(typer.core.TyperGroup):
    """Commands of this module; those of our others; those of packages that build on witoil.

    The latter, in the group `witoil.commands`, are looked for where a command is none of ours, or
    all are listed: to look through what is installed takes time, and so does making our others.
    """

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        for add in (self._add_ours, self._add_others):
            if cmd_name not in self.commands:
                add()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        self._add_ours()
        self._add_others()
        return super().list_commands(ctx)

    def _add_ours(self) -> None:
        self.commands = {**self.commands, **_ours()}

    def _add_others(self) -> None:
        from importlib.metadata import entry_points

        for entry in entry_points(group="witoil.commands"):
            others: Any = typer.main.get_group(entry.load())
            self.commands = {**self.commands, **others.commands}


@cache
def _ours() -> dict[str, Any]:
    """Return our other commands, made once in a process: it takes 30 ms."""
    from witoil.cli.others import others

    made: Any = typer.main.get_group(others)
    return dict(made.commands)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Where the oil came from and where it goes: simulate, score and calibrate slick drift.",
)

CaseFile = Annotated[
    Path,
    typer.Argument(help="Case file (TOML).", metavar="CASE.toml", autocompletion=complete_cases),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the outputs.", metavar="DIR")]
Force = Annotated[bool, typer.Option("--force", help="Replace what another run has left there.")]
NoPictures = Annotated[bool, typer.Option("--no-pictures", help="Draw nothing, and write no page.")]


def main() -> None:
    """Run the command line; a user's mistake ends in one line and exit code 2."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    # what libraries have to say of damaged files is for those who write programs, by -W
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", append=True)
    try:
        app()
    except KeyboardInterrupt:
        print("witoil: interrupted", file=sys.stderr)
        sys.exit(130)
    except (ValueError, OSError) as error:
        if not _is_for_users(error):
            raise
        print(f"witoil: {error}", file=sys.stderr)
        sys.exit(2)


def _is_for_users(error: Exception) -> bool:
    """Tell a mistake that its message explains from a fault of the program."""
    from catalog.errors import CatalogError
    from simulator.errors import SimulatorError
    from witoil.errors import WitoilError

    return isinstance(error, CatalogError | SimulatorError | WitoilError)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"witoil {version('witoil')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


Members = Annotated[
    int | None,
    typer.Option(
        help="Runs of an ensemble, instead of the case's; 0: a single run.", min=0, max=100_000
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Dask scheduler whose workers run it.", metavar="tcp://HOST:PORT"),
]

TrackingStore = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        help="Tracking store of MLflow that every evaluation goes to.",
        envvar="MLFLOW_TRACKING_URI",
        metavar="URI",
        # a URI may hold a password
        show_envvar=True,
        show_default=False,
    ),
]


@app.command()
def simulate(
    case: CaseFile,
    out: Out = Path("out"),
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Go on from the end of an earlier run: its folder or restart.nc.",
            metavar="RUN",
            autocompletion=complete_runs,
        ),
    ] = None,
    members: Members = None,
    scheduler: Scheduler = None,
    force: Force = False,
    no_pictures: NoPictures = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Run a case once, go on with a run, or run an ensemble (--members, or as the case says)."""
    voice = Voice(verbose, quiet)
    how: dict[str, Any] = {"force": force, "pictures": not no_pictures}
    with lean():
        from catalog.files.probe import start_ahead

        start_ahead()  # beside the imports
        from witoil import jobs
        from witoil.case import load_case

        loaded = load_case(case)
    count = members if members is not None or loaded.ensemble is None else loaded.ensemble.members
    if count:
        if resume is not None:
            raise typer.BadParameter(
                "--resume goes on with one run; expected no ensemble beside it"
            )
        with shown("simulating", voice) as told:
            summary = jobs.ensemble(loaded, out, members=count, scheduler=scheduler, **how, **told)
        _tell_ensemble(summary, voice)
        _tell_where(out, voice, not no_pictures)
        return
    if scheduler is not None:
        raise typer.BadParameter("expected --members beside it, or a case with an ensemble")
    with lean(), shown("simulating", voice) as told:
        summary = jobs.simulate(loaded, out, resume=resume, **how, **told)
    _tell_run(summary, voice)
    _tell_where(out, voice, not no_pictures)


@app.command()
def optimise(
    case: CaseFile,
    out: Out = Path("out"),
    evaluations: Annotated[
        int | None, typer.Option(help="Simulations in all, instead of the case's.", min=1)
    ] = None,
    mlflow: TrackingStore = None,
    scheduler: Scheduler = None,
    force: Force = False,
    no_pictures: NoPictures = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the parameters with which a case matches its observations.

    Started again with the same arguments it goes on where it was.
    """
    from witoil.case import load_case, with_changes

    loaded = load_case(case)
    if evaluations is not None:
        loaded = with_changes(loaded, "optimise", {"evaluations": evaluations})
    how: dict[str, Any] = {"force": force, "pictures": not no_pictures}
    _optimise(loaded, out, Voice(verbose, quiet), mlflow=mlflow, scheduler=scheduler, **how)


@app.command()
def forecast(
    case: CaseFile,
    out: Out = Path("out"),
    mlflow: TrackingStore = None,
    scheduler: Scheduler = None,
    force: Force = False,
    no_pictures: NoPictures = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Forecast each slick from those seen before it, and score what was forecast.

    Started again with the same arguments it goes on where it was.
    """
    from witoil import jobs
    from witoil.case import load_case

    voice = Voice(verbose, quiet)
    how: dict[str, Any] = {"force": force, "pictures": not no_pictures}
    with shown("forecasting", voice) as told:
        study = jobs.forecast(
            load_case(case), out, mlflow=mlflow, scheduler=scheduler, **how, **told
        )
    table = study["forecast"]
    for step in table["steps"]:
        voice.say(f"{step['from']} to {step['to']}")
        for name, scores in step["scores"].items():
            voice.say(f"  {name:<16} FSS " + _fss(scores))
    voice.say("mean")
    for name, fss in table["mean"].items():
        scores = {"fss": fss, "area_ratio": table["area_ratio"][name]}
        voice.say(f"  {name:<16} FSS " + _fss(scores))
    if (out / "outlook").is_dir():
        voice.say(f"beyond the last slick, not verified: {out / 'outlook'}")
    _tell_where(out, voice, not no_pictures)


@app.command()
@lean()
def trace(
    case: CaseFile,
    out: Out = Path("out"),
    force: Force = False,
    no_pictures: NoPictures = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Trace a slick back to where and when it may have been released."""
    from witoil import jobs
    from witoil.case import load_case
    from witoil.report.answers import position

    voice = Voice(verbose, quiet)
    how: dict[str, Any] = {"force": force, "pictures": not no_pictures}
    with shown("tracing back", voice) as told:
        summary = jobs.trace(load_case(case), out, **how, **told)
    traced, place = summary["traced"], summary["likeliest_cell"]
    voice.say(f"{summary['slick']['key']} traced back {traced['hours']:.3g} h to {traced['from']}")
    if traced["latest_start"] != traced["to"]:
        voice.say(f"a slick was seen at {traced['latest_start']}: the source started before")
    for level, area in summary["area_km2"].items():
        voice.say(f"the source lies within {area:.3g} km2 with a probability of {level} %")
    voice.say(f"likeliest place: {position(place['lon'], place['lat'])}")
    if summary["share_left_domain"] > 0.0:
        share = 100.0 * summary["share_left_domain"]
        voice.say(f"{share:.2g} % of the paths left the area of the forcing and do not count")
    _tell_where(out, voice, not no_pictures)


@app.command()
def demo(
    out: Out = Path("demo"), force: Force = False, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """Run the whole chain on a synthetic twin experiment: no data, no network."""
    from simulator import compile_early
    from witoil.case import load_case
    from witoil.claim import claimed, need_room
    from witoil.demo import TRUTH, make_twin

    voice = Voice(verbose, quiet)
    compile_early()
    with claimed(out):
        need_room(out)
        case_file = make_twin(out)
    voice.say(f"a synthetic spill near an island stands in {case_file}")
    study = _optimise(load_case(case_file), out, voice, force=force)
    for name, true in TRUTH.items():
        voice.say(f"{name}: true {true:g}, found {study['best']['parameters'][name]:.3g}")


@app.command()
@lean()
def score(
    run: Annotated[
        Path,
        typer.Argument(
            help="Folder of a run, a mask (GeoTIFF), or particles of any known model.",
            autocompletion=complete_runs,
        ),
    ],
    observation: Annotated[
        Path | None, typer.Argument(help="Polygon file or mask.", show_default=False)
    ] = None,
    track: Annotated[
        Path | None,
        typer.Option(help="Drifters in place of a slick: CSV, GeoJSON or NetCDF.", metavar="FILE"),
    ] = None,
    windows: Annotated[str, typer.Option(help="Odd numbers of cells.")] = "1,7,21,67",
    time: Annotated[
        datetime | None, typer.Option(help="Of the observation, UTC; default: as its file says.")
    ] = None,
    resolution: Resolution = None,
    detection_limit: DetectionLimit = None,
    density: Density = None,
    coastline: Coastline = None,
    kind: KindOfSensor = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a run or mask against an observation, or a run against drifters."""
    from witoil import jobs

    if track is not None:
        if observation is not None:
            raise typer.BadParameter("found an observation and --track; expected one of the two")
        _say_tracks(jobs.score_tracks(run, track), as_json=as_json)
        return
    if observation is None:
        raise typer.BadParameter("expected an observation, or --track FILE")
    sensor = sensor_of(resolution, detection_limit, density, coastline, kind)
    scores = jobs.score(run, observation, windows=whole_numbers(windows), time=time, sensor=sensor)
    if as_json:
        print(json.dumps(scores, indent=2))
        return
    print("FSS " + _fss({"fss": scores["fss"]}))
    for name, unit in (("iou", ""), ("area_ratio", ""), ("centroid_distance", "_m")):
        value = scores[name + unit]
        text = "-" if value is None else f"{value:.0f} m" if unit else f"{value:.3f}"
        print(f"{name.replace('_', ' ')}: {text}")
    if "model" in scores:
        for line in taken_in_words(scores):
            print(line)


def _say_tracks(scores: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(scores, indent=2))
        return
    for row in scores["tracks"]:
        print(
            f"{row['name']}: skill {row['skill']:.2f}; {row['end_separation_m'] / 1e3:.1f} km "
            f"apart after {row['travelled_m'] / 1e3:.1f} km ({row['start']} to {row['end']})"
        )
        apart = row["separation_m"].items()
        if apart:
            print("  " + ", ".join(f"{metres / 1e3:.1f} km after {h} h" for h, metres in apart))
    for name, why in scores["left_out"].items():
        print(f"{name}: left out, {why}")
    if len(scores["tracks"]) > 1:
        print(f"mean of {len(scores['tracks'])}: skill {scores['skill']:.2f}")


@app.command()
@lean()
def provenance(
    run: Annotated[
        Path,
        typer.Argument(help="Folder of a run.", metavar="RUN", autocompletion=complete_runs),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Name the exact inputs of a run: files, versions, checksums."""
    from witoil.outputs.provenance import in_words, read_provenance

    document = read_provenance(run)
    if as_json:
        print(json.dumps(document, indent=2))
        return
    for line in in_words(document):
        print(line)


@app.command()
@lean()
def oils(
    query: Annotated[str, typer.Argument(help="Words of the name, or how the id starts.")] = "",
) -> None:
    """List or search the oils that a case can name."""
    from witoil.scenario.oils import HOW_TO_GET_MORE, list_oils

    found, has_library = list_oils(query)
    if found:
        width = max(len(oil.id) for oil in found)
        name_width = max(4, *(len(oil.name) for oil in found))
        print(f"{'id':<{width}}  {'name':<{name_width}}  {'API':>5}  suitable")
    for oil in found:
        api = "-" if oil.api_gravity is None else f"{oil.api_gravity:.1f}"
        suitable = "yes" if oil.suitable else "no"
        print(f"{oil.id:<{width}}  {oil.name:<{name_width}}  {api:>5}  {suitable}")
    if not found:
        print(f"no oil has {query!r} in its name")
    if not has_library:
        print(HOW_TO_GET_MORE)


def _tell_source(source: dict[str, Any], voice: Voice) -> None:
    """Say where and since when a source leaked."""
    from witoil.report.answers import position

    place, start = source["place"], source["start"]
    if place is not None:
        longer, shorter = place["ellipses"]["90"]["semi_axes_km"]
        voice.say(
            f"the source lies with a probability of 90 % in an ellipse round "
            f"{position(**place['mean'])}, with half axes of {longer:.3g} and {shorter:.3g} km"
        )
    if start is not None:
        ends = " and ".join(start["intervals"]["90"])
        voice.say(f"it began with a probability of 90 % between {ends}")
    if not source["settled"] and (place or start):
        voice.say("the search had not settled: ellipse and interval are too small")


def _fss(scores: Mapping[str, Any]) -> str:
    """Return the FSS of each window, and beside it the area ratio where it is known."""
    parts = dict(scores["fss"])
    if "area_ratio" in scores:
        parts["area ratio"] = scores["area_ratio"]
    return "  ".join(f"{w}: {'-' if s is None else f'{s:.3f}'}" for w, s in parts.items())


def _optimise(case: Any, out: Path, voice: Voice, **options: Any) -> dict[str, Any]:
    from witoil import jobs

    with shown("calibrating", voice) as told:
        study = jobs.optimise(case, out, **options, **told)
    voice.say(f"stopped after {len(study['history'])}: {study['stopped']}")
    for label in ("best", "default", "persistence"):
        if study[label] is not None:
            voice.say(f"{label:<12} FSS " + _fss(study[label]))
    if study["source"] is not None:
        _tell_source(study["source"], voice)
    for reason in study["unsettled"]:
        voice.say(reason)
    _tell_where(out, voice, options.get("pictures", True))
    return study


def _tell_run(summary: dict[str, Any], voice: Voice) -> None:
    """Say what a person asks of a run: where, how large, how thick, how much ashore."""
    from witoil.outputs.budget import in_words
    from witoil.report.answers import answers

    voice.say(f"At the end, {summary['case']['time']['end'][:16].replace('T', ' ')} UTC:")
    for name, answer in answers(summary):
        voice.say(f"  {name.lower():<10} {answer}")
    for line in in_words(summary["status"], summary["mass_balance_kg"]):
        voice.say(f"  {line}")
    for score in summary["scores"]:
        voice.say(f"{score['time']}: FSS " + _fss(score))


def _tell_ensemble(summary: dict[str, Any], voice: Voice) -> None:
    for failure in summary["failed"]:
        voice.say(f"member {failure['number']} failed: {failure['reason']}")
    voice.say(
        f"{summary['members_counted']} members; a slick was possible on "
        f"{summary['area_km2']:,.0f} km2, oil on {summary['coast_km']:,.0f} km of coast"
    )


def _tell_where(out: Path, voice: Voice, with_report: bool) -> None:
    voice.say(f"written to {out}" + (f"; look at {out / 'report.html'}" if with_report else ""))
