"""When the heart beat during a night, from the ECG of its stored segments.

A Night in; times of R peaks and the RR intervals between them out, in seconds on the night's own
clock, which starts with its first scored page. Stored segments may overlap and may have gaps
between them: each run without a gap is put together again before beats are sought in it.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from sleepecg.heartbeats import detect_heartbeats

from datasets.night import Night
from datasets.signals import RATE_HZ
from orchestration.staging.heart import LEARNING_S, plausible

SHORTEST_S, LONGEST_S = 0.3, 2.0  # 200 and 30 beats a minute; no resting heart goes beyond


class RRIntervals(NamedTuple):
    """RR intervals of a night, artefacts left out, in time order."""

    end_s: np.ndarray
    """(m,) float64, the beat that ends each interval."""
    rr_s: np.ndarray
    """(m,) float64, its length."""


def beats_of(night: Night) -> np.ndarray:
    """Times of the night's R peaks; a beat in the overlap of two segments is one beat.

    Shapes: returns (beats,) float64, rising.
    Source: a Pan-Tompkins detector (doi:10.1109/TBME.1985.325532) as sleepecg 0.6 has it.
    """
    starts = _starts(night)
    origin = night.onset_s[0] * RATE_HZ
    found = [
        starts[rows][0] + _peaks(contiguous(night.ecg[rows], starts[rows]))
        for rows in _runs(night.segment)
    ]
    return np.asarray((np.concatenate(found) - origin) / RATE_HZ)


def page_centres(night: Night) -> np.ndarray:
    """The middle of each scored page, on the clock of the beats.

    Shapes: returns (n,) float64.
    """
    return np.asarray(night.onset_s - night.onset_s[0] + night.page_s / 2)


def contiguous(rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """One signal from rows of it that follow each other or overlap.

    Where rounding left one sample out between two rows, the last one is repeated.
    Shapes: rows (n, S), starts (n,) of each row's first sample; returns (samples,).
    """
    S = rows.shape[1]
    steps = np.diff(starts, append=starts[-1] + S)
    row = np.repeat(np.arange(len(rows)), steps)
    column = np.arange(len(row)) + starts[0] - starts[row]
    return np.asarray(rows[row, np.minimum(column, S - 1)])


def rr_intervals(beats_s: np.ndarray) -> RRIntervals:
    """Intervals between beats, without those too short, too long or unlike their neighbours.

    No interval spans a gap of the night: the smallest gap, between two widened 20 s pages, lasts
    10 s, which is too long for an interval.
    """
    rr_s, end_s = np.diff(beats_s), beats_s[1:]
    kept = plausible(rr_s, SHORTEST_S, LONGEST_S)
    return RRIntervals(end_s[kept], rr_s[kept])


def _starts(night: Night) -> np.ndarray:
    """(n,) first sample of each segment, counted from the first sample of the recording."""
    borrowed_s = (night.ecg.shape[1] / RATE_HZ - round(night.page_s)) / 2  # 5 s for a 20 s page
    return np.asarray(np.rint((night.onset_s - borrowed_s) * RATE_HZ), np.int64)


def _runs(segment: np.ndarray) -> Iterator[slice]:
    """The rows of each stretch of consecutive segments."""
    borders = np.flatnonzero(np.diff(segment) != 1) + 1
    edges = [0, *borders.tolist(), len(segment)]
    return (slice(*pair) for pair in pairwise(edges))


def _peaks(ecg: np.ndarray) -> np.ndarray:
    """Samples at which the heart beat; none in a run that is flat but for its end."""
    alive = np.flatnonzero(np.diff(ecg))
    if not len(alive) or len(ecg) - alive[0] < LEARNING_S * RATE_HZ:
        return np.empty(0, np.int64)
    return np.asarray(detect_heartbeats(ecg.astype(np.float64), RATE_HZ))
