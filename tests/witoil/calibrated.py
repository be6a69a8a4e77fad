from witoil.calibration.search import search
from witoil.outputs.calibration import write_calibration


def calibrate(scenario, folder, **options):
    """Search and write all that a job writes of it; returns the study."""
    found = search(scenario, folder, **options)
    write_calibration(found, folder)
    return found.study
