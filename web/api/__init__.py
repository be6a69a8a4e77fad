"""What is answered at which address: a module with a blueprint for each kind of object."""

from web.api import (
    catalogue,
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
    plugins,
    previews,
    processes,
    rasters,
    results,
    shares,
    spills,
    stac,
    thredds,
    tokens,
    trials,
    uploads,
    usage,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        health,
        page,
        landing,
        processes,
        jobs,
        trials,
        results,
        events,
        uploads,
        catalogue,
        shares,
        tokens,
        particles,
        coast,
        rasters,
        fields,
        spills,
        forcing,
        previews,
        features,
        stac,
        usage,
        thredds,
        plugins,
    )
)
"""All of them, in the order of the document."""
