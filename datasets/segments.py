"""From a night to its scored segments of 30 s at 200 Hz.

A Recording in, a Night out. Pages of 20 s are widened by 5 s on each side, so the first and the
last of them, which have no neighbour, are dropped. Pages without a stage, pages that outrun the
signal and flat tails take no part.
Source: Sec. II-C of arXiv:2112.07252 for rate and widening.
"""

import logging

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from datasets.night import Night
from datasets.recording import Hypnogram, Recording, Signal, UnusableRecording
from datasets.signals import RATE_HZ, is_flat, resample
from datasets.stages import UNSCORED

logger = logging.getLogger(__name__)

SEGMENT_S = 30
SEGMENT_SAMPLES = SEGMENT_S * RATE_HZ
TOLERANCE_S = 0.5  # by which a page may last longer or shorter than it should
BORROWED_S = {20: 5.0, 30: 0.0}  # on each side, for each length of page


def cut_segments(recording: Recording) -> Night:
    """All usable segments of a night in time order.

    `onset_s` is where the scored page starts, `segment` its place counted in pages, so a gap in
    `segment` is a gap in time.
    """
    eeg, ecg = _at_rate(recording.eeg), _at_rate(recording.ecg)
    pages = _usable_pages(recording, min(len(eeg), len(ecg)))
    starts = _starts(recording.hypnogram)[pages]
    eeg_rows = sliding_window_view(eeg, SEGMENT_SAMPLES)[starts]  # (n, S), copied
    ecg_rows = sliding_window_view(ecg, SEGMENT_SAMPLES)[starts]
    kept = _without_flat_ends(recording, eeg_rows, ecg_rows)
    pages = pages[kept]
    logger.info("%s: segments=%d pages=%d", recording.subject, len(pages), len(starts))
    return Night(
        subject=recording.subject,
        subset=recording.subset,
        person=recording.person,
        page_s=recording.hypnogram.page_s,
        eeg_channel=recording.eeg.label,
        ecg_channel=recording.ecg.label,
        segment=_places(recording.hypnogram)[pages],
        onset_s=recording.hypnogram.onset_s[pages],
        stage=recording.hypnogram.stages[pages],
        eeg=eeg_rows[kept],
        ecg=ecg_rows[kept],
    )


def _at_rate(signal: Signal) -> np.ndarray:
    """A night at 200 Hz, float32, with one sample to spare.

    A page of 29.99808 s that ends with the signal needs the spare one to fill 6000 samples.
    """
    samples = resample(signal.samples.astype(np.float32, copy=False), signal.hz, RATE_HZ)
    return np.pad(samples, (0, 1), "edge")


def _borrowed_s(hypnogram: Hypnogram) -> float:
    """Seconds that a segment takes from each neighbour of its page."""
    page_s = min(BORROWED_S, key=lambda length: abs(length - hypnogram.page_s))
    if abs(page_s - hypnogram.page_s) > TOLERANCE_S:
        raise UnusableRecording(
            f"pages last {hypnogram.page_s:g} s; allowed are {sorted(BORROWED_S)} s."
        )
    return BORROWED_S[page_s]


def _starts(hypnogram: Hypnogram) -> np.ndarray:
    """(m,) first sample of each segment at 200 Hz, outside of the signal too."""
    return np.rint((hypnogram.onset_s - _borrowed_s(hypnogram)) * RATE_HZ).astype(np.int64)


def _places(hypnogram: Hypnogram) -> np.ndarray:
    """(m,) int32 position of each page, counted in pages from the first.

    Pages that do not follow each other are two apart at least, so that a gap, or a page cut short,
    is a gap in the positions however little is missing.
    """
    apart_s = np.diff(hypnogram.onset_s)
    follows = np.abs(apart_s - hypnogram.page_s) <= TOLERANCE_S
    steps = np.where(follows, 1, np.maximum(2, np.rint(apart_s / hypnogram.page_s)))
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int32)


def _usable_pages(recording: Recording, length: int) -> np.ndarray:
    """(n,) indices of scored pages whose segment lies in the signal."""
    hypnogram = recording.hypnogram
    starts, scored = _starts(hypnogram), hypnogram.stages != UNSCORED
    inside = (starts >= 0) & (starts + SEGMENT_SAMPLES <= length)
    if _borrowed_s(hypnogram):
        inside[[0, -1]] = False
    usable = np.flatnonzero(scored & inside)
    if not len(usable):
        raise UnusableRecording(
            f"{recording.subject} has {scored.sum()} scored pages but none inside its signal: "
            f"pages start from {hypnogram.onset_s[0]:.1f} to {hypnogram.onset_s[-1]:.1f} s, the "
            f"signal lasts {length / RATE_HZ:.1f} s. Compare the start times of its two files."
        )
    return usable


def _without_flat_ends(recording: Recording, eeg: np.ndarray, ecg: np.ndarray) -> slice:
    """From the first to the last segment in which both signals live.

    Shapes: eeg and ecg (n, S).
    """
    flat_eeg = is_flat(eeg, RATE_HZ, recording.eeg.unit)  # (n, S) -> (n,)
    flat_ecg = is_flat(ecg, RATE_HZ, recording.ecg.unit)
    flat = flat_eeg | flat_ecg
    if flat.mean() > 0.5:
        raise UnusableRecording(
            f"{recording.subject} is flat in {flat.sum()} of its {len(flat)} scored pages "
            f"({flat_eeg.sum()} of {recording.eeg.label!r}, {flat_ecg.sum()} of "
            f"{recording.ecg.label!r}); at most half may be. Leave the night out."
        )
    alive = np.flatnonzero(~flat)
    return slice(alive[0], alive[-1] + 1)
