"""Whole nights of noise as files of this machine, and their batches."""

import numpy as np

from datasets.windows import ScaledNight
from orchestration.batches import Batches
from orchestration.night_files import NightFiles

SEGMENTS, SAMPLES = 960, 6000  # of a night of eight hours
NIGHT_BYTES = SEGMENTS * SAMPLES * 4  # two channels of float16
WINDOW, BATCH = 35, 8  # segments a window, windows a batch: the default plan's


def make_nights(nights: int) -> None:
    """Have the files of so many nights of noise."""
    files, random = NightFiles(), np.random.default_rng(0)
    noise = random.standard_normal((2, SEGMENTS, SAMPLES), dtype=np.float32).astype(np.float16)
    labels = random.integers(0, 3, SEGMENTS)
    for number in range(nights):
        name = f"night-{number:04d}"
        if files.read(name, name) is None:
            eeg, ecg = (np.roll(side, number, axis=0) for side in noise)
            order = np.arange(SEGMENTS, dtype=np.int32)
            night = ScaledNight(subject=name, eeg=eeg, ecg=ecg, labels=labels, segment=order)
            files.keep(name, night)


def noise_batches(nights: int, way: str) -> Batches:
    """The nights as the product opens them, or copied into memory."""
    files, opened = NightFiles(), []
    for number in range(nights):
        night = files.read(f"night-{number:04d}", f"night-{number:04d}")
        assert night is not None
        opened.append(night if way == "mapped" else _copied(night))
    return Batches(opened, WINDOW, BATCH)


def _copied(night: ScaledNight) -> ScaledNight:
    return ScaledNight(
        subject=night.subject,
        eeg=night.eeg.copy(),
        ecg=night.ecg.copy(),
        labels=night.labels,
        segment=night.segment,
    )
