"""One channel of an EDF or BDF file as people have them: with gaps, unfinished, without a date.

Paths in, a RawChannel out. What datasets.edf refuses for training is read here as far as it is
whole, and the channel's notes say what was made of it.
"""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.ecg_leads import find_channel
from datasets.ecg_units import RawChannel
from datasets.edf import check_limits, read_samples
from datasets.edf_gaps import first_onset, read_with_gaps
from datasets.edf_header import ANNOTATIONS, EdfHeader, EdfSignal, read_any_header
from datasets.gaps import check_length, check_rate, gap_note
from datasets.recording import UnusableRecording

_WITHHELD = date(1985, 1, 1)  # what EDF+ writes for a date that is withheld


class Whole(NamedTuple):
    """The part of a file that can be read."""

    header: EdfHeader
    """`records` are those that are whole."""
    notes: tuple[str, ...]
    """What is missing."""


def edf_labels(path: Path) -> tuple[str, ...]:
    """Labels of all signals but annotations, in file order."""
    header, _ = read_any_header(path)
    return tuple(signal.label for signal in header.signals if signal.label not in ANNOTATIONS)


def read_edf_channel(path: Path, channel: str) -> RawChannel:
    """One signal of an EDF, EDF+C, EDF+D, BDF or BDF+ file."""
    header, notes = whole_records(path)
    signals = [signal for signal in header.signals if signal.label not in ANNOTATIONS]
    labels = [signal.label for signal in signals]
    signal = signals[find_channel(labels, path.name, channel, only=False)]
    check_limits(path, signal)
    rate_hz = signal.per_record / header.record_s
    check_rate(rate_hz, f"{path.name}, {signal.label!r},")
    check_length(header.records * signal.per_record, rate_hz, path.name)
    samples, found = _read(path, header, signal)
    start, unknown = start_time(path, header)
    return RawChannel(
        label=signal.label,
        samples=samples,
        hz=rate_hz,
        unit=signal.unit,
        start=start,
        limits=signal.physical,
        notes=(*notes, *found, *unknown),
    )


def whole_records(path: Path) -> Whole:
    """The header of a file with as many data records as the file holds, if only it holds any."""
    header, size = read_any_header(path)
    if header.record_s == 0:
        raise UnusableRecording(f"{path.name} has records of 0 s; it holds annotations only.")
    there = (size - header.size) // header.record_bytes
    if there < 1:
        raise UnusableRecording(
            f"{path.name} has {size - header.size} bytes behind its header and a data record has "
            f"{header.record_bytes}; none is whole. Fetch it again, or copy it again from the "
            "recorder."
        )
    if header.records < 1:
        note = (
            f"The recording was never finished: the header gives {header.records} data records, "
            f"the file holds {there}, {there * header.record_s:.0f} s."
        )
        return Whole(replace(header, records=there), (note,))
    if there < header.records:
        early_s = (header.records - there) * header.record_s
        note = f"The file ends {early_s:.0f} s early, after {there} of {header.records} records."
        return Whole(replace(header, records=there), (note,))
    return Whole(header, ())


def start_time(path: Path, header: EdfHeader) -> tuple[datetime | None, tuple[str, ...]]:
    """Clock time of the first sample, if the file tells one, and what to say of it."""
    clock = re.sub(r"[^0-9]", ".", header.clock)  # 01-01-00 and 22:00:00 are found too
    try:
        start = replace(header, clock=clock).start
        start += timedelta(seconds=first_onset(path, header) or 0.0)
    except (ValueError, OverflowError):
        return None, (f"When the recording started is unknown: the header has {header.clock!r}.",)
    if start.date() == _WITHHELD:
        return start, ("The date, 1 January 1985, stands for one that was withheld.",)
    return start, ()


def _read(path: Path, header: EdfHeader, signal: EdfSignal) -> tuple[np.ndarray, tuple[str, ...]]:
    """(n,) float32 in the file's unit, and what to say of gaps."""
    if not header.kind.endswith("+D"):
        return read_samples(path, header, [signal])[0], ()
    samples, gaps = read_with_gaps(path, header, signal)
    missing = sum(last - first for first, last in gaps)
    return samples, gap_note(len(gaps), missing, signal.per_record / header.record_s)
