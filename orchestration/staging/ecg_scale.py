"""The scale of an ECG that nobody has clean: its level, and how tall its heart beats are.

A denoiser is trained on segments of 10 s whose clean part has mean 0 and spans 2
(datasets.clean_scale). In use there is noise in every one of them, so one scale is estimated for
the whole recording; it jumps nowhere, and a stretch of noise moves it little.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

WINDOW_S = 10.0  # as the segments of training
WANDER_S = 1.0  # a mean of so much is the baseline; of .6, 1, 2 s, 1 s errs least at 6 dB
HALF = 0.525  # of what is left of lowest to highest; .5 but for what of the ECG goes with it
MOST_MISSING = 0.5  # share of a window that is judged. Our choice
_WINDOWS = 64  # at a time, so that float64 stays small


class EcgScale(NamedTuple):
    """What brings a recording to the scale of training, and back."""

    middle: float
    """Its level, in the recording's unit."""
    half: float
    """Half of what lies between the lowest and the highest of a clean 10 s, above 0."""

    def applied(self, samples: np.ndarray) -> np.ndarray:
        """Samples of any shape at the scale of training, float32."""
        return np.asarray((samples - np.float64(self.middle)) / self.half, np.float32)

    def undone(self, scaled: np.ndarray) -> np.ndarray:
        """Samples of any shape in the recording's unit again, float32."""
        return np.asarray(scaled * np.float64(self.half) + self.middle, np.float32)


def estimated(samples: np.ndarray, hz: float) -> EcgScale:
    """The scale of a recording, noise and all.

    Ours: level and height are medians over its windows of 10 s: of their means, and of what lies
    between lowest and highest once a moving mean of a second is gone. So beats count, wander does
    not, and up to half of the windows may hold anything.

    Measured on 2026-11-22 on 10 min of each of the 44 leads of 22 MIT-BIH arrhythmia records,
    against the median of what datasets.clean_scale says of their clean segments; HALF was chosen
    on three fifths of the patients and training noise, these are the other 20 leads in NSTDB's
    test noise of groups 1 to 3. Half, in medians and from the 10th to the 90th percentile: clean
    1.01 times too large (.82 to 1.04), at 18 dB 1.01 (.83 to 1.06), 12 dB 1.02 (.86 to 1.08), 6 dB
    1.06 (.90 to 1.15), 0 dB 1.16 (1.01 to 1.37). Middle: off by .005 halves, .053 at the most. For
    comparison, clean segments differ from the median of their own lead by 9 % in the median.

    Args:
        samples: (n,) in any unit, NaN where missing.
        hz: their rate.
    """
    found = [_of(rows, round(WANDER_S * hz)) for rows in _windows(samples, hz)]
    means, spans = np.concatenate([np.empty((2, 0)), *found], axis=1)
    spans = spans[alive] if (alive := spans > 0).any() else np.ones(1)
    middle = float(np.median(means)) if len(means) else 0.0
    return EcgScale(middle, HALF * float(np.median(spans)))


def _windows(samples: np.ndarray, hz: float) -> Iterator[np.ndarray]:
    """Windows that have a signal, some at a time, (m, W) float64 with lines where it is missing.

    A recording shorter than a window is one.
    """
    W = min(round(WINDOW_S * hz), len(samples))
    whole = samples[: len(samples) // max(W, 1) * W].reshape(-1, max(W, 1))
    for first in range(0, len(whole), _WINDOWS):
        rows = whole[first : first + _WINDOWS].astype(np.float64)
        there = np.isfinite(rows)
        kept = there.mean(1) > MOST_MISSING
        rows, there = rows[kept], there[kept]
        for broken in np.flatnonzero(~there.all(1)):
            at, known = np.arange(W), np.flatnonzero(there[broken])
            rows[broken] = np.interp(at, known, rows[broken, known])
        if len(rows):
            yield rows


def _of(rows: np.ndarray, wander: int) -> np.ndarray:
    """Means of windows, and what they span without their baseline. Shapes: (m, W) to (2, m)."""
    wander = max(1, min(wander, rows.shape[1]))
    around = (wander // 2, wander - 1 - wander // 2)
    padded = np.pad(rows, ((0, 0), (around[0] + 1, around[1])), mode="edge")
    padded[:, 0] = 0
    so_far = np.cumsum(padded, axis=1)
    baseline = (so_far[:, wander:] - so_far[:, :-wander]) / wander  # (m, W)
    return np.stack([rows.mean(1), np.ptp(rows - baseline, axis=1)])
