"""Small nights for tests: a few samples a segment, each segment telling its own number."""

from collections.abc import Sequence

import numpy as np

from datasets.night import Night

SAMPLES = 8


def make_night(
    segment: Sequence[int] = (0, 1, 2, 4, 5),
    *,
    subject: str = "01-01-0001",
    person: str = "Ada",
    scale: float = 1.0,
) -> Night:
    """Sample k of segment s is scale * (s + k / 100); the ECG is its negative."""
    places = np.array(segment, np.int32)
    eeg = scale * (places[:, None] + np.arange(SAMPLES) / 100)
    return Night(
        subject=subject,
        subset="SS1",
        person=person,
        page_s=29.99808,
        eeg_channel="EEG C3-CLE - EEG A2-CLE",
        ecg_channel="ECG ECGI",
        segment=places,
        onset_s=20.918 + 29.99808 * places,
        stage=(places % 5).astype(np.int8),
        eeg=eeg.astype(np.float32),
        ecg=-eeg.astype(np.float32),
    )
