"""What is answered at which address: a module with a blueprint for each kind of object."""

from web.api import (
    catalogue,
    coast,
    events,
    forcing,
    health,
    jobs,
    landing,
    page,
    particles,
    previews,
    processes,
    results,
    shares,
    spills,
    tokens,
    trials,
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
        trials,
        results,
        events,
        uploads,
        catalogue,
        shares,
        tokens,
        particles,
        spills,
        forcing,
        previews,
        coast,
    )
)
"""All of them, in the order of the document."""
