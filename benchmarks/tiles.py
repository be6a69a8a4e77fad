"""Milliseconds at HTTP of what a map asks for: steps of particles, tiles of coast and rasters."""

import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from waitress.server import create_server
from waitress.wasyncore import close_all

from web.app import create_app
from web.context import service_of
from web.jobs import queue
from web.settings import Settings
from witoil import jobs
from witoil.case import load_case

PARTICLES = 100_000
REPEATS = 40


def run() -> dict[str, float]:
    """Return medians, and the greatest of coast tiles that are made for the first time. [ms]"""
    with TemporaryDirectory() as name:
        folder = Path(name)
        baniyas = load_case("examples/baniyas-1.toml")
        many = baniyas.model.model_copy(update={"particles": PARTICLES})
        jobs.simulate(baniyas.model_copy(update={"model": many}), folder / "run", pictures=False)
        app = create_app(Settings(data=folder / "data", auth="off", allowed_hosts="example.org"))
        job = _ended(app, folder / "run")
        try:
            with _served(app) as address, requests.Session() as session:
                return _figures(session, address, job)
        finally:
            service_of(app).store.close()


@contextmanager
def _served(app: object) -> Iterator[str]:
    """Serve an application as long as a block runs, at the address that the block is given."""
    sockets: dict[int, object] = {}
    server = create_server(app, map=sockets, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # by the thread that polls the sockets, which ends when there are none left
        server.trigger.pull_trigger(lambda: close_all(sockets))
        thread.join()
        server.task_dispatcher.shutdown()


def _ended(app: object, run: Path) -> str:
    case = {
        "name": "baniyas",
        "time": {"start": "2021-08-24T03:43:00Z", "end": "2021-08-24T08:10:00Z"},
        "forcing": {"currents": "none", "winds": "https://example.org/winds.nc"},
        "release": [{"kind": "point", "lon": 35.9, "lat": 35.1, "mass_tonnes": 10}],
    }
    client = app.test_client()
    asked = {"inputs": {"case": case}}
    job = client.post("/ogc/processes/simulate/execution", json=asked).json["jobID"]
    service = service_of(app)
    with service.store.session() as session:
        held = queue.Held.of(queue.claim(session, "runner", timedelta(minutes=1)))
        queue.finish(session, held, {})
    shutil.copytree(run, service.settings.jobs / job)
    return str(job)


def _figures(session: requests.Session, address: str, job: str) -> dict[str, float]:
    def get(path: str) -> requests.Response:
        answer = session.get(f"{address}{path}", timeout=120)
        answer.raise_for_status()
        return answer

    def timed(path: str) -> float:
        start = time.perf_counter()
        get(path)
        return 1e3 * (time.perf_counter() - start)

    def repeated(name: str, path: str) -> dict[str, float]:
        """Return the median, and what processors have worked, of server and client together."""
        start = time.process_time()
        median = statistics.median(timed(path) for _ in range(REPEATS))
        worked = 1e3 * (time.process_time() - start) / REPEATS
        return {f"{name}_ms": median, f"{name}_processor_ms": worked}

    figures = {"particles_first_ms": timed(f"/jobs/{job}/particles")}
    steps = len(get(f"/jobs/{job}/particles").json()["times"])
    figures |= repeated("particles_step", f"/jobs/{job}/particles/{steps - 1}-{steps - 1}")
    figures |= repeated("particles_step_thin_10", f"/jobs/{job}/particles/0-0?thin=10")
    figures["coast_first_ms"] = timed(f"/jobs/{job}/coast")
    x, y = 2457, 1618  # of z 12, at Baniyas
    cold = [timed(f"/jobs/{job}/coast/{z}/{x << z >> 12}/{y << z >> 12}.mvt") for z in range(8, 15)]
    figures["coast_tile_cold_greatest_ms"] = max(cold)
    figures |= repeated("coast_tile_warm", f"/jobs/{job}/coast/12/{x}/{y}.mvt")
    for raster in get(f"/jobs/{job}/rasters").json()["rasters"]:
        tile = f"/jobs/{job}/rasters/{raster['id']}/tiles/10/{x >> 2}/{y >> 2}.png"
        figures[f"raster_{raster['id']}_first_ms"] = timed(tile)
        figures |= repeated(f"raster_{raster['id']}_warm", tile)
    return figures
