"""Levels of underwater sound, as ISO 18405 defines them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from witoil.plugins.envelope import Findings


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
        import numpy as np

        from aquatic.sound.levels import (
            band_powers,
            bands_between,
            clipped_share,
            level,
            mean_square,
            refuse_sensitivity,
            spectral_density,
            transform_seconds,
        )
        from witoil.plugins.envelope import Feature, Findings, Series
        from witoil.plugins.sound import opened

        sensitivity = parameters.get("sensitivity_db")
        if sensitivity is not None:
            refuse_sensitivity(sensitivity)
        unit = "dB re FS" if sensitivity is None else "dB re 1 uPa2"
        with opened(path) as recording:
            bands = bands_between(parameters["low_hz"], parameters.get("high_hz"), recording.rate)
            piece_s = transform_seconds(bands)
            length_s = max(piece_s, min(parameters["seconds"], recording.seconds))
            begins, squares, powers, densities, weights = [], [], [], [], []
            clipped: list[float] = []
            frequencies = np.zeros(0)
            for start, samples in recording.parts(length_s, piece_s):
                frequencies, density = spectral_density(samples, recording.rate, piece_s)
                begins.append(start)
                squares.append(mean_square(samples))
                powers.append(band_powers(frequencies, density, bands))
                densities.append(density)
                weights.append(len(samples))
                clipped.append(clipped_share(samples))
            remarks = list(recording.remarks)
        if piece_s > parameters["seconds"]:
            remarks.append(
                f"parts are {piece_s:g} s long, not {parameters['seconds']:g} s: the lowest band "
                "needs that; a higher low_hz allows shorter ones"
            )
        if any(clipped):
            remarks.append(
                f"{100.0 * float(np.average(clipped, weights=weights)):.2g} % of the samples are "
                "clipped at full scale: levels are too low"
            )
        if sensitivity is None:
            remarks.append(
                "levels are relative to full scale (a sine of it has -3.01 dB); give the "
                "sensitivity_db of the whole chain for dB re 1 uPa"
            )
        silent = sum(square == 0.0 for square in squares)
        if silent:
            remarks.append(
                f"{silent} of {len(squares)} parts are silent: their levels are minus infinity, "
                "which stands as nothing in files"
            )
        offset = sensitivity or 0.0
        over_time = level(np.array(powers), offset)
        series = [Series("spl", level(squares, offset).tolist(), unit, begins)]
        series += [
            Series(f"tol_{band.name}", over_time[:, k].tolist(), unit, begins)
            for k, band in enumerate(bands)
        ]
        whole = level(np.average(powers, axis=0, weights=weights), offset)
        known: dict[str, Any] = {
            "spl_db": float(level(np.average(squares, weights=weights), offset)),
            "tol_db": dict(zip([band.name for band in bands], whole.tolist(), strict=True)),
            "unit": unit,
            "sample_rate_hz": recording.rate,
        }
        if parameters["density"] == "yes":
            mean = np.average(densities, axis=0, weights=weights)
            known |= {
                "density_hz": frequencies.tolist(),
                "density_db": level(mean, offset).tolist(),
            }
        return Findings([Feature(properties=known)], series, remarks=remarks)


plugin = SoundLevels()
