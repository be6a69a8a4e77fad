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
    particles,
    processes,
    rasters,
    results,
    shares,
    spills,
    stac,
    thredds,
    tokens,
    uploads,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        health,
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
        thredds,
    )
)
"""All of them, in the order of the document."""
