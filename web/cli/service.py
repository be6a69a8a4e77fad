"""`witoil serve`, `runner`, `token`, `backup`: the commands of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from web.cli.features import features
from web.cli.parts import Data, Database, said_in_a_line
from web.cli.tokens import tokens

app = typer.Typer(add_completion=False)
app.add_typer(tokens, name="token")
app.command()(features)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="0: any that is free.")] = None,
    data: Data = None,
    database: Database = None,
    runners: Annotated[
        int, typer.Option(help="Runners beside the server; 0: others do the jobs.", min=0, max=64)
    ] = 1,
) -> None:
    """Serve all that the commands do over HTTP, with a database and a runner of its own.

    Settings are taken from the environment, WITOIL_..., see docs/service.md.
    """
    with said_in_a_line():
        from web.logs import log_to_stderr
        from web.server import serve as serve_until_told
        from web.settings import read_settings

        settings = read_settings(host=host, port=port, data=data, database=database)
        log_to_stderr()
        serve_until_told(settings, runners=runners, say=lambda line: print(line, flush=True))


@app.command()
def preview(
    data: Data = None,
    parent: Annotated[int | None, typer.Option(hidden=True, help="End with this process.")] = None,
) -> None:
    """Preview cases for the web servers of this machine; `serve` does that by itself."""
    with said_in_a_line():
        from web.logs import log_to_stderr
        from web.previews.previewer import run
        from web.settings import read_settings

        settings = read_settings(data=data)
        log_to_stderr()
        run(settings, parent=parent)


@app.command()
def runner(
    data: Data = None,
    database: Database = None,
    parent: Annotated[int | None, typer.Option(hidden=True, help="End with this process.")] = None,
) -> None:
    """Do jobs of a service, beside its server or on a machine that shares database and folder."""
    with said_in_a_line():
        from web.logs import log_to_stderr
        from web.settings import read_settings
        from web.work.runner import run

        settings = read_settings(data=data, database=database)
        log_to_stderr()
        run(settings, parent=parent)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Takes the copy; a new name.", metavar="FOLDER")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Copy a service that runs: database, uploads and results, as they are at one moment.

    `witoil serve --data FOLDER` goes on from the copy.
    """
    with said_in_a_line():
        from web.backup import back_up
        from web.settings import read_settings

        copied = back_up(read_settings(data=data, database=database), folder)
    print(
        f"{copied.jobs} jobs ({copied.unfinished} of them begin anew), {copied.uploads} uploads; "
        f"written to {folder}"
    )
