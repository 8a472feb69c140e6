"""Whether a heart beat stands out of an ECG: in the band of the QRS complex, block by block.

Samples at any rate and scale in, one flag a second out.
"""

import numpy as np

BLOCK_S = 10  # what is noise is told from so much
PAIR_S = 2  # holds a beat of any heart above 30 a minute
QRS_HZ = (5.0, 30.0)  # Pan-Tompkins as sleepecg 0.6 has it
GRID_HZ = 100  # of the signal in that band, whatever rate it came with
BACKGROUND = 0.7  # quantile of its magnitude that stands for what lies between the beats
# How far the weakest pair's peak must stand out of the background. Seconds flagged by it, measured
# on 2026-11-21: MIT-BIH arrhythmia, 22 records where annotated clean, first lead 1.0 % and second
# (V1 mostly; in three records it hides the complexes) 9.8 %; CPSC 2018, 12 leads, 3.4 %. Alone:
# nstdb electrode motion 95 %, muscle 95 %, baseline 100 %; EEG, EOG, white noise, mains 100 %.
# ECG with motion at 18, 6, 0, -6 dB: 0, 1.3, 37, 83 %; with muscle noise 0, 0.4, 15, 63 %; with a
# wandering baseline at -6 dB 0 %. At the same 1.0 % of clean blocks, kSQI of that band finds 67 %
# of motion and 22 % of muscle noise, pSQI 0 and 99 %, basSQI 42 and 54 % (Li, Mark, Clifford 2008,
# Physiol Meas 29:15; Clifford 2012, Physiol Meas 33:1419).
LEAST_STANDING_OUT = 4.36
LEAST_IN_BAND = 0.02  # share of the power above 1 Hz: mains as tall as the R peak. Our choice

_CHUNK = 256  # blocks at a time: what a core's cache holds


def noisy_seconds(
    samples: np.ndarray, starts: np.ndarray, hz: float, judged: np.ndarray
) -> np.ndarray:
    """Whether each second lies in a block where no heart beat stands out.

    That is a block in which some pair of seconds has no peak well above what lies between beats.
    So a heart that pauses for more than 2 s is flagged where it does, and so is a lead whose QRS
    complexes are hidden throughout. Seconds that are not judged do not count.

    Shapes: samples (n,) with NaN where missing; starts (seconds,) the first sample of each;
        judged (seconds,) bool; returns (seconds,) bool.
    """
    whole = len(starts) // BLOCK_S * BLOCK_S
    found = np.zeros(len(starts), bool)
    for first in range(0, whole, _CHUNK * BLOCK_S):
        inside = slice(first, min(first + _CHUNK * BLOCK_S, whole))
        blocks = judged[inside].reshape(-1, BLOCK_S)
        found[inside] = _noisy(samples, starts[inside], hz, blocks)
    if whole < len(starts):  # the last block is judged by what there is of it
        found[whole:] = _noisy(samples, starts[whole:], hz, judged[whole:][None])
    return np.asarray(found & judged)


def qrs_band(rows: np.ndarray, hz: float) -> tuple[np.ndarray, np.ndarray]:
    """The band of the QRS complex, block by block, and the share of the power that it holds.

    Shapes: rows (m, W) finite; returns (m, W / hz * GRID_HZ) and (m,), of the power above 1 Hz.
    """
    W, length = rows.shape[1], round(rows.shape[1] / hz) * GRID_HZ
    edge = max(1, int(hz / 5))
    left, right = rows[:, :edge].mean(1, keepdims=True), rows[:, -edge:].mean(1, keepdims=True)
    level = rows - left - (right - left) * np.linspace(0, 1, W)  # its ends meet
    spectrum, at_hz = np.fft.rfft(level), np.fft.rfftfreq(W, 1 / hz)
    inside = (at_hz >= QRS_HZ[0]) & (at_hz <= QRS_HZ[1])
    power = np.abs(spectrum) ** 2
    total = power[:, at_hz >= 1].sum(1)
    share = power[:, inside].sum(1) / np.where(total > 0, total, 1)
    kept = np.where(inside, spectrum, 0)[:, : length // 2 + 1]
    return np.fft.irfft(kept, length) * (length / W), share


def bridged(samples: np.ndarray) -> np.ndarray:
    """A signal whose missing samples lie on lines between their neighbours; 0 if all are missing.

    Shapes: (n,) to (n,) of the same type.
    """
    there = np.isfinite(samples)
    known, missing = np.flatnonzero(there), np.flatnonzero(~there)
    if not len(known):
        return np.zeros_like(samples)
    whole = samples.copy()
    whole[missing] = np.interp(missing, known, whole[known])
    return np.asarray(whole)


def _noisy(samples: np.ndarray, starts: np.ndarray, hz: float, judged: np.ndarray) -> np.ndarray:
    """One flag a second of blocks as long as the rows of `judged` (blocks, seconds)."""
    seconds = judged.shape[1]
    pairs = seconds // PAIR_S
    if not pairs:
        return np.zeros(seconds, bool)
    width = min(int(seconds * hz), len(samples) - int(starts[::seconds].max()))  # of the last
    rows = samples[starts[::seconds, None] + np.arange(width)].astype(np.float64)
    _bridge_unjudged(rows, hz, judged)
    band, share = qrs_band(rows, hz)
    magnitude = np.abs(band[:, : pairs * PAIR_S * GRID_HZ]).reshape(len(rows), pairs, -1)
    told = judged[:, : pairs * PAIR_S].reshape(len(rows), pairs, PAIR_S).min(-1)  # of both
    stands_out = _weakest_peak(magnitude, told) > LEAST_STANDING_OUT * _background(magnitude, told)
    noisy = told.any(1) & ~(stands_out & (share >= LEAST_IN_BAND))
    return np.repeat(noisy, seconds)


def _bridge_unjudged(rows: np.ndarray, hz: float, judged: np.ndarray) -> None:
    """Puts lines where samples are missing or their second is of another kind; in place."""
    second = np.minimum(np.arange(rows.shape[1]) / hz, judged.shape[1] - 1).astype(np.int64)
    rows[~judged[:, second]] = np.nan
    for broken in np.flatnonzero(np.isnan(rows).any(1)):
        rows[broken] = bridged(rows[broken])


def _weakest_peak(magnitude: np.ndarray, told: np.ndarray) -> np.ndarray:
    """(blocks, pairs, n) to (blocks,): the lowest of the highest points of its pairs."""
    return np.asarray(np.where(told, magnitude.max(-1), np.inf).min(1))


def _background(magnitude: np.ndarray, told: np.ndarray) -> np.ndarray:
    """(blocks, pairs, n) to (blocks,): a quantile over the samples of all its pairs."""
    known = np.where(told[..., None], magnitude, np.inf).reshape(len(told), -1)
    count = told.sum(1) * magnitude.shape[-1]
    rank = (BACKGROUND * count).astype(np.int64)
    return np.asarray(np.take_along_axis(np.sort(known, axis=1), rank[:, None], axis=1)[:, 0])
