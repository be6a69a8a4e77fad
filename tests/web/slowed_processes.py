"""The processes of the service, slow enough to be killed while they run, with many checkpoints."""

import time
from dataclasses import replace

import web.jobs.processes
import witoil.outputs.checkpoints

witoil.outputs.checkpoints.SECONDS = 0.1


def _slowed(process):
    def work(inputs, folder, progress):
        def report(share, note):
            progress(share, note)
            time.sleep(0.1)

        return process.work(inputs, folder, report)

    return replace(process, work=work)


PROCESSES = {name: _slowed(each) for name, each in web.jobs.processes.PROCESSES.items()}
