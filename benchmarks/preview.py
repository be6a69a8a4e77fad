"""Milliseconds of previews over HTTP: 5,000 particles, 12 hours of Baniyas, as a slider asks."""

import os
import time

import numpy as np
import requests

from benchmarks._serving import case_of, serving

PARTICLES, REQUESTS = 5000, 200
EXAMPLE = "baniyas-3"


def run() -> dict[str, float]:
    """Return how long the first preview took, and quantiles of those after it. [s, ms]"""
    with serving(runners=0) as service, requests.Session() as client:
        case = case_of(EXAMPLE)

        def preview(wind_drift_factor: float) -> float:
            """Return how long one took. [ms]"""
            began = time.perf_counter()
            answer = client.post(
                f"{service.url}/preview",
                json={
                    "case": case,
                    "particles": PARTICLES,
                    "parameters": {"wind_drift_factor": wind_drift_factor},
                    "session": "benchmark",
                    "polygons": True,
                },
                timeout=100.0,
            )
            answer.raise_for_status()
            return 1e3 * (time.perf_counter() - began)

        service.seconds_until("/preview", {"case": case, "particles": 10})
        first = preview(0.0)
        factors = np.linspace(0.0, 0.05, REQUESTS)
        before = service.processor_s()
        times = [preview(factor) for factor in factors]
        used = service.processor_s() - before
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "first_s": 1e-3 * first,
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "longest_ms": max(times),
        "processor_ms": 1e3 * used / REQUESTS,
        "load_of_machine": os.getloadavg()[0],
    }
