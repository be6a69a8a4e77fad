"""`witoil new` and `witoil check`: a first case file, and what a case needs before it is run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from witoil.cli.catalog import parse_period
from witoil.cli.completion import complete_cases
from witoil.lean import lean

if TYPE_CHECKING:
    from catalog import RoleName

begin_app = typer.Typer()

Files = list[str] | None


def _files(role: str) -> Any:
    return typer.Option(help=f'{role}: files, patterns or URLs, or "none".', metavar="FILE")


@begin_app.command()
@lean()
def new(
    case: Annotated[Path, typer.Argument(help="Case file to write.", metavar="CASE.toml")],
    point: Annotated[
        str | None, typer.Option(help="Where it leaks, in degrees.", metavar="LON,LAT")
    ] = None,
    slick: Annotated[
        Files, typer.Option(help="A slick that was seen: polygons or mask.", metavar="FILE")
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(help="A spill that `catalog events` lists in --folder.", metavar="EVENT"),
    ] = None,
    folder: Annotated[
        str, typer.Option(help="Of --event.", metavar="FOLDER|URL", show_default=False)
    ] = ".",
    time: Annotated[
        str | None, typer.Option(help="Of the run, ISO 8601, UTC.", metavar="START/END")
    ] = None,
    currents: Annotated[Files, _files("Currents")] = None,
    winds: Annotated[Files, _files("Wind at 10 m")] = None,
    waves: Annotated[Files, _files("Waves")] = None,
    temperature: Annotated[Files, _files("Temperature of the sea surface")] = None,
    mass: Annotated[
        float | None, typer.Option(help="Mass of the oil.", metavar="TONNES", min=0.0)
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Rate of a leak.", metavar="TONNES_PER_HOUR", min=0.0)
    ] = None,
    oil: Annotated[
        str | None, typer.Option(help="As `witoil oils` has it, or degrees API.", metavar="OIL")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Title of the case; default: as the file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write the smallest case that runs, each choice explained: of a place, a slick or a spill."""
    starts = {"--point": point, "--slick": slick, "--event": event}
    if sum(start is not None for start in starts.values()) != 1:
        given = " and ".join(key for key, start in starts.items() if start is not None) or "none"
        raise typer.BadParameter(f"found {given}, expected one of {', '.join(starts)}")
    given_forcing: dict[RoleName, Files] = {
        "currents": currents,
        "winds": winds,
        "waves": waves,
        "temperature": temperature,
    }
    forcing = {role: files for role, files in given_forcing.items() if files}
    if event is not None:
        amounts = {"--time": time, "--mass": mass, "--rate": rate, "--oil": oil, "--name": name}
        _refuse_beside("--event", amounts)
        _of_event(case, event, folder, [f for files in forcing.values() for f in files], force)
        return
    if slick is not None:
        _refuse_beside("--slick", {"--rate": rate})
    _refuse_beside("--rate", {"--mass": mass} if rate is not None else {})
    from witoil import jobs
    from witoil.times import minute

    written = jobs.begin(
        case,
        point=None if point is None else _parse_point(point),
        slick=slick or (),
        forcing=forcing,
        period=None if time is None else parse_period(time),
        force=force,
        name=case.stem if name is None else name,
        mass_tonnes=mass,
        rate_tonnes_per_hour=rate,
        oil=_oil(oil),
    )
    print(f"{written.name}: {minute(written.time.start)} to {minute(written.time.end)}")
    print(f"written to {case}; `witoil check {shlex.quote(str(case))}` says what it lacks")


@begin_app.command()
def check(
    case: Annotated[
        Path,
        typer.Argument(
            help="Case file (TOML).", metavar="CASE.toml", autocompletion=complete_cases
        ),
    ],
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is to be fetched, to check that as well.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a run would read, cover, cost and lack; exit code 2 where it would not run."""
    from witoil import jobs
    from witoil.case import load_case
    from witoil.errors import CaseError

    try:
        document = jobs.check(load_case(case), fetch=fetch)
    except CaseError as error:
        if not as_json:
            raise
        lines = str(error).splitlines()
        lacks = [{"key": "case", "what": line, "mend": None} for line in lines]
        document = {"would_run": False, "lacks": lacks}
    if as_json:
        print(json.dumps(document, indent=2))
    else:
        from witoil.check.words import in_words

        for line in in_words(document):
            print(line)
    if not document["would_run"]:
        raise typer.Exit(2)


def _of_event(case: Path, event: str, folder: str, forcing: list[str], force: bool) -> None:
    from witoil.cli.events import make_case
    from witoil.jobs import refuse_existing

    refuse_existing(case, force=force)
    make_case(event, folder, forcing or None, out=case)


def _refuse_beside(key: str, options: dict[str, Any]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise typer.BadParameter(f"{given[0]}: found beside {key}, expected one of them")


def _parse_point(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"--point: found {text!r}, expected LON,LAT in degrees, such as 35.9,35.2"
        ) from None
    return lon, lat


def _oil(text: str | None) -> str | float | None:
    """Return degrees API where it is a number, else a name."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
