"""How often the ellipse of a source that was found from late masks alone holds the true place.

Each twin has a point that leaks on a sea whose currents and winds have errors, and is seen half a
day later for the first time. In every other twin the leak has ended before.
`docs/calibration.md` has the figures.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely

from benchmarks._twins import (
    MIDDLE,
    ONLY_DRIFT,
    STEP,
    WIND_DRIFT,
    keys,
    true_parameters,
    uselessness,
    write_fields,
    write_slicks,
)
from witoil.calibration.search import Calibration, search
from witoil.case import load_case
from witoil.demo import START, feature
from witoil.files import mask_name, write_json
from witoil.scenario.changes import displaced
from witoil.scenario.prepare import prepare

SEEDS = int(os.environ.get("WITOIL_TWINS", "24"))
PARTICLES = 2000

OFF_KM = 4.0
"""Standard deviation of what the case says of the place, in each direction. [km]"""

LEAKS_H = 5
"""How long a leak lasts that has ended before it is seen. [h]"""

CASE = (
    """\
name = "leak"

[time]
start = 2025-06-01T06:00:00Z
end = {end}Z

[forcing]
currents = "{prefix}currents.nc"
winds = "{prefix}winds.nc"
coastline = "coast.geojson"

[[release]]
kind = "point"
lon = {lon}
lat = {lat}
start = {start}Z
{stop}rate_tonnes_per_hour = 15

"""
    + ONLY_DRIFT
    + "windows = [3, 9, 27]\n\n[model]\n"
)

SEARCH = """
[optimise]
evaluations = 96
batch = 12

[optimise.parameters]
source_east_km = [-15, 15]
source_north_km = [-15, 15]
source_start_hours = [-6, 6]
wind_drift_factor = [0.0, 0.05]
wind_drift_angle_deg = [-60, 60]
current_factor = [-0.5, 1.5]
current_bias_east = [-0.2, 0.2]
current_bias_north = [-0.2, 0.2]
"""


@dataclass(frozen=True)
class Leak:
    """A twin: the case that is to find the source, and the truth. [degrees]"""

    case: Path
    place: tuple[float, float]


def run() -> dict[str, float]:
    """Search for each source.

    Returns
    -------
    dict of str to float
        Share of twins whose ellipse of 50 and of 90 % holds the source, of all and of those whose
        search had settled; medians of the distance and of the longer half axis. [1, km]
    """
    held: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        with TemporaryDirectory() as name:
            leak = make_leak(Path(name), seed)
            if leak is None:
                continue
            found = search(prepare(load_case(leak.case)), Path(name) / "search")
        for key, value in told(found, leak).items():
            held.setdefault(key, []).append(value)
        print(seed, {key: round(values[-1], 3) for key, values in held.items()}, file=sys.stderr)
    settled = np.array(held["settled"], bool)
    figures = {"twins": float(settled.size), "settled": float(settled.mean())}
    for level in ("50 %", "90 %"):
        inside = np.array(held[level])
        figures[f"{level} ellipse holds it"] = float(inside.mean())
        figures[f"{level} ellipse holds it, settled"] = float(inside[settled].mean())
    return figures | {
        key: float(np.median(held[key])) for key in ("off [km]", "longer half axis of 90 % [km]")
    }


def told(found: Calibration, leak: Leak) -> dict[str, float]:
    """Return what a search says of the source against the truth."""
    source = found.source
    assert source is not None
    outlines = source.outlines()
    per_lon = 111.32 * np.cos(np.radians(leak.place[1]))
    apart = (np.array(source.middle) - leak.place) * [per_lon, 111.0]
    return {
        **{f"{n} %": float(shapely.contains_xy(o, *leak.place)) for n, o in outlines.items()},
        "settled": float(source.settled),
        "off [km]": float(np.hypot(*apart)),
        "longer half axis of 90 % [km]": source.ellipses[1].semi_axes_km[0],
    }


def make_leak(folder: Path, seed: int) -> Leak | None:
    """Write a twin experiment: fields, coast, slicks, the truth and the case.

    None where nothing is seen, since all oil is ashore by then.
    """
    rng = np.random.default_rng([seed, 5])
    place = (MIDDLE[0] + rng.uniform(-0.1, 0.1), MIDDLE[1] + rng.uniform(-0.1, 0.1))
    east = place[0] + rng.uniform(0.3, 0.5)
    corners = [[east, 35.5], [east + 0.5, 35.5], [east + 0.5, 38.5], [east, 38.5], [east, 35.5]]
    write_json(folder / "coast.geojson", feature(corners))
    hours = [int(rng.integers(14, 20))]
    hours.append(hours[0] + int(rng.integers(4, 9)))
    begins = int(rng.integers(1, 7))
    write_fields(folder, rng, uselessness("good", 0.0))
    times = [START + np.timedelta64(hour, "h") for hour in hours]
    stop = _at(begins + LEAKS_H) if seed % 2 else None
    names = {"end": str(times[-1].astype("datetime64[s]"))}
    names["stop"] = "" if stop is None else f"end = {stop}Z\n"
    model = {"particles": 20_000, "seed": 77, **STEP, **true_parameters(rng, WIND_DRIFT)}
    truth = folder / "truth.toml"
    true = {"lon": place[0], "lat": place[1], "start": _at(begins), **names}
    truth.write_text(CASE.format(prefix="true_", **true) + keys(model))
    times = write_slicks(folder, truth, times, rng)
    if not times:
        return None
    lon, lat = displaced(*place, *np.clip(rng.normal(0.0, OFF_KM, 2), -12.0, 12.0))
    said = {"lon": lon, "lat": lat, "start": _at(6), **names}
    if stop is not None and begins < 2:  # what the case says must begin before it ends
        said["start"] = _at(3)
    seen = "".join(f'\n[[observation]]\ngeometry = "{mask_name(time)}"\n' for time in times)
    case = folder / "case.toml"
    case.write_text(
        CASE.format(prefix="", **said) + keys({"particles": PARTICLES, **STEP}) + seen + SEARCH
    )
    return Leak(case, place)


def _at(hour: int) -> str:
    return str((START + np.timedelta64(hour, "h")).astype("datetime64[s]"))
