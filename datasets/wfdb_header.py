"""The header of a WFDB record, checked before its samples are opened.

A `.hea` file in; a Part out, which says what one channel has in which file. The `wfdb` package
parses; what it would believe blindly (names of files, their lengths, letters it drops) is checked.
Source: header(5) and signal(5) of the WFDB applications guide, physionet.org.
"""

import re
import warnings
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from datasets.gaps import SAMPLES_A_BYTE
from datasets.recording import UnusableRecording

SAMPLE_BYTES = {  # format -> bytes a sample; the rest is compressed
    **{"8": Fraction(1), "80": Fraction(1), "16": Fraction(2), "61": Fraction(2)},
    **{"160": Fraction(2), "24": Fraction(3), "32": Fraction(4)},
    **{"212": Fraction(3, 2), "310": Fraction(4, 3), "311": Fraction(4, 3)},
}
_MOST_BYTES = 2**20  # our choice, of a header
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_MICRO = re.compile(rb"/(\xc2\xb5|\xce\xbc|\xb5)V", re.IGNORECASE)
_T = TypeVar("_T")


class Part(NamedTuple):
    """One channel in a record, or in one segment of a record."""

    record: str
    """Path without suffix, as wfdb wants it."""
    channel: int
    """Its number in the header."""
    frames: int
    """Whole frames that the channel's file holds."""
    missing: int
    """Frames that the header claims beyond them."""
    per_frame: int
    """Samples of the channel a frame."""
    unit: str
    limits: tuple[float, float] | None
    """In `unit`."""
    sig_len: int | None
    """Frames as the header has them."""


def read_wfdb_header(path: Path) -> Any:
    """A record as wfdb parses it: wfdb.Record, or wfdb.MultiRecord with segments."""
    if "::" in str(path.absolute()):  # fsspec, with which wfdb opens files, would read a chain
        raise UnusableRecording(f"{path.name} lies in a path with '::'; rename the folder.")
    if not path.is_file():
        raise UnusableRecording(f"{path.name} does not exist beside the record's other files.")
    if path.stat().st_size > _MOST_BYTES:
        raise UnusableRecording(f"{path.name} is larger than a WFDB header may be, 1 MB.")
    wfdb = import_wfdb(path)
    header = guarded(path, lambda: wfdb.rdheader(str(path.absolute().with_suffix(""))))
    if not header.fs or not header.fs > 0:
        raise UnusableRecording(f"{path.name} tells no rate: {header.fs!r}. Correct the header.")
    return header


def import_wfdb(path: Path) -> Any:
    """The package, which only these files need."""
    try:
        with warnings.catch_warnings():  # it uses what pandas will drop
            warnings.simplefilter("ignore")
            import wfdb
    except ImportError:
        raise UnusableRecording(
            f"{path.name} is a WFDB record, which needs the wfdb package: pip install wfdb."
        ) from None
    return wfdb


def guarded(path: Path, read: Callable[[], _T]) -> _T:
    """What wfdb reads; it meets an unsound file with any kind of error."""
    try:
        return read()
    except ImportError as error:
        raise UnusableRecording(f"{path.name} needs {error.name}: pip install it.") from None
    except Exception as error:
        reason = " ".join(str(error).split())[:150]
        raise UnusableRecording(
            f"{path.name} is no sound WFDB record ({type(error).__name__}: {reason}). "
            "Fetch it again."
        ) from None


def signal_names(header: Any) -> list[str]:
    """Names of the channels; a number where the header has none."""
    names = header.sig_name or []
    return [name or f"signal {number}" for number, name in enumerate(names)]


def read_part(path: Path, header: Any, index: int) -> Part:
    """Where one channel lies, its files' names and lengths checked."""
    count = len(header.file_name or [])
    if header.n_sig != count:
        raise UnusableRecording(f"{path.name} claims {header.n_sig} signals and lists {count}.")
    frames = _frames(path, header, index)
    claimed = frames if header.sig_len is None else header.sig_len
    return Part(
        record=str(path.absolute().with_suffix("")),
        channel=index,
        frames=min(frames, claimed),
        missing=max(0, claimed - frames),
        per_frame=header.samps_per_frame[index] or 1,
        unit=_unit(path, header, index),
        limits=_limits(header, index),
        sig_len=header.sig_len,
    )


def check_name(path: Path, name: str) -> None:
    """Refuse a file's or segment's name that is more than a name in the header's own folder."""
    if not _NAME.fullmatch(name):
        raise UnusableRecording(
            f"{path.name} names a file {name!r}; only plain names in the header's own folder are "
            "opened. Put the file there and correct the header."
        )


def start_of(header: Any) -> tuple[datetime | None, tuple[str, ...]]:
    """Clock time of the first sample, where the header has a date too, and what to say of it."""
    if header.base_time is None:
        return None, ()
    if header.base_date is None:
        note = f"The header has a time, {header.base_time}, but no date"
        return None, (f"{note}: when the recording started is unknown.",)
    return datetime.combine(header.base_date, header.base_time), ()


def _frames(path: Path, header: Any, index: int) -> int:
    """Whole frames in the file that holds a channel."""
    name = header.file_name[index]
    check_name(path, name)
    file = path.with_name(name)
    if not file.is_file():
        raise UnusableRecording(f"{path.name} needs {name!r} beside it, which is not there.")
    together = [number for number, other in enumerate(header.file_name) if other == name]
    if together != list(range(together[0], together[-1] + 1)):
        raise UnusableRecording(f"{path.name} lists the signals of {name!r} apart; sort them.")
    fmt, offset = header.fmt[together[0]], header.byte_offset[together[0]] or 0
    per_frame = sum(header.samps_per_frame[number] or 1 for number in together)
    if fmt not in SAMPLE_BYTES:
        return min(header.sig_len or 0, SAMPLES_A_BYTE * file.stat().st_size // per_frame)
    return max(0, int((file.stat().st_size - offset) / (SAMPLE_BYTES[fmt] * per_frame)))


def _unit(path: Path, header: Any, index: int) -> str:
    """A channel's unit; wfdb drops letters that are not ASCII, so that µV would be V."""
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith(b"#")]
    if len(lines) > index + 1 and _MICRO.search(lines[index + 1]):
        return "uV"
    return str(header.units[index] or "")


def _limits(header: Any, index: int) -> tuple[float, float] | None:
    """What the converter can hold, in the channel's unit."""
    bits, zero = header.adc_res[index], header.adc_zero[index] or 0
    gain, baseline = header.adc_gain[index], header.baseline[index]
    if not bits or not 2 <= bits <= 32 or not gain:
        return None
    half = 2 ** (bits - 1)
    return (zero - half - baseline) / gain, (zero + half - 1 - baseline) / gain
