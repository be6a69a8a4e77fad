"""What there is of forcing for an area and a period."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from catalog.errors import CatalogError
from catalog.forcing.names import ROLES, RoleName
from catalog.services.registry import Registry
from web.api.documents import problems
from web.context import service
from web.data.catalogue import REFERENCE, read_catalogue
from web.data.coverage import CoveredProduct, look_at, look_at_named
from web.data.inputs import files_named
from web.jobs.wanted import Area, Span
from web.people.access import needs, who

if TYPE_CHECKING:
    from catalog.services.registry import Choice

TAG = Tag(name="Forcing", description="Which currents, winds and waves there are")

blueprint = APIBlueprint(
    "forcing", __name__, url_prefix="/forcing", abp_tags=[TAG], abp_responses=problems()
)

log = logging.getLogger(__name__)

Names = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=20)
]


class Wanted(BaseModel):
    """An area and a period, and which forcing is asked about."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    box: Area = Field(
        description="West, south, east, north; east less than west across 180 degrees."
    )
    time: Span
    roles: list[RoleName] = Field([], max_length=4, description="Default: all.")
    forcing: dict[RoleName, Names] = Field(
        {},
        description="Files by names as cases have them; default: what the catalogue has.",
    )


Spans = list[tuple[datetime, datetime]]


class VariableCoverage(BaseModel):
    """What of the period a variable has."""

    name: str
    covered: Spans
    missing: Spans
    step_hours: float | None
    missing_share: float = Field(description="Share of values that are missing, land included.")
    remarks: list[str]


class ProductCoverage(BaseModel):
    """What some files have."""

    names: list[str] = Field(description="What a case has in place of the files.")
    title: str | None
    share: float = Field(description="Share of the period that the least covered variable has.")
    resolution_deg: float | None
    variables: list[VariableCoverage]
    remark: str | None = Field(description="Why there is nothing.")


class DatasetCoverage(BaseModel):
    """What a service says that it has."""

    dataset: str = Field(description="Id in the registry.")
    title: str
    service: str
    share: float
    covered: Spans
    missing: Spans
    resolution_deg: float
    step_hours: float
    size_bytes: int = Field(description="About what it takes. [byte]")
    may_be_fetched: bool = Field(description="Whether the operator lets the process `fetch` do it.")


class RoleCoverage(BaseModel):
    """What there is for a role, the best first."""

    products: list[ProductCoverage] = Field(description="Files at hand.")
    datasets: list[DatasetCoverage] = Field(description="Data sets of services.")


class ForcingCoverage(BaseModel):
    """What there is, by role."""

    roles: dict[str, RoleCoverage]


@blueprint.post("/coverage", responses={200: ForcingCoverage, **problems(413, 415, 429)})
@needs("run")
def cover(body: Wanted) -> dict[str, Any]:
    """Say what forcing covers of an area and a period, and what could be fetched."""
    registry = Registry.load()
    fetchable = {each.id for each in registry.only(service().settings.products).datasets}
    found = {}
    for role in body.roles or [*body.forcing] or ROLES:
        products = [_named(body, role)] if role in body.forcing else list(_of_catalogue(body, role))
        choices = registry.choices(role, body.box, body.time.ends)
        found[role] = RoleCoverage(
            products=sorted(products, key=lambda it: (-it.share, it.resolution_deg or 0.0)),
            datasets=[_dataset(c, fetchable) for c in choices if c.covered is not None],
        )
    return ForcingCoverage(roles=found).model_dump(mode="json")


def _named(body: Wanted, role: RoleName) -> ProductCoverage:
    names = body.forcing[role]
    with service().store.reading() as session:
        files = files_named(session, who().name, names, service().settings)
    product = look_at_named(names, files, role, body.box, body.time.ends)
    return _product(names, None, product)


def _of_catalogue(body: Wanted, role: RoleName) -> Iterator[ProductCoverage]:
    """Yield what the entries of the catalogue have that are forcing of a role."""
    for name, entry in read_catalogue(service().settings.catalogue).items():
        if entry.spills:
            continue
        names = [f"{REFERENCE}{name}"]
        if entry.is_remote:
            remark = "on a server; the process check looks at it"
            yield _product(names, entry.title, CoveredProduct((), None, remark))
            continue
        try:
            files = dict.fromkeys(map(str, entry.files_by_name().values()), names[0])
            yield _product(names, entry.title, look_at(files, role, body.box, body.time.ends))
        except CatalogError as error:  # most entries are of another role
            log.info("catalogue: %s: %s", name, error)


def _product(names: list[str], title: str | None, found: CoveredProduct) -> ProductCoverage:
    return ProductCoverage(
        names=names,
        title=title,
        share=found.share,
        resolution_deg=found.resolution_deg,
        variables=[
            VariableCoverage(
                name=each.name,
                covered=each.covered,
                missing=each.missing,
                step_hours=each.step_hours,
                missing_share=each.missing_share,
                remarks=list(each.remarks),
            )
            for each in found.variables
        ],
        remark=found.remark or None,
    )


def _dataset(choice: Choice, fetchable: set[str]) -> DatasetCoverage:
    dataset = choice.dataset
    return DatasetCoverage(
        dataset=dataset.id,
        title=dataset.title,
        service=dataset.service,
        share=choice.share,
        covered=[] if choice.covered is None else [choice.covered],
        missing=choice.gaps,
        resolution_deg=dataset.resolution_deg,
        step_hours=dataset.step_hours,
        size_bytes=choice.size_bytes,
        may_be_fetched=dataset.id in fetchable,
    )
