"""What is answered at which address: a module with a blueprint for each kind of object."""

from web.api import events, health, jobs, landing, processes, results

BLUEPRINTS = tuple(
    module.blueprint for module in (health, landing, processes, jobs, results, events)
)
"""All of them, in the order of the document."""
