from __future__ import annotations

import gc
import json
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

# As in commands: threads that wait for each other's small matrices take a tenth of a core's time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# what else runs on a core says how long an example takes
hypothesis.settings.register_profile("witoil", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis.settings.load_profile("witoil")

_PROJECT = Path(__file__).parents[1]

_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

TOGETHER = "tests/web/panels/"
"""A folder whose files share a service with its runner, which takes long to start."""

MOST_WORKERS = 8
"""Beyond that many, each has too little to do for what it takes to start."""

Making = Callable[[str, Callable[[Path], object]], Path]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Use every core; files or tests that are named run in this process, which starts sooner.

    Slow tests have a worker more than there are cores: many wait for another process, and leave
    theirs idle.
    """
    if all(Path(argument.partition("::")[0]).is_file() for argument in config.args):
        return 0
    waiting = 0 if "not slow" in config.option.markexpr else 1
    return min((os.cpu_count() or 1) + waiting, MOST_WORKERS)


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples where slow tests are left out: this is run often, and the rest before all.

    Tests that say how many they need have all of them.
    """
    if "not slow" in config.option.markexpr:
        hypothesis.settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left alone with one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, not item.nodeid.startswith(TOGETHER)))


class _Scheduling(LoadFileScheduling):
    """Hands out tests file by file, and those of a folder in `TOGETHER` all at once."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Return who hands out tests to workers, unless another way was asked for."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while modules are loaded, which takes a third less, nor later in them.

    Nor often in what tests leave: an eighth of their time went into it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(200_000, 20, 20)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Look once for what was left open; pytest would look through all that there is five times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def started() -> Generator[Callable[[str], Browser]]:
    """Return what starts a browser by its name; their driver runs once in a process."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=90_000)  # of busy machines
    with sync_playwright() as playwright:

        def start(name: str) -> Browser:
            path = shutil.which(name)
            if path is None:
                pytest.skip(f"no {name}: apt-get install {name}")
            return playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--enable-unsafe-swiftshader"]
            )

        yield start


@pytest.fixture(scope="session")
def chromium(started: Callable[[str], Browser]) -> Browser:
    """Debian's Chromium, one for all tests of a worker."""
    return started("chromium")


@pytest.fixture(scope="session")
def browser(started: Callable[[str], Browser]) -> Browser:
    """Its headless shell, the same engine without a desktop's windows: it opens a page sooner."""
    return started("chromium-headless-shell")


@pytest.fixture(scope="session")
def cases() -> Path:
    """Folder of the real cases, which are data to read and never part of the repository."""
    folder = Path(os.environ.get("WITOIL_CASES", _PROJECT / "../shared/cases")).resolve()
    if not folder.is_dir():
        pytest.skip(f"real cases not found at {folder}; set WITOIL_CASES to their folder")
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Making:
    """Return what has a folder filled by the worker that needs it first, and gives its path.

    The folder is for all workers: to read and to copy, and not to write to.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if _IS_WORKER else base

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, part = shared / name, shared / f"{name}.part"
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                shutil.rmtree(part, ignore_errors=True)  # of one that failed
                part.mkdir()
                fill(part)
                part.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def demo_twin(made_once: Making) -> Path:
    """The folder of the demo's twin experiment, which is for all workers: to read and to copy."""
    from witoil.demo import make_twin

    return made_once("demo-twin", make_twin)


@pytest.fixture(scope="session")
def demo_study(made_once: Making, demo_twin: Path, compiled: None) -> dict[str, Any]:
    """The study of the demo's whole search, which is run once for all workers."""
    from witoil import jobs
    from witoil.case import load_case

    def optimise(folder: Path) -> None:
        jobs.optimise(load_case(demo_twin / "demo.toml"), folder, pictures=False)

    text = (made_once("demo-study", optimise) / "study.json").read_text("utf-8")
    study: dict[str, Any] = json.loads(text)
    return study


@pytest.fixture(scope="session")
def compiled(made_once: Making) -> None:
    """See to it that the model is compiled once, by two processes, and not by each worker.

    A session without workers compiles what it needs, as it needs it.
    """
    if _IS_WORKER:
        made_once("compiled", lambda _: _compile())


def _compile() -> None:
    from simulator.compilation import compile_early, wait

    compile_early()
    wait()


@pytest.fixture(scope="session")
def hosted_modules(made_once: Making, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with modules of DEEPaaS, in two environments whose pins exclude each other."""
    from tests.plugins.deepaas.hosting import host_modules

    def fill(folder: Path) -> None:
        place = folder.with_name("modules")  # environments cannot be moved
        shutil.rmtree(place, ignore_errors=True)  # of one that failed
        host_modules(place)
        (folder / "place").write_text(str(place))

    return Path((made_once("deepaas", fill) / "place").read_text())
