"""Leads of clean ECG in a WFDB folder: whose they are, their samples, and where they are unfit.

A folder in; one CleanLead a lead at 360 Hz out. MIT-BIH Arrhythmia, CPSC 2018 and slpdb are known
by the names of their records; any other folder is a database of its own, each record a patient.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.clean_annotations import Annotated, noisy_samples, read_annotations
from datasets.ecg import EcgRecording
from datasets.ecg_files import read_ecg
from datasets.ecg_leads import find_channel
from datasets.recording import UnusableRecording
from datasets.signals import resample
from datasets.wfdb_files import wfdb_labels
from datasets.wfdb_header import read_wfdb_header

CLEAN_HZ = 360.0  # of the denoising papers' segments, and of the MIT-BIH records
RINGING_S = 0.1  # our choice: so far a fault may reach when its neighbourhood is resampled
MISSING, SATURATED, NOISY = "missing samples", "saturated", "marked as noisy"
STRESS_TEST = re.compile(r"11[89]e(\d\d|_6)")  # nstdb: records 118, 119 with noise already added
EXTRACTS = "x_mitdb"  # a folder of mitdb: ten minutes each of records that lie beside it
_RAIL = 1e-5  # of the converter's span; one step of 16 bits is more


class Database(NamedTuple):
    """How a published folder is told, and which of its records are of one person."""

    name: str
    records: str
    """Regular expression that the names of all its records match."""
    patient: Callable[[str], str]
    """The person behind a record's name."""


DATABASES = (
    Database("mitdb", r"[12]\d\d", lambda record: "201" if record == "202" else record),
    Database("cpsc2018", r"A\d{4}", lambda record: record),
    Database("slpdb", r"slp\d\d[abx]?", lambda record: record[:5]),
)


@dataclass(frozen=True, eq=False)
class CleanLead:
    """One lead of one record at 360 Hz, as it is: resampled once, filtered by nothing else."""

    database: str
    patient: str
    """Unique over databases, such as "mitdb/201"."""
    record: str
    lead: str
    samples: np.ndarray
    """(n,) float32 in mV; lines lie where samples are missing."""
    faults: dict[str, np.ndarray]
    """(n,) bool each: where samples are missing, saturated, or marked as noisy."""
    beats: np.ndarray | None
    """(m,) int64, samples at which annotators saw a beat; None where nobody looked."""


def find_records(folder: Path) -> tuple[Path, ...]:
    """Headers of a folder's records and its subfolders', sorted, each recording once."""
    if not folder.is_dir():
        raise ValueError(f"{folder.name} is no folder; give one with WFDB records (*.hea).")
    found = sorted(path for path in folder.rglob("*.hea") if path.is_file())
    if not found:
        raise ValueError(
            f"folder {folder.name} holds no WFDB record (*.hea). Give the folder of a database, "
            "such as the unpacked MIT-BIH Arrhythmia Database."
        )
    return tuple(
        path
        for path in found
        if path.parent.name != EXTRACTS and not STRESS_TEST.fullmatch(path.stem)
    )


def database_of(folder: Path, records: Sequence[Path]) -> Database:
    """The known database whose names all records have; otherwise the folder's own.

    Raises:
        ValueError: a subfolder holds a known database, and others do not: whose the records are
            is known of that one alone, so that one patient could train and test.
    """
    if database := _known(records):
        return database
    for inside in sorted({path.parent for path in records}):
        known = _known([path for path in records if path.parent == inside])
        if known:
            raise ValueError(
                f"folder {folder.name} holds {known.name} in {inside.name}, and other records "
                "elsewhere. Give each database a folder of its own."
            )
    name = folder.resolve().name
    return Database(name, "", lambda record: record)


def _known(records: Sequence[Path]) -> Database | None:
    for database in DATABASES:
        if all(re.fullmatch(database.records, path.stem) for path in records):
            return database
    return None


def ecg_leads(path: Path) -> tuple[str, ...]:
    """Names of a record's channels that are names of ECG leads; of several alike the first."""
    return tuple(dict.fromkeys(label for label in wfdb_labels(path) if _is_ecg(label)))


def read_leads(path: Path, database: Database, leads: Sequence[str] = ()) -> list[CleanLead]:
    """The ECG leads of one record, or of those only the named ones that it has."""
    header = read_wfdb_header(path)
    if hasattr(header, "seg_name"):
        raise UnusableRecording(f"{path.name} has several segments; join them with xform.")
    found = ecg_leads(path)
    if not found:
        raise UnusableRecording(f"{path.name} has no channel with the name of an ECG lead.")
    annotated = read_annotations(path, float(header.fs))
    labels = wfdb_labels(path)
    wanted = [label for label in found if not leads or label in leads]
    return [
        _lead(read_ecg(path, label), labels.index(label), annotated, database) for label in wanted
    ]


def _is_ecg(label: str) -> bool:
    try:
        return find_channel([label], "record", only=False) == 0
    except UnusableRecording:
        return False


def _lead(
    ecg: EcgRecording, signal: int, annotated: Annotated | None, database: Database
) -> CleanLead:
    faults = {MISSING: np.isnan(ecg.samples), SATURATED: _saturated(ecg)}
    if annotated is not None:
        faults[NOISY] = noisy_samples(annotated, signal, len(ecg.samples), ecg.hz)
    samples = resample(_bridged(ecg.samples), ecg.hz, CLEAN_HZ)
    beats = None
    if annotated is not None:
        beats = np.rint(annotated.beats_s * CLEAN_HZ).astype(np.int64)
    patient = f"{database.name}/{database.patient(ecg.name)}"
    length = len(samples)
    unfit = {why: _resampled_fault(fault, ecg.hz, length) for why, fault in faults.items()}
    return CleanLead(database.name, patient, ecg.name, ecg.label, samples, unfit, beats)


def _saturated(ecg: EcgRecording) -> np.ndarray:
    """(n,) bool: samples at an end of the converter's range, where the header tells the range."""
    if ecg.limits_mv is None:
        return np.zeros(len(ecg.samples), bool)
    low, high = ecg.limits_mv
    margin = _RAIL * (high - low)
    return np.asarray((ecg.samples <= low + margin) | (ecg.samples >= high - margin))


def _bridged(samples: np.ndarray) -> np.ndarray:
    """(n,) float32 with lines in place of NaN; 0 where all are NaN."""
    known = np.flatnonzero(np.isfinite(samples))
    if len(known) == len(samples):
        return samples
    if not len(known):
        return np.zeros_like(samples)
    whole = np.interp(np.arange(len(samples)), known, samples[known])
    return np.asarray(whole, np.float32)


def _resampled_fault(fault: np.ndarray, hz: float, samples: int) -> np.ndarray:
    """(samples,) bool at 360 Hz: faults and, where the signal was resampled, their ringing."""
    if hz == CLEAN_HZ:
        return fault
    so_far = np.concatenate([[0], np.cumsum(fault)])
    at = np.arange(samples) * hz / CLEAN_HZ
    reach = RINGING_S * hz
    first = np.clip(np.floor(at - reach), 0, len(fault)).astype(np.int64)
    last = np.clip(np.ceil(at + reach) + 1, 0, len(fault)).astype(np.int64)
    return np.asarray(so_far[last] > so_far[first])
