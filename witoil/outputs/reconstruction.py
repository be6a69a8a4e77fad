"""What a reconstruction leaves behind: ellipses as GeoJSON, and a picture."""

from __future__ import annotations

from pathlib import Path

from witoil.calibration.reconstruction import Reconstruction
from witoil.files import write_bytes, write_json
from witoil.scenario.scenario import Scenario


def write_reconstruction(
    scenario: Scenario, found: Reconstruction, folder: Path, *, pictures: bool = True
) -> None:
    """Write `source.png` unless no pictures are wanted, and `source.geojson` if a place was sought.

    Raises
    ------
    OutputError
        Where something cannot be written; no file is then left half-written.
    """
    if found.ellipses:
        write_json(folder / "source.geojson", found.features())
    if not pictures:
        return
    from witoil.figures.reconstruction import draw_reconstruction  # loads much

    write_bytes(folder / "source.png", draw_reconstruction(scenario, found))
