"""What is answered at which address: a blueprint for each kind of object."""

from web.api.events import events
from web.api.health import health
from web.api.jobs import jobs
from web.api.landing import landing
from web.api.processes import processes
from web.api.results import results
from web.api.shares import shares
from web.api.tokens import tokens
from web.api.uploads import uploads

BLUEPRINTS = (health, landing, processes, jobs, results, events, uploads, shares, tokens)
"""All of them, in the order of the document."""
