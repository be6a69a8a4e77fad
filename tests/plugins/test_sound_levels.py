"""The module of sound levels, and the labels of ships, as they are called."""

import csv

import numpy as np
import pytest
import soundfile

from tests.plugins.builders import AQUATIC
from tests.witoil.command import witoil
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.registry import plugin_named


def levels(path, **parameters):
    return predict(plugin_named("sound-levels"), path, parameters=parameters)


@pytest.fixture
def wav(tmp_path):
    """Return what writes samples as a recording."""

    def write(samples, rate, name="sound.wav"):
        soundfile.write(tmp_path / name, np.asarray(samples), rate, subtype="FLOAT")
        return tmp_path / name

    return write


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real recordings")
@pytest.mark.parametrize("name", ["rtsys.wav", "orca_test.wav", "st_034655.flac"])
def test_levels_of_real_recordings_by_another_formula(name):
    """The sum of squares of the whole spectrum (Parseval), without its first line."""
    samples, rate = soundfile.read(AQUATIC / name)
    parts = [samples[k : k + 60 * rate] for k in range(0, len(samples), 60 * rate)]
    parts = [it for it in parts if len(it) >= rate]
    squares = [2.0 * (np.abs(np.fft.rfft(it)[1:]) ** 2).sum() / len(it) ** 2 for it in parts]
    mean = np.average(squares, weights=[len(it) for it in parts])
    found = levels(AQUATIC / name, low_hz=50, sensitivity_db=-170.0).findings
    (feature,) = found.features
    assert feature.properties["spl_db"] == pytest.approx(10.0 * np.log10(mean) + 170.0, abs=0.01)
    bands = 10.0 * np.log10(
        sum(10.0 ** (it / 10.0) for it in feature.properties["tol_db"].values())
    )
    # pieces begin and end softly, so that what is loud in the middle counts more
    assert bands < feature.properties["spl_db"] + 0.5
    assert len(found.series[0].values) == len(parts)


def test_levels_change_over_time(wav):
    time = np.arange(16000) / 8000.0
    tone = np.sin(2.0 * np.pi * 1000.0 * time) * np.where(time < 1.0, 0.1, 0.01)
    answer = levels(wav(tone, 8000), seconds=1, low_hz=100, sensitivity_db=-160, density="yes")
    series = {it.name: it for it in answer.findings.series}
    assert series["tol_1000"].values == pytest.approx([136.99, 116.99], abs=0.01)
    assert series["tol_1000"].seconds == [0.0, 1.0]
    (feature,) = answer.findings.features
    loudest = int(np.argmax(feature.properties["density_db"]))
    assert feature.properties["density_hz"][loudest] == 1000.0
    assert series["spl"].unit == "dB re 1 uPa2"


def test_silence_is_said(wav):
    for steady in (0.0, 0.5):
        answer = levels(wav(np.full(16000, steady), 8000), low_hz=100)
        assert answer.findings.series[0].values == [-np.inf]
        assert "1 of 1 parts are silent" in " ".join(answer.findings.remarks)


@pytest.mark.parametrize(
    ("seconds", "rate", "parameters", "text"),
    [
        (2.0, 8000, {"high_hz": 4000}, "reach 4000 Hz, but the band of 4000 Hz ends at 4466.8 Hz"),
        (0.5, 8000, {"low_hz": 100}, "lasts 0.5 s, expected 1 s at least"),
        (2.0, 8000, {"low_hz": 1}, "lasts 2 s, expected 35 s at least"),
        (2.0, 100, {"low_hz": 63}, "reach 50 Hz"),
        (2.0, 8000, {"low_hz": 500, "high_hz": 100}, "the lower one first"),
        (2.0, 8000, {"seconds": 0.1}, "expected a number of 1 to 3600"),
    ],
)
def test_what_a_recording_cannot_tell_is_refused(wav, seconds, rate, parameters, text):
    with pytest.raises(PluginError, match=text):
        levels(wav(np.zeros(round(seconds * rate)), rate), **parameters)


def test_ships_are_labels(tmp_path):
    rows = ["BaseDateTime,MMSI,LON,LAT"]
    rows += [f"2024-05-01T00:{k:02d}:00,123456789,1.75,{41.2 + k / 100:.3f}" for k in range(10)]
    rows.append("2024-05-01T00:00:30,999999999,181,91")
    (tmp_path / "ais.csv").write_text("\n".join(rows))
    told = ["--station", "1.75,41.2", "--from", "2024-05-01T00:00", "--to", "2024-05-01T00:12"]
    out = tmp_path / "labels.csv"
    answer = witoil(
        "modules", "ship-distances", tmp_path / "ais.csv", *told, "--every=60", "-o", out
    )
    assert answer.returncode == 0, answer.stderr
    assert "1 fixes without a place were left out" in answer.stdout
    assert "3 clips were left out" in answer.stdout
    labels = list(csv.DictReader(out.read_text().splitlines()))
    assert [it["label"] for it in labels][:4] == ["0-1", "1-2", "2-3", "3-4"]
    assert float(labels[0]["distance_km"]) == pytest.approx(0.555, abs=0.003)
    assert labels[-1]["left_out"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,mmsi,lon\n", "0 columns called lat or latitude"),
        ("time,mmsi,lon,lat\n1600000000,1,1,1\n", "found a number, expected times"),
        ("time,mmsi,lon,lat\nyesterday,1,1,1\n", "expected times of ISO 8601"),
        ("time,mmsi,lon,lat\n2024-05-01T00:00,1,181,91\n", "no fix with a place"),
        ("", "is empty; expected a table"),
    ],
)
def test_what_is_no_ais_is_refused(tmp_path, text, said):
    from witoil.plugins.ships import read_tracks

    (tmp_path / "ais.csv").write_text(text)
    with pytest.raises(PluginError, match=said):
        read_tracks(tmp_path / "ais.csv")


def test_what_is_clipped_or_longer_than_asked_is_said(wav):
    wave = np.sin(2.0 * np.pi * 500.0 * np.arange(80000) / 8000.0)
    remarks = levels(wav(np.clip(2.0 * wave, -1.0, 1.0), 8000), seconds=1).findings.remarks
    assert any("% of the samples are clipped" in it for it in remarks)
    assert any("parts are 4 s long, not 1 s" in it for it in remarks)
    remarks = levels(wav(0.5 * wave, 8000), seconds=4).findings.remarks
    assert not any("clipped" in it or "parts last" in it for it in remarks)
    with pytest.raises(PluginError, match=r"sensitivity_db: found 100.*has -100"):
        levels(wav(wave, 8000), sensitivity_db=100.0)


def ais(path, lons, *, seconds=60, lat=0.0, ship="1"):
    rows = [f"2024-01-01T00:{k * seconds // 60:02d}:{k * seconds % 60:02d}Z,{ship},{lon},{lat}"
            for k, lon in enumerate(lons)]  # fmt: skip
    path.write_text("time,mmsi,lon,lat\n" + "\n".join(rows) + "\n")
    return path


def test_longitudes_of_ships_may_be_counted_from_0_or_from_180(tmp_path):
    from witoil.plugins.ships import read_tracks

    east, remarks = read_tracks(ais(tmp_path / "a.csv", [179.9, 181.0, 182.5, 359.0]))[::2]
    assert east["1"].lonlat[:, 0].tolist() == [179.9, 181.0, 182.5, 359.0]
    assert not remarks
    west, remarks = read_tracks(ais(tmp_path / "b.csv", [-179.9, 181.0, 10.0, -200.0]))[::2]
    assert west["1"].lonlat[:, 0].tolist() == [-179.9, 10.0]
    assert remarks == ["2 fixes without a place were left out"]


def test_two_places_of_one_ship_at_one_time_are_said(tmp_path):
    from witoil.plugins.ships import read_tracks

    lines = ["time,mmsi,lon,lat"]
    lines += [f"2024-01-01T00:0{k}:00Z,7,{lon},10" for k in range(3) for lon in (1.0, 1.0001, 30)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    tracks, _, remarks = read_tracks(tmp_path / "a.csv")
    assert tracks["7"].lonlat.tolist() == [[1.0, 10.0]] * 3
    assert "3 fixes lie elsewhere" in remarks[0]
