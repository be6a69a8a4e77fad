"""What a request needs of the service around it: its settings, its database, its bounds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from flask import Flask

    from web.settings import Settings
    from web.store.base import Store

_NAME = "witoil"


@dataclass(frozen=True)
class Service:
    """One for each application.

    Attributes
    ----------
    settings : Settings
    store : Store
    streams : threading.Semaphore
        Event streams that may still be opened.
    stopping : threading.Event
        Set when the process is about to end, so that what waits comes to its end.
    active : dict
        Name of somebody -> day for which it was noted that they use the service.
    """

    settings: Settings
    store: Store
    streams: threading.Semaphore
    stopping: threading.Event = field(default_factory=threading.Event)
    active: dict[str, date] = field(default_factory=dict)


def service() -> Service:
    """Return the service that the current request goes to."""
    return service_of(current_app)


def service_of(app: Flask) -> Service:
    """Return the service of an application."""
    return cast("Service", app.extensions[_NAME])


def attach(app: Flask, made: Service) -> None:
    """Have the requests of an application find a service."""
    app.extensions[_NAME] = made
