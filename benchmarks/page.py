"""The page in a browser without a GPU: first paint, frames, sliders, bytes and memory."""

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
import requests
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from witoil.demo import make_twin

PARTICLES, OUTPUT_MINUTES = 100_000, 15
FRAME_SECONDS, PLAY_SECONDS = 10, 600
LOADS, MOVES = 10, 60

_COUNT_DRAWINGS = """() => {
  const draw = CanvasRenderingContext2D.prototype.putImageData;
  window.drawings = [];
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    window.drawings.push(performance.now());
    return draw.apply(this, given);
  };
}"""
_KEEP_PLAYING = """() => setInterval(() => {
  const play = document.querySelector("#play");
  if (play.dataset.playing === "false") play.click();
}, 50)"""

_MOVE = """(value) => new Promise((done, fail) => {
  const slider = document.querySelector("#hand-wind_drift_factor");
  const news = document.querySelector("#hand-score");
  const began = performance.now();
  const seen = new MutationObserver(() => {
    seen.disconnect(); // the slick is drawn in the frame that is next
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  });
  seen.observe(news, { childList: true });
  setTimeout(() => fail(new Error("no picture within 20 s")), 20_000);
  slider.value = String(value);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""


def run() -> dict[str, float]:
    """Return figures of a page that shows 100,000 particles at 49 outputs. [s, ms, 1/s, kB, MB]"""
    with TemporaryDirectory() as name, _served(Path(name)) as (url, service):
        job = _simulated(url, make_twin(Path(name)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--enable-unsafe-swiftshader"],
            )
            with _page(browser, url, job):
                pass  # what the server keeps for later is made
            figures = _loads(browser, url, job)
            with _page(browser, url, job) as page:
                figures |= _slider(page, service)
            with _page(browser, url, job) as page:
                figures |= _frames(page)
            figures["memory_mb"] = _memory(browser, f"{url}?draw=canvas#run={job}")
            return figures | {"load_of_machine": os.getloadavg()[0]}


@contextmanager
def _page(browser: Browser, url: str, job: str) -> Iterator[Page]:
    """Yield a page that has drawn the particles of a job, without what other pages have kept."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.add_init_script(f"({_COUNT_DRAWINGS})()")
    page.goto(f"{url}?draw=canvas#run={job}")
    page.wait_for_selector("html[data-ready]")
    page.evaluate("window.usable = performance.now()")
    page.wait_for_function("() => window.drawings.length")
    yield page
    page.close()


def _loads(browser: Browser, url: str, job: str) -> dict[str, float]:
    """Return how soon there is something, what can be used, and particles; and how much is read."""
    found: dict[str, list[float]] = {"first_contentful_paint": [], "usable": [], "particles": []}
    for _ in range(LOADS):
        with _page(browser, url, job) as page:
            found["first_contentful_paint"].append(_paint(page) / 1e3)
            found["usable"].append(page.evaluate("window.usable") / 1e3)
            found["particles"].append(page.evaluate("window.drawings[0]") / 1e3)
            scripts = _script_kilobytes(page)
    each = [_quantiles(name, times, "s") for name, times in found.items()]
    return {name: value for quantiles in each for name, value in quantiles.items()} | scripts


def _quantiles(name: str, values: Sequence[float], unit: str) -> dict[str, float]:
    p50, p95 = np.percentile(values, [50, 95])
    return {f"{name}_p50_{unit}": float(p50), f"{name}_p95_{unit}": float(p95)}


def _slider(page: Page, service: psutil.Process) -> dict[str, float]:
    """Return how long it takes from a slider that is moved to the slick that is drawn anew."""
    page.click("#run-again")
    page.locator("#hands > summary").click()
    page.evaluate(_MOVE, 0.01)  # the process that answers gets to know the case
    values = [0.001 * (k % 50) for k in range(MOVES)]  # steps of the slider
    before = _processor_s(service)
    times = [page.evaluate(_MOVE, value) for value in values]
    used = _processor_s(service) - before
    return _quantiles("slider_to_picture", times, "ms") | {
        "slider_processor_ms": 1e3 * used / MOVES
    }


def _processor_s(service: psutil.Process) -> float:
    """Return the processor time that a service has used. [s]"""
    times = [each.cpu_times() for each in [service, *service.children(recursive=True)]]
    return sum(each.user + each.system for each in times)


def _frames(page: Page) -> dict[str, float]:
    """Return how fast frames follow each other while it plays."""
    page.wait_for_timeout(2000)
    page.evaluate(_KEEP_PLAYING)
    page.wait_for_timeout(1000)
    page.evaluate("window.drawings.length = 0")
    page.wait_for_timeout(1000 * FRAME_SECONDS)
    drawn = page.evaluate("window.drawings")
    return {
        "frames_per_second": len(drawn) / FRAME_SECONDS,
        **_quantiles("frame", np.diff(drawn), "ms"),
    }


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


def _memory(browser: Browser, address: str) -> float:
    """Return the memory that a page has for itself and its part of the rest, after it has played.

    The page is none of Playwright's, which has browsers keep 100 MB of what a page has received.
    """
    session = browser.new_browser_cdp_session()
    page = _Unwatched(session, address)
    while page.evaluate("document.documentElement.dataset.ready") is None:
        time.sleep(0.1)
    time.sleep(2)
    page.evaluate(f"({_KEEP_PLAYING})()")
    began = page.evaluate("document.querySelector('#time').value")
    time.sleep(PLAY_SECONDS)
    assert page.evaluate("document.querySelector('#time').value") != began, "it does not play"
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return max(_share(each["id"]) for each in found if each["type"] == "renderer")


class _Unwatched:
    """A page in a context of its own, of which nothing is followed: scripts are run in it."""

    def __init__(self, browser: CDPSession, address: str) -> None:
        context = browser.send("Target.createBrowserContext")["browserContextId"]
        size = {"width": 1400, "height": 900}
        page = {"url": address, "browserContextId": context, **size}
        target = browser.send("Target.createTarget", page)["targetId"]
        self._browser = browser
        self._session = browser.send("Target.attachToTarget", {"targetId": target})["sessionId"]
        self._answers: dict[int, Any] = {}
        self._asked = 0
        browser.on("Target.receivedMessageFromTarget", self._take)

    def _take(self, event: Any) -> None:
        answer = json.loads(event["message"])
        self._answers[answer.get("id", 0)] = answer

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression, None where it is undefined."""
        self._asked += 1
        asked = {"expression": script, "returnByValue": True}
        message = {"id": self._asked, "method": "Runtime.evaluate", "params": asked}
        packed = {"sessionId": self._session, "message": json.dumps(message)}
        self._browser.send("Target.sendMessageToTarget", packed)
        while self._asked not in self._answers:
            time.sleep(0.02)
            self._browser.send("Target.getTargets")  # events arrive while something is asked
        return self._answers.pop(self._asked)["result"]["result"].get("value")


def _share(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(float(line.split()[1]) / 1e3 for line in lines if line.startswith("Pss:"))


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve an empty service for one person; yield its address, and its process."""
    environment = os.environ | {"WITOIL_AUTH": "off", "WITOIL_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "witoil", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], psutil.Process(process.pid)
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
