"""A service of its own with runners and previews, real slicks, and pages of it in a browser."""

import json
import os
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import geopandas
import pytest
import requests
from playwright.sync_api import expect
from shapely import box

from tests.plugins.builders import plugin_in
from tests.plugins.scenes import DARK, dark_spots
from tests.web.sites import environment_of

ROOT = Path(__file__).parents[3]
QUIET = ("GL Driver", "WebGL", "Failed to load resource")
"""What consoles may say: of drawing in software, and of what was refused, which the page says."""


@pytest.fixture(scope="session")
def cases():
    """Folder of the real cases."""
    folder = Path(os.environ.get("WITOIL_CASES", ROOT / "../shared/cases")).resolve()
    if not folder.is_dir():
        pytest.skip(f"real cases not found at {folder}; set WITOIL_CASES")
    return folder / "baniyas-2021"


@pytest.fixture(scope="session")
def masks(cases, tmp_path_factory):
    """Zipped shapefiles of the slicks off Baniyas, in the order of time."""
    folder = tmp_path_factory.mktemp("masks")
    for shape in sorted((cases / "observations").glob("*.shp")):
        with zipfile.ZipFile(folder / f"{shape.stem}.zip", "w") as archive:
            for part in shape.parent.glob(f"{shape.stem}.*"):
                archive.write(part, part.name)
    return sorted(folder.iterdir())


class Serving:
    """`witoil serve` with one runner, at a free port."""

    def __init__(self, folder, **settings):
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "witoil", "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=environment_of(folder / "data", **settings),
        )
        self.url = self.process.stdout.readline().decode().split()[-1]

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def write_spills(folder, masks):
    """Write outlines of a catalogue: two slicks of the spill off Baniyas, and one of another."""
    folder.mkdir()
    names = ("20210824-0343-SYR-PL-A-01-S1", "20210824-0810-SYR-PL-A-01-S1")
    for name, mask in zip(names, masks, strict=False):
        outlines = geopandas.read_file(mask).to_crs(4326)
        outlines.to_file(folder / f"{name}.geojson", driver="GeoJSON")
    elsewhere = geopandas.GeoSeries([box(12.0, 41.0, 12.1, 41.1)], crs=4326)
    elsewhere.to_file(folder / "20230101-0000-ITA-UO-A-01-S2.geojson", driver="GeoJSON")


def write_catalogue(file, cases, twin, spills):
    """Write a catalogue of data off Baniyas, of a twin experiment in another sea, and of spills."""
    data = {f"baniyas-{name}": cases / f"{name}.nc" for name in ("currents", "winds")}
    data |= {"currents": twin / "currents.nc", "winds": twin / "winds.nc"}
    data |= {"land": twin / "island.geojson", "noon": twin / "mask_20250601T1200.tif"}
    entries = [f'[{key}]\ntitle = "{key}"\nfiles = "{path}"\n' for key, path in data.items()]
    file.write_text(f'[spills]\ntitle = "Slicks"\nfiles = "{spills}"\nspills = true\n')
    with file.open("a") as catalogue:
        catalogue.writelines(entries)


@pytest.fixture(scope="session")
def service(cases, masks, demo_twin, compiled, tmp_path_factory):
    """A service with data of two seas and a model of scenes, for one person without tokens."""
    folder = tmp_path_factory.mktemp("service")
    write_spills(folder / "spills", masks)
    write_catalogue(folder / "catalogue.toml", cases, demo_twin, folder / "spills")
    plugin_in(folder / "models" / "dark", dark_spots(), DARK)
    made = Serving(
        folder,
        auth="off",
        catalogue=folder / "catalogue.toml",
        plugin_path=folder / "models",
    )
    yield made
    made.end()


@contextmanager
def opening(browser):
    """Yield what opens a page of a service; nothing may go wrong in it unseen."""
    contexts, wrong = [], []

    def note(text):
        wrong.append(f"{os.environ['PYTEST_CURRENT_TEST']}: {text}")

    def said(message):
        if message.type == "error" and not any(text in message.text for text in QUIET):
            note(message.text)

    # a map that is lower has fewer pixels for the processor to draw, and room for all that is on it
    def open_page(url, size=(1400, 740), *, world=False, **options):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, accept_downloads=True, **options
        )
        contexts.append(context)
        if not world:  # its tiles take long to make, and to draw
            context.route("**/tiles/coast/**", lambda route: route.abort())
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("pageerror", note)
        page.on("console", said)
        page.on("response", lambda r: note(r.url) if r.status >= 500 else None)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def opened(browser):
    """Return what opens pages that a test has for itself."""
    with opening(browser) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def kept_open(browser):
    """Return what opens pages for all modules: to open one takes a core for two seconds."""
    with opening(browser) as open_page:
        yield open_page


def look_at(page, job):
    """Have a run shown, and wait until what came of it is here."""
    page.evaluate(f"location.hash = 'run={job}'")
    expect(page.locator(f"#run-{job}")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#verdict")).to_be_visible()


def begin_anew(page):
    """Have a page as if it was just opened: an empty case, open where something is missing."""
    page.click("#left-tab-case")
    page.get_by_role("button", name="New case").click()
    page.evaluate(
        """() => {
          for (const each of document.querySelectorAll("#left-part-case details")) {
            each.open = each.matches(".part:has(> summary .chip.warn)");
          }
          for (const news of ["drop", "action"]) {
            document.querySelector(`#${news}-news`).replaceChildren();
          }
        }"""
    )


@pytest.fixture(scope="session")
def empty(kept_open, service):
    """A page in which no run is shown, for tests of its modules and of its form."""
    made = kept_open(service.url)
    made.wait_for_selector("#part-model")
    return made


@pytest.fixture
def page(empty):
    """That page with a new case."""
    begin_anew(empty)
    return empty


@pytest.fixture(scope="session")
def kept_page(kept_open, service):
    """A page for runs, from which they are asked for without pictures."""
    made = kept_open(service.url)
    made.wait_for_selector("#part-model")  # it listens to its address by then
    without_pictures(made)
    return made


@pytest.fixture
def ran(kept_page, simulated):
    """That page with a run and a new case, for tests that lead away from them in their way."""
    look_at(kept_page, simulated)
    begin_anew(kept_page)
    return kept_page


def without_pictures(page):
    """Have jobs that a page asks for draw no pictures, which take most of the time of a job."""

    def ask_for_less(route):
        asked = route.request.post_data_json
        if "case" in asked["inputs"]:  # a run, and not its export
            asked["inputs"]["pictures"] = False
        route.continue_(post_data=json.dumps(asked))

    page.route("**/execution", ask_for_less)


def upload(url, path, purpose="mask"):
    """Store a file, and return what a case has in its place."""
    with path.open("rb") as file:
        answer = requests.post(f"{url}uploads?purpose={purpose}", files={"file": file}, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()["reference"]


def ask(url, process, **inputs):
    """Ask for a job, and return its id."""
    answer = requests.post(
        f"{url}ogc/processes/{process}/execution", json={"inputs": inputs}, timeout=60
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["jobID"]


def ended(url, job):
    """Return a job when it has come to its end."""
    while True:
        found = requests.get(f"{url}ogc/jobs/{job}", timeout=30).json()
        if found["status"] not in ("accepted", "running"):
            return found
        time.sleep(0.3)


def figures(url, job):
    """Return the figures of a job when it has come to its end."""
    assert ended(url, job)["status"] == "successful"
    return requests.get(f"{url}ogc/jobs/{job}/results", timeout=30).json()["result"]["value"]


@pytest.fixture(scope="session")
def baniyas(service, masks):
    """The case of the first slicks off Baniyas, small."""
    return {
        "name": "baniyas",
        "time": {"start": "2021-08-24T03:43:00Z", "end": "2021-08-24T08:10:00Z"},
        "forcing": {"currents": "catalogue:baniyas-currents", "winds": "catalogue:baniyas-winds"},
        "release": [
            {"kind": "area", "geometry": upload(service.url, masks[0]), "mass_tonnes": 2000},
            {"kind": "point", "lon": 35.9167, "lat": 35.1726, "rate_tonnes_per_hour": 27.78},
        ],
        "observation": [{"geometry": upload(service.url, masks[1])}],
        "model": {"particles": 2000},
        "trace": {"members": 4, "particles": 400},
        "optimise": {"evaluations": 10},
    }


@pytest.fixture(scope="session")
def simulated(service, baniyas):
    """Id of a job that has simulated that."""
    job = ask(service.url, "simulate", case=baniyas, pictures=False)
    figures(service.url, job)
    return job
