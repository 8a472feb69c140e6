"""The clean ECG of some patients as a denoiser is to give it: segments, and leads to vary them by.

Leads as they were recorded in, a Clean out: of each segment its samples, and where it was cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, sosfiltfilt

from datasets.clean_ecg import SEGMENT_SAMPLES, CleanEcg
from datasets.clean_quality import HEART_HZ, segments_of
from datasets.clean_records import CLEAN_HZ, CleanLead
from datasets.clean_scale import scaled

ORDER = 2  # of the Butterworth filter, each way; our choice


@dataclass(frozen=True, eq=False)
class Clean:
    """Segments, and the records that they lie in."""

    segments: CleanEcg
    """As they were chosen, in mV."""
    samples: np.ndarray
    """(n, 3600) float32: the same, scaled as `datasets.clean_scale` does."""
    records: tuple[np.ndarray, ...]
    """(leads, length) float32 in mV each: all leads of a record side by side."""
    faulty: tuple[np.ndarray, ...]
    """(length,) bool each: where any lead of the record is unfit."""
    places: np.ndarray
    """(n, 3) int64: the record, the lead and the first sample of each segment."""

    def __len__(self) -> int:
        return len(self.samples)


def clean_of(leads: Sequence[CleanLead], most_outside: float, band_limited: bool) -> Clean:
    """The segments of these leads with at most this share of power outside the heart's band.

    Args:
        band_limited: take 0.5 to 40 Hz of each lead, so that nobody has to learn the noise that a
            "clean" record has of its own. Segments are chosen as they were recorded all the same.
    """
    chosen = segments_of(leads, most_outside)
    taken = [band_limit(lead) for lead in leads] if band_limited else list(leads)
    names = list(dict.fromkeys((lead.patient, lead.record) for lead in leads))
    own = [[lead for lead in taken if (lead.patient, lead.record) == name] for name in names]
    places = _places(chosen, names, own)
    records = tuple(np.stack([lead.samples for lead in beside]) for beside in own)
    S = chosen.samples.shape[1]
    rows = [records[r][k, start : start + S] for r, k, start in places.tolist()]
    samples = np.stack(rows) if rows else chosen.samples
    return Clean(replace(chosen, samples=samples), scaled(samples), records, _faulty(own), places)


def band_limit(lead: CleanLead) -> CleanLead:
    """A lead without what lies outside 0.5 to 40 Hz, which moves no wave.

    One that is shorter than a segment, of which nothing is used, is left as it is.
    """
    if len(lead.samples) < SEGMENT_SAMPLES:
        return lead
    sos = butter(ORDER, HEART_HZ, "bandpass", fs=CLEAN_HZ, output="sos")
    samples = sosfiltfilt(sos, lead.samples.astype(np.float64))
    return replace(lead, samples=samples.astype(np.float32))


def _places(
    chosen: CleanEcg, names: Sequence[tuple[str, str]], own: list[list[CleanLead]]
) -> np.ndarray:
    """Where each segment lies; a record's name is of one patient, others may have the same."""
    leads = [[lead.lead for lead in beside] for beside in own]
    of = zip(chosen.patient.tolist(), chosen.record.tolist(), strict=True)
    record = [names.index(name) for name in of]
    lead = [leads[r].index(name) for r, name in zip(record, chosen.lead.tolist(), strict=True)]
    start = np.rint(chosen.start_s * CLEAN_HZ).astype(np.int64)
    return np.stack([np.array(record, np.int64), np.array(lead, np.int64), start], 1)


def _faulty(own: list[list[CleanLead]]) -> tuple[np.ndarray, ...]:
    """Where any lead of each record has a fault."""
    whole = []
    for beside in own:
        faults = [fault for lead in beside for fault in lead.faults.values()]
        whole.append(np.any([np.zeros(len(beside[0].samples), bool), *faults], axis=0))
    return tuple(whole)
