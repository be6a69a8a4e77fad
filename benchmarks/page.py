"""The map in a browser without a GPU: first paint, first particles, frames, bytes and memory."""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from witoil.demo import make_twin

PARTICLES, OUTPUT_MINUTES = 100_000, 15
FRAME_SECONDS, PLAY_SECONDS = 10, 60

_COUNT_DRAWINGS = """() => {
  const draw = CanvasRenderingContext2D.prototype.putImageData;
  window.drawings = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    window.drawings += 1;
    window.firstDrawn ??= performance.now();
    return draw.apply(this, given);
  };
}"""
_KEEP_PLAYING = """() => setInterval(() => {
  const play = document.querySelector("#play");
  if (play.dataset.playing === "false") play.click();
}, 50)"""


def run() -> dict[str, float]:
    """Return figures of a page that shows 100,000 particles at 49 outputs. [s, 1/s, kB, MB]"""
    with TemporaryDirectory() as name, _served(Path(name)) as url:
        job = _simulated(url, make_twin(Path(name)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--enable-unsafe-swiftshader"],
            )
            _figures(browser, url, job)  # what the server keeps for later is made
            return _figures(browser, url, job)


def _figures(browser: Browser, url: str, job: str) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.add_init_script(f"({_COUNT_DRAWINGS})()")
    page.goto(f"{url}?draw=canvas#run={job}")
    page.wait_for_selector("html[data-ready]")
    usable = page.evaluate("performance.now()")
    page.wait_for_function("() => window.firstDrawn")
    figures = {
        "first_contentful_paint_s": _paint(page) / 1e3,
        "usable_s": usable / 1e3,
        "first_particles_s": page.evaluate("window.firstDrawn") / 1e3,
        **_script_kilobytes(page),
    }
    page.wait_for_timeout(2000)
    page.evaluate(_KEEP_PLAYING)
    page.wait_for_timeout(1000)
    before = page.evaluate("window.drawings")
    page.wait_for_timeout(1000 * FRAME_SECONDS)
    figures["frames_per_second"] = (page.evaluate("window.drawings") - before) / FRAME_SECONDS
    page.wait_for_timeout(1000 * PLAY_SECONDS)
    figures["memory_mb"] = _memory(page, browser.new_browser_cdp_session())
    page.close()
    return figures


def _paint(page: Page) -> float:
    paints = page.evaluate(
        "performance.getEntriesByType('paint').map((e) => [e.name, e.startTime])"
    )
    return float(dict(paints)["first-contentful-paint"])


def _script_kilobytes(page: Page) -> dict[str, float]:
    """Return how much of our JavaScript is read, and how much travels, packed."""
    entries = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter(({ name }) => /static\\/(map|player)\\/.*\\.js$/.test(name))
            .map(({ decodedBodySize, encodedBodySize }) => [decodedBodySize, encodedBodySize])"""
    )
    read, packed = (sum(sizes) / 1e3 for sizes in zip(*entries, strict=True))
    return {"our_scripts_kb": read, "our_scripts_packed_kb": packed}


def _memory(page: Page, browser: CDPSession) -> float:
    """Return the memory that the process of the page has for itself, and its part of the rest."""
    page.bring_to_front()
    found = browser.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_share(each["id"]) for each in found if each["type"] == "renderer"]
    return max(sizes)


def _share(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(float(line.split()[1]) / 1e3 for line in lines if line.startswith("Pss:"))


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve an empty service for one person; yield its address."""
    environment = os.environ | {"WITOIL_AUTH": "off", "WITOIL_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "witoil", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def _simulated(url: str, path: Path) -> str:
    """Have the service simulate a case of a folder; return the id of its job."""
    case = tomllib.loads(path.read_text())
    purposes = {"currents": "forcing", "winds": "forcing", "coastline": "land"}
    for role, purpose in purposes.items():
        case["forcing"][role] = _brought(url, path.parent / case["forcing"][role], purpose)
    for each in [*case["release"], *case["observation"]]:
        if "geometry" in each:
            each["geometry"] = _brought(url, path.parent / each["geometry"], "mask")
    del case["optimise"]
    case["time"] = {end: time.isoformat() for end, time in case["time"].items()}
    case["model"] |= {"particles": PARTICLES, "output_interval_minutes": OUTPUT_MINUTES}
    asked = {"inputs": {"case": case}}
    answer = requests.post(f"{url}ogc/processes/simulate/execution", json=asked, timeout=60)
    job: str = _json(answer)["jobID"]
    while (state := _json(requests.get(f"{url}ogc/jobs/{job}", timeout=60)))["status"] != (
        "successful"
    ):
        assert state["status"] in ("accepted", "running"), state
        time.sleep(0.5)
    return job


def _brought(url: str, path: Path, purpose: str) -> Any:
    answer = requests.post(
        f"{url}uploads?purpose={purpose}", files={"file": path.open("rb")}, timeout=60
    )
    return _json(answer)["reference"]


def _json(answer: requests.Response) -> Any:
    assert answer.ok, answer.text
    return answer.json()
