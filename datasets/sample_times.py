"""A column of times: what rate it tells, and where it says that samples are missing.

Times in seconds and samples go in; samples on one even clock come out, NaN where a gap was.
"""

import re
import warnings
from datetime import datetime
from typing import NamedTuple

import numpy as np

from datasets.gaps import check_rate, check_span
from datasets.recording import UnusableRecording

GAP = 1.5  # samples from one to the next; more is a gap
UNEVEN = 0.01  # our choice: share of steps that may be gaps or repeats, and of drift in a run
SECOND = r"s(ec(ond)?s?)?"  # the unit, in a column's name
PARTS = {"m(illi)?": 1e-3, "(u|µ|μ|micro)": 1e-6, "n(ano)?": 1e-9}  # before it -> seconds
_EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))  # since 1970: from here on in ns, us, ms
_DAY_S = 24 * 3600
CLOCK = re.compile(r"([0-9]+:)?[0-9]+:[0-9]+([.][0-9]+)?")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]")
_ZONE = re.compile(r"[0-9](Z|[+-][0-9]{2}:?[0-9]{2})$")


class Even(NamedTuple):
    """Samples on one clock."""

    samples: np.ndarray
    """(n,) float32, NaN in gaps."""
    hz: float
    gaps: int
    missing: int
    """Samples in all gaps."""


def spread(samples: np.ndarray, seconds: np.ndarray, where: str) -> Even:
    """Samples laid onto the clock that their own times tell.

    Shapes: samples (m,) float32, seconds (m,) float64.
    """
    steps = _steps(seconds, where)
    middle = float(np.median(steps))
    gap = steps > GAP * middle
    even = steps[~gap]
    if middle <= 0 or max(gap.mean(), (even < middle / 2).mean()) > UNEVEN:
        raise _uneven(where, middle)
    hz = _rate(float(even.mean()), len(even))
    check_rate(hz, where)
    firsts = np.concatenate([[0], np.flatnonzero(gap) + 1])
    lengths = np.diff(np.append(firsts, len(samples)))
    spans = (seconds[firsts + lengths - 1] - seconds[firsts]) * hz + 1
    if (np.abs(spans - lengths) > np.maximum(GAP, UNEVEN * lengths)).any():
        raise _uneven(where, middle)
    places = (seconds[firsts] - seconds[0]) * hz
    check_span(round(places[-1] + lengths[-1]), len(samples), hz, where)
    return _lay(samples, hz, firsts, lengths, np.rint(places).astype(np.int64))


def text_seconds(cells: np.ndarray, where: str) -> np.ndarray:
    """Seconds from an arbitrary zero for ISO date-times or clock times such as 22:00:00.005.

    Shapes: (m,) text to (m,) float64; clock times start again at midnight.
    """
    try:
        first = str(cells[0]).strip()
        if CLOCK.fullmatch(first):
            return np.array([_clock_s(cell) for cell in cells])
        if _ZONE.search(first):
            return np.array([datetime.fromisoformat(cell.strip()).timestamp() for cell in cells])
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a zone in some cells only
            return np.asarray(cells.astype("datetime64[us]").astype(np.int64) / 1e6)
    except (ValueError, OverflowError, UserWarning) as error:
        raise UnusableRecording(
            f"{where} has times that cannot be read ({str(error)[:100]!r}); allowed are seconds, "
            "2000-01-31T22:00:00.005 and 22:00:00.005. Or give the rate with --hz."
        ) from None


def over_midnight(seconds: np.ndarray) -> np.ndarray:
    """Clock times that go on behind midnight."""
    days = np.concatenate([[0.0], np.cumsum(np.diff(seconds) < -_DAY_S / 2)])
    return np.asarray(seconds + _DAY_S * days)


def number_seconds(numbers: np.ndarray, name: str) -> np.ndarray:
    """Numbers of a column in seconds, by the unit in its name or by their size."""
    for part, seconds in PARTS.items():
        if re.search(rf"(?<![a-z]){part}{SECOND}(?![a-z])", name, re.IGNORECASE):
            return np.asarray(numbers * seconds)
    scale = next((unit for least, unit in _EPOCHS if (numbers[:1] >= least).any()), 1.0)
    return np.asarray(numbers * scale)


def clock_time(text: str) -> datetime | None:
    """The wall-clock time of an ISO date-time; bare digits are a counter, or since an epoch."""
    if not _DATE_TIME.match(text.strip()):
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _steps(seconds: np.ndarray, where: str) -> np.ndarray:
    if len(seconds) < 2:
        raise UnusableRecording(f"{where} has {len(seconds)} samples; a rate needs more.")
    steps = np.diff(seconds)
    forward = (steps >= 0) & (steps < np.inf)
    if not forward.all():
        index = int((~forward).argmax())
        raise UnusableRecording(
            f"{where} has the time {seconds[index + 1]:g} s in row {index + 2} behind "
            f"{seconds[index]:g} s; times must rise. Sort the rows, or give the rate with --hz."
        )
    return steps


def _uneven(where: str, step_s: float) -> UnusableRecording:
    return UnusableRecording(
        f"{where} has a time column that is not even: the middle step is {step_s:g} s, and more "
        f"than {UNEVEN:.0%} differ. Give the rate with --hz."
    )


def _rate(step_s: float, steps: int) -> float:
    """The rate; a whole one where the two differ by less than a sample in the recording."""
    hz = 1 / step_s
    return float(round(hz)) if abs(hz - round(hz)) * steps < hz else hz


def _lay(
    samples: np.ndarray, hz: float, firsts: np.ndarray, lengths: np.ndarray, places: np.ndarray
) -> Even:
    """Runs of samples, each at its place or, where that is taken, behind the one before."""
    ends = np.cumsum(lengths)
    places = np.maximum.accumulate(places - (ends - lengths)) + (ends - lengths)
    if len(firsts) == 1:
        return Even(samples, hz, 0, 0)
    laid = np.full(int(places[-1] + lengths[-1]), np.nan, np.float32)
    for first, length, place in zip(firsts, lengths, places, strict=True):
        laid[place : place + length] = samples[first : first + length]
    return Even(laid, hz, len(firsts) - 1, len(laid) - len(samples))


def _clock_s(text: str) -> float:
    parts = text.strip().split(":")
    if not CLOCK.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no clock time")
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    return seconds
