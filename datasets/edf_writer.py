"""Writes EDF+C files: signals on one clock, or annotations alone, as a staged night's are.

It needs numpy alone. Written here because the common writers cannot write MASS, which generated
cohorts look like: pyedflib's cuts annotations at 40 characters and edfio's refuses many numbers of
records of 0.999936 s. What it is given is trusted: an assert shows what does not fit.
Source: Kemp and Olivan 2003, the EDF+ specification.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

DIGITAL_MAX = 32767
NOTES_A_RECORD = 400  # a record should stay below 61,440 bytes
ANNOTATIONS = "EDF Annotations"
# English whatever the locale, as EDF+ has them
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Channel(NamedTuple):
    """One signal as it goes into a file."""

    label: str
    unit: str
    samples: np.ndarray
    """(records * per_record,), in `unit`."""
    limit: float
    """Largest magnitude that the file can hold, in `unit`; what exceeds it is held there."""
    per_record: int
    """Samples in a data record."""


class Note(NamedTuple):
    """One annotation."""

    onset_s: float
    duration_s: float
    text: str

    def tal(self, offset_s: float = 0.0) -> bytes:
        """As EDF+ writes it: a time-stamped annotation list of one text."""
        onset = f"{self.onset_s + offset_s:+.10f}"
        return f"{onset}\x15{self.duration_s:.5f}\x14{self.text}\x14\0".encode()


def write_signals(
    path: Path, start: datetime, record_s: float, channels: Sequence[Channel]
) -> None:
    """A file of signals that starts at a time, to the microsecond, in records of `record_s`."""
    records = len(channels[0].samples) // channels[0].per_record
    offset_s = start.microsecond / 1e6
    clock = [f"{offset_s + i * record_s:+.6f}\x14\x14\0".encode() for i in range(records)]
    columns = [_digital(channel) for channel in channels] + [_padded(clock)]
    _write(path, _header(start, records, record_s, channels, columns), columns)


def write_notes(path: Path, start: datetime, notes: Sequence[Note]) -> None:
    """A file of annotations alone, whose onsets count from `start`, years 1985 to 2084.

    Beside a recording of the same start it is on the same clock, to the microsecond.
    """
    offset_s = start.microsecond / 1e6  # the header's start has whole seconds only
    keeper = f"{offset_s:+.6f}\x14\x14\0".encode()
    tals = [note.tal(offset_s) for note in notes]
    groups = [tals[i : i + NOTES_A_RECORD] for i in range(0, len(tals) or 1, NOTES_A_RECORD)]
    columns = [_padded([keeper + b"".join(group) for group in groups])]
    _write(path, _header(start, len(groups), 0, [], columns), columns)


def write_bare_notes(path: Path, notes: Sequence[Note]) -> None:
    """A stand-alone annotation file (SAF): the annotations without a header."""
    path.write_bytes(b"".join(note.tal() for note in notes))


def _digital(channel: Channel) -> np.ndarray:
    """(records, samples per record) int16; zero stays zero."""
    scaled = np.rint(channel.samples * (DIGITAL_MAX / channel.limit))
    scaled = scaled.clip(-DIGITAL_MAX, DIGITAL_MAX).astype("<i2")
    return np.asarray(scaled).reshape(-1, channel.per_record)


def _padded(texts: Sequence[bytes]) -> np.ndarray:
    """(records, half the longest text's bytes) int16, filled up with zero bytes."""
    width = -(-max(len(text) for text in texts) // 2)
    rows = b"".join(text.ljust(2 * width, b"\0") for text in texts)
    return np.frombuffer(rows, "<i2").reshape(len(texts), width)


def _header(
    start: datetime,
    records: int,
    record_s: float,
    channels: Sequence[Channel],
    columns: Sequence[np.ndarray],
) -> bytes:
    """The fields of the file, then each field of all signals, the annotations' last."""
    day = f"{start.day:02}-{MONTHS[start.month - 1]}-{start.year}"
    file_fields = [
        ("0", 8),
        ("X X X X", 80),
        (f"Startdate {day} X X X", 80),
        (start.strftime("%d.%m.%y"), 8),
        (start.strftime("%H.%M.%S"), 8),
        (256 * (len(columns) + 1), 8),
        ("EDF+C", 44),
        (records, 8),
        (f"{record_s:g}", 8),
        (len(columns), 4),
    ]
    limits = [f"{channel.limit:g}" for channel in channels]
    signal_fields: list[tuple[Sequence[object], int]] = [
        ([channel.label for channel in channels] + [ANNOTATIONS], 16),
        ([""] * len(columns), 80),
        ([channel.unit for channel in channels] + [""], 8),
        ([f"-{limit}" for limit in limits] + ["-1"], 8),
        ([*limits, "1"], 8),
        ([-DIGITAL_MAX] * len(channels) + [-DIGITAL_MAX - 1], 8),  # the annotations' is fixed
        ([DIGITAL_MAX] * len(columns), 8),
        ([""] * len(columns), 80),
        ([column.shape[1] for column in columns], 8),
        ([""] * len(columns), 32),
    ]
    fields = file_fields + [(value, width) for row, width in signal_fields for value in row]
    return b"".join(_field(value, width) for value, width in fields)


def _field(value: object, width: int) -> bytes:
    text = str(value)
    assert len(text) <= width, f"{text!r} does not fit {width} characters"
    return text.ljust(width).encode("ascii")


def _write(path: Path, header: bytes, columns: Sequence[np.ndarray]) -> None:
    with open(path, "wb") as file:
        file.write(header)
        np.concatenate(columns, axis=1).tofile(file)  # (records, samples of a record)
