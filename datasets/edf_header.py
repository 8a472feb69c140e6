"""The header of an EDF or BDF file, read and checked: what lies where, and since when.

Takes a path; gives an EdfHeader, or an UnusableRecording with one line of reason. The reading is
our own because pyedflib refuses sound files (a unit of µV, gaps between records) that must at
least be told apart, and because its errors do not say what to do.
Source: the EDF and EDF+ specifications, edfplus.info; BDF, biosemi.com/faq/file_format.htm.
"""

import math
import os
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import accumulate
from pathlib import Path

from datasets.edf_fields import number, text, whole_number
from datasets.recording import UnusableRecording

ANNOTATIONS = ("EDF Annotations", "BDF Annotations")  # labels of the signals that hold text
BDF = b"\xffBIOSEMI"
FIRST_YEAR = 1985  # the clipping date of EDF: two digits mean 1985 to 2084
UTMOST = (1e30, 2.0**24)  # physical and digital: beyond them float32 is not finite or not exact
_STARTS = {b"0": 2, BDF: 3}  # how a file opens -> bytes a sample
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
        sound = bottom < top and -UTMOST[1] <= bottom and top <= UTMOST[1]
        if not sound or not max(abs(low), abs(high)) < UTMOST[0]:
            return math.nan
        gain = (high - low) / (top - bottom)
        return gain if abs(gain) > 1 / UTMOST[0] else math.nan


@dataclass(frozen=True)
class EdfHeader:
    """What a reader must know of an EDF file."""

    clock: str
    """Start date and time as the file spells them: "dd.mm.yyhh.mm.ss"."""
    kind: str
    """Empty for plain EDF, "EDF+C", or "EDF+D" where there are gaps between records; as BDF+."""
    sample_bytes: int
    """2 in EDF, 3 in BDF."""
    size: int
    """Bytes before the first data record."""
    records: int
    """Number of data records."""
    record_s: float
    """Length of a data record, often fractional; 0 where there are only annotations."""
    signals: tuple[EdfSignal, ...]
    """All signals in file order, those with annotations too."""

    @property
    def start(self) -> datetime:
        """Start of the file in whole seconds; annotations count from it.

        Raises a ValueError where the header has no such date.
        """
        start = datetime.strptime(self.clock, "%d.%m.%y%H.%M.%S")
        return start if start.year >= FIRST_YEAR else start.replace(year=start.year + 100)

    @property
    def record_bytes(self) -> int:
        """Size of a data record."""
        return sum(self.sample_bytes * signal.per_record for signal in self.signals)

    @property
    def keepers(self) -> list[EdfSignal]:
        """The signals that hold text; the first of them keeps the time of the records too."""
        return [signal for signal in self.signals if signal.label in ANNOTATIONS]


def read_header(path: Path) -> EdfHeader:
    """The checked header of an EDF, EDF+C or EDF+D file that is whole."""
    header, size = read_any_header(path, whole=True)
    missing = header.size + header.records * header.record_bytes - size
    if missing > 0:
        raise UnusableRecording(
            f"{path.name} is truncated: {missing} bytes of its {header.records} data records are "
            "missing. Fetch it again."
        )
    return header


def read_any_header(path: Path, *, whole: bool = False) -> tuple[EdfHeader, int]:
    """The header of an EDF or BDF file, and the file's size.

    Unless it must be whole, the header may tell no date and no number of records, and what it
    tells may lie beyond the file's end.
    """
    try:
        with open(path, "rb") as file:
            fixed = file.read(_BLOCK)
            fields = file.read(_BLOCK * _num_signals(fixed, [*_STARTS][: 1 if whole else None]))
            header, size = _parse(fixed, fields), os.fstat(file.fileno()).st_size
        if whole:
            _check_whole(header)
    except OSError as error:
        raise UnusableRecording(
            f"{path.name} cannot be read ({error.strerror}); check the path and its permissions."
        ) from None
    except ValueError as error:
        raise UnusableRecording(
            f"{path.name} is not a sound EDF file: {error}. Fetch it again or export it as EDF+C."
        ) from None
    return header, size


def _num_signals(fixed: bytes, starts: list[bytes]) -> int:
    """Number of signals, once the file is known to be an EDF file."""
    if not fixed:
        raise ValueError("it is empty")
    if len(fixed) < _BLOCK or fixed[:8].strip() not in starts:
        raise ValueError(f"it starts with {fixed[:8]!r} where EDF has b'0       '")
    count, size = whole_number(fixed[252:]), whole_number(fixed[184:192])
    if count < 1 or size != _BLOCK * (count + 1):
        raise ValueError(f"its header claims {count} signals in {size} bytes")
    return count


def _parse(fixed: bytes, fields: bytes) -> EdfHeader:
    records, record_s = whole_number(fixed[236:244]), number(fixed[244:252])
    sample_bytes = _STARTS[fixed[:8].strip()]
    header = EdfHeader(
        clock=text(fixed[168:184]),
        kind=text(fixed[192:197]),
        sample_bytes=sample_bytes,
        size=_BLOCK + len(fields),
        records=records,
        record_s=record_s,
        signals=_parse_signals(fields, whole_number(fixed[252:]), sample_bytes),
    )
    if records < -1 or not 0 <= record_s < math.inf or not header.record_bytes:
        raise ValueError(
            f"its header claims {records} data records of {record_s} s "
            f"and {header.record_bytes} bytes"
        )
    return header


def _check_whole(header: EdfHeader) -> None:
    if header.records < 1:
        raise ValueError(f"its header claims {header.records} data records")
    _ = header.start  # a ValueError says what is wrong with it


def _parse_signals(fields: bytes, count: int, sample_bytes: int) -> tuple[EdfSignal, ...]:
    if len(fields) < _BLOCK * count:
        raise ValueError("its header is cut off")
    stream = BytesIO(fields)
    columns = [[stream.read(width) for _ in range(count)] for width in _WIDTHS]
    labels, _, units, lows, highs, bottoms, tops, _, counts, _ = columns
    per_record = [whole_number(samples) for samples in counts]
    if min(per_record) < 0:
        raise ValueError(f"its header claims {min(per_record)} samples a record")
    offsets = accumulate((sample_bytes * samples for samples in per_record), initial=0)
    return tuple(
        EdfSignal(
            text(label),
            text(unit),
            (number(low), number(high)),
            (number(bottom), number(top)),
            *at,
        )
        for label, unit, low, high, bottom, top, *at in zip(
            labels, units, lows, highs, bottoms, tops, per_record, offsets, strict=False
        )
    )
