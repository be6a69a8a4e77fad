"""`witoil catalog events`, `case` and `forcing`: spills, cases of them, and what covers these."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from witoil.cli.catalog import catalog_app, parse_box, parse_period
from witoil.lean import lean
from witoil.times import minute, second

if TYPE_CHECKING:
    from catalog.services.registry import Choice
    from catalog.slicks.event import Event
    from catalog.slicks.time_keys import TimeKeys
    from witoil.case.of_event import CaseForcing

forcing_app = typer.Typer(
    help="Say which data sets cover an area and a period, or fetch them.",
    invoke_without_command=True,
)
catalog_app.add_typer(forcing_app, name="forcing")

Folder = Annotated[
    str, typer.Argument(help="Folder, file, STAC item, or URL.", metavar="FOLDER|URL")
]
BoxOption = Annotated[
    str | None, typer.Option("--bbox", help="Area, in degrees.", metavar="WEST,SOUTH,EAST,NORTH")
]
TimeOption = Annotated[
    str | None, typer.Option("--time", help="ISO 8601, UTC.", metavar="START/END")
]
RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", help="currents, winds, waves, temperature; default: all of them."),
]

TimeField = Annotated[
    list[str] | None,
    typer.Option(help="Attribute with the time; twice: date, then clock.", metavar="NAME"),
]
TimeFormat = Annotated[
    str | None, typer.Option(help="Of the time, such as '%d/%m/%Y %H:%M'.", metavar="FORMAT")
]
TimeZone = Annotated[
    str | None, typer.Option(help="Of times that name none; default: UTC.", metavar="ZONE")
]


@catalog_app.command("events")
@lean()
def list_events(
    folder: Folder = ".",
    time_field: TimeField = None,
    time_format: TimeFormat = None,
    time_zone: TimeZone = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    stac: Annotated[
        Path | None, typer.Option(help="Write them as a STAC catalogue.", metavar="DIR")
    ] = None,
) -> None:
    """List the spills in a folder or at a URL, each with what was seen of it."""
    from catalog.slicks.events import read_events
    from catalog.slicks.stac import write_stac
    from witoil.claim import claimed
    from witoil.files import filling

    keys = _time_keys(time_field, time_format, time_zone)
    with nullcontext() if stac is None else claimed(stac):
        events, problems = read_events(folder, keys)
        if as_json:
            print(json.dumps([_event_as_dict(event) for event in events], indent=2))
        else:
            _print_events(events)
        if stac is not None:
            with filling(stac) as temporary:
                catalogue = write_stac(events, temporary)
            typer.echo(f"written to {stac / catalogue.name}", err=as_json)
    for problem in problems:
        typer.echo(f"left out: {problem}", err=True)


@catalog_app.command("case")
def make_case(
    event: Annotated[str, typer.Argument(help="As `catalog events` names it.", metavar="EVENT")],
    folder: Folder = ".",
    forcing: Annotated[
        list[str] | None,
        typer.Option(
            help="Folder, file or URL to look for forcing in; default: that of the event."
        ),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is missing, as the registry has it.")
    ] = False,
    time_field: TimeField = None,
    time_format: TimeFormat = None,
    time_zone: TimeZone = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Default: EVENT.toml.", metavar="CASE.toml")
    ] = None,
) -> None:
    """Write a case file of a spill: its first slick is released, the others are observed."""
    # what fetches may need what lean() keeps out
    with nullcontext() if fetch else lean():
        from catalog.files.probe import start_ahead

        start_ahead()  # beside the imports
        from catalog.slicks.events import read_events
        from witoil.case.of_event import case_of_event, find_event, find_forcing
        from witoil.claim import claimed
        from witoil.files import write_text

        events, _ = read_events(folder, _time_keys(time_field, time_format, time_zone))
        found = find_event(events, event)
        path = out or Path(f"{found.identifier}.toml")
        places = forcing or ([folder] if "://" not in folder else [])
        with claimed(path, is_file=True):
            files = find_forcing(found, places)
            if fetch:
                files = _fetch_missing(found, files) | files
            case, text = case_of_event(found, files, path)
            write_text(path, text)
    for role, data in files.items():
        print(f"{role}: {data.remark}; {len(data.paths)} files, from {data.paths[0]}")
    print(f"1 slick released, {len(case.observation)} observed; written to {path}")


@forcing_app.callback()
def show_forcing(
    context: typer.Context,
    bbox: BoxOption = None,
    time: TimeOption = None,
    role: RoleOption = None,
) -> None:
    """Say which data sets of the registry cover an area and a period, the best first."""
    if context.invoked_subcommand is not None:
        return
    box, period = _wanted(bbox, time)
    from catalog.services.registry import Registry

    registry = Registry.load()
    for name in _roles(role):
        choices = [c for c in registry.choices(name, box, period) if c.covered is not None]
        print(f"{name}:" if choices else f"{name}: no data set of the registry")
        for k, choice in enumerate(choices):
            print(f"  {'>' if k == 0 else ' '} {_describe(choice)}")
    print("> is what `witoil catalog forcing get` fetches")


@forcing_app.command("get")
def fetch_forcing(
    bbox: BoxOption = None,
    time: TimeOption = None,
    role: RoleOption = None,
    dataset: Annotated[
        str | None, typer.Option(help="Id in the registry; default: the best.", metavar="ID")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder.", metavar="DIR")] = Path(),
) -> None:
    """Fetch forcing of an area and a period into a folder."""
    from catalog.services.registry import Registry
    from witoil.claim import claimed
    from witoil.files import copy_into
    from witoil.jobs import chosen_datasets

    box, period = _wanted(bbox, time)
    roles = _roles(role) if role or dataset is None else ()
    choices = chosen_datasets(Registry.load(), roles, dataset, box, period)
    taken: set[str] = set()
    with claimed(out):
        for choice in choices:
            print(f"{choice.role}: {_describe(choice)}", flush=True)
            print(f"written to {copy_into(out, _fetch(choice), taken)}")


def _time_keys(fields: list[str] | None, template: str | None, zone: str | None) -> TimeKeys:
    from catalog.slicks.time_keys import TimeKeys

    if template is not None and not fields:
        raise typer.BadParameter("--time-format: expected --time-field beside it")
    keys = TimeKeys(tuple(fields or ()), template, zone)
    keys.check()
    return keys


def _fetch(choice: Choice) -> Path:
    from datetime import UTC

    from rich.console import Console

    from catalog.services.fetching import fetch_forcing as fetch

    with Console(stderr=True).status(f"fetching {choice.dataset.id}"):
        return fetch(choice, now=datetime.now(UTC))


def _fetch_missing(event: Event, files: Any) -> dict[Any, CaseForcing]:
    from catalog.services.registry import Registry
    from witoil.case.of_event import REQUIRED, CaseForcing

    fetched: dict[Any, CaseForcing] = {}
    for role in REQUIRED:
        if role not in files:
            choice = Registry.load().choose(role, event.box, (event.start, event.end))
            print(f"{role}: {_describe(choice)}", flush=True)
            fetched[role] = CaseForcing(
                (str(_fetch(choice)),), choice.dataset.id, choice.share >= 1.0
            )
    return fetched


def _describe(choice: Choice) -> str:
    dataset = choice.dataset
    kind = {"mean": "means", "instant": "instants"}[dataset.values]
    gaps = ", ".join(f"{minute(a)} to {minute(b)}" for a, b in choice.gaps)
    holds = f"; holds {' and '.join(dataset.includes)}" if dataset.includes else ""
    return (
        f"{dataset.id} ({dataset.service}): {dataset.title}, {dataset.resolution_deg:.3g} degrees, "
        f"{kind} every {dataset.step_hours:g} h{holds}, covers {choice.share:.0%}"
        f"{f', not {gaps}' if gaps else ''}, about {choice.size_bytes / 1e6:,.3g} MB"
    )


def _roles(given: list[str] | None) -> list[Any]:
    from catalog.forcing.names import ROLES

    unknown = [name for name in given or () if name not in ROLES]
    if unknown:
        raise typer.BadParameter(
            f"--role: found {unknown[0]!r}, expected one of {', '.join(ROLES)}"
        )
    return list(given or ROLES)


def _wanted(
    bbox: str | None, time: str | None
) -> tuple[tuple[float, float, float, float], tuple[datetime, datetime]]:
    if bbox is None or time is None:
        raise typer.BadParameter(
            "expected an area and a period: --bbox 35,34,36,36 --time 2021-08-24/2021-08-27"
        )
    return parse_box(bbox), parse_period(time)


def _print_events(events: list[Event]) -> None:
    for event in events:
        west, south, east, north = event.box
        when = (
            "time not known" if event.missing else f"{minute(event.start)} to {minute(event.end)}"
        )
        print(
            f"{event.identifier}  {len(event.detections)} detections, {when}, "
            f"{west:.3f} to {east:.3f} E, {south:.3f} to {north:.3f} N"
        )
        if event.missing:
            print(f"  {event.detections[0].files[0]}: {event.missing}")
        print(f"  {'time':<17}  {'sensor':<12}  class  {'layers':<11}  {'km2':>8}  {'m3':>13}  id")
        for d in event.detections:
            layers = "+".join(d.slick.thickness_class) or "-"
            seen = "-" if d.slick.time is None else minute(d.time)
            print(
                f"  {seen:<17}  {d.sensor or '-':<12}  {d.quality or '-':<5}  "
                f"{layers:<11}  {d.area_km2:>8.2f}  {_volume(d.volume_m3):>13}  {d.identifier}"
            )


def _volume(bounds: tuple[float, float] | None) -> str:
    if bounds is None:
        return "-"
    low, high = bounds
    return f"{low:.3g} or more" if high != high else f"{low:.3g} to {high:.3g}"


def _event_as_dict(event: Event) -> dict[str, Any]:
    from witoil.files import plain

    detections = [
        {
            "id": d.identifier,
            "time": None if d.slick.time is None else second(d.time),
            "sensor": d.sensor,
            "class": d.quality,
            "origin": d.cause,
            "layers": list(d.slick.thickness_class),
            "area_km2": d.area_km2,
            "volume_m3": d.volume_m3,
            "source": d.source,
            "files": list(d.files),
        }
        for d in event.detections
    ]
    missing = {"missing": event.missing} if event.missing else {}
    document: dict[str, Any] = plain(
        {"id": event.identifier, "box": event.box, **missing, "detections": detections}
    )
    return document
