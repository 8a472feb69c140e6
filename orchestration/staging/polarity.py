"""Whether an ECG is upside down, as it is when the electrodes were swapped.

Two witnesses: what most heart beats do around their peak, and to which side the band of the QRS
complex leans. Where they disagree, or see too little, nothing is said.
"""

import numpy as np

from datasets.ecg import whole_seconds
from orchestration.staging.noise import BLOCK_S, bridged, qrs_band

QRS_S = 0.1  # either side of a peak: the complex, not the T wave
LEVEL_S = 0.3  # either side of a peak; the median of so much is the baseline under a beat
LEAST_TILT = 0.1  # (up - down) / (up + down) of the median beat; a biphasic one is about 0
LEAST_AGREEING = 0.75  # share of beats, or of blocks, on the side of their median
LEAST_LEAN = 0.5  # skewness of the median block; of an R peak without S wave it is 2 to 3
MOST_BEATS, MOST_BLOCKS = 5000, 360  # spread over the night; enough for any median


def upside_down(samples: np.ndarray, hz: float, beats_s: np.ndarray | None = None) -> bool | None:
    """Whether the QRS complexes point down; None where that cannot be told.

    It is of V1 and aVR too, where healthy complexes point down.
    Measured on 2026-11-21, as they are: MIT-BIH arrhythmia first leads (MLII, V5), 18 no, 1 yes
    (207, whose complexes do point down), 3 untold; second leads (V1 mostly), 3 no, 11 yes, 8
    untold; CPSC 2018 lead I, 8 no, 2 untold, aVR, 8 yes, 2 untold. All of them turned over: the
    answers turn, none else changes. EEG, white and nstdb noise: untold.

    Args:
        samples: (n,) in any unit, NaN where missing.
        beats_s: (m,) times of R peaks; without them the band of the QRS complex speaks alone.
    """
    lean = _lean(samples, hz)
    side = lean if beats_s is None or not len(beats_s) else _tilt(samples, hz, beats_s)
    return None if side * lean <= 0 else side < 0


def _tilt(samples: np.ndarray, hz: float, beats_s: np.ndarray) -> int:
    """1 where most beats point up, -1 where down, else 0."""
    around, inside = round(LEVEL_S * hz), round(QRS_S * hz)
    peaks = np.rint(beats_s * hz).astype(np.int64)
    peaks = _spread(peaks[(peaks >= around) & (peaks < len(samples) - around)], MOST_BEATS)
    beats = samples[peaks[:, None] + np.arange(-around, around + 1)]
    beats = beats[np.isfinite(beats).all(1)].astype(np.float64)  # (m, n) -> (whole beats, n)
    complexes = beats[:, around - inside : around + inside + 1] - np.median(beats, 1)[:, None]
    up, down = complexes.max(1).clip(0), (-complexes.min(1)).clip(0)
    return _side((up - down) / np.where(up + down > 0, up + down, 1), LEAST_TILT)


def _lean(samples: np.ndarray, hz: float) -> int:
    """1 where the band of the QRS complex is skewed upward in most blocks, -1 downward, else 0."""
    blocks = whole_seconds(len(samples), hz) // BLOCK_S
    starts = _spread(np.rint(BLOCK_S * np.arange(blocks) * hz).astype(np.int64), MOST_BLOCKS)
    rows = samples[starts[:, None] + np.arange(int(BLOCK_S * hz))]
    rows = rows[np.isfinite(rows).mean(1) > 0.5]  # (m, n) -> (blocks with a signal, n)
    rows = np.array([bridged(row) for row in rows])
    if not len(rows):
        return 0
    band, _ = qrs_band(rows, hz)
    spread = band.std(1)
    return _side((band**3).mean(1)[spread > 0] / spread[spread > 0] ** 3, LEAST_LEAN)


def _spread(values: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly."""
    return values[:: -(-len(values) // most) or 1]


def _side(values: np.ndarray, least: float) -> int:
    """The sign of the median, if it is large enough and most values share it, else 0."""
    if not len(values):
        return 0
    middle = float(np.median(values))
    agreeing = (np.sign(values) == np.sign(middle)).mean()
    return int(np.sign(middle)) if abs(middle) >= least and agreeing >= LEAST_AGREEING else 0
