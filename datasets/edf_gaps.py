"""Records of an EDF+D file laid on one clock: where a gap was there is NaN.

The records' own onsets, in the first list of their first annotation signal, tell where they lie.
Source: EDF+ specification, sections 2.1.1 and 2.2.4.
"""

import re
from pathlib import Path

import numpy as np

from datasets.edf import decode, read_blocks, signal_bytes
from datasets.edf_header import EdfHeader, EdfSignal
from datasets.gaps import check_span
from datasets.recording import UnusableRecording

OVERLAP_S = 0.01  # our choice: an onset may be rounded by so much
HELD = 2  # our choice: a gap of so few samples is the clock's rounding, no loss
_ONSET = re.compile(rb"([+-][0-9]{1,15}(\.[0-9]*)?)\x14")


def first_onset(path: Path, header: EdfHeader) -> float | None:
    """Seconds from the header's start to the first record, where a file keeps them."""
    if not header.keepers:
        return None
    rows = next(rows for _, rows in read_blocks(path, header, 1))
    return _onset(signal_bytes(rows, header, header.keepers[0])[0].tobytes())


def record_onsets(path: Path, header: EdfHeader) -> np.ndarray:
    """Seconds from the header's start to each record, (records,) float64."""
    if not header.keepers:
        raise UnusableRecording(
            f"{path.name} is {header.kind} without annotations: nothing tells when its records "
            "were made. Export it again as EDF+C."
        )
    onsets = np.full(header.records, np.nan)
    for first, rows in read_blocks(path, header, header.records):
        for index, text in enumerate(signal_bytes(rows, header, header.keepers[0]), first):
            onset = _onset(text.tobytes())
            onsets[index] = np.nan if onset is None else onset
    if np.isnan(onsets).any():
        raise UnusableRecording(
            f"{path.name} is {header.kind} and its record {np.isnan(onsets).argmax()} has no "
            "onset such as b'+30.5'. Export it again as EDF+C."
        )
    return onsets


def read_with_gaps(
    path: Path, header: EdfHeader, signal: EdfSignal
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """One signal on the clock of its records.

    Shapes: (n,) float32 with NaN in the gaps, which are listed as (first, behind the last).
    """
    onsets = record_onsets(path, header)
    starts = _starts(path, header, signal, onsets)
    samples = np.full(starts[-1] + signal.per_record, np.nan, np.float32)
    steps = np.arange(signal.per_record)
    for first, rows in read_blocks(path, header, header.records):
        part = np.empty((len(rows), signal.per_record), np.float32)
        decode(rows, header, signal, part)
        samples[starts[first : first + len(rows), None] + steps] = part
    ends = starts[:-1] + signal.per_record
    gaps = [(int(a), int(b)) for a, b in zip(ends, starts[1:], strict=True) if a < b]
    for first, last in gaps:
        if last - first <= HELD:
            samples[first:last] = samples[first - 1]
    return samples, [(first, last) for first, last in gaps if last - first > HELD]


def _starts(path: Path, header: EdfHeader, signal: EdfSignal, onsets: np.ndarray) -> np.ndarray:
    """(records,) int64: number on the clock of each record's first sample."""
    early = header.record_s - np.diff(onsets)
    if len(early) and early.max() > min(OVERLAP_S, header.record_s / 2):
        index = int(early.argmax())
        raise UnusableRecording(
            f"{path.name} is {header.kind} and its record {index + 1} begins at "
            f"{onsets[index + 1]:g} s, before record {index}, of {header.record_s:g} s from "
            f"{onsets[index]:g} s, has ended. Export it again as EDF+C."
        )
    hz = signal.per_record / header.record_s
    span_s = onsets[-1] - onsets[0] + header.record_s
    check_span(round(span_s * hz), header.records * signal.per_record, hz, path.name)
    return np.asarray(np.rint((onsets - onsets[0]) * hz).astype(np.int64))


def _onset(text: bytes) -> float | None:
    found = _ONSET.match(text)
    return float(found[1]) if found else None
