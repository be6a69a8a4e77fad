"""Draws the pictures of the documents, each with a note of what was drawn, and tells stale ones.

`python -m docs.pictures` draws all of them anew. What takes an hour to compute is drawn from the
figures that its benchmark left (`docs/searches.json`); the comparison with a peer, which needs the
peer's figures, is drawn where `WITOIL_CASES` leads to them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from witoil.case import Case

ROOT = Path(__file__).parents[1]

DEMO = ROOT / "docs" / "demo.png"
SEARCHES = ROOT / "docs" / "searches.png"
WEATHERING = ROOT / "tests" / "validation" / "weathering.png"

_DRAWN, _PIXELS = "witoil-drawn", "witoil-pixels"

Mask = NDArray[np.bool_]


def main() -> None:
    """Draw all pictures anew."""
    for path, draw in PICTURES.items():
        drawing = draw()
        if drawing is None:
            print(f"{path.relative_to(ROOT)}: left as it is, its figures are not at hand")
            continue
        note(path, *drawing)
        print(f"{path.relative_to(ROOT)}: drawn")


def note(path: Path, image: bytes, drawn: Mapping[str, Any]) -> None:
    """Write a picture with a note of what was drawn, and of the pixels that it became.

    Parameters
    ----------
    path : Path
    image : bytes
        PNG.
    drawn : mapping
        The data, as JSON has them.
    """
    picture = Image.open(BytesIO(image))
    info = PngInfo()
    info.add_text(_DRAWN, json.dumps(drawn, sort_keys=True), zip=True)
    info.add_text(_PIXELS, _hash_of(picture))
    picture.save(path, pnginfo=info, optimize=True)


def noted(path: Path) -> dict[str, Any]:
    """Return what was drawn in a picture.

    Raises
    ------
    ValueError
        If it has no note, or other pixels than those that were drawn.
    """
    with Image.open(path) as picture:
        picture.load()
        told = picture.text  # type: ignore[attr-defined]
        if _DRAWN not in told or told.get(_PIXELS) != _hash_of(picture):
            raise ValueError(f"{path}: is not as `python -m docs.pictures` drew it; run that")
    drawn: dict[str, Any] = json.loads(told[_DRAWN])
    return drawn


def _hash_of(picture: Image.Image) -> str:
    return hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()


@dataclass(frozen=True)
class DemoRun:
    """The last slick of a finished demo: seen, and simulated before and after the calibration.

    Attributes
    ----------
    observed, before, after : Mask
    parameters : dict
        Those found.
    fss : dict
        ``default`` and ``best`` -> at one cell.
    """

    scenario: Any
    observed: Mask
    before: Mask
    after: Mask
    parameters: dict[str, float]
    fss: dict[str, float]

    @classmethod
    def made(cls) -> DemoRun:
        """Run what `witoil demo` runs."""
        from witoil import jobs
        from witoil.case import load_case
        from witoil.demo import make_twin

        with TemporaryDirectory() as name:
            case = load_case(make_twin(Path(name)))
            return cls.of(case, jobs.optimise(case, Path(name) / "out"))

    @classmethod
    def of(cls, case: Case, study: Mapping[str, Any]) -> DemoRun:
        """Run the case of the demo before and after the search that a study is of."""
        from witoil.calibration.evaluation import simulated_slicks
        from witoil.demo import TRUTH
        from witoil.scenario.prepare import prepare

        scenario = prepare(case)
        best = study["best"]["parameters"]
        before, after = (
            simulated_slicks([scenario], changed, threads=None)[-1].oil
            for changed in ({}, {key: best[key] for key in TRUTH})
        )
        fss = {key: study[key]["observations"][-1]["fss"]["1"] for key in ("default", "best")}
        found = {key: best[key] for key in TRUTH}
        return cls(scenario, scenario.observations[-1].mask, before, after, found, fss)

    def drawn(self) -> dict[str, Any]:
        """Return what the picture shows, as JSON has it."""
        masks = {"observed": self.observed, "before": self.before, "after": self.after}
        return {
            "fss": {key: round(value, 3) for key, value in self.fss.items()},
            "parameters": {key: float(f"{value:.4g}") for key, value in self.parameters.items()},
            "shape": list(self.observed.shape),
            "masks": {name: _packed(mask) for name, mask in masks.items()},
        }

    def picture(self) -> bytes:
        """Draw before and after side by side, as the report has them."""
        from witoil.figures.calibration import slick_map
        from witoil.figures.drawing import Frame
        from witoil.report.calibration import places_of_sources

        scenario = self.scenario
        sources = places_of_sources(scenario)
        masks = [self.observed, self.before, self.after, scenario.seen_first]
        frame = Frame.around(scenario.grid, masks, sources)
        cell = f"{scenario.grid.resolution:g} m"
        panels = [
            Image.open(
                BytesIO(
                    slick_map(
                        scenario.grid,
                        scenario.coast.land,
                        frame,
                        simulated=simulated,
                        observed=self.observed,
                        first=scenario.seen_first,
                        sources=sources,
                        title=f"{label}\nFSS {self.fss[key]:.2f} at {cell}",
                    )
                )
            ).convert("RGB")
            for key, label, simulated in (
                ("default", "Before: default parameters", self.before),
                ("best", "After: calibrated", self.after),
            )
        ]
        whole = Image.new("RGB", (sum(p.width for p in panels), panels[0].height), "white")
        whole.paste(panels[0], (0, 0))
        whole.paste(panels[1], (panels[0].width, 0))
        content = BytesIO()
        whole.quantize(128, dither=Image.Dither.NONE).save(content, "png")
        return content.getvalue()


def _packed(mask: Mask) -> str:
    return base64.b64encode(zlib.compress(np.packbits(mask).tobytes())).decode()


def unpacked(drawn: Mapping[str, Any], name: str) -> Mask:
    """Return a mask of a drawn demo."""
    rows, columns = drawn["shape"]
    bits = np.frombuffer(zlib.decompress(base64.b64decode(drawn["masks"][name])), np.uint8)
    return np.unpackbits(bits, count=rows * columns).reshape(rows, columns).astype(bool)


def _demo() -> tuple[bytes, dict[str, Any]]:
    run = DemoRun.made()
    return run.picture(), run.drawn()


def searches_drawn() -> dict[str, Any]:
    """Return what is drawn of the comparison of searches."""
    text = (ROOT / "docs" / "searches.json").read_bytes()
    return {"searches.json": hashlib.sha256(text).hexdigest()}


def _searches() -> tuple[bytes, dict[str, Any]]:
    from benchmarks.searches import draw

    content = BytesIO()
    curves = json.loads((ROOT / "docs" / "searches.json").read_text(encoding="utf-8"))
    draw(curves).savefig(content, dpi=144)
    return content.getvalue(), searches_drawn()


def weathering_drawn() -> dict[str, Any]:
    """Return what is drawn of the comparison of weathering: what its tables have."""
    from tests.validation import weathering

    tables = weathering.read_tables(weathering.REPORT.read_text(encoding="utf-8"))
    text = json.dumps(tables, sort_keys=True)
    return {"weathering.md": hashlib.sha256(text.encode()).hexdigest()}


def _weathering() -> tuple[bytes, dict[str, Any]] | None:
    from tests.validation import weathering

    folder = Path(os.environ.get("WITOIL_CASES", ROOT / "../shared/cases")) / "../reference"
    if not folder.is_dir():
        return None
    with TemporaryDirectory() as name:
        path = Path(name) / WEATHERING.name
        weathering.draw(weathering.compare(folder.resolve()), path)
        return path.read_bytes(), weathering_drawn()


PICTURES: dict[Path, Callable[[], tuple[bytes, dict[str, Any]] | None]] = {
    DEMO: _demo,
    SEARCHES: _searches,
    WEATHERING: _weathering,
}
"""Every picture of the documents, and what draws it."""


if __name__ == "__main__":
    main()
