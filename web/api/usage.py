"""What the service is used for: for whoever runs it, and for what watches it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from typing import Annotated, Any, Literal, get_args

from flask import Response, current_app, render_template, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from web.api.documents import JSON, problems
from web.context import service
from web.errors import ContentError
from web.faults import Fault
from web.people.access import needs
from web.people.usage import Load, Period, Usage, country_name, load_of, usage
from web.store.base import now
from witoil.times import no_number

TAG = Tag(name="Operation", description="What the service is used for; scope admin")

blueprint = APIBlueprint("usage", __name__, abp_tags=[TAG], abp_responses=problems())

Form = Literal["json", "csv", "html"]

_TYPES: Mapping[Form, str] = {"json": JSON, "csv": "text/csv", "html": "text/html"}

_TEXT = "text/plain"

_Day = Annotated[date, BeforeValidator(no_number)]


class UsageQuery(BaseModel):
    """Which periods, and in which form."""

    model_config = ConfigDict(extra="forbid")

    period: Period = "month"
    start: _Day | None = Field(None, description="Day in the first period; default: first use.")
    end: _Day | None = Field(None, description="Day in the last period; default: today.")
    f: Form | None = Field(None, description="Goes before the header Accept.")


class Country(BaseModel):
    """A country."""

    code: str = Field(description="ISO 3166-1 alpha-2.")
    name: str


class Countries(BaseModel):
    """Countries of users."""

    count: int
    names: list[Country]


class PeriodUsage(BaseModel):
    """What was used in a period; what is the same counts once."""

    period: str = Field(description="2026-11, 2026-Q4 or 2026.")
    start: date
    end: date
    complete: bool
    unique_users: int = Field(description="People with a token who used the service.")
    guests: int
    countries: Countries
    images_processed: int = Field(description="That successful jobs have read.")
    images_looked_at: int = Field(description="Those of them that models looked at.")
    images_ingested: int = Field(
        description="Stored to be downloaded; slick outlined and time known, or judged by analysts."
    )
    jobs: dict[str, int] = Field(description="Asked for, by process.")
    jobs_successful: int


class UsageReport(BaseModel):
    """What was used, the oldest period first."""

    periods: list[PeriodUsage]


_ANSWERS: dict[Any, Any] = {
    200: {
        "description": "What was used, in the form that was asked for.",
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/UsageReport"}},
            "text/csv": {"schema": {"type": "string"}},
            "text/html": {"schema": {"type": "string"}},
        },
    }
}


@blueprint.get("/usage", responses=_ANSWERS)
@needs("admin")
def show_usage(query: UsageQuery) -> Response:
    """Show what was used by month, quarter or year, as JSON, a table or a page."""
    try:
        with service().store.reading() as session:
            found = usage(session, query.period, query.start, query.end)
    except ValueError as error:
        raise ContentError([Fault("", str(error))]) from None
    rows = [_shown(each) for each in found]
    answer = _WRITERS[query.f or _asked()](query.period, rows)
    answer.headers["Vary"] = "Accept"
    return answer


def _asked() -> Form:
    kind = request.accept_mimetypes.best_match([*_TYPES.values()], JSON)
    return next(name for name, each in _TYPES.items() if each == kind)


def _shown(found: Usage) -> PeriodUsage:
    told = asdict(found)
    countries = [Country(code=code, name=country_name(code)) for code in told.pop("countries")]
    return PeriodUsage(
        **told,
        complete=told["is_complete"],
        countries=Countries(count=len(countries), names=countries),
    )


def _as_json(period: Period, rows: list[PeriodUsage]) -> Response:
    return current_app.make_response(UsageReport(periods=rows).model_dump(mode="json"))


_COLUMNS = (
    *("period", "start", "end", "complete", "unique_users", "guests", "countries"),
    *("country_codes", "country_names", "images_processed", "images_looked_at"),
    "images_ingested",
    *("jobs", "jobs_successful"),
)


def _as_csv(period: Period, rows: list[PeriodUsage]) -> Response:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    for row in rows:
        told = row.model_dump(mode="json") | {
            "countries": row.countries.count,
            "country_codes": " ".join(each.code for each in row.countries.names),
            "country_names": "; ".join(each.name for each in row.countries.names),
            "jobs": sum(row.jobs.values()),
        }
        table.writerow([told[name] for name in _COLUMNS])
    answer = Response(text.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=usage-by-{period}.csv"
    return answer


def _as_page(period: Period, rows: list[PeriodUsage]) -> Response:
    others = [each for each in get_args(Period) if each != period]
    page = render_template("usage.html", period=period, others=others, rows=rows)
    answer = Response(page, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    return answer


_WRITERS: Mapping[Form, Callable[[Period, list[PeriodUsage]], Response]] = {
    "json": _as_json,
    "csv": _as_csv,
    "html": _as_page,
}


@blueprint.get(
    "/metrics",
    responses={
        200: {
            "description": "Text of Prometheus.",
            "content": {_TEXT: {"schema": {"type": "string"}}},
        }
    },
)
@needs("admin")
def show_metrics() -> Response:
    """Show what the service does now, for Prometheus; of all processes, from the database."""
    from prometheus_client import CollectorRegistry, generate_latest

    with service().store.reading() as session:
        load = load_of(session)
        waited = 0.0 if load.waiting_since is None else (now(session) - load.waiting_since)
    seconds = waited if isinstance(waited, float) else max(waited.total_seconds(), 0.0)
    registry = CollectorRegistry()
    registry.register(_Collector(load, seconds))
    return Response(
        generate_latest(registry), content_type=f"{_TEXT}; version=0.0.4; charset=utf-8"
    )


class _Collector:
    """What Prometheus is told of a load."""

    def __init__(self, load: Load, waited: float) -> None:
        self._load, self._waited = load, waited

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        load = self._load
        jobs = GaugeMetricFamily("witoil_jobs", "Jobs that are known, by state.", labels=["state"])
        for state, count in load.jobs.items():
            jobs.add_metric([state], count)
        asked = CounterMetricFamily(
            "witoil_jobs_asked", "Jobs that were asked for, by process.", labels=["process"]
        )
        for process, count in load.asked.items():
            asked.add_metric([process], count)
        built = GaugeMetricFamily("witoil_build_info", "Version.", labels=["version"])
        built.add_metric([version("witoil")], 1)
        yield from (jobs, asked, built)
        for name, text, value in (
            ("waiting_seconds", "How long the oldest job has waited for a runner.", self._waited),
            ("busy_runners", "Runners that have a job.", load.runners),
            ("uploads", "Files that are kept.", load.uploads),
            ("upload_bytes", "Bytes of these.", load.upload_bytes),
            ("users_today", "People with a token who used it today.", load.users_today),
            ("users_30_days", "The same of thirty days.", load.users_in_30_days),
        ):
            yield GaugeMetricFamily(f"witoil_{name}", text, value)
