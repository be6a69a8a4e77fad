"""What is answered at which address: a module with a blueprint for each kind of object."""

from web.api import (
    events,
    health,
    jobs,
    landing,
    plugins,
    processes,
    results,
    shares,
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
        plugins,
    )
)
"""All of them, in the order of the document."""
