"""What came of a job, in a sentence, from its figures alone: for pages and for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from witoil.lengths import distance
from witoil.report.answers import position
from witoil.report.words import day, listed, number, percents, quantity, stamp_in_words

Figures = Mapping[str, Any]
"""What a job returns."""

Verdict = dict[str, str]
"""``kind`` (``good``, ``bad`` or ``open``), ``short`` (a line) and ``text`` (what it rests on)."""

_UNKNOWN = ". No slick was seen before, so there is no persistence to compare it with."


def of_run(summary: Figures) -> Verdict:
    """Say where most of the oil is, and what a run scores where slicks were seen.

    Parameters
    ----------
    summary : mapping
        As in ``summary.json``.
    """
    balance = summary["mass_balance_kg"]
    whole = balance["released"]
    parts = {name: mass / whole for name, mass in balance.items() if name != "released" and mass}
    ranked = sorted(parts.items(), key=lambda item: -item[1])
    told = zip(percents([share for _, share in ranked]), ranked, strict=True)
    where = ", ".join(f"{share} {name.replace('_', ' ')}" for share, (name, _) in told)
    short = f"Of {number(1e-3 * whole)} t of oil: {where}"
    if not summary["scores"]:
        return {"kind": "open", "short": short, "text": "Nothing was compared with slicks seen."}
    at = distance(_scales(summary)[0])
    texts, better = [], True
    for row in summary["scores"]:
        fss = next(iter(row["fss"].values()))
        when = stamp_in_words(row["time"])
        text = f"Against the slick of {when} the FSS is {number(fss, 2)} at {at}"
        unmoved = row["persistence"]
        if unmoved is not None:
            text += f"; that of the slick before, unmoved, {number(unmoved, 2)}"
            better &= fss is not None and fss > unmoved
        texts.append(f"{text}.")
    known = all(row["persistence"] is not None for row in summary["scores"])
    kind = "open" if not known else "good" if better else "bad"
    return {"kind": kind, "short": short, "text": " ".join(texts)}


def of_calibration(study: Figures) -> Verdict:
    """Say what a calibration reached, at the finest scale, as it is printed.

    Parameters
    ----------
    study : mapping
        As in ``study.json``, with a best trial.
    """
    scales = _scales(study)
    fss = {key: _printed(study, key) for key in ("best", "default", "persistence")}
    best, default, persistence = (row[0] for row in fss.values())
    text = f"The calibrated drift scores {number(best, 2)} at {distance(scales[0])}; the default "
    text += f"parameters {number(default, 2)}"
    if persistence is None or best is None:
        text += _UNKNOWN
        return {"kind": "open", "short": _source_or_nothing(study), "text": text}
    text += f"; the slick left unmoved (persistence) {number(persistence, 2)}."
    if best <= persistence:
        text += " The calibration has no skill over persistence."
        return {"kind": "bad", "short": "No skill over persistence", "text": text}
    for key, name in (("persistence", "persistence"), ("default", "the default parameters")):
        pairs = zip(scales[1:], fss["best"][1:], fss[key][1:], strict=True)
        below = [distance(s) for s, b, other in pairs if (b or 0.0) < (other or 0.0)]
        if below:
            text += f" At {listed(below)} it scores less than {name}."
    return {"kind": "good", "short": "Better than persistence", "text": text}


def _source_or_nothing(study: Figures) -> str:
    """Say where a source is that was searched, where there is no persistence to compare with."""
    source = study.get("source") or {}
    if not source.get("place"):
        return "Nothing to compare with"
    area = quantity(source["place"]["ellipses"]["90"]["area_km2"], "km2")
    if not source["settled"]:
        return f"The source is not settled: {area} hold it with less than 90 %"
    return f"The source lies within {area} with a probability of 90 %"


def of_forecast(study: Figures) -> Verdict:
    """Say whether forecasts were worth making.

    Parameters
    ----------
    study : mapping
        As in ``study.json`` of a forecast.
    """
    mean = {
        name: round(next(iter(fss.values())), 2) for name, fss in study["forecast"]["mean"].items()
    }
    at = distance(_scales(study)[0])
    text = f"On the mean the forecast scores {number(mean['forecast'], 2)} at {at}; the default "
    text += f"parameters {number(mean['default'], 2)}"
    if "persistence" not in mean:
        text += _UNKNOWN
        return {"kind": "open", "short": "Nothing to compare with", "text": text}
    text += f"; the slick left unmoved (persistence) {number(mean['persistence'], 2)}."
    experts = mean.keys() & study["forecast"].get("experts", {}).keys()
    ahead = max((mean[name] for name in experts), default=0.0)
    if ahead > mean["forecast"]:
        text += (
            f" The best of its experts scores {number(ahead, 2)}: which one that is, is known only "
            "afterwards."
        )
    if mean["forecast"] <= mean["persistence"]:
        return {"kind": "bad", "short": "No skill over persistence", "text": text}
    return {"kind": "good", "short": "Better than persistence", "text": text}


def of_ensemble(record: Figures) -> Verdict:
    """Say where the members of an ensemble bring oil.

    Parameters
    ----------
    record : mapping
        As in ``ensemble.json``.
    """
    area, length = quantity(record["area_km2"], "km2"), f"{number(record['coast_km'])} km"
    likely = quantity(record["likely_km2"], "km2")
    return {
        "kind": "open",
        "short": f"Oil is possible on {area} of sea and {length} of coast",
        "text": f"In half of the members or more it is on {likely}.",
    }


def of_trace(summary: Figures) -> Verdict:
    """Say where a slick was traced back to.

    Parameters
    ----------
    summary : mapping
        As in ``trace.json``.
    """
    traced, place = summary["traced"], summary["likeliest_cell"]
    text = (
        f"The slick seen on {_moment(summary['slick']['time'])} was traced back "
        f"{number(traced['hours'])} h, to {_moment(traced['from'])}. The source lies within "
        f"{quantity(summary['area_km2']['90'], 'km2')} with a probability of 90 %."
    )
    latest = traced.get("latest_start", traced["to"])  # traces of before have none
    if latest != traced["to"]:
        text += f" It started before {_moment(latest)}, when a slick was first seen."
    return {
        "kind": "open",
        "short": f"Likeliest place of the release: {position(place['lon'], place['lat'])}",
        "text": text,
    }


OF_JOB: Mapping[str, Callable[[Figures], Verdict]] = {
    "simulate": of_run,
    "optimise": of_calibration,
    "reconstruct": of_calibration,
    "forecast": of_forecast,
    "ensemble": of_ensemble,
    "trace": of_trace,
}
"""What says it, by the name of the job in `witoil.jobs`."""


def _moment(text: str) -> str:
    """Return a time as the page has it, of one as documents have it."""
    return f"{day(datetime.fromisoformat(text))} UTC"


def _scales(figures: Figures) -> list[float]:
    """Return the sides of the windows of a score. [m]"""
    score = figures["case"]["score"]
    return [window * score["resolution_m"] for window in score["windows"]]


def _printed(study: Figures, key: str) -> list[float | None]:
    """Return the FSS of a run for each window, rounded as the page shows it."""
    if study[key] is None:
        return [None] * len(study["best"]["fss"])
    return [None if value is None else round(value, 2) for value in study[key]["fss"].values()]
