"""Milliseconds of requests for observations, with 10,000 and with a million stored.

Each figure is the 95th of 100 requests by time, each with another box and period: the whole way
through the application, without a network. Pages are of ten features.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import shapely
from sqlalchemy import insert

from web.app import create_app
from web.context import service_of
from web.people.tokens import create_token
from web.settings import Settings
from web.store.base import Store
from web.store.features import PUBLIC, Feature

ITEMS = "/ogc/collections/observations/items"
FIRST, LAST = 1_400_000_000.0, 1_700_000_000.0  # 2014 to 2023 [s]
REQUESTS = 100
BATCH = 20_000


def run() -> dict[str, float]:
    """Return the figures. [ms]"""
    return {
        f"{name}_of_{stored}_ms": value
        for stored in (10_000, 1_000_000)
        for name, value in _figures(stored).items()
    }


def _figures(stored: int) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder) / "data"))
        store = service_of(app).store
        fill(store, stored)
        with store.session() as session:
            token = create_token(session, "anna")[1]
        client = app.test_client(use_cookies=False)
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        figures = {name: _p95(client, make) for name, make in _requests(client, stored).items()}
        store.close()
    return figures


def fill(store: Store, stored: int) -> None:
    """Write observations of ten kilometres all over the sea, in the order of time."""
    numbers = random.Random(14)
    rows: list[dict[str, object]] = []
    for number in range(stored):
        rows.append(_row(number, stored, numbers))
        if len(rows) == BATCH or number == stored - 1:
            with store.session() as session:
                session.execute(insert(Feature), rows)
            rows.clear()


def _row(number: int, stored: int, numbers: random.Random) -> dict[str, object]:
    west, south = numbers.uniform(-180.0, 180.0), numbers.uniform(-70.0, 70.0)
    ring = [(0.0, 0.0), (0.1, 0.02), (0.09, 0.08), (0.04, 0.1), (0.0, 0.0)]
    shape = shapely.Polygon([(west + x, south + y) for x, y in ring])
    start = FIRST + (LAST - FIRST) * number / stored
    return {
        "collection": "observations",
        "id": f"slick-{number}",
        "owner": PUBLIC,
        "parent": "events:benchmark",
        "start": start,
        "end": start,
        "duration": 0.0,
        "west": west,
        "south": south,
        "east": west + 0.1,
        "north": south + 0.1,
        "geometry": shapely.to_wkb(shape),
        "properties": {"type": "mineral", "sensor": f"S{1 + number % 3}", "class": "A"},
        "assets": {},
    }


def _requests(client: object, stored: int) -> dict[str, Callable[[random.Random], dict[str, str]]]:
    last = {"offset": str(min(9_990, stored - 10))}
    return {
        "page_1": lambda _: {},
        "page_1000": lambda _: last,
        "page_1000_by_link": lambda n: {"cursor": f"{n.uniform(FIRST, LAST)!r}_1"},
        "small_box": lambda n: _box(n, 2.0),
        "large_box": lambda n: _box(n, 60.0),
        "large_box_page_1000_by_link": lambda n: {
            **_box(n, 60.0),
            "cursor": f"{n.uniform(FIRST, 0.9 * LAST)!r}_1",
        },
        "period": lambda n: _period(n, 3e7),
        "box_and_period": lambda n: {**_box(n, 10.0), **_period(n, 3e7)},
        "large_box_and_period": lambda n: {**_box(n, 60.0), **_period(n, 1.5e8)},
        "half_of_all": lambda _: {"bbox": "-180,-90,0,90"},
        "half_of_all_page_1000": lambda _: {
            "bbox": "-180,-90,0,90",
            "offset": str(min(9_990, stored // 2 - 200)),
        },
        "sensor": lambda n: {"sensor": "S2", **_box(n, 10.0)},
    }


def _box(numbers: random.Random, size: float) -> dict[str, str]:
    west, south = numbers.uniform(-180.0, 180.0 - size), numbers.uniform(-60.0, 60.0 - size)
    return {"bbox": f"{west},{south},{west + size},{south + size}"}


def _period(numbers: random.Random, seconds: float) -> dict[str, str]:
    start = numbers.uniform(FIRST, LAST - seconds)
    return {"datetime": "/".join(_written(start + part) for part in (0.0, seconds))}


def _written(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _p95(client: object, make: Callable[[random.Random], dict[str, str]]) -> float:
    return sorted(_times(client, make))[int(0.95 * REQUESTS) - 1]


def _times(client: object, make: Callable[[random.Random], dict[str, str]]) -> Iterator[float]:
    """Yield the times of requests, after some that are not counted. [ms]"""
    numbers = random.Random(1)
    for count in range(REQUESTS + 3):
        address = f"{ITEMS}?{urlencode({'limit': '10', **make(numbers)})}"
        start = time.perf_counter()
        answer = client.get(address)  # type: ignore[attr-defined]
        taken = 1e3 * (time.perf_counter() - start)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        if count >= 3:
            yield taken
