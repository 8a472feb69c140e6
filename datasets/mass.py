"""Reads MASS cohort 1, subsets SS1 to SS5, in the 2014/2015 release and in V2.

A folder in, RecordingRefs out; a ref in, a Recording out. A night is `<id> PSG.edf` with
`<id> Base.edf` (V2) or `<id> Annotations.edf` (before), or for want of both a stand-alone `.saf`.
"""

import csv
import logging
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from datasets.edf import Channel, first_sample_time, read_annotations, read_signals, signal_labels
from datasets.edf_header import read_header
from datasets.mass_leads import ECG_LEADS, find_ecg, find_eeg
from datasets.mass_pages import read_pages
from datasets.recording import Hypnogram, Recording, RecordingRef, Signal, UnusableRecording
from datasets.signals import convert, derive, is_flat
from datasets.stages import UNSCORED

logger = logging.getLogger(__name__)

SIGNAL_FILE = "psg.edf"
ANNOTATION_FILES = (  # the first that a night has is read
    "base.edf",
    "annotations.edf",
    "annotations.saf",
    "base.saf",
    "psg.saf",
    ".saf",
)
_NAME = re.compile(r"(?P<night>01-0(?P<subset>[1-5])-\d{4})[ _]?(?P<rest>.*)")


def find_recordings(folder: Path) -> list[RecordingRef]:
    """All nights in a folder and its subfolders, in order of their id.

    A night that lacks one of its two files is listed too, so that reading it can say so. An
    optional `cohort.csv` in the folder, with columns subject and person, tells who slept.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; give the one that MASS was unpacked in.")
    files = sorted(path for path in folder.absolute().rglob("*") if path.is_file())
    nights = _group(files)
    if not nights:
        raise ValueError(
            f"{folder} holds no MASS recording; it holds {len(files)} files"
            f"{''.join(f', {path.name!r}' for path in files[:3])}. A night is "
            "'01-01-0001 PSG.edf' with '01-01-0001 Base.edf' or '01-01-0001 Annotations.edf'."
        )
    persons = _read_persons(folder / "cohort.csv", nights)
    return [_ref(night, nights[night], persons[night]) for night in sorted(nights)]


def read_recording(ref: RecordingRef) -> Recording:
    """One night: EEG in uV, ECG in mV, pages counted from the first sample."""
    if not (ref.signals and ref.annotations):
        wanted = SIGNAL_FILE if not ref.signals else f"annotation file {ANNOTATION_FILES[:3]}"
        raise UnusableRecording(
            f"{ref.subject} has only {Path(ref.signals or ref.annotations).name!r}; "
            f"add its {wanted} or remove the file."
        )
    signals = Path(ref.signals)
    hypnogram = read_hypnogram(signals, Path(ref.annotations))
    labels = signal_labels(signals)
    lead, ecg_label = find_eeg(labels, signals.name), find_ecg(labels, signals.name)
    if not re.fullmatch(ECG_LEADS[0], ecg_label, re.IGNORECASE):
        logger.info("%s has no ECG lead I: using %r", signals.name, ecg_label)
    channels = read_signals(signals, [*filter(None, lead), ecg_label])  # the file is read once
    eeg = _eeg(
        [_to_signal(channel, "uV", signals) for channel in channels[:-1]], hypnogram, signals
    )
    ecg = _to_signal(channels[-1], "mV", signals)
    return Recording(ref.subject, ref.subset, ref.person, eeg, ecg, hypnogram)


def _group(files: list[Path]) -> dict[str, dict[str, Path]]:
    """Files of each night by the lower-case rest of their names."""
    nights: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in files:
        name = _NAME.fullmatch(path.name)
        kind = name["rest"].lower() if name else ""
        if name and kind in (SIGNAL_FILE, *ANNOTATION_FILES):
            other = nights[name["night"]].setdefault(kind, path)
            if other != path:
                raise ValueError(f"{other} and {path} are the same file of one night; keep one.")
    return nights


def _ref(night: str, files: Mapping[str, Path], person: str) -> RecordingRef:
    annotations = next((files[kind] for kind in ANNOTATION_FILES if kind in files), "")
    subset = f"SS{int(night[3:5])}"
    signals = files.get(SIGNAL_FILE, "")
    return RecordingRef("mass", night, subset, person, str(signals), str(annotations))


def _read_persons(path: Path, nights: Collection[str]) -> dict[str, str]:
    """Person of each night; a person of its own where there is no table."""
    if not path.exists():
        return {night: night for night in nights}
    with open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        columns = table.fieldnames or []
        if not {"subject", "person"} <= set(columns):
            raise ValueError(
                f"{path} has columns {list(columns)}; it needs 'subject' and 'person'. "
                "Rename them or remove the file."
            )
        persons = {row["subject"]: row["person"] or row["subject"] for row in table}
    if missing := sorted(set(nights) - set(persons)):
        raise ValueError(
            f"{path} has no row for {missing[:3]} ({len(missing)} nights). Add who slept, so that "
            "one person's nights stay together, or remove the file."
        )
    return persons


def read_hypnogram(signals: Path, annotations: Path) -> Hypnogram:
    """The scored pages of a night, counted from the first sample of its signals."""
    start, notes = read_annotations(annotations)
    counted_from = start or read_header(signals).start  # stand-alone annotations have no clock
    shift_s = (counted_from - first_sample_time(signals)).total_seconds()
    return read_pages(notes, shift_s, annotations.name)


def _eeg(lead: Sequence[Signal], hypnogram: Hypnogram, path: Path) -> Signal:
    """The EEG derivation of an electrode and, where the file has none that is linked, an ear."""
    plus, *minus = lead
    if not minus:
        return plus
    scored_s = hypnogram.onset_s[hypnogram.stages != UNSCORED]
    first, last = scored_s[0], scored_s[-1] + hypnogram.page_s
    scored = plus.samples[max(0, int(first * plus.hz)) : max(0, int(last * plus.hz))]
    if len(scored) and is_flat(scored, plus.hz, plus.unit):
        raise UnusableRecording(  # the difference would only show the ear, and look alive
            f"{path.name} has a flat {plus.label!r} over more than half of the scored time. "
            "Leave the night out."
        )
    return derive(plus, minus[0])


def _to_signal(channel: Channel, unit: str, path: Path) -> Signal:
    try:
        samples = convert(channel.samples, channel.unit, unit)
        return Signal(channel.label, samples, channel.hz, unit)
    except ValueError as error:
        raise UnusableRecording(f"{path.name}, {channel.label!r}: {error}") from None
