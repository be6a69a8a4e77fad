"""`witoil predict` and `witoil modules ...`: models run on images, rasters and sound."""

from __future__ import annotations

import json
import sys
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


_MOST_MESSAGES = 20

Module = Annotated[str, typer.Argument(help="Name that `witoil modules list` has.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@predict_app.command()
def predict(
    module: Module,
    files: Annotated[
        list[str],
        typer.Argument(help="Images, rasters or sounds; folders or buckets (s3://...) of them."),
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
    scheduler: Annotated[
        str,
        typer.Option(
            help="Who works: processes or threads of this machine, or a Dask scheduler.",
            metavar="processes|threads|tcp://HOST:PORT",
        ),
    ] = "processes",
    most_seconds: Annotated[
        float | None,
        typer.Option(help="How long a file may take; default: 600.", min=0.1, metavar="SECONDS"),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait for files that arrive, until Ctrl-C.")
    ] = False,
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
        typer.Option(min=0.1, help="Metres of oil round a place without an extent, for --then"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what another run has left there.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run a model on files; exit code 1 where some of them failed.

    A command that was killed goes on where it was, when it is started again.
    """
    from witoil import jobs

    voice = Voice(quiet=quiet)
    asked: dict[str, Any] = {
        "georeference": georef,
        "time": time,
        "parameters": _pairs(parameter or []),
        "formats": [name.strip() for name in to.split(",") if name.strip()],
        "scheduler": scheduler,
        "most_seconds": most_seconds,
        "force": force,
    }
    if (then is None) != (case is None):
        raise typer.BadParameter("expected --then and --case together")
    if watch and then is not None:
        raise typer.BadParameter("--watch has no end that --then could follow; give one of them")
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
                **asked,
                **told,
            )
        voice.say(f"written to {out}; look at {out / then.value / 'report.html'}")
        return
    from witoil.report.prediction import counts_of

    with shown("predicting", voice) as told:
        report = jobs.predict(
            module,
            files,
            out,
            watch=watch,
            progress=told["progress"],
            **asked,
        )
    for label, count in counts_of(report):
        voice.say(f"{count:>6}  {label}")
    voice.say(f"{report['succeeded']} of {report['files']} files; written to {out}")
    for remark in report["remarks"]:
        voice.say(remark)
    for suffix, count in report["left_out"].items():
        voice.say(f"left out {count:,} with the ending {suffix}, which this model does not take")
    messages = [*report["failed"].values()]
    for message in messages[:_MOST_MESSAGES]:
        typer.echo(f"failed: {message}", err=True)
    if len(messages) > _MOST_MESSAGES:
        typer.echo(
            f"{len(messages) - _MOST_MESSAGES:,} more failed: {out / 'report.html'}", err=True
        )
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
    from witoil.plugins.fetching import state
    from witoil.plugins.registry import VARIABLE, find_plugins

    plugins = find_plugins()
    if as_json:
        rows = [
            {"name": it.name, "place": it.place, "fault": it.fault}
            | (
                {
                    "task": it.card.model.task,
                    "version": it.card.model.version,
                    "state": state(it),
                }
                if it.card
                else {}
            )
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
            print(
                f"{plugin.name:<{width}}  {model.task:<14}  {state(plugin):<20}  "
                f"{model.version:<7}  "
                f"{model.title}"
            )
    if not plugins:
        print(f"no plug-ins; {VARIABLE} names folders of them, packages may bring some")


@modules_app.command("show")
def show_module(module: Module) -> None:
    """Print the card of a plug-in, as JSON."""
    from witoil.plugins.registry import plugin_named

    card = plugin_named(module).card
    assert card is not None  # or it would be refused
    print(json.dumps(card.shown(), indent=2, ensure_ascii=False))


@modules_app.command("check")
def check_module(module: Module) -> None:
    """Load a plug-in's model, and say what it takes and gives; exit code 2 where it cannot run."""
    from witoil.plugins.hosted.module import HostedModule
    from witoil.plugins.prediction import session_of
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module)
    if isinstance(plugin.code, HostedModule):
        plugin.code.check()
        print(f"takes {', '.join(plugin.code.record.parameters('predict'))}")
        return
    if plugin.code is not None:
        print(f"{plugin.name}: a program, {plugin.place}")
        for parameter in plugin.card.parameters if plugin.card else ():
            print(f"takes {parameter.said()}")
        return
    session = session_of(plugin)
    for name, (shape, kind) in session.inputs.items():
        print(f"takes {name} {shape} {kind}")
    print(f"gives {', '.join(session.outputs)}")


@modules_app.command("add")
def add_module(
    place: Annotated[
        Path | None, typer.Argument(help="A folder with a card, or a zip of one.")
    ] = None,
    deepaas: Annotated[
        str | None,
        typer.Option(
            help="Host a program of others: a folder with a module of DEEPaaS, or a package.",
            metavar="SOURCE",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Folder of plug-ins; default: the first of WITOIL_PLUGIN_PATH.", metavar="DIR"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the plug-in that has its name there.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="With --deepaas: which, of several.", metavar="NAME")
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(help="With --deepaas: interpreter of its environment; default: this one."),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--with", help="With --deepaas: a requirement more.", metavar="REQUIREMENT"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="With --deepaas: seconds for a request")
    ] = 120.0,
    memory_gb: Annotated[
        float, typer.Option(min=0.1, help="With --deepaas: gigabytes of memory for each process")
    ] = 8.0,
) -> None:
    """Try a plug-in, and put it among the others."""
    from witoil.plugins.adding import add_plugin, first_folder

    if (place is None) == (deepaas is None):
        raise typer.BadParameter("expected a folder with a card, or --deepaas, one of both")
    if place is not None:
        added = add_plugin(place, into, force=force)
        for name in added.left_out:
            print(f"left out {name}, which the card does not name")
        print(f"{added.plugin.name}: added as {added.plugin.place}")
        return
    from witoil.plugins.hosted.record import Limits
    from witoil.plugins.hosting import host_module

    record = host_module(
        str(deepaas),
        into or first_folder(),
        force=force,
        model=model,
        python=python or sys.executable,
        extra=extra or (),
        limits=Limits(seconds=seconds, memory_bytes=int(memory_gb * 1e9)),
        say=print,
    )
    print(f"{record.name}: added; licence {record.card().model.licence_code}")


@modules_app.command("fetch")
def fetch_module(
    module: Module,
    given: Annotated[
        Path | None,
        typer.Option("--from", help="File that was got by other means.", metavar="FILE"),
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Take a file although another one was pinned.")
    ] = False,
) -> None:
    """Fetch the weights of a plug-in, or take them from a file, and pin their checksum."""
    from witoil.plugins.fetching import fetch
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module)
    if plugin.code is not None:
        print(f"{plugin.name}: a program, which has no weights of its own")
        return
    fetched = fetch(plugin, given, renew=renew)
    print(fetched.path)
    checked = "unverified: nothing was known of it; pinned now" if fetched.is_new else "as expected"
    print(f"sha256 {fetched.sha256}, {checked}")
    if not fetched.is_model:
        print(
            "it is no ONNX yet: docs/conversion.md says how it becomes one, then "
            f"`witoil modules fetch {plugin.name} --from MODEL.onnx`"
        )


@modules_app.command("pin")
def pin_weights(
    model: Annotated[Path, typer.Argument(help="An ONNX file.", metavar="MODEL.onnx")],
) -> None:
    """Print what a card says of the weights: name, checksum and size of a model."""
    from witoil.plugins.weights import pinned

    print(pinned(model))


@modules_app.command("metadata")
def write_metadata(module: Module) -> None:
    """Print what the AI4EOSC hub takes of a plug-in, ai4-metadata.yml, made from its card."""
    from witoil.plugins.hub import as_yaml, metadata_of
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module)
    assert plugin.card is not None  # or it would be refused
    print(as_yaml(metadata_of(plugin.card)), end="")


@modules_app.command("oscar")
def write_oscar(
    module: Module,
    image: Annotated[
        str, typer.Option(help="Container image with witoil and the plug-in.", metavar="IMAGE")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for both files.", metavar="DIR")
    ] = Path("out"),
    cluster: Annotated[str, typer.Option(help="As oscar-cli knows it.")] = "oscar-cluster",
    bucket: Annotated[
        str | None, typer.Option(help="With the folders in and out; default: the name.")
    ] = None,
    cpu: Annotated[float, typer.Option(min=0.1, help="Processors.")] = 1.0,
    memory_mib: Annotated[int, typer.Option(min=64, help="Mebibytes of memory.")] = 2048,
    to: Annotated[
        str, typer.Option(help="Formats: json, geojson ...", metavar="A,B")
    ] = "json,geojson",
) -> None:
    """Write what has OSCAR run a plug-in on each file that arrives in a bucket."""
    from witoil.plugins.formats.writing import refuse_unknown
    from witoil.plugins.oscar import write_function
    from witoil.plugins.registry import plugin_named

    refuse_unknown(to.split(","))
    names = write_function(
        plugin_named(module),
        out,
        image=image,
        cluster=cluster,
        bucket=bucket,
        cpu=cpu,
        memory_mib=memory_mib,
        formats=to,
    )
    print(f"written to {out}: {', '.join(names)}; oscar-cli apply {out / names[0]}")


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


@modules_app.command("shorelines")
def write_shoreline_series(
    shorelines: Annotated[
        list[Path], typer.Argument(help="Files of shorelines, as predict writes them.")
    ],
    transects: Annotated[
        Path, typer.Option(help="Lines from land to sea, with names.", metavar="FILE")
    ],
    tide: Annotated[
        Path | None, typer.Option(help="Table with time (UTC) and level_m.", metavar="CSV")
    ] = None,
    slope: Annotated[
        float | None,
        typer.Option(help="Of the beach face, rise over run, where transects have none."),
    ] = None,
    level: Annotated[
        float, typer.Option(help="Level that shorelines are brought to, m in the tide's datum.")
    ] = 0.0,
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write.", metavar="CSV")] = Path(
        "shorelines.csv"
    ),
) -> None:
    """Write where shorelines cross transects, a row for each time."""
    from witoil import jobs

    written = jobs.shoreline_series(
        shorelines, transects, out, tide=tide, slope=slope, level_m=level
    )
    for remark in written["remarks"]:
        print(remark)
    print(f"{written['times']} times, {written['transects']} transects; written to {out}")


@modules_app.command("average")
def average_models(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of plug-ins with one card, of two sites or more.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder to write, a new one.", metavar="DIR")
    ],
    samples: Annotated[
        str | None,
        typer.Option(help="What each was trained on; default: the cards' images.", metavar="N,M"),
    ] = None,
) -> None:
    """Write a plug-in whose weights are the mean of those of others (federated averaging)."""
    from witoil import jobs

    written = jobs.average_models(folders, out, None if samples is None else _counts(samples))
    for remark in written["remarks"]:
        print(remark)
    counts = " + ".join(f"{it:,}" for it in written["samples"])
    print(f"{written['model']}: {written['tensors']} tensors, {counts} samples; written to {out}")


def _counts(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise typer.BadParameter(
            f"found {text!r}, expected whole numbers as in 120,80", param_hint="--samples"
        )
    return [int(part) for part in parts]
