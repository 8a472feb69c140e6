"""Resampling with numpy alone, for a place that has no SoX: slower, as exact where it counts.

Samples at one rate in, at another out. A low-pass of windowed sinc, tabulated for many fractions
of a sample and interpolated between them.
Source: Smith and Gossett 1984, A flexible sampling-rate conversion method (ICASSP).
"""

from collections.abc import Iterator

import numpy as np

PASSED, STOPPED = 0.9, 1.04  # of half the lower rate, as `resample` promises
BETA = 8.96  # of Kaiser's window, for 90 dB: 0.1102 * (90 - 8.7)
PHASES = 1024  # interpolated linearly: errs by less than -110 dB
_CHUNK = 1 << 15  # samples at a time: what a core's cache holds, nearly


def resample_by_sinc(samples: np.ndarray, from_hz: float, to_hz: float) -> np.ndarray:
    """Samples at another rate; sample k of the result lies at k / to_hz seconds.

    Beyond its ends the signal counts as its first and last sample.

    Shapes: (n,) to (rint(n * to_hz / from_hz),), same dtype.
    """
    step = from_hz / to_hz
    table = _table(min(1.0, 1 / step))
    half = table.shape[1] // 2
    padded = np.pad(samples, half, mode="edge") if len(samples) else samples
    found = np.empty(round(len(samples) / step), samples.dtype)
    for part in _parts(len(found)):
        at = np.arange(part.start, part.stop) * step
        whole = np.minimum(at.astype(np.int64), len(samples) - 1)
        rows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)[whole + 1]
        phase, between = np.divmod((at - whole) * PHASES, 1)
        phase = np.minimum(phase.astype(np.int64), PHASES - 1)
        low = np.einsum("ij,ij->i", rows, table[phase])
        high = np.einsum("ij,ij->i", rows, table[phase + 1])
        found[part] = low + between * (high - low)
    return found


def _table(lower: float) -> np.ndarray:
    """(PHASES + 1, 2 * half) float32: weights of the samples around each fraction of one.

    Args:
        lower: the lower of the two rates over that of the samples.
    """
    width = (STOPPED - PASSED) * lower / 2  # of the transition, in cycles a sample
    half = int(np.ceil((90 - 8) / (2.285 * 2 * np.pi * width) / 2)) + 1  # Kaiser 1974
    cutoff = (STOPPED + PASSED) / 2 * lower
    fraction = np.arange(PHASES + 1)[:, None] / PHASES
    away = np.arange(1 - half, half + 1) - fraction  # samples from the place that is asked for
    inside = np.clip(1 - (away / half) ** 2, 0, None)
    window = np.i0(BETA * np.sqrt(inside)) / np.i0(BETA)
    weights = cutoff * np.sinc(cutoff * away) * window
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def _parts(length: int) -> Iterator[slice]:
    return (slice(i, min(i + _CHUNK, length)) for i in range(0, length, _CHUNK))
