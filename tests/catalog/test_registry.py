from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from catalog import CatalogError, CoverageError
from catalog.forcing.names import QUANTITIES, ROLES
from catalog.services.registry import MORE, Registry

LEVANT = (35.0, 34.0, 36.0, 36.0)
TODAY = date(2026, 11, 25)


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)


AUGUST_2021 = (at(2021, 8, 24), at(2021, 8, 27))


@pytest.fixture
def registry(monkeypatch) -> Registry:
    monkeypatch.delenv(MORE, raising=False)
    return Registry.load()


def test_all_entries_make_sense(registry: Registry) -> None:
    assert len({d.id for d in registry.datasets}) == len(registry.datasets) > 10
    for dataset in registry.datasets:
        for role in dataset.roles:
            names = set(dataset.wanted(role).values())
            assert names.issuperset(ROLES[role].required)
            assert names <= set(QUANTITIES)
        first, last = dataset.span(TODAY)
        assert first < last
        # what CMEMS calls means and instants
        if dataset.service == "cmems":
            assert dataset.values == {"m": "mean", "i": "instant"}[dataset.id[-1]]
            step = {"PT1H": 1.0, "PT3H": 3.0, "P1D": 24.0}[dataset.id.rpartition("_")[2][:-2]]
            assert dataset.step_hours == step


def test_a_former_id_finds_its_successor(registry: Registry) -> None:
    assert registry.find("med-cmcc-cur-rean-h").id == "cmems_mod_med_phy-cur_my_4.2km_PT1H-m"
    with pytest.raises(CatalogError, match=r"'nowhere': not in the registry; expected one of"):
        registry.find("nowhere")


@pytest.mark.parametrize(
    ("role", "box", "period", "chosen"),
    [
        ("currents", LEVANT, AUGUST_2021, "cmems_mod_med_phy-cur_my_4.2km_PT1H-m"),
        ("winds", LEVANT, AUGUST_2021, "reanalysis-era5-single-levels"),
        (
            "currents",
            LEVANT,
            (at(2026, 11, 24), at(2026, 11, 27)),
            "cmems_mod_med_phy-cur_anfc_4.2km-2D_PT1H-m",
        ),
        (
            "currents",
            (-63.0, 10.0, -61.0, 11.0),
            (at(2017, 4, 24), at(2017, 4, 29)),
            "cmems_mod_glo_phy_my_0.083deg_P1D-m",
        ),
        # without Stokes drift where there is a choice
        (
            "currents",
            (-63.0, 10.0, -61.0, 11.0),
            (at(2026, 11, 24), at(2026, 11, 27)),
            "hycom-espc-d-v02",
        ),
        ("waves", (178.0, -20.0, -178.0, -18.0), AUGUST_2021, "cmems_mod_glo_wav_my_0.2deg_PT3H-i"),
    ],
)
def test_the_best_is_chosen(registry: Registry, role, box, period, chosen: str) -> None:
    choice = registry.choose(role, box, period, today=TODAY)
    assert choice.dataset.id == chosen
    assert choice.share == 1.0
    assert choice.gaps == []
    assert choice.size_bytes > 0


def test_more_of_the_period_goes_before_a_finer_grid(registry: Registry) -> None:
    # the reanalysis of the Mediterranean lags
    period = (at(2026, 9, 20), at(2026, 10, 10))
    best, *others = registry.choices("currents", LEVANT, period, today=TODAY)
    assert best.share == 1.0
    lagging = next(c for c in others if c.dataset.id == "cmems_mod_med_phy-cur_my_4.2km_PT1H-m")
    assert 0.0 < lagging.share < 1.0
    (gap,) = lagging.gaps
    assert gap[1] == period[1]


def test_what_nobody_has_is_refused(registry: Registry) -> None:
    with pytest.raises(CoverageError, match=r"no data set of the registry has winds .* 1890"):
        registry.choose("winds", LEVANT, (at(1890, 1, 1), at(1890, 1, 2)), today=TODAY)
    baltic = (19.0, 55.0, 21.0, 57.0)
    medsea = registry.find("cmems_mod_med_phy-cur_my_4.2km_PT1H-m")
    with pytest.raises(CoverageError, match=r"PT1H-m: has currents for -6\.00"):
        registry.choice_of(medsea, "currents", baltic, AUGUST_2021)


ENTRY = """
[[dataset]]
id = "ours"
title = "our model"
service = "opendap"
product = "model"
roles = ["currents"]
box = [34.0, 33.0, 37.0, 37.0]
resolution_deg = 0.01
step_hours = 1.0
values = "instant"
start = 2020-01-01
end = 3
urls = ["https://example.org/thredds/dodsC/model"]
variables = { u = "eastward_sea_water_velocity", v = "northward_sea_water_velocity" }
"""


def test_people_add_their_own(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "more.toml"
    path.write_text(ENTRY)
    monkeypatch.setenv(MORE, str(path))
    assert Registry.load().choose("currents", LEVANT, AUGUST_2021).dataset.id == "ours"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('service = "opendap"', 'service = "ftp"', r"dataset 0 \(ours\): service: .*'cmems'"),
        ('title = "our model"', "", "title: Field required"),
        ("eastward_sea_water_velocity", "u_velocity", "found 'u_velocity', expected"),
        ("step_hours = 1.0", "step = 1.0", "step"),
        ("[34.0, 33.0", "[34.0, 43.0", "expected west, south, east, north"),
        ('urls = ["https://example.org/thredds/dodsC/model"]', "", "urls: none"),
        ("[[dataset]]", "[[data]]", r"no \[\[dataset\]\]"),
        ('id = "ours"', "id = ours", "not TOML"),
        ('id = "ours"', 'id = "../ours"', "id: "),
    ],
)
def test_an_entry_that_makes_no_sense(tmp_path: Path, old, new, message) -> None:
    path = tmp_path / "more.toml"
    path.write_text(ENTRY.replace(old, new))
    with pytest.raises(CatalogError, match=message) as caught:
        Registry.load(path)
    assert "\n" not in str(caught.value)
