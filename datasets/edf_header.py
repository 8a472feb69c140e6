"""The header of an EDF file, read and checked: what lies where, and since when.

Takes a path; gives an EdfHeader, or an UnusableRecording with one line of reason. The reading is
our own because pyedflib refuses sound files (a unit of µV, gaps between records) that must at
least be told apart, and because its errors do not say what to do.
Source: the EDF and EDF+ specifications, edfplus.info.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import accumulate
from pathlib import Path

from datasets.recording import UnusableRecording

ANNOTATIONS = "EDF Annotations"  # label of the signals that hold text
_BLOCK = 256  # bytes of the fixed part, and of each signal's part
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)  # fields of a signal, each field for all signals


@dataclass(frozen=True)
class EdfSignal:
    """One signal as the header describes it."""

    label: str
    unit: str
    physical: tuple[float, float]
    """What the digital limits stand for, in `unit`."""
    digital: tuple[float, float]
    per_record: int
    """Samples in a data record."""
    offset: int
    """Where its samples start in a data record, in bytes."""

    @property
    def gain(self) -> float:
        """Units a digital step; NaN where the header gives no sound limits."""
        (low, high), (bottom, top) = self.physical, self.digital
        return (high - low) / (top - bottom) if top > bottom else math.nan


@dataclass(frozen=True)
class EdfHeader:
    """What a reader must know of an EDF file."""

    start: datetime
    """Start of the file in whole seconds; annotations count from it."""
    kind: str
    """Empty for plain EDF, "EDF+C", or "EDF+D" where there are gaps between records."""
    size: int
    """Bytes before the first data record."""
    records: int
    """Number of data records."""
    record_s: float
    """Length of a data record, often fractional; 0 where there are only annotations."""
    signals: tuple[EdfSignal, ...]
    """All signals in file order, those with annotations too."""

    @property
    def record_bytes(self) -> int:
        """Size of a data record."""
        return sum(2 * signal.per_record for signal in self.signals)


def read_header(path: Path) -> EdfHeader:
    """The checked header of an EDF, EDF+C or EDF+D file."""
    try:
        with open(path, "rb") as file:
            fixed = file.read(_BLOCK)
            fields = file.read(_BLOCK * _num_signals(fixed))
        header = _parse(fixed, fields)
        missing = header.size + header.records * header.record_bytes - path.stat().st_size
    except OSError as error:
        raise UnusableRecording(
            f"{path.name} cannot be read ({error.strerror}); check the path and its permissions."
        ) from None
    except ValueError as error:
        raise UnusableRecording(
            f"{path.name} is not a sound EDF file: {error}. Fetch it again or export it as EDF+C."
        ) from None
    if missing > 0:
        raise UnusableRecording(
            f"{path.name} is truncated: {missing} bytes of its {header.records} data records are "
            "missing. Fetch it again."
        )
    return header


def _num_signals(fixed: bytes) -> int:
    """Number of signals, once the file is known to be an EDF file."""
    if not fixed:
        raise ValueError("it is empty")
    if len(fixed) < _BLOCK or fixed[:8].strip() != b"0":
        raise ValueError(f"it starts with {fixed[:8]!r} where EDF has b'0       '")
    count, size = int(fixed[252:]), int(fixed[184:192])
    if count < 1 or size != _BLOCK * (count + 1):
        raise ValueError(f"its header claims {count} signals in {size} bytes")
    return count


def _parse(fixed: bytes, fields: bytes) -> EdfHeader:
    records, record_s = int(fixed[236:244]), float(fixed[244:252])
    if records < 1 or not 0 <= record_s < math.inf:
        raise ValueError(f"its header claims {records} data records of {record_s} s")
    return EdfHeader(
        start=datetime.strptime(_text(fixed[168:184]), "%d.%m.%y%H.%M.%S"),
        kind=_text(fixed[192:197]),
        size=_BLOCK + len(fields),
        records=records,
        record_s=record_s,
        signals=_parse_signals(fields, int(fixed[252:])),
    )


def _parse_signals(fields: bytes, count: int) -> tuple[EdfSignal, ...]:
    if len(fields) < _BLOCK * count:
        raise ValueError("its header is cut off")
    stream = BytesIO(fields)
    columns = [[_text(stream.read(width)) for _ in range(count)] for width in _WIDTHS]
    labels, _, units, lows, highs, bottoms, tops, _, counts, _ = columns
    per_record = [int(samples) for samples in counts]
    if min(per_record) < 0:
        raise ValueError(f"its header claims {min(per_record)} samples a record")
    offsets = accumulate((2 * samples for samples in per_record), initial=0)
    return tuple(
        EdfSignal(label, unit, (_number(low), _number(high)), (_number(bottom), _number(top)), *at)
        for label, unit, low, high, bottom, top, *at in zip(
            labels, units, lows, highs, bottoms, tops, per_record, offsets, strict=False
        )
    )


def _number(text: str) -> float:
    """A limit of a signal; NaN is refused only where that signal is wanted."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _text(field: bytes) -> str:
    """A header field; the standard wants ASCII, real files hold UTF-8 or Latin-1."""
    try:
        return field.decode("utf-8").strip(" \x00")
    except UnicodeDecodeError:
        return field.decode("latin-1").strip(" \x00")
