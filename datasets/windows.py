"""Windows of T segments, cut from nights that lie in memory as half-precision floats.

Parquet files in, arrays out. A night of two channels takes about 23 MB, and a window is a slice
of it: of signals, labels, or whatever else there is a row of for each segment.

Differs: segments of 20 s pages, widened to 30 s as the paper has it, overlap by 10 s, so a window
of several of them repeats 10 s of signal at each border; with T = 1, as in the paper, none does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.parquet import read_night
from datasets.signals import halved, robust_scale, segment_scale
from datasets.stages import ClassScheme

SCALINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # (n, S) -> (n, S)
    "night": robust_scale,  # one median and range for the night's channel
    "segment": segment_scale,  # to [0, 1] within each segment, as the released code has it
    "none": np.copy,
}


@dataclass(frozen=True, eq=False)
class ScaledNight:
    """One night as networks see it."""

    subject: str
    eeg: np.ndarray
    """(n, S) float16."""
    ecg: np.ndarray
    """(n, S) float16."""
    labels: np.ndarray
    """(n,) int64, a class of the scheme or UNSCORED."""
    segment: np.ndarray
    """(n,) int32, rising; a gap here is a gap in time."""

    def __post_init__(self) -> None:
        n = len(self.segment)
        assert n > 0
        assert self.labels.shape == self.segment.shape == (n,)
        assert self.eeg.shape == self.ecg.shape == (n, self.eeg.shape[1])
        assert self.eeg.dtype == self.ecg.dtype == np.float16
        assert self.eeg.flags.c_contiguous
        assert self.ecg.flags.c_contiguous


class WindowRef(NamedTuple):
    """Where a window lies: rows start to start + length of one night."""

    night: int
    """Index among the nights that the refs were made for."""
    start: int
    length: int
    """T, or less where a run of segments is shorter than a window."""
    fresh: int
    """How many of the last rows no window before has covered; scoring takes these alone."""


def load_night(path: Path, scheme: ClassScheme, scaling: str = "night") -> ScaledNight:
    """One night, scaled and labelled."""
    if scaling not in SCALINGS:
        raise ValueError(f"scaling is {scaling!r}; allowed are {sorted(SCALINGS)}.")
    night = read_night(path)
    return ScaledNight(
        subject=night.subject,
        eeg=halved(SCALINGS[scaling](night.eeg)),
        ecg=halved(SCALINGS[scaling](night.ecg)),
        labels=scheme.labels(night.stage),
        segment=night.segment,
    )


def window_refs(
    nights: Sequence[ScaledNight], segments: int, *, offset: int = 0
) -> list[WindowRef]:
    """Windows that cover every row of every night, each row fresh in exactly one.

    A window never spans a gap in time. The last window of a run is moved back to end with the
    run; a run shorter than a window makes a short window.

    Args:
        segments: T, segments in a window.
        offset: rows by which the grid is shifted, so that training sees other borders each epoch.
    """
    if segments < 1:
        raise ValueError(f"a window has {segments} segments; it needs at least 1.")
    return [
        WindowRef(index, start + first, length, fresh)
        for index, night in enumerate(nights)
        for start, rows in runs(night.segment)
        for first, length, fresh in _tiles(rows, segments, offset % segments)
    ]


def cut(
    nights: Sequence[np.ndarray], refs: Sequence[WindowRef], segments: int, fill: int = 0
) -> np.ndarray:
    """The rows of some windows, out of arrays with a row a segment; short ones are filled up.

    Shapes: nights (n, ...), one a night; returns (B, T, ...) of the same dtype.
    """
    windows = np.empty((len(refs), segments, *nights[0].shape[1:]), nights[0].dtype)
    for window, (index, start, length, _) in zip(windows, refs, strict=True):
        window[:length] = nights[index][start : start + length]
        window[length:] = fill
    return windows


def paste(nights: Sequence[np.ndarray], refs: Sequence[WindowRef], windows: np.ndarray) -> None:
    """Write what belongs to the segments of some windows to the rows that are fresh in them.

    Shapes: windows (B, T, ...) into nights (n, ...), one a night.
    """
    for window, (index, start, length, fresh) in zip(windows, refs, strict=True):
        stale = length - fresh
        nights[index][start + stale : start + length] = window[stale:length]


def runs(segment: np.ndarray) -> Iterator[tuple[int, int]]:
    """(first row, rows) of each stretch of consecutive segments."""
    borders = np.flatnonzero(np.diff(segment) != 1) + 1
    starts = [0, *borders.tolist()]
    for start, end in zip(starts, [*starts[1:], len(segment)], strict=True):
        yield start, end - start


def _tiles(rows: int, segments: int, offset: int) -> Iterator[tuple[int, int, int]]:
    """(start, length, fresh) of the windows of one run."""
    length = min(rows, segments)
    ends = range(offset, rows + segments, segments)
    covered = 0
    for end in sorted({min(max(end, length), rows) for end in ends}):
        yield end - length, length, end - covered
        covered = end
