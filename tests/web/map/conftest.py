"""A service at a free port, a browser, and pages of it in which nothing may go wrong unseen."""

import json
import shutil
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from werkzeug.serving import make_server

from tests.web.people import bring, case, people
from web.jobs import queue

FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
EXPECTED = ("GL Driver", "401", "404", "422", "ERR_FAILED", "Password forms")
"""What consoles may say: of drawing in software, of answers that are none or refusals."""


class Served:
    """A service, its address, and jobs that have come to their end in it."""

    def __init__(self, made, url):
        self.made, self.url = made, url

    def job(self, folder, client, land=None):
        """Return the id of a job that left the files of a folder, by a coast from a file."""
        forcing = {"winds": "https://data.example.org/winds.nc"}
        if land:
            brought = bring(client, land.name, land.read_bytes(), "land")
            assert brought.status_code == 201, brought.text
            forcing["coastline"] = brought.json["reference"]
        asked = {"inputs": {"case": case(**forcing)}}
        answer = client.post("/ogc/processes/simulate/execution?anew=true", json=asked)
        assert answer.status_code == 201, answer.text
        result = json.loads((folder / "summary.json").read_text())
        with self.made.store.session() as session:
            held = queue.Held.of(queue.claim(session, "runner", timedelta(minutes=1)))
            queue.finish(session, held, result)
        job = answer.json["jobID"]
        shutil.copytree(folder, self.made.settings.jobs / job)
        for path in ("particles", "coast", "rasters"):  # what is made when it is first asked for
            assert client.get(f"/jobs/{job}/{path}").status_code == 200, path
        return job


@contextmanager
def serving(folder, **options):
    """Serve an empty service as long as a block runs."""
    with people(folder, allowed_hosts="data.example.org", **options) as made:
        server = make_server("127.0.0.1", 0, made.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Served(made, f"http://127.0.0.1:{server.server_port}/")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A service for one person, without tokens."""
    with serving(tmp_path_factory.mktemp("service"), auth="off") as made:
        yield made


@pytest.fixture(scope="session")
def seen_run(made_once, demo_twin):
    """Folder of a run of the twin with two slicks observed, 2,000 particles."""

    def simulate(folder):
        from witoil import jobs
        from witoil.case import load_case

        case = load_case(demo_twin / "demo.toml")
        few = case.model.model_copy(update={"particles": 2000})
        jobs.simulate(case.model_copy(update={"model": few}), folder, pictures=False)

    return made_once("seen-run", simulate)


@pytest.fixture(scope="module")
def run(served, seen_run, demo_twin):
    """Id of a job that simulated the twin, by its island."""
    return served.job(seen_run, served.made.app.test_client(), demo_twin / "island.geojson")


@pytest.fixture(scope="module")
def other(served, seen_run):
    """Id of another job with the same files."""
    return served.job(seen_run, served.made.app.test_client())


@contextmanager
def opening(browser, served):
    """Yield what opens a page at an address behind that of the service."""
    contexts, wrong = [], []

    def said(message):
        if not any(text in message.text for text in EXPECTED):
            wrong.append(message.text)

    # a map that is lower has fewer pixels for the processor to draw, and room for all that is on it
    def open_page(
        path="", *, at=served, size=(1400, 740), ready=True, world=False, before=None, **options
    ):
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        if not world:  # its tiles take long to make
            context.route("**/tiles/coast/**", lambda route: route.abort())
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", said)
        elsewhere = lambda r: not r.url.startswith((at.url, "blob:", "data:"))  # noqa: E731
        page.on("request", lambda r: wrong.append(r.url) if elsewhere(r) else None)
        if before:
            before(page)
        page.goto(at.url + path)
        if ready:
            page.wait_for_selector("html[data-ready]")
            page.evaluate(FRAMES)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def opened(browser, served):
    """Return what opens pages that a test has for itself."""
    with opening(browser, served) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def kept_open(browser, served):
    """Return what opens pages for a whole module: to open one takes a core for two seconds."""
    with opening(browser, served) as open_page:
        yield open_page
