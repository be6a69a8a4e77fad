"""A run of OpenDrift's OpenOil from particles, fields and times of one of ours.

Not of this package: an interpreter that has OpenDrift runs it, see `benchmarks.peers`.
"""

import json
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
from opendrift.models.openoil import OpenOil
from opendrift.readers.reader_netCDF_CF_generic import Reader


def main(folder: str) -> None:
    """Run what stands in ``openoil.json`` and ``seeds.npz`` of a folder; write ``openoil.nc``."""
    with open(f"{folder}/openoil.json", encoding="utf-8") as file:
        asked = json.load(file)
    seeds = np.load(f"{folder}/seeds.npz")
    model = OpenOil(loglevel=50, weathering_model="noaa")
    model.add_reader([Reader(name) for name in asked["forcing"]])
    model.set_config("environment:constant:horizontal_diffusivity", asked["diffusivity"])
    model.set_config("drift:advection_scheme", "runge-kutta")
    model.seed_elements(
        lon=seeds["lon"],
        lat=seeds["lat"],
        z=0.0,
        time=np.array(
            [datetime.fromtimestamp(s, UTC).replace(tzinfo=None) for s in seeds["seconds"]]
        ),
        oil_type=asked["oil"],
        wind_drift_factor=asked["wind_drift_factor"],
    )
    model.run(
        end_time=datetime.fromisoformat(asked["end"]),
        time_step=timedelta(seconds=asked["step"]),
        time_step_output=timedelta(seconds=asked["output"]),
        outfile=f"{folder}/openoil.nc",
    )
    ashore = model.num_elements_deactivated()
    print(f"{seeds['lon'].size} particles, {ashore} of them ashore or gone at the end")


main(sys.argv[1])
