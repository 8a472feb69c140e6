"""Resampling with numpy alone: slower than SoX, as exact where it counts, and prompt.

Samples at one rate in, at another out, at once or as they come: SoX's stream lags by seconds, this
by tenths. A low-pass of windowed sinc, tabulated for every fraction of a sample that occurs, or
for many and interpolated between them.
Source: Smith and Gossett 1984, A flexible sampling-rate conversion method (ICASSP).
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

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
    if from_hz == to_hz:
        return samples
    return SincStream(from_hz, to_hz).resample_chunk(samples, last=True)


class SincStream:
    """Chunk by chunk what `resample_by_sinc` gives of all chunks together.

    Args:
        from_hz: rate of the samples that come.
        to_hz: rate of those that are given.
    """

    def __init__(self, from_hz: float, to_hz: float) -> None:
        self._from_hz = from_hz
        self._step = Fraction(from_hz) / Fraction(to_hz)  # samples from one result to the next
        self._exact = self._step.denominator <= PHASES
        phases = self._step.denominator if self._exact else PHASES
        self._table = _table(min(1.0, to_hz / from_hz), phases)
        self._half = int(self._table.shape[1] // 2)
        self._kept: np.ndarray | None = None  # the samples that matter still
        self._first = -self._half  # the number of the first of them
        self._received = self._given = 0

    @property
    def delay_s(self) -> float:
        """Seconds by which what is given follows what came."""
        return self._half / self._from_hz

    def resample_chunk(self, samples: np.ndarray, last: bool = False) -> np.ndarray:
        """Take the next (n,) samples; (m,) of the same dtype that none to come can change."""
        if self._kept is None:
            if not len(samples):
                return samples.copy()
            self._kept = samples[:1].repeat(self._half)
        self._received += len(samples)
        self._kept = np.concatenate([self._kept, samples])
        count = ceil((self._received - self._half) / self._step)
        if last:
            self._kept = np.pad(self._kept, (0, self._half), "edge")
            count = round(self._received / self._step)
        found = np.empty(max(0, count - self._given), samples.dtype)
        for part in _parts(len(found)):
            found[part] = self._results(self._given + np.arange(part.start, part.stop))
        self._given += len(found)
        gone = max(0, int(self._given * self._step) + 1 - self._half - self._first)
        self._kept, self._first = self._kept[gone:], self._first + gone
        return found

    def _results(self, numbers: np.ndarray) -> np.ndarray:
        """Those of these numbers, (n,)."""
        if self._exact:
            whole, phase = np.divmod(numbers * self._step.numerator, self._step.denominator)
            return np.asarray(np.einsum("ij,ij->i", self._around(whole), self._table[phase]))
        at = numbers * float(self._step)
        whole = np.minimum(at.astype(np.int64), self._received - 1)
        phase, between = np.divmod((at - whole) * PHASES, 1)
        phase, around = np.minimum(phase.astype(np.int64), PHASES - 1), self._around(whole)
        low = np.einsum("ij,ij->i", around, self._table[phase])
        high = np.einsum("ij,ij->i", around, self._table[phase + 1])
        return np.asarray(low + between * (high - low))

    def _around(self, whole: np.ndarray) -> np.ndarray:
        """The samples around those of these numbers, (n, 2 * half)."""
        assert self._kept is not None
        windows = np.lib.stride_tricks.sliding_window_view(self._kept, 2 * self._half)
        return np.asarray(windows[whole + 1 - self._half - self._first])


def _table(lower: float, phases: int) -> np.ndarray:
    """(phases + 1, 2 * half) float32: weights of the samples around each fraction of one.

    Args:
        lower: the lower of the two rates over that of the samples.
    """
    width = (STOPPED - PASSED) * lower / 2  # of the transition, in cycles a sample
    half = int(np.ceil((90 - 8) / (2.285 * 2 * np.pi * width) / 2)) + 1  # Kaiser 1974
    cutoff = (STOPPED + PASSED) / 2 * lower
    fraction = np.arange(phases + 1)[:, None] / phases
    away = np.arange(1 - half, half + 1) - fraction  # samples from the place that is asked for
    inside = np.clip(1 - (away / half) ** 2, 0, None)
    window = np.i0(BETA * np.sqrt(inside)) / np.i0(BETA)
    weights = cutoff * np.sinc(cutoff * away) * window
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def _parts(length: int) -> Iterator[slice]:
    return (slice(i, min(i + _CHUNK, length)) for i in range(0, length, _CHUNK))
