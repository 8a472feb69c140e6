"""Reads the ECG of a person's own recording, whatever kind of file it lies in.

A path in, an EcgRecording out; what cannot be read is an UnusableRecording whose message says
which file, why, and what to do. READERS holds the kinds; a new kind is one more row.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from datasets.ecg import EcgRecording
from datasets.ecg_units import RawChannel, to_recording
from datasets.edf_ecg import edf_labels, read_edf_channel
from datasets.edf_header import BDF
from datasets.gaps import check_rate
from datasets.recording import UnusableRecording
from datasets.sample_layout import is_text
from datasets.sample_parquet import parquet_labels, read_parquet_channel
from datasets.sample_text import read_text_channel, text_labels
from datasets.wfdb_files import read_wfdb_channel, wfdb_labels

_HEAD = 512  # bytes that tell the kind


class Reader(NamedTuple):
    """One kind of file."""

    suffixes: tuple[str, ...]
    """Lower case; a file that has one is of this kind unless it begins like another."""
    begins: Callable[[bytes], bool]
    """Whether the first bytes are of this kind beyond doubt."""
    labels: Callable[[Path], tuple[str, ...]]
    """Its channels."""
    read: Callable[[Path, str, float | None], RawChannel]
    """One channel, by its name or by alias; the rate is for files that tell none."""


READERS = {
    "EDF": Reader(
        (".edf", ".bdf", ".rec"),
        lambda head: head[:8] in (b"0       ", BDF) and head[184:192].strip().isdigit(),
        edf_labels,
        lambda path, channel, hz: read_edf_channel(path, channel),
    ),
    "Parquet": Reader(
        (".parquet", ".pq"),
        lambda head: head[:4] == b"PAR1",
        parquet_labels,
        read_parquet_channel,
    ),
    "WFDB": Reader(
        (".hea",),
        lambda head: False,
        wfdb_labels,
        lambda path, channel, hz: read_wfdb_channel(path, channel),
    ),
    "text": Reader(
        (".csv", ".tsv", ".txt", ".asc"), lambda head: False, text_labels, read_text_channel
    ),
}


def read_ecg(
    path: Path, channel: str = "", hz: float | None = None, unit: str = ""
) -> EcgRecording:
    """The ECG of one recording, in mV on one clock.

    Args:
        path: EDF, EDF+C, EDF+D, BDF, BDF+, a WFDB record (its `.hea`, its `.dat` or its name),
            CSV, TSV, white-space-parted text, or Parquet.
        channel: its label; without one, the likeliest by datasets.ecg_leads.
        hz: the rate of text or Parquet, unless a column has the times; others tell their own.
        unit: the true unit, V, mV, uV or nV.
    """
    if hz is not None:
        check_rate(hz, "what --hz says")
    reader, file = _reader(Path(path))
    try:
        raw = reader.read(file, channel, hz)
    except (OSError, MemoryError) as error:
        raise _unreadable(path, error) from None
    return to_recording(Path(path), raw, unit, hz)


def ecg_labels(path: Path) -> tuple[str, ...]:
    """The labels of all channels of a file that read_ecg takes, in file order."""
    reader, file = _reader(Path(path))
    try:
        return reader.labels(file)
    except (OSError, MemoryError) as error:
        raise _unreadable(path, error) from None


def _reader(path: Path) -> tuple[Reader, Path]:
    """The kind of a file, and the file to open: a WFDB record is opened by its header."""
    if path.is_dir():
        raise UnusableRecording(f"{path.name} is a folder; give the files in it.")
    header = path.with_name(f"{path.name}.hea")
    if not path.exists() and header.is_file():
        return READERS["WFDB"], header
    head = _head(path)
    for reader in READERS.values():
        if reader.begins(head):
            return reader, path
    suffix = path.suffix.lower()
    for reader in READERS.values():
        if suffix in reader.suffixes:
            return reader, path
    if path.with_suffix(".hea").is_file():
        return READERS["WFDB"], path.with_suffix(".hea")
    if suffix != ".dat" and is_text(head):
        return READERS["text"], path
    raise UnusableRecording(
        f"{path.name} starts with {head[:8]!r}, which is none of the files that can be read: "
        f"{', '.join(READERS)} ({' '.join(s for r in READERS.values() for s in r.suffixes)}, or "
        ".dat beside its .hea). Unpack it if it is packed, or export it as EDF+C."
    )


def _head(path: Path) -> bytes:
    """The first bytes of a file, if it is a plain file."""
    if path.exists() and not path.is_file():
        raise UnusableRecording(f"{path.name} is no plain file; give a file.")
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if not head:
        raise UnusableRecording(f"{path.name} is empty; copy it again from the recorder.")
    return head


def _unreadable(path: Path, error: Exception) -> UnusableRecording:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return UnusableRecording(
        f"{Path(path).name} cannot be read ({reason}); check the path and its permissions."
    )
