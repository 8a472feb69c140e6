"""Which seconds of an ECG can be staged: whether there is a signal, and a heart to be seen in it.

Every flag is decided inside a block of its own (1, 2 or BLOCK_S seconds, counted from the first
sample), so a stream that is assessed BLOCK_S by BLOCK_S is flagged as the whole recording is.
Only `flat` takes the unit into account; a heart is told from noise at any scale.
"""

from dataclasses import dataclass

import numpy as np

from datasets.ecg import whole_seconds
from datasets.signals import FLAT_RANGE
from orchestration.staging.noise import BLOCK_S, PAIR_S, noisy_seconds

KINDS = ("missing", "saturated", "flat", "noisy")  # a second is of one kind at most
MOST_MISSING = 0.5  # share of a second; what is missing of others is bridged. Our choice
MOST_AT_LIMITS = 0.1  # share of a pair: clipped R peaks alone stay below 0.05. Our choice
STUCK_S = 0.2  # at a pair's own extreme, every sample equal: no ECG rests so long. Our choice
STUCK_AWAY = 0.4  # of the pair's range, from the mean of what is not at that extreme. Our choice


@dataclass(frozen=True, eq=False)
class Quality:
    """Which seconds of a recording can be staged.

    Second k is samples rint(k * hz) to rint((k + 1) * hz).
    """

    missing: np.ndarray
    """(seconds,) bool: there are no samples."""
    flat: np.ndarray
    """(seconds,) bool: the signal stands still."""
    saturated: np.ndarray
    """(seconds,) bool: it is stuck at the recorder's limits."""
    noisy: np.ndarray
    """(seconds,) bool: there is no heart to be seen in it."""

    @property
    def unusable(self) -> np.ndarray:
        """(seconds,) bool."""
        return np.asarray(self.missing | self.flat | self.saturated | self.noisy)

    @property
    def shares(self) -> dict[str, float]:
        """Share of the seconds that are of each kind, and "unusable", their sum; 0 of none."""
        seconds = max(len(self.missing), 1)
        counts = {kind: getattr(self, kind).sum() / seconds for kind in KINDS}
        return {**counts, "unusable": self.unusable.sum() / seconds}


def assess(
    samples: np.ndarray,
    hz: float,
    limits_mv: tuple[float, float] | None = None,
    *,
    first_second: int = 0,
) -> Quality:
    """The flags of an ECG's seconds.

    Args:
        samples: (n,) mV; NaN where missing.
        hz: their rate; below 60 Hz part of the band that shows a heart is lacking.
        limits_mv: what the recorder can hold at the utmost, where that is known.
        first_second: of a piece of a recording, the second it starts with, a multiple of BLOCK_S;
            its first sample is then sample rint(first_second * hz) of the recording.
    """
    if first_second % BLOCK_S:
        raise ValueError(f"a piece starts at second {first_second}; use a multiple of {BLOCK_S}.")
    before = round(first_second * hz)
    last_second = whole_seconds(before + len(samples), hz)
    starts = np.rint(np.arange(first_second, last_second) * hz).astype(np.int64) - before
    samples = np.where(np.isfinite(samples), samples, np.float32(np.nan))
    rows = samples[starts[:, None] + np.arange(int(hz))]  # (n,) -> (seconds, samples a second)
    missing = np.isnan(rows).mean(1) > MOST_MISSING
    at_limits = _at_limits(rows, limits_mv) & ~missing
    flat = _still(rows) & ~at_limits & ~missing
    saturated = at_limits | (_stuck(rows, hz) & ~flat & ~missing)
    judged = ~(missing | flat | saturated)
    noisy = noisy_seconds(samples, starts, hz, judged)
    return Quality(missing=missing, flat=flat, saturated=saturated, noisy=noisy)


def _pairs(seconds: np.ndarray, fill: float) -> np.ndarray:
    """Whatever each second has, two seconds a row; a lonely last one is filled up.

    Shapes: (seconds, ...) to (pairs, 2, ...).
    """
    odd = len(seconds) % PAIR_S
    filling = np.full((odd, *seconds.shape[1:]), fill, seconds.dtype)
    return np.concatenate([seconds, filling]).reshape(-1, PAIR_S, *seconds.shape[1:])


def _of_pairs(flags: np.ndarray, seconds: int) -> np.ndarray:
    return np.repeat(flags, PAIR_S)[:seconds]


def _still(rows: np.ndarray) -> np.ndarray:
    """(seconds,) bool: the pair of seconds moves by less than a living electrode does."""
    low = np.fmin.reduce(_pairs(np.fmin.reduce(rows, axis=1), np.nan), axis=1)
    high = np.fmax.reduce(_pairs(np.fmax.reduce(rows, axis=1), np.nan), axis=1)
    return _of_pairs(high.astype(np.float64) - low < FLAT_RANGE["mV"], len(rows))


def _at_limits(rows: np.ndarray, limits_mv: tuple[float, float] | None) -> np.ndarray:
    """(seconds,) bool: the pair of seconds is at the recorder's limits for too long."""
    if limits_mv is None or not limits_mv[0] < limits_mv[1]:
        return np.zeros(len(rows), bool)
    rounding = 1e-6 * (limits_mv[1] - limits_mv[0])  # a step of 16 bits is fifteen times that
    out = (rows <= limits_mv[0] + rounding) | (rows >= limits_mv[1] - rounding)
    return _of_pairs(np.nanmean(_pairs(out.mean(1), np.nan), axis=1) > MOST_AT_LIMITS, len(rows))


def _stuck(rows: np.ndarray, hz: float) -> np.ndarray:
    """(seconds,) bool: the pair of seconds stays at its own lowest or highest value."""
    pairs = _pairs(rows, np.nan).reshape(-1, PAIR_S * rows.shape[1])
    length = max(2, round(STUCK_S * hz))
    stuck = np.zeros(len(pairs), bool)
    for extreme in (np.fmin, np.fmax):
        there = pairs == extreme.reduce(pairs, axis=1, keepdims=True)
        often = np.flatnonzero(there.sum(1) >= length)
        stuck[often] |= _runs(there[often], length) & _far(pairs[often], there[often])
    return _of_pairs(stuck, len(rows))


def _runs(there: np.ndarray, length: int) -> np.ndarray:
    """(m, n) bool to (m,): that many follow each other somewhere."""
    so_far = np.cumsum(np.pad(there, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    return np.asarray((so_far[:, length:] - so_far[:, :-length] == length).any(1))


def _far(pairs: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(m, n) to (m,): the extreme lies away from the others, as no coarse line at rest does."""
    pairs = pairs.astype(np.float64)
    others = ~there & ~np.isnan(pairs)
    middle = np.where(others, pairs, 0).sum(1) / np.maximum(others.sum(1), 1)
    low, high = np.fmin.reduce(pairs, axis=1), np.fmax.reduce(pairs, axis=1)
    value = np.where(there, pairs, -np.inf).max(1)
    return np.asarray(np.abs(value - middle) > STUCK_AWAY * (high - low))
