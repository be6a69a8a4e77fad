"""The first pages of OGC API – Processes and Features: what there is, and what is kept to."""

from __future__ import annotations

from typing import Any

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag

from web.api.documents import PUBLIC, REL, Conformance, Landing, Link, href, problems

TAG = Tag(name="processes", description="OGC API - Processes 1.0.")
OPENAPI = "application/vnd.oai.openapi+json;version=3.2"

CONFORMS_TO = [
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{part}"
    for part in (
        "core",
        "json",
        "ogc-process-description",
        "job-list",
        "dismiss",
        "callback",
    )
] + [
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{part}" for part in ("core", "geojson")
]

blueprint = APIBlueprint(
    "landing", __name__, url_prefix="/ogc", abp_tags=[TAG], abp_responses=problems()
)


@blueprint.get("/", responses={200: Landing}, openapi_extensions=PUBLIC)
def show_landing() -> dict[str, Any]:
    """Show where all else is."""
    return Landing(
        title="witoil",
        description="Where the oil came from and where it goes: drift of oil at sea, simulated, "
        "scored and calibrated against satellite masks.",
        links=[
            Link(href=href("/ogc/"), rel="self", title="This document"),
            Link(
                href=href("/openapi.json"),
                rel="service-desc",
                type=OPENAPI,
                title="The service, as OpenAPI",
            ),
            Link(href=href("/api/"), rel="service-doc", type="text/html", title="Try it"),
            Link(href=href("/ogc/conformance"), rel=f"{REL}conformance", title="Conformance"),
            Link(href=href("/ogc/conformance"), rel="conformance", title="Conformance"),
            Link(href=href("/ogc/collections"), rel="data", title="Features"),
            Link(href=href("/ogc/processes"), rel=f"{REL}processes", title="Processes"),
            Link(href=href("/ogc/jobs"), rel=f"{REL}job-list", title="Jobs"),
        ],
    ).shown()


@blueprint.get("/conformance", responses={200: Conformance}, openapi_extensions=PUBLIC)
def show_conformance() -> dict[str, Any]:
    """List which parts of the standard are kept to."""
    return Conformance(conforms_to=CONFORMS_TO).shown()
