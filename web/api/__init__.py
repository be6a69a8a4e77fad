"""What is answered at which address: a module with a blueprint for each kind of object."""

from web.api import (
    events,
    forcing,
    health,
    jobs,
    landing,
    previews,
    processes,
    results,
    shares,
    spills,
    tokens,
    uploads,
    usage,
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
        previews,
        spills,
        forcing,
        usage,
    )
)
"""All of them, in the order of the document."""
