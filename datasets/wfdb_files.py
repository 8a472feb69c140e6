"""One channel of a WFDB record, as PhysioNet and many Holters write it.

The record's `.hea` file in, a RawChannel out. The `wfdb` package reads the samples; segments that
are missing or lack the channel become NaN.
"""

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from datasets.ecg_leads import find_channel
from datasets.ecg_units import RawChannel
from datasets.gaps import check_rate, check_span, gap_note
from datasets.recording import UnusableRecording
from datasets.wfdb_header import (
    Part,
    check_name,
    guarded,
    import_wfdb,
    read_part,
    read_wfdb_header,
    signal_names,
    start_of,
)


def wfdb_labels(path: Path) -> tuple[str, ...]:
    """Names of a record's channels."""
    return tuple(signal_names(_described(path, read_wfdb_header(path))))


def read_wfdb_channel(path: Path, channel: str) -> RawChannel:
    """One channel of a record of one or several segments; skews of a few samples are left out."""
    header = read_wfdb_header(path)
    labels = signal_names(_described(path, header))
    label = labels[find_channel(labels, path.name, channel)]
    segments = _segments(path, header, label)
    parts = [part for part, _ in segments if part]
    if not any(part.frames for part in parts):
        raise UnusableRecording(f"{path.name} has no samples of {label!r}. Fetch it again.")
    first = parts[0]
    if any((part.unit, part.per_frame) != (first.unit, first.per_frame) for part in parts):
        raise UnusableRecording(
            f"{path.name} changes the unit or rate of {label!r} between parts."
        )
    hz = float(header.fs) * first.per_frame
    check_rate(hz, f"{path.name}, {label!r},")
    length = sum(frames for _, frames in segments) * first.per_frame
    check_span(length, sum(part.frames for part in parts) * first.per_frame, hz, path.name)
    start, undated = start_of(header)
    return RawChannel(
        label=label,
        samples=_samples(path, segments, first.per_frame),
        hz=hz,
        unit=first.unit,
        start=start,
        limits=first.limits,
        notes=(*_notes(segments, first.per_frame, hz), *undated),
    )


def _described(path: Path, header: Any) -> Any:
    """The header that lists the channels: of several segments, the first that is there."""
    if not hasattr(header, "seg_name"):
        return header
    names = [name for name in header.seg_name if name != "~"]
    if not names:
        raise UnusableRecording(f"{path.name} has no segment. Fetch it again.")
    return _segment(path, header, names[0])


def _segment(path: Path, header: Any, name: str) -> Any:
    check_name(path, name)
    segment = read_wfdb_header(path.with_name(f"{name}.hea"))
    if hasattr(segment, "seg_name") or segment.fs != header.fs:
        raise UnusableRecording(
            f"{path.name} has a segment {name!r} of another rate or of segments of its own. "
            "Join them with xform of the WFDB tools."
        )
    return segment


def _segments(path: Path, header: Any, label: str) -> list[tuple[Part | None, int]]:
    """What each segment has of a channel, or None, and how many frames it lasts."""
    if not hasattr(header, "seg_name"):
        part = read_part(path, header, signal_names(header).index(label))
        return [(part, part.frames)]
    found: list[tuple[Part | None, int]] = []
    for name, length in zip(header.seg_name, map(int, header.seg_len), strict=True):
        segment = None if name == "~" or not length else _segment(path, header, name)
        if segment is None or label not in signal_names(segment):
            found.append((None, length))
            continue
        at = path.with_name(f"{name}.hea")
        part = read_part(at, segment, signal_names(segment).index(label))
        found.append((part._replace(frames=min(part.frames, length)), length))
    return found


def _samples(
    path: Path, segments: Sequence[tuple[Part | None, int]], per_frame: int
) -> np.ndarray:
    """(n,) float32 in the file's unit, NaN where a segment has nothing."""
    samples = np.full(sum(frames for _, frames in segments) * per_frame, np.nan, np.float32)
    done = 0
    for part, frames in segments:
        if part and part.frames:
            piece = guarded(path, partial(_read, path, part))
            samples[done : done + part.frames * per_frame] = piece
        done += frames * per_frame
    return samples


def _read(path: Path, part: Part) -> np.ndarray:
    """(frames * per_frame,) float32 of one part."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        record = import_wfdb(path).rdrecord(
            part.record,
            channels=[part.channel],
            sampto=None if part.sig_len is None else part.frames,
            smooth_frames=False,
            ignore_skew=True,
        )
        samples = np.asarray(record.e_p_signal[0], np.float32)
    if len(samples) != part.frames * part.per_frame:
        raise ValueError(f"{len(samples)} samples where {part.frames} frames belong")
    return samples


def _notes(
    segments: Sequence[tuple[Part | None, int]], per_frame: int, hz: float
) -> tuple[str, ...]:
    if len(segments) == 1 and segments[0][0]:
        missing = segments[0][0].missing
        early_s = missing * per_frame / hz
        return (f"The file ends {early_s:.0f} s early.",) if missing else ()
    lost = [frames - (part.frames if part else 0) for part, frames in segments]
    return gap_note(sum(frames > 0 for frames in lost), sum(lost) * per_frame, hz)
