"""What runners do, in this process, without waiting for them."""

from datetime import timedelta

from web.data.inputs import resolver
from web.features.records import gather
from web.jobs import queue
from web.jobs.processes import PROCESSES
from web.work.worker import done


def done_by_runner(service):
    """Do the job that waits as a runner would, in this process; return its id.

    Parameters
    ----------
    service : tests.web.people.People
    """
    with service.store.session() as session:
        job = queue.claim(session, "runner", timedelta(minutes=10))
        inputs = resolver(service.settings)(session, job)
    folder = service.settings.jobs.resolve() / job.folder
    told = {"job": job.id, "process": job.process, "inputs": inputs, "folder": str(folder)}
    answer = done(PROCESSES[job.process], told, lambda message: None)
    assert "result" in answer, answer
    with service.store.session() as session:
        queue.finish(session, queue.Held.of(job), answer["result"], answer["note"])
    gather(service.store, service.settings.jobs)
    job_id: str = job.id
    return job_id
