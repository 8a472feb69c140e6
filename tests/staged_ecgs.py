"""Staged recordings made of letters: for tests of what is written, counted and drawn of them."""

from datetime import datetime
from typing import Any

import numpy as np

from orchestration.staging.heart import Heart
from orchestration.staging.quality import Quality
from orchestration.staging.spec import StagingSpec
from orchestration.staging.staged import StagedEcg

START = datetime(2026, 3, 1, 22, 47, 13)
SCHEMES = {
    "wnr": ("W", "N", "R"),
    "wldr": ("W", "L", "D", "R"),
    "five": ("W", "N1", "N2", "N3", "R"),
}
LETTERS = {"1": "N1", "2": "N2", "3": "N3"}


def spec(classes: tuple[str, ...] = SCHEMES["wnr"], **others: Any) -> StagingSpec:
    """A model that was never trained."""
    known: dict[str, Any] = {
        "name": "a model",
        "hz": 200,
        "segment_samples": 6000,
        "scaling": "night",
        "limit": 20.0,
        "before_samples": 0,
        "after_samples": 0,
    }
    return StagingSpec(classes=classes, **(known | others))


def staged_ecg(
    letters: str, scheme: str = "wnr", output_s: int = 30, heart: bool = True, **others: Any
) -> StagedEcg:
    """A recording staged as the letters say; "?" is unscored and without samples."""
    classes = SCHEMES[scheme]
    names = [LETTERS.get(letter, letter) for letter in letters]
    unscored = np.array([name == "?" for name in names], dtype=np.bool_)
    named = np.array([classes.index(name) if name != "?" else 0 for name in names], dtype=int)
    probabilities = np.full((len(names), len(classes)), 0.2 / (len(classes) - 1))
    probabilities[np.arange(len(names)), named] = 0.8
    probabilities[unscored] = np.nan
    missing = np.repeat(unscored, output_s)
    none = np.zeros_like(missing)
    seconds = float(len(missing))
    rate = np.where(np.arange(len(missing) // 30) % 5 == 4, np.nan, 60.0)
    known: dict[str, Any] = {
        "name": "night-01",
        "channel": "ECG",
        "hz": 256.0,
        "start": START,
        "seconds": seconds,
        "quality": Quality(missing=missing, flat=none, saturated=none, noisy=none),
        "heart": Heart(beats_s=np.arange(seconds), rate_bpm=rate) if heart else None,
        "lights": (0.0, seconds),
        "forced": (),
        "notes": (),
        "model": spec(classes),
    }
    off, on = (known | others)["lights"]
    known["lights_told"] = (off > 0, on < (known | others)["seconds"])
    return StagedEcg(output_s=output_s, probabilities=probabilities, **(known | others))
