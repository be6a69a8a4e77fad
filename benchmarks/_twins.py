"""Twin experiments for forecasts: seas, spills and sequences of slicks drawn at random.

The truth is run with other parameters than the case, and in other fields: currents and winds have
errors that change within a day or so, as those of models have. The oil stays as it is, since only
drift is looked at. There are twins of five worlds: in some the fields of the case are those of
another sea, so that they tell nothing of the true ones.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from simulator import CURRENT, WIND
from witoil.case import load_case
from witoil.demo import START, dataset, feature, outline
from witoil.files import mask_name, write_json
from witoil.outputs.run import write_mask
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

Array = NDArray[np.float64]
Vectors = tuple[Array, Array]

HOURS = np.arange(-1.0, 150.0)
WEST, SOUTH, SIDE = 19.0, 36.0, 2.0  # the sea [degrees]
SEA = shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
CURRENT_STEP, WIND_STEP = 1.0 / 24.0, 0.2  # [degrees]

MIDDLE = WEST + 0.45 * SIDE, SOUTH + 0.5 * SIDE
"""Round which slicks lie. [degrees]"""

GAPS = {"hours": (4, 6, 6, 8, 9), "day": (20, 24, 24, 28)}
"""Times between slicks. [h]"""

SLICKS = {"hours": 7, "day": 5}

STEP = {"time_step_minutes": 30.0}

WIND_DRIFT = (0.012, 0.009)
"""Mean and standard deviation of the true share of the wind, beside the Stokes drift. [1]"""

WORLDS = ("good", "currents useless", "winds useless", "both useless", "good, then bad")
"""How the fields of the case are to those of the truth: with errors, or of another sea."""

HOLES = -1.3
"""What the sensor misses: where smooth noise is below so many standard deviations."""

ONLY_DRIFT = """\
[oil]
api_gravity = 28

[processes]
evaporation = "off"
dispersion = "off"
emulsification = false
vertical_mixing = false
spreading = false

[score]
resolution_m = 400
"""
"""Of the cases of all twins: oil that only drifts, and how slicks are scored."""

CASE = (
    """\
name = "twin"

[time]
start = 2025-06-01T06:00:00Z
end = {end}Z

[forcing]
currents = "{prefix}currents.nc"
winds = "{prefix}winds.nc"
coastline = "coast.geojson"

[[release]]
kind = "area"
geometry = "slick.geojson"
time = 2025-06-01T06:00:00Z
mass_tonnes = 800

[[release]]
kind = "point"
lon = {lon}
lat = {lat}
rate_tonnes_per_hour = 15

"""
    + ONLY_DRIFT
    + "\n[model]\n"
)

SEARCH = """
[optimise]
start_from = "observations"

[optimise.parameters]
wind_drift_factor = [0.0, 0.05]
wind_drift_angle_deg = [-60, 60]
stokes_factor = [0.0, 2.0]
current_factor = [-0.5, 1.5]
current_bias_east = [-0.2, 0.2]
current_bias_north = [-0.2, 0.2]
horizontal_diffusivity = [0.1, 50.0]
source_factor = [0.1, 10.0]

[forecast]
evaluations = 24
members = 24
"""


@dataclass(frozen=True)
class Place:
    """Where a twin has its slick, its coast to the east, and its source off the coast. [degrees]"""

    slick: tuple[float, float]
    coast: float

    @property
    def source(self) -> tuple[float, float]:
        """Longitude and latitude of the leak."""
        return self.coast - 0.045, MIDDLE[1] - 0.05


def make_twin(
    folder: Path,
    seed: int,
    particles: int,
    world: str,
    window: str,
    wind_drift: tuple[float, float] = WIND_DRIFT,
) -> Path:
    """Write a twin experiment.

    Parameters
    ----------
    folder : Path
        Takes the fields, coast, slicks and cases.
    seed : int
    particles : int
        Of the case; the truth has 20,000.
    world : str
        One of `WORLDS`.
    window : {"hours", "day"}
        How far slicks are apart.
    wind_drift : tuple of float, optional
        Mean and standard deviation of the true `wind_drift_factor`. [1]

    Returns
    -------
    Path
        The case, which knows the slicks and nothing of the truth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    slick = tuple(middle + rng.uniform(-0.1, 0.1) for middle in MIDDLE)
    place = Place(slick, slick[0] + rng.uniform(0.08, 0.4))
    _write_shapes(folder, place, rng)
    hours = np.cumsum(rng.choice(GAPS[window], SLICKS[window]))
    write_fields(folder, rng, uselessness(world, 0.5 * hours[-1]))
    times = [START + np.timedelta64(int(hour), "h") for hour in hours]
    names = {"end": str(times[-1].astype("datetime64[s]"))}
    names |= dict(zip(("lon", "lat"), map(str, place.source), strict=True))
    model = {"particles": 20_000, "seed": 77, **STEP, **true_parameters(rng, wind_drift)}
    truth = folder / "truth.toml"
    truth.write_text(CASE.format(prefix="true_", **names) + keys(model))
    times = write_slicks(folder, truth, times, rng)
    names["end"] = str(times[-1].astype("datetime64[s]"))
    seen = "".join(f'\n[[observation]]\ngeometry = "{mask_name(time)}"\n' for time in times)
    case = folder / "case.toml"
    case.write_text(
        CASE.format(prefix="", **names) + keys({"particles": particles, **STEP}) + seen + SEARCH
    )
    return case


def true_parameters(rng: np.random.Generator, wind_drift: tuple[float, float]) -> dict[str, float]:
    """Draw the true parameters, not quite from the priors of the search."""
    return {
        "wind_drift_factor": float(np.clip(rng.normal(*wind_drift), 0.0, 0.05)),
        "wind_drift_angle_deg": float(rng.normal(0.0, 15.0)),
        "stokes_factor": float(np.clip(rng.normal(1.0, 0.4), 0.0, 2.0)),
        "current_factor": float(rng.normal(0.95, 0.25)),
        "current_bias_east": float(rng.normal(0.0, 0.03)),
        "current_bias_north": float(rng.normal(0.0, 0.03)),
        "horizontal_diffusivity": float(np.exp(rng.normal(np.log(5.0), 0.8))),
    }


def keys(values: dict[str, float]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def uselessness(world: str, change: float) -> dict[str, Array]:
    """Return for how much of each role the fields of the case are those of another sea, by hour."""
    late = np.clip((HOURS - change) / 3.0 + 0.5, 0.0, 1.0)
    always = np.ones(HOURS.size)
    return {
        role: always
        if world in (f"{role} useless", "both useless")
        else late * (world == "good, then bad")
        for role in ("currents", "winds")
    }


def write_fields(folder: Path, rng: np.random.Generator, useless: dict[str, Array]) -> None:
    """Write what the case knows of currents and winds, and what they truly were."""
    steps = {"currents": CURRENT_STEP, "winds": WIND_STEP}
    fields = {
        "currents": (_currents(rng), _currents(rng), _eddies(rng, 0.06, width=5, hours=12)),
        "winds": (_winds(rng), _winds(rng), _errors(rng, 1.2, width=3, hours=8)),
    }
    for name, (known, others, error) in fields.items():
        lon, lat = (corner + _axis(steps[name]) for corner in (WEST, SOUTH))
        other = useless[name][:, None, None]
        true = tuple(
            (1.0 - other) * k + other * o + e for k, o, e in zip(known, others, error, strict=True)
        )
        standard = CURRENT if name == "currents" else WIND
        for prefix, (east, north) in (("", known), ("true_", true)):
            dataset(standard, HOURS, lon, lat, east, north).to_netcdf(
                folder / f"{prefix}{name}.nc", engine="netcdf4"
            )


def _axis(step: float) -> Array:
    return np.arange(0.0, SIDE + 1e-9, step)


def _noise(rng: np.random.Generator, nodes: int, width: float, hours: float) -> Array:
    """Return smooth noise of unit variance, shape (hours, nodes, nodes)."""
    margin = 4 * int(hours), 20
    shape = (HOURS.size + 2 * margin[0], nodes + 2 * margin[1], nodes + 2 * margin[1])
    smooth = gaussian_filter(rng.normal(size=shape), (hours, width, width))
    inner = smooth[margin[0] : -margin[0], margin[1] : -margin[1], margin[1] : -margin[1]]
    return inner / inner.std()


def _eddies(rng: np.random.Generator, speed: float, width: float, hours: float) -> Vectors:
    """Return a flow without divergence, of a root mean square speed. [m s-1]"""
    north, east = np.gradient(_noise(rng, _axis(CURRENT_STEP).size, width, hours), axis=(1, 2))
    factor = speed / np.sqrt(0.5 * (east**2 + north**2).mean())
    return -factor * north, factor * east


def _errors(rng: np.random.Generator, sd: float, width: float, hours: float) -> Vectors:
    nodes = _axis(WIND_STEP).size
    return sd * _noise(rng, nodes, width, hours), sd * _noise(rng, nodes, width, hours)


def _currents(rng: np.random.Generator) -> Vectors:
    mean = rng.normal(0.0, 0.05, 2)
    east, north = _eddies(rng, 0.1, width=6, hours=30)
    return east + mean[0], north + mean[1]


def _winds(rng: np.random.Generator) -> Vectors:
    """Return a wind of 3 to 8 m/s that turns slowly, the same all over the sea."""
    towards = rng.uniform(0.0, 2.0 * np.pi) + np.cumsum(rng.normal(0.0, 0.15, HOURS.size))
    speed = 5.5 + 2.0 * np.sin(HOURS / 3.8 + rng.uniform(0.0, 6.0))
    everywhere = np.ones((1, _axis(WIND_STEP).size, _axis(WIND_STEP).size))
    east, north = ((speed * f(towards))[:, None, None] * everywhere for f in (np.sin, np.cos))
    return east, north


def _write_shapes(folder: Path, place: Place, rng: np.random.Generator) -> None:
    along, across = rng.uniform(3000.0, 8000.0), rng.uniform(1500.0, 4000.0)
    write_json(folder / "slick.geojson", feature(outline(*place.slick, along, across, wiggle=0.25)))
    ways = [(0.0, -0.6), (0.1, -0.3), (-0.03, -0.05), (0.05, 0.2), (-0.02, 0.6)]
    shore = [[place.coast + east, MIDDLE[1] + north] for east, north in ways]
    last = WEST + SIDE - 0.02
    ring = [*shore, [last, shore[-1][1]], [last, shore[0][1]], shore[0]]
    write_json(folder / "coast.geojson", feature(ring))


def write_slicks(
    folder: Path, truth: Path, times: list[np.datetime64], rng: np.random.Generator
) -> list[np.datetime64]:
    """Run the truth and write what a sensor that misses patches would see.

    Returns
    -------
    list of datetime64
        When slicks were seen: none any more once all oil is ashore, or some has left the sea.
    """
    scenario = prepare(load_case(truth))
    result = run(scenario)
    for count, time in enumerate(times, start=1):
        mask = mask_at(scenario, result, time)
        noise = gaussian_filter(rng.normal(size=mask.shape), 4)
        seen = mask & (noise > HOLES * noise.std())
        if not seen.any():  # all of it is ashore
            return times[: count - 1]
        write_mask(seen, scenario.grid, time, folder / mask_name(time))
        if not SEA.contains(scenario.grid.outline(seen)):
            return times[:count]
    return times
