"""`witoil catalog ...`: finding, fetching and serving data."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from witoil.lean import lean
from witoil.times import given_in_utc

catalog_app = typer.Typer(no_args_is_help=True, help="Find, fetch and serve data.")

Url = Annotated[str, typer.Argument(help="Catalogue of a THREDDS server.", metavar="URL")]
Box = Annotated[str | None, typer.Option(help="Area, in degrees.", metavar="WEST,SOUTH,EAST,NORTH")]
Period = Annotated[
    str | None, typer.Option(help="ISO 8601, UTC unless an offset is given.", metavar="START/END")
]


@catalog_app.command("ls")
@lean()
def list_catalogue(url: Url) -> None:
    """List the data sets of a catalogue, and the catalogues it leads to."""
    from catalog.thredds import read_catalogue

    catalogue = read_catalogue(url)
    for title, reference in catalogue.references:
        print(f"{title}/  {reference}")
    width = max((len(dataset.name) for dataset in catalogue.datasets), default=0)
    times = Counter(dataset.name for dataset in catalogue.datasets)
    for dataset in catalogue.datasets:
        services = ", ".join(sorted(dataset.access)) or "no service"
        # what tells those of one name apart
        which = f"  {dataset.id or next(iter(dataset.access.values()), '')}"
        print(f"{dataset.name:<{width}}  {services}{which if times[dataset.name] > 1 else ''}")
    if not catalogue.references and not catalogue.datasets:
        print(f"{url} lists nothing")


@catalog_app.command("tree")
@lean()
def show_tree(
    url: Url,
    depth: Annotated[
        int | None, typer.Option(help="How many references to follow in a row.", min=0)
    ] = None,
) -> None:
    """Show a catalogue with all that it leads to."""
    from catalog.thredds import walk

    for level, catalogue in walk(url, depth=depth):
        indent = "  " * level
        print(f"{indent}{catalogue.name}  {catalogue.url}")
        for dataset in catalogue.datasets:
            print(f"{indent}  - {dataset.name}")


@catalog_app.command("get")
def fetch_files(
    names: Annotated[
        list[str],
        typer.Argument(
            help="URLs of files, opendap:URL, or thredds:URL#PATTERN.", metavar="NAME..."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder.", metavar="DIR")] = Path(),
    bbox: Box = None,
    time: Period = None,
    variables: Annotated[
        str | None, typer.Option(help="Of OPeNDAP and NCSS; default: all.", metavar="A,B")
    ] = None,
    subset: Annotated[
        bool, typer.Option("--ncss", help="By NCSS, which subsets on the server.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch again what the cache holds.")
    ] = False,
) -> None:
    """Fetch files, and parts of data sets, into a folder."""
    from rich.console import Console

    from catalog.services.subset import Part, fetch_parts
    from witoil.claim import claimed
    from witoil.files import copy_into

    part = Part(
        box=None if bbox is None else parse_box(bbox),
        period=None if time is None else parse_period(time),
        variables=tuple(filter(None, (variables or "").split(","))),
    )
    seen: set[str] = set()
    taken: set[str] = set()
    with claimed(out):
        for name in names:
            with Console(stderr=True).status(f"fetching {name}"):
                for entry in fetch_parts(name, part, by_ncss=subset, refresh=refresh):
                    if entry.identifier not in seen:
                        seen.add(entry.identifier)
                        path = copy_into(out, entry.path, taken)
                        size = f"{entry.size / 1e6:.1f} MB"
                        print(f"{path}  {size}  sha256 {entry.sha256}", flush=True)


@catalog_app.command("search")
def search_catalogue(
    url: Url,
    bbox: Box = None,
    time: Period = None,
    depth: Annotated[
        int | None, typer.Option(help="How many references to follow in a row.", min=0)
    ] = None,
) -> None:
    """Search a catalogue, and all it leads to, for data of an area and a period.

    Names tell the time of a file; OPeNDAP, where the server has it, tells time and area.
    """
    from catalog.services.subset import search

    box = None if bbox is None else parse_box(bbox)
    period = None if time is None else parse_period(time)
    count = 0
    for dataset, coverage in search(url, box=box, period=period, depth=depth):
        count += 1
        print(f"{dataset.name}  {coverage}")
        for service, address in sorted(dataset.access.items()):
            print(f"  {service:<12}  {address}")
    if not count:
        print("nothing found")


@catalog_app.command("serve")
def serve_folder(
    folder: Annotated[Path, typer.Argument(help="Runs, masks, forcing.", metavar="FOLDER")],
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free.", min=0, max=65535)] = 8080,
) -> None:
    """Serve a folder as THREDDS does: catalogue, OPeNDAP and files."""
    from catalog.server.app import serve

    serve(folder, host, port, on_start=lambda url: print(f"serving {folder} at {url}", flush=True))


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Return a box of degrees: west, south, east, north; east below west where it crosses 180.

    Raises
    ------
    typer.BadParameter
    """
    from catalog.antimeridian import wrapped_box

    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"--bbox: found {text!r}, expected WEST,SOUTH,EAST,NORTH in degrees"
        ) from None
    across = 180.0 <= west - east <= 360.0 and east >= -180.0 and west <= 180.0
    ordered = -180.0 <= west < east <= min(west + 360.0, 360.0)
    if not ((ordered or across) and -90.0 <= south < north <= 90.0):
        raise typer.BadParameter(
            f"--bbox: found {text!r}, expected west below east (but for a box across 180 degrees) "
            "and south below north, in degrees"
        )
    return wrapped_box((west, south, east, north))


def parse_period(text: str) -> tuple[datetime, datetime]:
    """Return the start and end of an ISO 8601 interval, UTC.

    Raises
    ------
    typer.BadParameter
    """
    try:
        start, end = (given_in_utc(datetime.fromisoformat(part)) for part in text.split("/"))
    except ValueError:
        raise typer.BadParameter(
            f"--time: found {text!r}, expected for example 2021-08-24T00:00Z/2021-08-26T00:00Z"
        ) from None
    if end < start:
        raise typer.BadParameter(f"--time: found {text!r}, expected the end after the start")
    return start, end
