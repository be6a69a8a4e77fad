from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.slicks.moments import Stamp, read_stamp
from catalog.slicks.zones import read_zone

DAY, CLOCK = date(2025, 6, 12), time(16, 6)


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-12 16:06",
        "2025/06/12 16:06",
        "2025.06.12 16h06",
        "2025-06-12T16:06:00.000",
        "20250612T160600",
        "20250612-1606",
        "20250612_1606",
        "202506121606",
        "20250612160600",
        "12 Jun 2025 16:06",
        "12 de junho de 2025 16h06",
        "12 giugno 2025 ore 16:06",
        "12 juin 2025, 16h06",
        "12-JUN-2025 16:06:00",
        "12JUN2025 1606",
        "June 12, 2025 4:06 PM",
        "Jun 12th, 2025 04:06 p.m.",
        "12. Juni 2025 16:06 Uhr",
        "16:06 2025-06-12",
    ],
)
def test_what_can_be_read_in_one_way(text: str) -> None:
    assert read_stamp(text) == Stamp(DAY, clock=CLOCK)


@pytest.mark.parametrize("separator", ["/", "-", "."])
def test_day_and_month_are_told_apart_only_where_one_is_above_twelve(separator: str) -> None:
    found = read_stamp(separator.join(("12", "06", "2025")) + " 16:06")
    assert found == Stamp(DAY, swapped=date(2025, 12, 6), clock=CLOCK)
    assert read_stamp(separator.join(("13", "06", "2025"))) == Stamp(
        date(2025, 6, 13), day_first=True
    )
    assert read_stamp(separator.join(("06", "13", "2025"))) == Stamp(
        date(2025, 6, 13), day_first=False
    )
    # whichever comes first
    assert read_stamp(separator.join(("06", "06", "2025"))) == Stamp(date(2025, 6, 6))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2025-06-12T16:06Z", 0),
        ("2025-06-12 16:06 UTC", 0),
        ("2025-06-12 16:06 (UTC)", 0),
        ("2025-06-12 16:06:00+02:00", 2),
        ("2025-06-12 16:06 -0300", -3),
        ("2025-06-12 16:06 UTC-3", -3),
        ("2025-06-12 16:06 GMT+05:30", 5.5),
        ("20250612T160600-0300", -3),
        ("2025-06-12 16:06 UTC\N{MINUS SIGN}3", -3),
        ("2025-06-12 16:06 BRT (UTC-3)", -3),  # whatever it is called
        ("2025-06-12 16:06 -03 (Brasília)", -3),
        ("16:06 GMT-3 2025-06-12", -3),
    ],
)
def test_zones_within_a_text(text: str, hours: float) -> None:
    found = read_stamp(text)
    assert found is not None
    expected = datetime(2025, 6, 12, 16, 6, tzinfo=UTC) - timedelta(hours=hours)
    assert found.at(DAY, None) == expected


@pytest.mark.parametrize(
    "text",
    [
        "12/06/25 16:06",  # which of them is the year?
        "2025061216",
        "45820.67",
        "2025-06-12 16:06 orbit 12",
        "2025-06-12 16:06 - 2025-06-12 18:06",
        "noon 2025-06-12 16:06",
        "2025-13-45",
        "31/02/2025",
        "25:10",
        "nublado",
        "",
        "3",
        "10/2025",
        "2025-06-12 to 2025-06-13",
    ],
)
def test_what_is_not_certain_is_not_read(text: str) -> None:
    assert read_stamp(text) is None


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("2025-06-12 16:06 BRT", "brt"),  # abbreviations stand for several zones
        ("12 jun 2025 4:06 PM EST", "est"),
        ("20250612T160600MST", "mst"),  # letters that also stand for minutes and seconds
        ("2025-06-12 16:06:00 SAST", "sast"),
        ("2025-06-12 16:06 America/Sao_Paulo", "america/sao_paulo"),
        ("2025-06-12 16:06 (hora local)", "local"),
        ("2025-06-12 16:06 GMT Daylight Time", "gmt daylight time"),
        ("2025-06-12 16:06 Ώρα", "ωρα"),
        ("2025-06-12 16:06 -18", "-18"),
        ("2025-06-12 16:06+03:75", "+03:75"),
    ],
)
def test_a_zone_that_is_not_known_is_kept_apart(text: str, unknown: str) -> None:
    assert read_stamp(text) == Stamp(DAY, clock=CLOCK, unknown_zone=unknown)


@pytest.mark.slow
@example(datetime(1998, 3, 2, 4), 1000)  # 888811200000 is no date
@settings(max_examples=200)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2031, 12, 31)), st.sampled_from([1, 1000]))
def test_seconds_since_1970(moment: datetime, parts: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    found = read_stamp(str(round(moment.timestamp() * parts)))
    assert found is not None
    assert found.day is not None
    assert found.at(found.day, None) == moment


_FORMATS = [
    "%Y-%m-%dT%H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y/%m/%d %Hh%M",
    "%d %b %Y %H:%M",
    "%d/%m/%Y %H:%M",
]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.datetimes(datetime(1991, 1, 1), datetime(2031, 1, 1)), st.sampled_from(_FORMATS))
def test_any_moment_is_read_back_or_not_at_all(moment: datetime, template: str) -> None:
    found = read_stamp(moment.strftime(template))
    assert found is not None
    assert found.clock == moment.time().replace(
        microsecond=0, second=moment.second if "%S" in template else 0
    )
    assert moment.date() in (found.day, found.swapped)
    ambiguous = template.startswith("%d/") and moment.day <= 12 and moment.day != moment.month
    assert (found.swapped is not None) == ambiguous


@pytest.mark.parametrize(
    ("text", "hours"),
    [("UTC", 0), ("Z", 0), ("-03:00", -3), ("UTC-3", -3), ("GMT+2", 2), ("-3", -3), ("5.5", None)],
)
def test_zones(text: str, hours: float | None) -> None:
    found = read_zone(text)
    offset = None if found is None else found.utcoffset(None)
    assert offset == (None if hours is None else timedelta(hours=hours))


def test_zones_of_places_and_of_no_place() -> None:
    zone = read_zone("America/Sao_Paulo")
    assert zone is not None
    assert datetime(2025, 6, 12, 16, tzinfo=zone).astimezone(UTC).hour == 19
    assert all(read_zone(text) is None for text in ("BRT", "CEST", "Mars/Base", "+25", "23", ""))
