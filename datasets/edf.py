"""Reads EDF files: chosen signals at their own rates, annotations, labels, the start time.

Paths in; float32 arrays and annotations out. What cannot be read is an UnusableRecording whose
message says which file and why. Samples are read here because pyedflib refuses sound files (a unit
of µV, an accented label) and takes six times as long; annotations because it and others cut them
or shift them by the first record's offset.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.edf_header import ANNOTATIONS, EdfHeader, EdfSignal, read_header
from datasets.recording import UnusableRecording
from datasets.tal import Annotation, parse_tals

_BLOCK_BYTES = 2**21  # of a file read at a time: what a core's cache holds


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
    signals = [_signal(path, header, label) for label in labels]
    return tuple(
        Channel(label, samples, signal.per_record / header.record_s, signal.unit)
        for label, signal, samples in zip(
            labels, signals, _samples(path, header, signals), strict=True
        )
    )


def first_sample_time(path: Path) -> datetime:
    """Clock time of the first sample: the header's start and the first record's own offset."""
    header = read_header(path)
    keeper = next((s for s in header.signals if s.label == ANNOTATIONS), None)
    if keeper is None:
        return header.start
    notes = _parse(path, _text(path, header, keeper, 1))
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
    data = b"\x00".join(_text(path, header, keeper, header.records) for keeper in keepers)
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


def _signal(path: Path, header: EdfHeader, label: str) -> EdfSignal:
    """The signal of that label, if its samples can be told."""
    found = {signal.label: signal for signal in reversed(header.signals)}
    if label not in found:
        labels = sorted(signal.label for signal in header.signals)
        raise UnusableRecording(f"{path.name} has no signal {label!r}; it has {labels}.")
    signal = found[label]
    if not np.isfinite(signal.gain) or signal.gain == 0 or signal.per_record < 1:
        raise UnusableRecording(
            f"{path.name} gives {label!r} the limits {signal.physical} for digital "
            f"{signal.digital}; both pairs must differ. Correct the header."
        )
    return signal


def _samples(path: Path, header: EdfHeader, signals: Sequence[EdfSignal]) -> list[np.ndarray]:
    """(n,) float32 of each signal in its unit, all in one pass over the file."""
    found = [np.empty((header.records, s.per_record), np.float32) for s in signals]
    for first, rows in _blocks(path, header, header.records):
        for signal, samples in zip(signals, found, strict=True):
            part = samples[first : first + len(rows)]
            part[:] = _bytes(rows, signal).view("<i2")
            part -= np.float32(signal.digital[0])  # whole numbers below 2**24: exact
            part *= np.float32(signal.gain)
            part += np.float32(signal.physical[0])
    return [samples.reshape(-1) for samples in found]


def _text(path: Path, header: EdfHeader, keeper: EdfSignal, records: int) -> bytes:
    """What a signal of annotations holds in the first data records."""
    blocks = _blocks(path, header, records)
    return b"".join(_bytes(rows, keeper).tobytes() for _, rows in blocks)


def _blocks(path: Path, header: EdfHeader, records: int) -> Iterator[tuple[int, np.ndarray]]:
    """The first data records, (m, record bytes) uint8 at a time, each beside its first's number.

    All signals of a record lie together, so that a signal alone costs the disk the whole file. A
    block stays in the processor's cache, and is overwritten by the next. Nothing is mapped: a file
    that shrinks meanwhile is an error, where it would be the end of the process.
    """
    size = max(1, _BLOCK_BYTES // max(1, header.record_bytes))
    block = np.empty((min(size, records), header.record_bytes), np.uint8)
    with open(path, "rb") as file:
        file.seek(header.size)
        for first in range(0, records, size):
            rows = block[: records - first]
            if file.readinto(rows.data) < rows.nbytes:
                raise UnusableRecording(f"{path.name} was cut while it was read. Fetch it again.")
            yield first, rows


def _bytes(rows: np.ndarray, signal: EdfSignal) -> np.ndarray:
    """A signal's columns of data records, (m, 2 * samples per record) uint8."""
    return rows[:, signal.offset : signal.offset + 2 * signal.per_record]
