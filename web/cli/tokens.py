"""`witoil token`: who may use the service, and who wants to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.parts import Data, Database, said_in_a_line

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

tokens = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Let people use the service: make, list and revoke tokens, answer requests.",
)

Name = Annotated[str, typer.Argument(help="Of a person: all their tokens share what they make.")]


@contextmanager
def _session(data: Path | None, database: str | None) -> Iterator[Session]:
    """Open the database of a service, for one transaction."""
    with said_in_a_line():
        from web.settings import read_settings
        from web.store.base import Store

        store = Store.open(read_settings(data=data, database=database).database_url)
        try:
            with store.session() as session:
                yield session
        finally:
            store.close()


@tokens.command()
def create(
    name: Name,
    scope: Annotated[
        str, typer.Option(help="read, run or admin; each includes the former.")
    ] = "run",
    country: Annotated[str | None, typer.Option(help="Two letters, such as IT.")] = None,
    days: Annotated[float | None, typer.Option(help="How long it is good.", min=0.0)] = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Make a token, and print it: it is kept nowhere else."""
    with _session(data, database) as session:
        from web.people.tokens import create_token

        lasts = None if days is None else timedelta(days=days)
        _, secret = create_token(
            session,
            name,
            scope=scope,  # type: ignore[arg-type]
            country=country,
            lasts=lasts,
        )
    print(secret)


@tokens.command("list")
def list_(data: Data = None, database: Database = None) -> None:
    """List tokens: id, name, scope, country, and until when they are good."""
    with _session(data, database) as session:
        from web.people.tokens import list_tokens
        from web.store.base import now

        moment = now(session)
        for token in list_tokens(session):
            country = token.owner.country or "-"
            until = _until(token.revoked, token.expires, moment)
            print(f"{token.id}  {token.owner_name}  {token.scope}  {country}  {until}")


def _until(revoked: datetime | None, expires: datetime | None, moment: datetime) -> str:
    if revoked is not None:
        return f"revoked {revoked:%Y-%m-%d}"
    if expires is None:
        return "good"
    return f"{'good until' if expires > moment else 'expired'} {expires:%Y-%m-%dT%H:%MZ}"


@tokens.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Id of a token, or a name: all of theirs.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Make tokens good for nothing, at once."""
    with _session(data, database) as session:
        from web.people.tokens import revoke_tokens

        ended = revoke_tokens(session, which)
    for token in ended:
        print(f"{token.id}  {token.owner_name}  revoked")
    if not ended:
        print(f"{which}: was good for nothing before")


@tokens.command()
def quota(
    name: Name,
    jobs_at_once: Annotated[int | None, typer.Option(min=0)] = None,
    jobs_a_day: Annotated[int | None, typer.Option(min=0)] = None,
    particle_steps: Annotated[int | None, typer.Option(min=0, help="In 24 hours.")] = None,
    upload_bytes: Annotated[int | None, typer.Option(min=0, help="Of one file.")] = None,
    stored_bytes: Annotated[int | None, typer.Option(min=0, help="Of all files.")] = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Grant a person other quotas than everybody; what is not named stays as it is."""
    granted = {
        "jobs_at_once": jobs_at_once,
        "jobs_a_day": jobs_a_day,
        "particle_steps": particle_steps,
        "upload_bytes": upload_bytes,
        "stored_bytes": stored_bytes,
    }
    with _session(data, database) as session:
        from web.people.tokens import grant_quotas

        shown = grant_quotas(session, name, granted)
    for key, value in shown.items():
        print(f"{key}: {'as everybody' if value is None else format(value, ',')}")


@tokens.command()
def requests(
    everything: Annotated[
        bool, typer.Option("--all", help="Those that were answered, too.")
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """List who asks to be let in."""
    with _session(data, database) as session:
        from web.people.admission import list_requests

        for asked in list_requests(session, answered=everything):
            answer = {None: "waits", True: "granted", False: "refused"}[asked.granted]
            print(
                f"{asked.id}  {answer}  {asked.created:%Y-%m-%d}  {asked.name}  <{asked.email}>  "
                f"{asked.institution}  {asked.country or '-'}  {asked.purpose}"
            )
            if asked.message:
                print("    " + " ".join(asked.message.split()))


@tokens.command()
def answer(
    request: Annotated[str, typer.Argument(help="Id of a request.")],
    grant: Annotated[bool, typer.Option("--grant/--refuse", help="What you have decided.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Note what you have decided on a request; make and send the token yourself."""
    with _session(data, database) as session:
        from web.people.admission import answer as note

        asked = note(session, request, granted=grant)
    print(f"{asked.id}  {'granted' if grant else 'refused'}  {asked.name}  <{asked.email}>")
