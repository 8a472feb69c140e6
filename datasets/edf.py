"""Reads EDF files: chosen signals at their own rates, annotations, labels, the start time.

Paths in; float32 arrays and annotations out. What cannot be read is an UnusableRecording whose
message says which file and why. pyedflib reads the samples; where its stricter checks refuse a
header (a unit of µV, an accented label) they are read as they lie. Annotations are read here
because pyedflib and others cut them or shift them by the first record's offset.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyedflib

from datasets.edf_header import ANNOTATIONS, EdfHeader, EdfSignal, read_header
from datasets.recording import UnusableRecording
from datasets.tal import Annotation, parse_tals

_CHUNK_BYTES = 2**24  # of a file read at a time; bounds the memory


class Channel(NamedTuple):
    """One signal of a file, in the file's unit."""

    label: str
    samples: np.ndarray
    """(n,) float32."""
    hz: float
    """Samples a record over the record's duration, never rounded."""
    unit: str
    """As the header spells it."""


class Annotations(NamedTuple):
    """All texts of a file and the time they count from."""

    start: datetime | None
    """None for a stand-alone annotation file, which has no header."""
    notes: tuple[Annotation, ...]


def signal_labels(path: Path) -> tuple[str, ...]:
    """Labels of all signals but annotations, in file order."""
    return tuple(s.label for s in read_header(path).signals if s.label != ANNOTATIONS)


def read_signals(path: Path, labels: Sequence[str]) -> tuple[Channel, ...]:
    """The asked signals of one EDF file, in the order asked."""
    header = read_header(path)
    if header.kind == "EDF+D":
        raise UnusableRecording(
            f"{path.name} is EDF+D (gaps between records); only EDF and EDF+C keep one clock. "
            "Export it as EDF+C."
        )
    if header.record_s == 0:
        raise UnusableRecording(f"{path.name} has records of 0 s; it holds annotations only.")
    return tuple(_read_signal(path, header, label) for label in labels)


def first_sample_time(path: Path) -> datetime:
    """Clock time of the first sample: the header's start and the first record's own offset."""
    header = read_header(path)
    keeper = next((s for s in header.signals if s.label == ANNOTATIONS), None)
    if keeper is None:
        return header.start
    notes = _parse(path, _column(path, header, keeper, records=1).tobytes())
    keeps_time = bool(notes) and not notes[0].text
    return header.start + timedelta(seconds=notes[0].onset_s if keeps_time else 0.0)


def read_annotations(path: Path) -> Annotations:
    """Every text of an EDF+ file or of a stand-alone annotation file.

    Differs from MNE, edfio and pyedflib: the onsets count from the header's start time, as EDF+
    has it, not from the file's first record.
    """
    if _is_stand_alone(path):
        return Annotations(None, _spoken(_parse(path, path.read_bytes())))
    header = read_header(path)
    keepers = [signal for signal in header.signals if signal.label == ANNOTATIONS]
    data = b"\x00".join(_column(path, header, keeper).tobytes() for keeper in keepers)
    return Annotations(header.start, _spoken(_parse(path, data)))


def _is_stand_alone(path: Path) -> bool:
    """Whether a file starts with an onset, where EDF would start with its version."""
    try:
        with open(path, "rb") as file:
            return file.read(1) in (b"+", b"-")
    except OSError:
        return False  # read_header names the trouble


def _parse(path: Path, data: bytes) -> list[Annotation]:
    try:
        return parse_tals(data)
    except ValueError as error:
        raise UnusableRecording(
            f"{path.name} has broken annotations: {error}. Fetch the file again."
        ) from None


def _spoken(notes: Sequence[Annotation]) -> tuple[Annotation, ...]:
    return tuple(note for note in notes if note.text)


def _read_signal(path: Path, header: EdfHeader, label: str) -> Channel:
    labels = [signal.label for signal in header.signals]
    if label not in labels:
        raise UnusableRecording(f"{path.name} has no signal {label!r}; it has {sorted(labels)}.")
    index = labels.index(label)
    signal = header.signals[index]
    if not np.isfinite(signal.gain) or signal.gain == 0 or signal.per_record < 1:
        raise UnusableRecording(
            f"{path.name} gives {label!r} the limits {signal.physical} for digital "
            f"{signal.digital}; both pairs must differ. Correct the header."
        )
    samples = _digital(path, header, index).astype(np.float32)
    samples -= np.float32(signal.digital[0])  # whole numbers below 2**24: exact
    samples *= np.float32(signal.gain)
    samples += np.float32(signal.physical[0])
    return Channel(label, samples, signal.per_record / header.record_s, signal.unit)


def _digital(path: Path, header: EdfHeader, index: int) -> np.ndarray:
    """(n,) integers of one signal."""
    hidden = header.kind.startswith("EDF+")  # pyedflib then leaves annotations out of its count
    before = [s for s in header.signals[:index] if not (hidden and s.label == ANNOTATIONS)]
    try:
        with pyedflib.EdfReader(
            str(path), pyedflib.DO_NOT_READ_ANNOTATIONS, pyedflib.DO_NOT_CHECK_FILE_SIZE
        ) as file:
            return np.asarray(file.readSignal(len(before), digital=True))
    except OSError:
        column = _column(path, header, header.signals[index])
        return column.view("<i2").ravel()


def _column(
    path: Path, header: EdfHeader, signal: EdfSignal, records: int | None = None
) -> np.ndarray:
    """Bytes of one signal as they lie in the first `records` data records, all if None.

    Shapes: returns (records, 2 * samples per record) uint8.
    """
    records = header.records if records is None else records
    width, chunk = 2 * signal.per_record, max(1, _CHUNK_BYTES // header.record_bytes)
    column = np.empty((records, width), np.uint8)
    with open(path, "rb") as file:
        file.seek(header.size)
        for first in range(0, records, chunk):
            rows = column[first : first + chunk]
            block = np.fromfile(file, np.uint8, len(rows) * header.record_bytes)
            rows[:] = block.reshape(len(rows), -1)[:, signal.offset : signal.offset + width]
    return column
