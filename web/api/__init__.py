"""What is answered at which address: a module with a blueprint for each kind of object."""

from web.api import (
    coast,
    events,
    features,
    fields,
    forcing,
    health,
    jobs,
    landing,
    page,
    particles,
    processes,
    rasters,
    results,
    shares,
    spills,
    stac,
    tokens,
    uploads,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        health,
        page,
        landing,
        processes,
        jobs,
        results,
        events,
        uploads,
        shares,
        tokens,
        particles,
        coast,
        rasters,
        fields,
        spills,
        forcing,
        features,
        stac,
    )
)
"""All of them, in the order of the document."""
