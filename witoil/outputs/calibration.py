"""What a search leaves behind beside its study: the best run, the source, the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator import FATES
from witoil.calibration.search import Calibration
from witoil.files import write_text
from witoil.outputs.drawing import drawing
from witoil.outputs.playing import player_of_run
from witoil.outputs.reconstruction import write_reconstruction
from witoil.outputs.run import write_run
from witoil.scenario.run import masks_at, run
from witoil.scenario.verification import Mask
from witoil.times import stamp


def write_calibration(found: Calibration, folder: Path, *, pictures: bool = True) -> None:
    """Run the best parameters once more with all outputs, and draw the report.

    Parameters
    ----------
    found : Calibration
    folder : Path
        Takes `best/` and `report.html`; and `source.png` and `source.geojson`, where a source was
        looked for.
    pictures : bool
        Whether to draw, and to write a page of what is drawn.

    Raises
    ------
    OutputError, SimulatorError
    """
    scenario, legs, study = found.scenario, found.legs, found.study
    if found.source is not None:
        write_reconstruction(scenario, found.source, folder, pictures=pictures)
    best = study["best"]["parameters"]
    limit = best["detection_limit_um"]
    # not all of them: a share of the mass that was not searched would undo a factor that was
    changed = study["history"][study["best"]["trial"]]["parameters"]
    after: list[Mask] = []
    summary: dict[str, Any] = {}
    with drawing(pictures=pictures) as draw:
        for leg in legs:
            into = folder / "best"
            if len(legs) > 1:
                into /= stamp(leg.forcing.start)
            result = run(leg, changed)
            drawn = draw(leg, result, limit)
            summary = write_run(leg, result, into, parameters=best, drawn=drawn, report=False)
            after += [masks_at(leg, result, seen.time, limit).oil for seen in leg.observations]
    if not pictures:
        return
    from witoil.report.calibration import render  # loads much

    seen = tuple(observation for leg in legs for observation in leg.observations)
    page = render(
        replace(legs[0], case=scenario.case, observations=seen),
        study,
        before=[slick.oil for slick in found.default],
        after=after,
        fate={name: summary["mass_balance_kg"][name] for name in FATES},
        source=found.source,
        # of several legs each has a run of its own
        player=player_of_run(leg, result, summary, into) if len(legs) == 1 else None,
    )
    write_text(folder / "report.html", page)
