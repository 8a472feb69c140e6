"""Clean ECG for the denoiser: segments of 10 s at 360 Hz, in mV, with patient, lead and beats.

A WFDB folder in, a CleanEcg out. Segments that are flat, lack samples, are saturated or were
marked as noisy by annotators are left out and counted; a record that cannot be read is named.
Source: 3600 samples at 360 Hz as in Qiu 2022, Physiological Measurement 43(11) 115004.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from datasets.clean_records import CLEAN_HZ, CleanLead, database_of, find_records, read_leads
from datasets.recording import UnusableRecording
from datasets.signals import is_flat

SEGMENT_SAMPLES = 3600  # 10 s
FLAT, TOO_SHORT = "flat", "shorter than 10 s"
Beats = tuple[np.ndarray | None, ...]


@dataclass(frozen=True, eq=False)
class CleanEcg:
    """Segments one after another; row k of every field is of the same segment."""

    samples: np.ndarray
    """(n, 3600) float32 in mV at 360 Hz."""
    patient: np.ndarray
    """(n,) str, "<database>/<person>"; what may not be divided."""
    record: np.ndarray
    """(n,) str."""
    lead: np.ndarray
    """(n,) str, as the record spells it."""
    start_s: np.ndarray
    """(n,) float64, from the record's first sample."""
    beats: Beats
    """n times (m,) int64, samples from the segment's first; None where nobody annotated."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Segments (or whole leads that are too short) by the reason they are not here."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Records by the reason they could not be read."""

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def database(self) -> np.ndarray:
        """(n,) str."""
        return np.array([name.split("/")[0] for name in self.patient.tolist()], np.str_)

    def of(self, patients: Iterable[str]) -> "CleanEcg":
        """The segments of these patients, in order."""
        return self.rows(np.flatnonzero(np.isin(self.patient, list(patients))))

    def rows(self, index: np.ndarray) -> "CleanEcg":
        """Segments by their number."""
        return CleanEcg(
            self.samples[index],
            self.patient[index],
            self.record[index],
            self.lead[index],
            self.start_s[index],
            tuple(self.beats[row] for row in index.tolist()),
        )


def read_clean_ecg(folder: Path, leads: Sequence[str] = ()) -> CleanEcg:
    """All segments of a folder, or those of the named leads.

    Raises ValueError where the folder has no record, none with an ECG, or none that can be read.
    """
    folder = Path(folder)
    records = find_records(folder)
    database = database_of(folder, records)
    found: list[CleanEcg] = []
    unreadable: dict[str, str] = {}
    for path in records:
        try:
            found += [cut(lead) for lead in read_leads(path, database, leads)]
        except UnusableRecording as error:
            unreadable[path.stem] = str(error)
    if not found:
        raise ValueError(
            f"folder {folder.name} holds {len(records)} records and no ECG that can be read, "
            f"such as {dict(list(unreadable.items())[:3])}. Give a folder of clean ECG."
        )
    return joined(found, unreadable)


def joined(parts: Sequence[CleanEcg], unreadable: Mapping[str, str] | None = None) -> CleanEcg:
    """Several leads, records or databases as one."""
    left_out: Counter[str] = Counter()
    reasons = dict(unreadable or {})
    for part in parts:
        left_out.update(part.left_out)
        reasons.update(part.unreadable)
    return CleanEcg(
        np.concatenate([part.samples for part in parts]),
        np.concatenate([part.patient for part in parts]),
        np.concatenate([part.record for part in parts]),
        np.concatenate([part.lead for part in parts]),
        np.concatenate([part.start_s for part in parts]),
        tuple(beats for part in parts for beats in part.beats),
        left_out,
        reasons,
    )


def cut(lead: CleanLead) -> CleanEcg:
    """One lead in segments that follow each other; what is left at its end is dropped."""
    count = len(lead.samples) // SEGMENT_SAMPLES
    inside = slice(count * SEGMENT_SAMPLES)
    rows = lead.samples[inside].reshape(count, SEGMENT_SAMPLES)
    kept = np.ones(count, bool)
    faults = {
        reason: fault[inside].reshape(count, SEGMENT_SAMPLES).any(1)
        for reason, fault in lead.faults.items()
    }
    faults[FLAT] = is_flat(rows, CLEAN_HZ, "mV") if count else kept
    left_out = Counter() if count else Counter({TOO_SHORT: 1})
    for reason, fault in faults.items():
        left_out[reason] += int((kept & fault).sum())
        kept &= ~fault
    starts = SEGMENT_SAMPLES * np.flatnonzero(kept)
    return CleanEcg(
        rows[kept],
        np.full(len(starts), lead.patient),
        np.full(len(starts), lead.record),
        np.full(len(starts), lead.lead),
        starts / CLEAN_HZ,
        tuple(_beats_in(lead.beats, start) for start in starts.tolist()),
        +left_out,
    )


def _beats_in(beats: np.ndarray | None, start: int) -> np.ndarray | None:
    if beats is None:
        return None
    return beats[(beats >= start) & (beats < start + SEGMENT_SAMPLES)] - start
