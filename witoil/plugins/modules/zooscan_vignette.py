"""Vignettes of ZooProcess: the thing in each, measured as in its table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from witoil.plugins.envelope import Findings

UPPER, GAMMA = 245.0, 2.0

_COLUMNS = {
    "upper": ("process_upper", 0.0, 254.0),
    "gamma": ("process_gamma_value", 0.1, 10.0),
    "pixel_um": ("process_pixel", 0.1, 1000.0),
}
"""Parameter -> column of the table, least and most of it."""

_PIXEL_MM = "process_particle_pixel_size_mm"


class ZooScanVignette:
    """The thing of a vignette."""

    card: Mapping[str, Any] = {
        "model": {
            "id": "zooscan-vignette",
            "version": "1",
            "task": "measure",
            "title": "The thing in a vignette of ZooProcess, measured",
            "licence_code": "Apache-2.0",
            "licence_weights": "none",
            "doi": "10.1093/plankt/fbp124",
        },
        "input": {"kind": "image", "resize": "none"},
        "output": {"format": "values", "unit": "pixel"},
        "geo": {"kinds": ["samples", "point", "none"]},
        "parameters": [
            {
                "name": "table",
                "kind": "file",
                "description": "Table of EcoTaxa with process_upper, process_gamma_value and "
                "process_pixel of each vignette.",
            },
            {
                "name": "upper",
                "least": 0.0,
                "most": 254.0,
                "description": f"Grey of the lightest pixel of a thing in the scan; {UPPER:g}.",
            },
            {
                "name": "gamma",
                "least": 0.1,
                "most": 10.0,
                "description": f"That with which vignettes were made lighter; {GAMMA:g}.",
            },
            {
                "name": "pixel_um",
                "least": 0.1,
                "most": 1000.0,
                "unit": "um",
                "description": "Side of a pixel.",
            },
        ],
    }

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the thing in a vignette, with what is measured of it."""
        from aquatic.plankton.measures import measured
        from aquatic.plankton.zooscan import read_vignette
        from witoil.plugins.envelope import Feature, Findings
        from witoil.plugins.heads.measure import outline
        from witoil.plugins.modules.zooscan import in_um, read_grey

        grey, remarks = read_grey(path)
        told = {**_of_table(path, parameters.get("table")), **parameters}
        usual = {"upper": UPPER, "gamma": GAMMA}
        remarks += [
            f"{name} is not known: {value:g} was taken"
            for name, value in usual.items()
            if name not in told
        ]
        found = read_vignette(
            grey, upper=int(told.get("upper", UPPER)), gamma=told.get("gamma", GAMMA)
        )
        remarks += found.remarks
        if found.thing is None:
            return Findings(remarks=remarks)
        known: dict[str, Any] = {"measures_pixels": measured(found.thing)}
        if "pixel_um" in told:
            known |= in_um(known["measures_pixels"], told["pixel_um"])
        else:
            remarks.append("the size of a pixel is not known: measures are in pixels; pixel_um")
        return Findings(
            [Feature(None, None, outline(found.thing, found.place), properties=known)],
            remarks=remarks,
        )


def _of_table(path: Path, table: Path | None) -> dict[str, float]:
    """Return what a table says of how a vignette was made."""
    if table is None:
        return {}
    from aquatic.plankton.ecotaxa import number_of, read_table
    from witoil.plugins.errors import PluginError, told_by

    try:
        text = table.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PluginError(f"{table}: {error}; expected a table of EcoTaxa in UTF-8") from None
    with told_by(table):
        record = read_table(text).of_image(path.name)
    found = {name: number_of(record.get(column)) for name, (column, *_) in _COLUMNS.items()}
    size_mm = number_of(record.get(_PIXEL_MM))
    if found["pixel_um"] is None and size_mm is not None:
        found["pixel_um"] = 1000.0 * size_mm
    for name, (column, least, most) in _COLUMNS.items():
        value = found[name]
        if value is not None and not least <= value <= most:
            raise PluginError(
                f"{table}: {path.name}: {column}: found {value:g}, expected {least:g} to {most:g}; "
                f"give {name}"
            )
    return {name: value for name, value in found.items() if value is not None}


plugin = ZooScanVignette()
