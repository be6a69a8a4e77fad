"""A job that a runner has done has features: of the process that works, through its folder."""

import tomllib

import pytest
import shapely

from web.features.search import Query, find
from web.store.base import Store
from witoil.files import plain


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_run_has_features_when_it_has_ended(queued, demo_twin):
    case = plain(tomllib.loads((demo_twin / "demo.toml").read_text()))
    case["time"] = {key: value.isoformat() for key, value in case["time"].items()}
    case["folder"] = str(demo_twin)
    case["model"]["particles"] = 500
    with queued.runner(table="web.jobs.processes"):
        inputs = {"case": case, "pictures": False}
        job_id = queued.submit("simulate", **inputs)
        assert queued.wait(job_id).state == "successful"
        queued.wait(job_id, until=lambda _: features(queued.store, "runs"))
    (run,) = features(queued.store, "runs")
    assert (run.id, run.owner) == (job_id, "anna")
    slicks = features(queued.store, "slicks")
    assert len(slicks) == len(case["observation"])
    assert len(run.properties["scores"]) == len(slicks)
    assert 0.0 < run.properties["fss"] <= 1.0
    box = shapely.box(run.west, run.south, run.east, run.north).buffer(0.1)
    for slick in slicks:
        assert box.contains(shapely.from_wkb(slick.geometry))
        assert run.start <= slick.start <= run.end
    assert "particles.nc" in run.assets.values()


def features(store: Store, collection: str):
    with store.reading() as session:
        return find(session, Query((collection,), ("anna",)), limit=100).features
