"""Recordings of one drawn heart, as arrays and as EDF files that a patch might write."""

from datetime import datetime
from pathlib import Path

import numpy as np

from datasets.edf_writer import Channel, write_signals
from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_ecg

START = datetime(2026, 11, 20, 22, 30)


def an_ecg(hz: float = 200.0, minutes: int = 25, seed: int = 3) -> np.ndarray:
    """(n,) float32 mV of somebody awake."""
    pages = Hypnogram(np.arange(2 * minutes) * 30.0, 30.0, np.zeros(2 * minutes, np.int8))
    ecg = draw_ecg(pages, round(minutes * 60 * hz), hz, np.random.default_rng(seed))
    return ecg.astype(np.float32)


def write_night(
    path: Path, minutes: int = 25, hz: int = 200, label: str = "ECG I", unit: str = "mV"
) -> Path:
    """An EDF+C of one channel that starts at half past ten."""
    samples = an_ecg(hz, minutes)
    write_signals(path, START, 1.0, [Channel(label, unit, samples, 5.0, hz)])
    return path
