"""Which "clean" segments are clean enough to be a denoiser's target.

MIT-BIH records wander by themselves, and a wander in the target cannot be told from one that was
added. Clean segments in, those whose power lies in the band of the heart out.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from datasets.clean_ecg import CleanEcg, cut, joined
from datasets.clean_records import CLEAN_HZ, CleanLead

HEART_HZ = (0.5, 40.0)  # our choice: below it an ECG wanders, above it are muscles and mains
MOST_OUTSIDE = 0.05  # share of the power; our choice; medians: CPSC 2018 .009, MIT-BIH .056
UNCLEAN = "power outside the heart's band"
_ROWS = 1024  # segments at a time


def well_recorded(ecg: CleanEcg, most: float = MOST_OUTSIDE) -> CleanEcg:
    """The segments with at most this share of power outside 0.5 to 40 Hz; the rest is counted.

    Source: the paper's segments were picked by eye for their quality; how is not told, this is
    ours. Of what read_clean_ecg() gives it keeps 3537 of 7469 segments of the 22 MIT-BIH records,
    some of every record, and 118 of 132 of the ten of CPSC 2018 (2026-11-21).
    """
    kept = np.flatnonzero(outside_share(ecg.samples) <= most)
    chosen = ecg.rows(kept)
    left_out = Counter(ecg.left_out) + Counter({UNCLEAN: len(ecg) - len(kept)})
    return CleanEcg(
        chosen.samples,
        chosen.patient,
        chosen.record,
        chosen.lead,
        chosen.start_s,
        chosen.beats,
        left_out,
        ecg.unreadable,
    )


def segments_of(leads: Sequence[CleanLead], most_outside: float = MOST_OUTSIDE) -> CleanEcg:
    """The well recorded segments of some leads, one at least, in their order."""
    return well_recorded(joined([cut(lead) for lead in leads]), most_outside)


def outside_share(samples: np.ndarray, hz: float = CLEAN_HZ) -> np.ndarray:
    """Share of each segment's power, its mean aside, outside the band of the heart.

    Shapes: (n, S) to (n,); 0 for a flat segment.
    """
    blocks = [_shares(samples[k : k + _ROWS], hz) for k in range(0, len(samples), _ROWS)]
    return np.concatenate([np.zeros(0), *blocks])


def _shares(rows: np.ndarray, hz: float) -> np.ndarray:
    S = rows.shape[1]
    centred = rows - rows.mean(1, keepdims=True, dtype=np.float64)
    power = np.square(np.abs(np.fft.rfft(centred * np.hanning(S))))  # no jump at the ends
    at_hz = np.fft.rfftfreq(S, 1 / hz)
    outside = (at_hz < HEART_HZ[0]) | (at_hz > HEART_HZ[1])
    total = power.sum(1)
    return np.asarray(power[:, outside].sum(1) / np.where(total > 0, total, 1))
