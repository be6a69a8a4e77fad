"""What a check has found, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from witoil.check.cost import Cost

_MOST_FILES = 3


def in_words(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of what `witoil.check.case.check` returns."""
    yield f"{found['name']}: {found['start']} to {found['end']}"
    yield "reads"
    for each in found["reads"]:
        yield f"  {each['key']}: {_read(each)}"
    if not found["reads"]:
        yield "  no files"
    if found["covers"]:
        yield "covers"
    for each in found["covers"]:
        yield f"  {each['variable']}: {_covered(each)}"
    if found["unread"]:
        yield "not looked at, as they are not at hand (--fetch does): " + ", ".join(found["unread"])
    yield "takes, on this machine"
    for name, cost in found["commands"].items():
        command = "simulate" if name == "ensemble" else name
        yield f"  witoil {command}: {'not known' if cost is None else Cost(**cost).in_words()}"
    yield "lacks" if found["lacks"] else "lacks nothing"
    for lack in found["lacks"]:
        yield f"  {lack['what']}"
        if lack["mend"]:
            yield f"    perhaps by: {lack['mend']}"


def _read(each: Mapping[str, Any]) -> str:
    if each["from"] not in ("file", "cache"):
        return f"{each['name']}, {each['from']}"
    files, size = each["files"], each["size_bytes"]
    names = ", ".join(files[:_MOST_FILES])
    more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
    cached = f", from the cache ({each['name']})" if each["from"] == "cache" else ""
    return f"{names}{more}, {_size(size)}{cached}"


def _covered(each: Mapping[str, Any]) -> str:
    if "start" not in each:
        return str(each["action"])
    west, south, east, north = each["box"]
    every = "once" if each["step_hours"] is None else f"every {each['step_hours']:.3g} h"
    done = "; ".join([each["action"], *each["remarks"]])
    return (
        f"{each['start']} to {each['end']} {every}, {west:.2f} to {east:.2f} E, {south:.2f} to "
        f"{north:.2f} N, {each['missing_share']:.0%} missing or land, {done}"
    )


def _size(size: int) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1e3:.1f} kB"
