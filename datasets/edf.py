"""Reads EDF files: chosen signals at their own rates, annotations, labels, the start time.

Paths in; float32 arrays and annotations out. What cannot be read is an UnusableRecording whose
message says which file and why: a file for training must be whole, on one clock and EDF, where
datasets.edf_ecg takes more. Samples are read here because pyedflib refuses sound files (a unit of
µV, an accented label) and takes six times as long; annotations because it and others cut them or
shift them by the first record's offset.
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
    return tuple(s.label for s in read_header(path).signals if s.label not in ANNOTATIONS)


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
    signals = [find_signal(path, header, label) for label in labels]
    return tuple(
        Channel(label, samples, signal.per_record / header.record_s, signal.unit)
        for label, signal, samples in zip(
            labels, signals, read_samples(path, header, signals), strict=True
        )
    )


def first_sample_time(path: Path) -> datetime:
    """Clock time of the first sample: the header's start and the first record's own offset."""
    header = read_header(path)
    if not header.keepers:
        return header.start
    notes = _parse(path, _text(path, header, header.keepers[0], 1))
    offset_s = notes[0].onset_s if notes and not notes[0].text else 0.0
    try:
        return header.start + timedelta(seconds=offset_s)
    except OverflowError:
        raise UnusableRecording(
            f"{path.name} starts {offset_s:g} s after the time in its header. Fetch it again."
        ) from None


def read_annotations(path: Path) -> Annotations:
    """Every text of an EDF+ file or of a stand-alone annotation file.

    Differs from MNE, edfio and pyedflib: the onsets count from the header's start time, as EDF+
    has it, not from the file's first record.
    """
    if _is_stand_alone(path):
        return Annotations(None, _spoken(_parse(path, path.read_bytes())))
    header = read_header(path)
    data = b"\x00".join(_text(path, header, keeper, header.records) for keeper in header.keepers)
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


def find_signal(path: Path, header: EdfHeader, label: str) -> EdfSignal:
    """The signal of that label, if its samples can be told."""
    found = {signal.label: signal for signal in reversed(header.signals)}
    if label not in found:
        labels = sorted(signal.label for signal in header.signals)
        raise UnusableRecording(f"{path.name} has no signal {label!r}; it has {labels}.")
    check_limits(path, found[label])
    return found[label]


def check_limits(path: Path, signal: EdfSignal) -> None:
    """Refuse a signal whose samples cannot be told from its header."""
    if not np.isfinite(signal.gain) or signal.per_record < 1:
        raise UnusableRecording(
            f"{path.name} gives {signal.label!r} {signal.per_record} samples a record and the "
            f"limits {signal.physical} for digital {signal.digital}; both pairs must differ, in "
            "numbers that samples can hold. Correct the header."
        )


def read_samples(path: Path, header: EdfHeader, signals: Sequence[EdfSignal]) -> list[np.ndarray]:
    """(n,) float32 of each signal in its unit, all in one pass over the file."""
    found = [np.empty((header.records, s.per_record), np.float32) for s in signals]
    for first, rows in read_blocks(path, header, header.records):
        for signal, samples in zip(signals, found, strict=True):
            decode(rows, header, signal, samples[first : first + len(rows)])
    return [samples.reshape(-1) for samples in found]


def decode(rows: np.ndarray, header: EdfHeader, signal: EdfSignal, part: np.ndarray) -> None:
    """Fill (m, samples per record) float32 with a signal's samples of m data records."""
    columns = signal_bytes(rows, header, signal)
    if header.sample_bytes == 2:
        part[:] = columns.view("<i2")
    else:  # three bytes are the upper three of four
        wide = np.zeros((*part.shape, 4), np.uint8)
        wide[..., 1:] = columns.reshape(*part.shape, 3)
        part[:] = wide.view("<i4")[..., 0] >> 8
    part -= np.float32(signal.digital[0])  # whole numbers up to 2**24: exact
    part *= np.float32(signal.gain)
    part += np.float32(signal.physical[0])


def _text(path: Path, header: EdfHeader, keeper: EdfSignal, records: int) -> bytes:
    """What a signal of annotations holds in the first data records."""
    blocks = read_blocks(path, header, records)
    return b"".join(signal_bytes(rows, header, keeper).tobytes() for _, rows in blocks)


def read_blocks(path: Path, header: EdfHeader, records: int) -> Iterator[tuple[int, np.ndarray]]:
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


def signal_bytes(rows: np.ndarray, header: EdfHeader, signal: EdfSignal) -> np.ndarray:
    """A signal's columns of data records, (m, bytes per sample * samples per record) uint8."""
    return rows[:, signal.offset : signal.offset + header.sample_bytes * signal.per_record]
