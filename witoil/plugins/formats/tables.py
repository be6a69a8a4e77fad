"""Tables: plain CSV, EcoTaxa's TSV, and Darwin Core."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aquatic.plankton.ecotaxa import ECOTAXA, NUMBER, TEXT, Table, written
from witoil.files import write_text
from witoil.plugins.envelope import Envelope, Feature
from witoil.plugins.formats.scenes import Written, middle_of
from witoil.times import second

_OWN = ("file", "frame", "time", "label", "score")
_PLACE = ("longitude", "latitude", "x_min", "y_min", "x_max", "y_max", "properties")


def write_csv(found: Sequence[Envelope], folder: Path) -> Written:
    """Write ``features.csv``: a line for each thing, its middle in degrees, its box in pixels."""
    rows = []
    for envelope, feature in _each(found):
        row = {
            "file": envelope.file,
            "frame": feature.frame,
            "time": None if feature.time is None else second(feature.time),
            "label": feature.label,
            "score": feature.score,
            "properties": json.dumps(dict(feature.properties)) if feature.properties else None,
        }
        if feature.geometry is not None:
            row["longitude"], row["latitude"] = middle_of(feature)
        if feature.pixel is not None:
            names = ("x_min", "y_min", "x_max", "y_max")
            row |= dict(zip(names, feature.pixel.bounds, strict=True))
        rows.append(row)
    _write(folder / "features.csv", (*_OWN, *_PLACE), rows, ",")
    return Written(["features.csv"])


_ECOTAXA = {
    "img_file_name": TEXT,
    "img_rank": NUMBER,
    "object_id": TEXT,
    "object_lat": NUMBER,
    "object_lon": NUMBER,
    "object_date": TEXT,
    "object_time": TEXT,
    "object_depth_min": NUMBER,
    "object_depth_max": NUMBER,
    "object_annotation_category": TEXT,
    "object_annotation_status": TEXT,
    "object_score": NUMBER,
    "process_id": TEXT,
}


def write_ecotaxa(found: Sequence[Envelope], folder: Path) -> Written:
    """Write ``ecotaxa.tsv``, to import: a second line has the types, classes are predicted ones.

    What was measured has the columns of ZooProcess.
    """
    rows: list[dict[str, Any]] = []
    for number, (envelope, feature) in enumerate(_each(found), 1):
        lon, lat = (None, None) if feature.geometry is None else middle_of(feature)
        stem = Path(envelope.file).stem
        moment = None if feature.time is None else second(feature.time)
        measures = feature.properties.get("measures_pixels", {})
        rows.append(
            {
                "img_file_name": envelope.file,
                "img_rank": 0,
                "object_id": stem if feature.pixel is None else f"{stem}_{number}",
                "object_lat": lat,
                "object_lon": lon,
                "object_date": moment and moment[:10].replace("-", ""),
                "object_time": moment and moment[11:19].replace(":", ""),
                "object_depth_min": feature.properties.get("depth_min_m"),
                "object_depth_max": feature.properties.get("depth_max_m"),
                "object_annotation_category": feature.label,
                "object_annotation_status": None if feature.label is None else "predicted",
                "object_score": feature.score,
                "process_id": f"{envelope.card.model.id}_{envelope.card.model.version}",
            }
            | {ECOTAXA[name]: value for name, value in measures.items() if name in ECOTAXA}
        )
    measured = [name for name in ECOTAXA.values() if any(name in row for row in rows)]
    kinds = _ECOTAXA | dict.fromkeys(measured, NUMBER)
    cells = [tuple(written(row.get(name)) for name in kinds) for row in rows]
    table = Table(tuple(kinds), tuple(kinds.values()), tuple(cells))
    write_text(folder / "ecotaxa.tsv", table.text())
    return Written(["ecotaxa.tsv"])


_DARWIN_CORE = (
    *("occurrenceID", "basisOfRecord", "occurrenceStatus", "scientificName", "scientificNameID"),
    *("eventDate", "decimalLatitude", "decimalLongitude", "geodeticDatum", "minimumDepthInMeters"),
    *("maximumDepthInMeters", "identifiedBy", "identificationRemarks", "associatedMedia"),
)


def write_darwin_core(found: Sequence[Envelope], folder: Path) -> Written:
    """Write ``occurrence.csv``, terms of Darwin Core (https://dwc.tdwg.org/terms/).

    Only what is on the map and of a label with an AphiaID is an occurrence.
    """
    rows: list[dict[str, Any]] = []
    total = 0
    for number, (envelope, feature) in enumerate(_each(found), 1):
        total += 1
        aphia_id = feature.properties.get("aphia_id")
        if feature.geometry is None or aphia_id is None:
            continue
        lon, lat = middle_of(feature)
        model = envelope.card.model
        rows.append(
            {
                "occurrenceID": f"{model.id}:{model.version}:{envelope.file}:{number}",
                "basisOfRecord": "MachineObservation",
                "occurrenceStatus": "present",
                "scientificName": feature.label,
                "scientificNameID": f"urn:lsid:marinespecies.org:taxname:{aphia_id}",
                "eventDate": None if feature.time is None else second(feature.time),
                "decimalLatitude": lat,
                "decimalLongitude": lon,
                "geodeticDatum": "EPSG:4326",
                "minimumDepthInMeters": feature.properties.get("depth_min_m"),
                "maximumDepthInMeters": feature.properties.get("depth_max_m"),
                "identifiedBy": f"{model.id} {model.version}",
                "identificationRemarks": f"score {feature.score}",
                "associatedMedia": envelope.file,
            }
        )
    _write(folder / "occurrence.csv", _DARWIN_CORE, rows, ",")
    left = total - len(rows)
    text = f"Darwin Core: {left} without a place or an AphiaID were left out"
    return Written(["occurrence.csv"], [text] if left else [])


def _each(found: Sequence[Envelope]) -> Iterator[tuple[Envelope, Feature]]:
    for envelope in found:
        for feature in envelope.findings.features:
            yield envelope, feature


def _write(
    path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]], delimiter: str
) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())
