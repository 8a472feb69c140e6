"""What experts marked in a WFDB record: its heart beats, and where a lead is noisy.

The record's `.hea` file in, an Annotated out, or None where nobody marked anything.
Source: PhysioBank annotation codes, archive.physionet.org/physiobank/annotations.shtml.
"""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datasets.recording import UnusableRecording
from datasets.wfdb_header import guarded, import_wfdb

ANNOTATOR = "atr"  # the name kept for a database's reference annotations
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")  # codes that mark a beat
QUALITY = "~"  # its subtype has one bit a signal, set where that signal is noisy from here on
_MOST_BYTES = 2**26  # our choice, of a file of annotations


class Annotated(NamedTuple):
    """Annotations of one record, in seconds from its first sample."""

    beats_s: np.ndarray
    """(m,) float64, rising."""
    changes_s: np.ndarray
    """(c,) float64, rising: where the quality of the signals changes."""
    noisy: np.ndarray
    """(c,) int64, bit k set where signal k is noisy from that change on; -1 sets all."""


def read_annotations(path: Path, hz: float) -> Annotated | None:
    """The reference annotations that lie beside a header, or None.

    Args:
        path: the record's `.hea`.
        hz: the record's rate, for annotations that tell none of their own.
    """
    file = path.with_suffix(f".{ANNOTATOR}")
    if not file.is_file():
        return None
    if file.stat().st_size > _MOST_BYTES:
        raise UnusableRecording(f"{file.name} is larger than annotations may be, 64 MB.")
    notes = guarded(file, lambda: _read(path))
    at_s = np.asarray(notes.sample, np.float64) / float(notes.fs or hz)
    beat = np.array([symbol in BEATS for symbol in notes.symbol], bool)
    change = np.array([symbol == QUALITY for symbol in notes.symbol], bool)
    subtype = np.asarray(notes.subtype, np.int64)
    if not (np.diff(at_s) >= 0).all():
        raise UnusableRecording(f"{file.name} goes back in time. Fetch it again.")
    return Annotated(at_s[beat], at_s[change], subtype[change])


def noisy_samples(annotated: Annotated, signal: int, samples: int, hz: float) -> np.ndarray:
    """Where a record's signal was marked as noisy. Shapes: (samples,) bool."""
    states = annotated.noisy >> signal & 1
    last = np.searchsorted(annotated.changes_s, np.arange(samples) / hz, side="right")
    return np.concatenate([[0], states])[last] > 0  # nothing is noisy before the first change


def _read(path: Path) -> Any:
    with warnings.catch_warnings():  # it uses what pandas will drop
        warnings.simplefilter("ignore")
        return import_wfdb(path).rdann(str(path.absolute().with_suffix("")), ANNOTATOR)
