"""Levels of underwater sound, as ISO 18405 defines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aquatic.sound.levels import Band, Samples
    from witoil.plugins.envelope import Findings, Series


class SoundLevels:
    """Sound pressure level, levels of decidecades and spectral density of a recording."""

    card: Mapping[str, Any] = {
        "model": {
            "id": "sound-levels",
            "version": "1",
            "task": "audio-levels",
            "title": "Levels of underwater sound (ISO 18405): SPL, decidecades, spectral density",
            "licence_code": "Apache-2.0",
            "licence_weights": "none",
        },
        "input": {"kind": "audio", "features": "recording"},
        "output": {"format": "values", "unit": "dB"},
        "geo": {"kinds": ["station", "track", "samples", "point", "none"]},
        "parameters": [
            {
                "name": "sensitivity_db",
                "least": -300.0,
                "most": 300.0,
                "unit": "dB re 1/uPa",
                "description": "What 1 uPa gives of full scale, by the whole chain; without it "
                "levels are relative to full scale.",
            },
            {
                "name": "seconds",
                "default": 60.0,
                "least": 1.0,
                "most": 3600.0,
                "unit": "s",
                "description": "Length of the parts that have a level each.",
            },
            {
                "name": "low_hz",
                "default": 10.0,
                "least": 0.1,
                "unit": "Hz",
                "description": "In the lowest band.",
            },
            {
                "name": "high_hz",
                "least": 0.1,
                "unit": "Hz",
                "description": "In the highest band; default: as far as the recording reaches.",
            },
            {
                "name": "density",
                "kind": "text",
                "default": "no",
                "choices": ["no", "yes"],
                "description": "Whether the spectral density is given, too.",
            },
        ],
    }

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the levels of a recording, over time and as a whole."""
        from aquatic.sound.levels import bands_between, refuse_sensitivity, transform_seconds
        from witoil.plugins.envelope import Feature, Findings
        from witoil.plugins.sound import opened

        sensitivity, seconds = parameters.get("sensitivity_db"), parameters["seconds"]
        if sensitivity is not None:
            refuse_sensitivity(sensitivity)
        unit = "dB re FS" if sensitivity is None else "dB re 1 uPa2"
        with opened(path) as recording:
            rate = recording.rate
            bands = bands_between(parameters["low_hz"], parameters.get("high_hz"), rate)
            piece_s = transform_seconds(bands)
            length_s = max(piece_s, min(seconds, recording.seconds))
            parts = [
                _measured(start, samples, rate, piece_s, bands)
                for start, samples in recording.parts(length_s, piece_s)
            ]
            remarks = [*recording.remarks]
        if piece_s > seconds:
            remarks.append(
                f"parts are {piece_s:g} s long, not {seconds:g} s: the lowest band needs that; a "
                "higher low_hz allows shorter ones"
            )
        remarks += _remarks_on(parts)
        if sensitivity is None:
            remarks.append(
                "levels are relative to full scale (a sine of it has -3.01 dB); give the "
                "sensitivity_db of the whole chain for dB re 1 uPa"
            )
        offset = sensitivity or 0.0
        known = _as_a_whole(parts, bands, offset, density=parameters["density"] == "yes")
        known |= {"unit": unit, "sample_rate_hz": rate}
        series = _over_time(parts, bands, offset, unit)
        return Findings([Feature(properties=known)], series, remarks=remarks)


class _Part(NamedTuple):
    """What is measured of a part of a recording; powers are of samples from -1 to 1."""

    start_s: float
    sample_count: int
    mean_square: float
    clipped_share: float
    band_powers: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    density: NDArray[np.float64]


def _measured(
    start_s: float, samples: Samples, rate: float, piece_s: float, bands: list[Band]
) -> _Part:
    from aquatic.sound.levels import band_powers, clipped_share, mean_square, spectral_density

    frequencies, density = spectral_density(samples, rate, piece_s)
    powers = band_powers(frequencies, density, bands)
    square, clipped = mean_square(samples), clipped_share(samples)
    return _Part(start_s, len(samples), square, clipped, powers, frequencies, density)


def _mean(parts: list[_Part], values: Iterable[Any]) -> Any:
    """Return the mean over a recording, of which each part is as much as it has samples."""
    import numpy as np

    return np.average([*values], axis=0, weights=[part.sample_count for part in parts])


def _remarks_on(parts: list[_Part]) -> list[str]:
    remarks = []
    if any(part.clipped_share for part in parts):
        percent = 100.0 * float(_mean(parts, (part.clipped_share for part in parts)))
        remarks.append(
            f"{percent:.2g} % of the samples are clipped at full scale: levels are too low"
        )
    silent = sum(part.mean_square == 0.0 for part in parts)
    if silent:
        remarks.append(
            f"{silent} of {len(parts)} parts are silent: their levels are minus infinity, which "
            "stands as nothing in files"
        )
    return remarks


def _over_time(
    parts: list[_Part], bands: list[Band], sensitivity_db: float, unit: str
) -> list[Series]:
    """Return the level of each part, of all sound and in each band."""
    import numpy as np

    from aquatic.sound.levels import level
    from witoil.plugins.envelope import Series

    starts = [part.start_s for part in parts]
    whole = level([part.mean_square for part in parts], sensitivity_db)
    in_bands = level(np.array([part.band_powers for part in parts]), sensitivity_db)
    return [
        Series("spl", whole.tolist(), unit, starts),
        *(
            Series(f"tol_{band.name}", in_bands[:, k].tolist(), unit, starts)
            for k, band in enumerate(bands)
        ),
    ]


def _as_a_whole(
    parts: list[_Part], bands: list[Band], sensitivity_db: float, *, density: bool
) -> dict[str, Any]:
    """Return the levels of the recording, and its spectral density where that is asked for."""
    from aquatic.sound.levels import level

    in_bands = level(_mean(parts, (part.band_powers for part in parts)), sensitivity_db)
    found: dict[str, Any] = {
        "spl_db": float(level(_mean(parts, (part.mean_square for part in parts)), sensitivity_db)),
        "tol_db": dict(zip([band.name for band in bands], in_bands.tolist(), strict=True)),
    }
    if density:
        mean = _mean(parts, (part.density for part in parts))
        found["density_hz"] = parts[0].frequencies.tolist()
        found["density_db"] = level(mean, sensitivity_db).tolist()
    return found


plugin = SoundLevels()
