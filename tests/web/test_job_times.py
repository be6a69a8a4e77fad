from datetime import timedelta

from web.api.jobs import _duration
from web.jobs import queue
from web.store.jobs import Job


def test_how_long_jobs_have_run(store):
    with store.session() as session:
        for number in range(3):
            queue.submit(session, "ada", "simulate", {}, str(number))
        begun = queue.claim(session, "runner", timedelta(minutes=1))
        begun.started -= timedelta(seconds=50)
        ended = queue.claim(session, "runner", timedelta(minutes=1))
        queue.finish(session, queue.Held.of(ended), {})
        ended.started = ended.finished - timedelta(seconds=100)
    with store.reading() as session:

        def lasted(low, high):
            between = _duration(session).between(low, high)
            return [job.id for job in queue.list_jobs(session, "ada", where=[between])[0]]

        assert lasted(99.9, 100.1) == [ended.id]
        assert lasted(50.0, 99.0) == [begun.id]
        assert lasted(0.0, 40.0) == []
        assert session.query(Job).count() == 3
