"""Nights of 20 s pages cut anew: at their pages, as long as they are, or on a grid of 30 s.

Takes a Night whose pages were widened by 5 s on each side; gives a ScaledNight whose rows follow
one another. Segments of a stretch without a gap are laid down at the samples where they were cut:
where two overlap they hold the same samples, so together they are the continuous signal.

Every night is scaled as networks know it: by the median and range of its widened segments where
scaling is "night". Where it is "segment", a page keeps the scale of its own widened segment, and
an epoch of the grid, which is a segment of its own, gets one of its own.
"""

from collections.abc import Callable

import numpy as np

from datasets.night import Night
from datasets.segments import BORROWED_S, SEGMENT_SAMPLES
from datasets.signals import RATE_HZ, halved
from datasets.stages import ClassScheme
from datasets.windows import SCALINGS, ScaledNight, runs

PAGE_S = 20
PAGE_SAMPLES = PAGE_S * RATE_HZ
BORROWED_SAMPLES = round(BORROWED_S[PAGE_S] * RATE_HZ)  # on each side

Cut = Callable[[Night, ClassScheme, str], ScaledNight | None]


def is_widened(page_s: float) -> bool:
    """Whether a night of such pages was cut into segments that overlap."""
    return round(page_s) == PAGE_S  # one lasts 19.99872 s on the clock of a 256 Hz file


def at_pages(night: Night, scheme: ClassScheme, scaling: str) -> ScaledNight:
    """A row of 4000 samples for each page, from its own first sample on; labels as scored.

    A page of 19.99872 s has 3999.744 samples, so at one border in four a row ends with the sample
    that the next one begins with. Those 5 ms are the price of labels that never drift off their
    pages: without them it would be 1.8 s after eight hours.

    Shapes: eeg and ecg (n, 6000) to (n, 4000); labels (n,).
    """
    middle = slice(BORROWED_SAMPLES, BORROWED_SAMPLES + PAGE_SAMPLES)
    return ScaledNight(
        subject=night.subject,
        eeg=halved(SCALINGS[scaling](night.eeg)[:, middle]),
        ecg=halved(SCALINGS[scaling](night.ecg)[:, middle]),
        labels=scheme.labels(night.stage),
        segment=night.segment,
    )


def on_grid(night: Night, scheme: ClassScheme, scaling: str) -> ScaledNight | None:
    """A row of 30 s after another, from the first page of each stretch on; None if there is none.

    An epoch has the label of the page that most of it lies in, see `pages_of_epochs`. Three pages
    make two epochs; at the end of a stretch 20 s are left out where one page is over, and 10 s
    where two are.

    Shapes: eeg and ecg (n, 6000) to (e, 6000), e about 2 n / 3; labels (e,).
    """
    starts = _starts(night)
    stretches = [s for s in _stretches(night.segment) if num_epochs(starts[s])]
    if not stretches:
        return None
    pages = np.concatenate([s[pages_of_epochs(starts[s])] for s in stretches])
    gaps = np.repeat(np.arange(len(stretches)), [num_epochs(starts[s]) for s in stretches])
    return ScaledNight(
        subject=night.subject,
        eeg=_epochs(night.eeg, starts, stretches, scaling),
        ecg=_epochs(night.ecg, starts, stretches, scaling),
        labels=scheme.labels(night.stage[pages]),
        segment=(np.arange(len(pages)) + gaps).astype(np.int32),
    )


def joined(rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The continuous signal of one stretch, from the first sample of its first row on.

    Shapes: rows (m, S), starts (m,) in samples; returns (starts[-1] - starts[0] + S,).
    """
    places = starts - starts[0]
    signal = np.zeros(places[-1] + rows.shape[1], rows.dtype)
    for row, place in zip(rows, places, strict=True):
        signal[place : place + len(row)] = row
    return signal


def num_epochs(starts: np.ndarray) -> int:
    """Epochs of 30 s in a stretch whose segments start at these samples, (m,).

    They begin with the first page. Pages are 0.26 samples shorter than 4000, so the last epoch
    may end in the 5 s borrowed behind the last page: 1.8 s far after eight hours.
    """
    beyond = SEGMENT_SAMPLES - BORROWED_SAMPLES  # of the last segment, from its page on
    return int((starts[-1] - starts[0] + beyond) // SEGMENT_SAMPLES)


def pages_of_epochs(starts: np.ndarray) -> np.ndarray:
    """The page that the larger part of each epoch lies in; of equal parts the earlier page.

    Of three pages the first and the third name the two epochs, with 20 s of each; the second, of
    which each epoch has 10 s, names none. A tie needs 5 s of drift, so a stretch of 22 hours.

    Shapes: starts (m,) in samples, of the segments of one stretch; returns (e,) indices of pages.
    """
    first = starts - starts[0]
    end = np.append(first[1:], first[-1] + PAGE_SAMPLES)
    epochs = SEGMENT_SAMPLES * np.arange(num_epochs(starts))[:, None]
    shared = np.minimum(epochs + SEGMENT_SAMPLES, end) - np.maximum(epochs, first)  # (e, m)
    pages: np.ndarray = shared.argmax(axis=1)
    return pages


def _epochs(
    rows: np.ndarray, starts: np.ndarray, stretches: list[np.ndarray], scaling: str
) -> np.ndarray:
    """(e, S) float16: one channel of all stretches, cut every 30 s and scaled."""
    before, after = ("none", scaling) if scaling == "segment" else (scaling, "none")
    scaled, found = SCALINGS[before](rows), []
    for stretch in stretches:
        signal = joined(scaled[stretch], starts[stretch])[BORROWED_SAMPLES:]
        whole = num_epochs(starts[stretch]) * SEGMENT_SAMPLES
        found.append(signal[:whole].reshape(-1, SEGMENT_SAMPLES))
    return halved(SCALINGS[after](np.concatenate(found)))


def _starts(night: Night) -> np.ndarray:
    """(n,) first sample of each segment, by the rule that `cut_segments` cuts by."""
    return np.rint((night.onset_s - BORROWED_S[PAGE_S]) * RATE_HZ).astype(np.int64)


def _stretches(segment: np.ndarray) -> list[np.ndarray]:
    """Rows of each run of pages that follow one another."""
    return [np.arange(start, start + rows) for start, rows in runs(segment)]
