"""Commands on runs that were made before, by witoil or by another model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from witoil.lean import lean

if TYPE_CHECKING:
    from witoil.case.sensors import SensorKind
    from witoil.runs.slick import Sensor

runs_app = typer.Typer()

Resolution = Annotated[
    float | None,
    typer.Option(
        "--resolution", help="Cells for particles, in metres; default: as the run says, else 150."
    ),
]
DetectionLimit = Annotated[
    float | None,
    typer.Option(
        "--detection-limit",
        help="Thinnest oil seen, in micrometres; default: as the run says, else 0.1.",
    ),
]
Density = Annotated[
    float | None,
    typer.Option(help="Density of the oil, in kg/m3; default: as the run says, else 900."),
]
KindOfSensor = Annotated[
    Literal["sar", "sunglint", "optical"] | None,
    typer.Option(
        "--sensor",
        help="What saw it: sar, sunglint or optical (outside sunglint); default: as the mask or "
        "the run says.",
        metavar="KIND",
    ),
]
Coastline = Annotated[
    str | None,
    typer.Option(
        help="Land, for particles: osm, gshhg, none or a polygon file; default: osm.",
        metavar="NAME",
    ),
]


def sensor_of(
    resolution: float | None,
    detection_limit: float | None,
    density: float | None,
    coastline: str | None,
    kind: SensorKind | None = None,
) -> Sensor | None:
    """Return what options say of how particles are seen; None where they say nothing."""
    if all(each is None for each in (resolution, detection_limit, density, coastline, kind)):
        return None
    from witoil.runs.slick import Sensor

    return Sensor(resolution, detection_limit, density, coastline or "osm", kind)


def taken_in_words(scores: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines that say what was taken to make a slick of particles."""
    from witoil.case.sensors import times_as_thick

    taken = [f"cells of {scores['resolution_m']:g} m", f"coastline {scores['coastline']}"]
    if scores["detection_limit_um"] is None:
        taken.append("every cell with a particle")
    else:
        thinnest = times_as_thick(scores["sensor"]) * scores["detection_limit_um"]
        kind = f" ({scores['sensor']})" if scores["sensor"] else ""
        taken.append(f"oil of {thinnest:g} um or more{kind}")
        taken.append(f"of {scores['density_kg_m3']:.4g} kg m-3")
    yield f"{scores['model']} at {scores['time']}: {', '.join(taken)}"
    yield from scores["remarks"]


def whole_numbers(text: str) -> list[int]:
    """Return numbers that stand between commas.

    Raises
    ------
    typer.BadParameter
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"found {text!r}, expected numbers like 1,7,21,67") from None


@runs_app.command()
@lean()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of runs, or particles of any known model.", metavar="RUN..."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the page and numbers.", metavar="DIR")
    ] = Path("compare"),
    observation: Annotated[
        list[Path] | None,
        typer.Option(help="A slick seen, beside those of the runs; several times.", metavar="FILE"),
    ] = None,
    windows: Annotated[str, typer.Option(help="Odd numbers of cells.")] = "1,7,21,67",
    resolution: Resolution = None,
    detection_limit: DetectionLimit = None,
    density: Density = None,
    coastline: Coastline = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Put runs side by side: maps, scores, and what differs between them."""
    from witoil import jobs

    found = jobs.compare(
        runs,
        out,
        observations=observation or [],
        windows=whole_numbers(windows),
        sensor=sensor_of(resolution, detection_limit, density, coastline),
    )
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for run, means in zip(found["runs"], found["mean_fss"], strict=True):
        said = "  ".join(f"{window}: {_number(value)}" for window, value in means.items())
        print(f"{run['label']} ({run['model']}): " + (f"FSS {said}" if said else "not scored"))
        for remark in run["remarks"]:
            print(f"  {remark}")
    for remark in found["remarks"]:
        print(remark)
    print(f"report: {out / 'compare.html'}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
