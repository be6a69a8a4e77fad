"""`witoil predict` and `witoil modules ...`: models run on images, rasters and sound."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from witoil.cli.exports import parse_time
from witoil.cli.progress import Quiet, Voice, shown

predict_app = typer.Typer()
modules_app = typer.Typer(no_args_is_help=True, help="Models of images, rasters and sound.")


class Then(StrEnum):
    """What may follow a prediction."""

    SIMULATE = "simulate"
    TRACE = "trace"


Module = Annotated[str, typer.Argument(help="Name that `witoil modules list` has.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@predict_app.command()
def predict(
    module: Module,
    files: Annotated[
        list[Path], typer.Argument(help="Images, rasters or sounds, or folders of them.")
    ],
    georef: Annotated[
        str | None,
        typer.Option(
            help="Where they are: station:lon=..,lat=.., JSON, or a JSON file.", metavar="GEOREF"
        ),
    ] = None,
    time: Annotated[
        datetime | None,
        typer.Option(help="When they were taken, UTC.", parser=parse_time, metavar="TIME"),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--set", help="Parameter instead of the card's.", metavar="KEY=VALUE"),
    ] = None,
    to: Annotated[
        str, typer.Option(help="Formats: json, geojson ...", metavar="A,B")
    ] = "json,geojson",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results.", metavar="DIR")
    ] = Path("out"),
    then: Annotated[
        Then | None, typer.Option(help="What to do with the oil that is found, with --case.")
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option(help="Case with all but that oil.", metavar="CASE.toml"),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Which of what is found is oil, for --then.")
    ] = None,
    radius_m: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Radius of the oil round places without an extent, for --then. [m]"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what another run has left there.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run a model on files; exit code 1 where some of them failed."""
    from witoil import jobs

    voice = Voice(quiet=quiet)
    if (then is None) != (case is None):
        raise typer.BadParameter("expected --then and --case together")
    if then is not None and case is not None:
        from witoil.case import load_case

        with shown(f"predicting, then {then.value}", voice) as told:
            jobs.predict_then(
                then.value,
                load_case(case),
                module,
                files,
                out,
                label=label,
                radius_m=radius_m,
                georeference=georef,
                time=time,
                parameters=_pairs(parameter or []),
                force=force,
                **told,
            )
        voice.say(f"written to {out}; look at {out / then.value / 'report.html'}")
        return
    with shown("predicting", voice) as told:
        report = jobs.predict(
            module,
            files,
            out,
            georeference=georef,
            time=time,
            parameters=_pairs(parameter or []),
            formats=[name.strip() for name in to.split(",") if name.strip()],
            progress=told["progress"],
        )
    for label, count in report["labels"].items():
        voice.say(f"{count:>6}  {label}")
    voice.say(f"{report['succeeded']} of {report['files']} files; written to {out}")
    for remark in report["remarks"]:
        voice.say(remark)
    for message in report["failed"].values():
        typer.echo(f"failed: {message}", err=True)
    if report["failed"]:
        raise typer.Exit(1)


def _pairs(texts: list[str]) -> dict[str, Any]:
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not equals:
            raise typer.BadParameter(f"found {key!r}, expected KEY=VALUE", param_hint="--set")
    return {key: value for key, _, value in pairs}


@modules_app.command("list")
def list_modules(as_json: AsJson = False) -> None:
    """List all plug-ins, broken ones with what is wrong."""
    from witoil.plugins.registry import VARIABLE, find_plugins

    plugins = find_plugins()
    if as_json:
        rows = [
            {"name": it.name, "place": it.place, "fault": it.fault}
            | ({"task": it.card.model.task, "version": it.card.model.version} if it.card else {})
            for it in plugins
        ]
        print(json.dumps(rows, indent=2))
        return
    width = max((len(it.name) for it in plugins), default=0)
    for plugin in plugins:
        if plugin.card is None:
            print(f"{plugin.name:<{width}}  broken: {plugin.fault}")
        else:
            model = plugin.card.model
            print(f"{plugin.name:<{width}}  {model.task:<14}  {model.version}  {model.title}")
    if not plugins:
        print(f"no plug-ins; {VARIABLE} names folders of them, packages may bring some")


@modules_app.command("show")
def show_module(module: Module) -> None:
    """Print the card of a plug-in, as JSON."""
    from witoil.plugins.registry import plugin_named

    card = plugin_named(module).card
    assert card is not None  # or it would be refused
    print(card.model_dump_json(indent=2, exclude_none=True, by_alias=True))


@modules_app.command("check")
def check_module(module: Module) -> None:
    """Load a plug-in's model, and say what it takes and gives; exit code 2 where it cannot run."""
    from witoil.plugins.prediction import session_of
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module)
    if plugin.code is not None:
        print(f"{plugin.name}: a program, {plugin.place}")
        return
    session = session_of(plugin)
    for name, (shape, kind) in session.inputs.items():
        print(f"takes {name} {shape} {kind}")
    print(f"gives {', '.join(session.outputs)}")


@modules_app.command("fetch")
def fetch_module(module: Module) -> None:
    """Fetch the weights of a plug-in whose card names them by URL."""
    from witoil.plugins.registry import plugin_named
    from witoil.plugins.weights import fetch_weights

    plugin = plugin_named(module)
    if plugin.folder is None or plugin.card is None or plugin.card.weights is None:
        print(f"{plugin.name}: a program, which has no weights of its own")
        return
    print(fetch_weights(plugin.card.weights, plugin.folder))


@modules_app.command("pin")
def pin_weights(
    model: Annotated[Path, typer.Argument(help="An ONNX file.", metavar="MODEL.onnx")],
) -> None:
    """Print what a card says of the weights: name, checksum and size of a model."""
    from witoil.plugins.weights import pinned

    print(pinned(model))


@modules_app.command("convert")
def convert_annotations(
    annotations: Annotated[Path, typer.Argument(help="A file, or a folder of them.")],
    of: Annotated[str, typer.Option("--from", help="coco, yolo, voc, label-studio or biigle.")],
    to: Annotated[str, typer.Option(help="One of the same.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results.", metavar="DIR")
    ] = Path("out"),
) -> None:
    """Write annotations of images in the format of another tool."""
    from witoil import jobs

    written = jobs.convert_annotations(annotations, of, to, out)
    for remark in written["remarks"]:
        print(remark)
    print(f"written to {out}")
