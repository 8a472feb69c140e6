"""What stands in for missing samples: lines over short gaps, the signal's level in long ones.

A long gap has no line because nobody who hears the samples one by one knows where it will end.
"""

import numpy as np

LONGEST_S = 1.0  # of a gap that a line bridges; our choice, about a heart beat


def longest_line(hz: float) -> int:
    """Samples of the longest gap that is bridged by a line."""
    return round(LONGEST_S * hz)


def without_gaps(samples: np.ndarray, hz: float, level: float) -> np.ndarray:
    """A signal without missing samples.

    A gap of at most a second between two samples lies on their line; any other, those at both
    ends of the signal too, lies at the level.

    Shapes: (n,) with NaN where missing to (n,) float32.
    """
    missing = np.isnan(samples)
    if not missing.any():
        return samples
    whole, known = samples.copy(), np.flatnonzero(~missing)
    if len(known):
        at = np.flatnonzero(missing)
        whole[at] = np.interp(at, known, samples[known])
    runs = np.flatnonzero(np.diff(missing, prepend=False, append=False)).reshape(-1, 2)
    for first, last in runs.tolist():
        if last - first > longest_line(hz) or first == 0 or last == len(samples):
            whole[first:last] = level
    return whole


def still_open(samples: np.ndarray, hz: float) -> int:
    """How many missing samples at the end may yet be bridged by a line."""
    known = np.flatnonzero(~np.isnan(samples))
    behind = len(samples) - 1 - int(known[-1]) if len(known) else len(samples)
    return behind if len(known) and behind <= longest_line(hz) else 0
