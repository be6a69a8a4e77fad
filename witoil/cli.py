"""The command line: arguments, messages and progress; the work is done elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import witoil.events_cli  # noqa: F401 - adds its commands to those of the catalogue
from witoil.catalog_cli import catalog_app

if TYPE_CHECKING:
    from optimizer import History

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Where the oil came from and where it goes: simulate, score and calibrate slick drift.",
)

app.add_typer(catalog_app, name="catalog")

CaseFile = Annotated[Path, typer.Argument(help="Case file (TOML).", metavar="CASE.toml")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the outputs.", metavar="DIR")]


def main() -> None:
    """Run the command line; a user's mistake ends in one line and exit code 2."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    # what libraries have to say of damaged files is for those who write programs, by -W
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", append=True)
    try:
        app()
    except KeyboardInterrupt:
        print("witoil: interrupted; the same command goes on with a calibration", file=sys.stderr)
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
            help="Go on from the end of an earlier run: its folder or restart.nc.", metavar="RUN"
        ),
    ] = None,
    members: Members = None,
    scheduler: Scheduler = None,
) -> None:
    """Run a case once, go on with a run, or run an ensemble (--members, or as the case says)."""
    from witoil.budget import in_words
    from witoil.case import load_case
    from witoil.claim import claimed, need_room
    from witoil.outputs import room_of_run, write_run
    from witoil.provenance import recorded
    from witoil.resume import NAME, read_restart, write_restart
    from witoil.simulation import run

    loaded = load_case(case)
    count = members if members is not None or loaded.ensemble is None else loaded.ensemble.members
    if count:
        if resume is not None:
            raise typer.BadParameter(
                "--resume goes on with one run; expected no ensemble beside it"
            )
        with claimed(out), recorded(loaded, out):
            need_room(out)
            _simulate_ensemble(loaded, out, count, scheduler)
        return
    if scheduler is not None:
        raise typer.BadParameter("expected --members beside it, or a case with an ensemble")
    before = None if resume is None else read_restart(resume, loaded)
    after: list[Any] = []
    with claimed(out), recorded(loaded, out):
        need_room(out, room_of_run(loaded))
        scenario = _prepare(loaded)
        with _bar("simulating", 1.0) as advance:
            result = run(scenario, on_output=advance, resume=before, on_end=after.append)
        summary = write_run(scenario, result, out, parameters=scenario.parameters())
        write_restart(loaded, after[0], out / NAME)
    for line in in_words(summary["status"], summary["mass_balance_kg"]):
        print(line)
    for score in summary["scores"]:
        print(f"{score['time']}: FSS " + _fss(score["fss"]))
    print(f"written to {out}")


@app.command()
def optimise(
    case: CaseFile,
    out: Out = Path("out"),
    evaluations: Annotated[
        int | None, typer.Option(help="Simulations in all, instead of the case's.", min=1)
    ] = None,
    mlflow: TrackingStore = None,
    scheduler: Scheduler = None,
) -> None:
    """Find the parameters with which a case matches its observations.

    Started again with the same arguments it goes on where it was.
    """
    from witoil.case import load_case
    from witoil.claim import claimed

    loaded = load_case(case)
    if evaluations is not None:
        search = loaded.optimise.model_copy(update={"evaluations": evaluations})
        loaded = loaded.model_copy(update={"optimise": search})
    with claimed(out):
        _optimise(loaded, out, mlflow, scheduler)


@app.command()
def forecast(case: CaseFile, out: Out = Path("out"), mlflow: TrackingStore = None) -> None:
    """Forecast each slick from those seen before it, and score what was forecast.

    Started again with the same arguments it goes on where it was.
    """
    from witoil.case import load_case
    from witoil.claim import claimed, need_room
    from witoil.forecast import forecast as walk_forward
    from witoil.forecast_outputs import write_forecast
    from witoil.outlook import look_ahead
    from witoil.provenance import recorded
    from witoil.tracking import of_trials, tracking

    loaded = load_case(case)
    with (
        claimed(out),
        recorded(loaded, out),
        tracking(mlflow, "forecast", loaded, out) as track,
    ):
        need_room(out)
        scenario = _prepare(loaded)
        with _bar("forecasting", 1.0) as advance:
            result = walk_forward(
                scenario,
                out,
                on_batch=advance,
                on_trials=lambda trials: track(of_trials(trials)),
            )
        with _bar("forecasting", 1.0) as advance:
            advance(0.0, "beyond the last slick")
            outlook = look_ahead(
                result, on_run=lambda share: advance(share, "beyond the last slick")
            )
            advance(1.0, "writing")
            write_forecast(result, out, outlook)
    table = result.study["forecast"]
    for step in table["steps"]:
        print(f"{step['from']} to {step['to']}")
        for name, scores in step["scores"].items():
            print(f"  {name:<12} FSS " + _fss(scores["fss"]))
    print("mean")
    for name, fss in table["mean"].items():
        print(f"  {name:<12} FSS " + _fss(fss))
    if outlook is not None:
        print(f"beyond the last slick, not verified: {out / 'outlook'}")
    print(f"report: {out / 'report.html'}")


@app.command()
def trace(case: CaseFile, out: Out = Path("out")) -> None:
    """Trace a slick back to where and when it may have been released."""
    from rich.console import Console

    from simulator import compile_early
    from witoil.case import load_case
    from witoil.claim import claimed, need_room
    from witoil.provenance import recorded
    from witoil.source_map import map_sources
    from witoil.trace import prepare_trace, trace_back
    from witoil.trace_outputs import write_trace

    loaded = load_case(case)
    with claimed(out), recorded(loaded, out):
        need_room(out)
        compile_early()
        with Console(stderr=True).status("reading forcing, slick and coastline"):
            scenario = prepare_trace(loaded)
        for report in scenario.coverage:
            print(report, flush=True)
        with _bar("tracing back", 1.0) as advance:
            paths = trace_back(scenario, on_member=advance)
        summary = write_trace(scenario, map_sources(scenario, paths), out)
    traced, place = summary["traced"], summary["likeliest_cell"]
    print(f"{summary['slick']['key']} traced back {traced['hours']:.3g} h to {traced['from']}")
    for level, area in summary["area_km2"].items():
        print(f"the source lies within {area:.3g} km2 with {level} %")
    print(f"likeliest place: {place['lon']:.4f} E {place['lat']:.4f} N")
    if summary["share_left_domain"] > 0.0:
        share = 100.0 * summary["share_left_domain"]
        print(f"{share:.2g} % of the paths left the area of the forcing and do not count")
    print(f"written to {out}")


@app.command()
def demo(out: Out = Path("demo")) -> None:
    """Run the whole chain on a synthetic twin experiment: no data, no network."""
    from simulator import compile_early
    from witoil.case import load_case
    from witoil.claim import claimed, need_room
    from witoil.demo import TRUTH, make_twin

    compile_early()
    with claimed(out):
        need_room(out)
        case_file = make_twin(out)
        print(f"a synthetic spill near an island stands in {case_file}")
        study = _optimise(load_case(case_file), out)
    for name, true in TRUTH.items():
        print(f"{name}: true {true:g}, found {study['best']['parameters'][name]:.3g}")


@app.command()
def score(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a mask (GeoTIFF).")],
    observation: Annotated[Path, typer.Argument(help="Polygon file or mask.")],
    windows: Annotated[str, typer.Option(help="Odd numbers of cells.")] = "1,7,21,67",
    time: Annotated[
        datetime | None, typer.Option(help="Of the observation, UTC; default: as its file says.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a run or mask against an observation."""
    from witoil.scoring import score_files

    scores = score_files(run, observation, windows=_whole_numbers(windows), time=time)
    if as_json:
        print(json.dumps(scores, indent=2))
        return
    print("FSS " + _fss(scores["fss"]))
    for name, unit in (("iou", ""), ("area_ratio", ""), ("centroid_distance", "_m")):
        value = scores[name + unit]
        text = "-" if value is None else f"{value:.0f} m" if unit else f"{value:.3f}"
        print(f"{name.replace('_', ' ')}: {text}")


@app.command()
def provenance(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Name the exact inputs of a run: files, versions, checksums."""
    from witoil.provenance import in_words, read_provenance

    document = read_provenance(run)
    if as_json:
        print(json.dumps(document, indent=2))
        return
    for line in in_words(document):
        print(line)


@app.command()
def oils(
    query: Annotated[str, typer.Argument(help="Words of the name, or how the id starts.")] = "",
) -> None:
    """List or search the oils that a case can name."""
    from witoil.oils import HOW_TO_GET_MORE, list_oils

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


def _simulate_ensemble(case: Any, out: Path, count: int, scheduler: str | None) -> None:
    from witoil.ensemble import prepare_products, run_ensemble
    from witoil.ensemble_outputs import write_ensemble
    from witoil.members import draw_members

    scenario = _prepare(case)
    members = draw_members(scenario, count)
    scenarios = prepare_products(case, scenario)
    for report in (r for other in scenarios[1:] for r in other.coverage):
        print(report, flush=True)
    with _bar("simulating", count) as advance:
        result = run_ensemble(
            scenarios,
            members,
            scheduler=scheduler,
            on_member=lambda done, failed: advance(done, f"{failed} failed" if failed else ""),
        )
    summary = write_ensemble(result, out)
    for failure in summary["failed"]:
        print(f"member {failure['number']} failed: {failure['reason']}")
    print(
        f"{summary['members_counted']} members; a slick was possible on "
        f"{summary['area_km2']:,.0f} km2, oil on {summary['coast_km']:,.0f} km of coast"
    )
    print(f"written to {out}")


def _whole_numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"found {text!r}, expected numbers like 1,7,21,67") from None


def _optimise(
    case: Any, out: Path, mlflow: str | None = None, scheduler: str | None = None
) -> dict[str, Any]:
    from witoil.calibration import optimise as search
    from witoil.claim import need_room
    from witoil.outputs import room_of_run
    from witoil.provenance import recorded
    from witoil.tracking import of_history, tracking

    need_room(out, room_of_run(case))
    total = case.optimise.evaluations
    with recorded(case, out), tracking(mlflow, "optimise", case, out) as track:
        scenario = _prepare(case)
        with _bar("calibrating", total) as advance:

            def on_trial(history: History) -> None:
                best = history.best
                advance(len(history), "" if best is None else f"best score {best.value:.3f}")
                track(of_history(history))

            study = search(scenario, out, on_trial=on_trial, scheduler=scheduler)
    print(f"stopped after {len(study['history'])}: {study['stopped']}")
    for label in ("best", "default", "persistence"):
        if study[label] is not None:
            print(f"{label:<12} FSS " + _fss(study[label]["fss"]))
    if study["source"] is not None:
        _print_source(study["source"])
    print(f"report: {out / 'report.html'}")
    return study


def _print_source(source: dict[str, Any]) -> None:
    """Print where and since when a source leaked."""
    place, start = source["place"], source["start"]
    if place is not None:
        longer, shorter = place["ellipses"]["90"]["semi_axes_km"]
        print(
            f"the source lies with 90 % in an ellipse of {longer:.3g} by {shorter:.3g} km round "
            f"{place['mean']['lon']:.4f} E {place['mean']['lat']:.4f} N"
        )
    if start is not None:
        print("it began with 90 % from {} to {}".format(*start["intervals"]["90"]))
    if not source["settled"]:
        print("the best score still rose towards the end: give the search more evaluations")


def _fss(fss: dict[str, float | None]) -> str:
    return "  ".join(f"{w}: {'-' if s is None else f'{s:.3f}'}" for w, s in fss.items())


def _prepare(case: Any) -> Any:
    """Read the data of a case, and say what they cover before anything is computed."""
    from rich.console import Console

    from simulator import compile_early
    from witoil.simulation import prepare

    compile_early()
    with Console(stderr=True).status("reading forcing, slicks and coastline"):
        scenario = prepare(case)
    for report in scenario.coverage:
        print(report, flush=True)
    return scenario


@contextmanager
def _bar(label: str, total: float) -> Iterator[Any]:
    """Show a progress bar on standard error with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=total, note="")

        def advance(done: float, note: str = "") -> None:
            progress.update(task, completed=done, note=note)

        yield advance
