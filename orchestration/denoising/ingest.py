"""Ray Data: WFDB records of clean ECG -> Parquet, patient by patient, one manifest row each.

A patient that cannot be used is a row with its reason; the others go on. One that is there with
the same records is left alone, so running it again does only what is missing. Recorded noise is
three records, and is ingested where it is called.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import datasets
from datasets.clean_parquet import CleanPatient, read_patient, write_leads
from datasets.clean_patients import (
    PatientRecords,
    digest_of,
    patients_of,
    read_patient_leads,
)
from datasets.noise import KINDS, read_noise
from datasets.noise_parquet import NOISE, read_noise_digest, write_noise
from orchestration.denoising.stored import clean_key, clean_path, noise_path
from orchestration.each import each_on_ray
from orchestration.formats import as_csv
from orchestration.ingest import unreachable
from orchestration.store import Store

COLUMNS = (
    *("patient", "status", "records", "leads", "segments", "left_out", "seconds", "annotated"),
    *("digest", "reason"),
)


class CleanIngest(NamedTuple):
    """What an ingest leaves: the folder's key and the patients that can be used."""

    windows: str
    patients: tuple[CleanPatient, ...]  # by name
    rows: tuple[dict[str, Any], ...]  # one a patient, columns COLUMNS
    manifest: str  # where the rows are

    @property
    def refused(self) -> list[dict[str, Any]]:
        """The rows of the patients that cannot be used."""
        return [row for row in self.rows if row["status"] == "refused"]

    def summary(self) -> str:
        """How many patients can be used, how many cannot, and where the reasons are."""
        segments = sum(patient.segments for patient in self.patients)
        return (
            f"{len(self.patients)} patients can be used, with {segments} segments of clean ECG, "
            f"{len(self.refused)} refused; all in {self.manifest}"
        )


def ingest_clean(folders: Sequence[Path], store: Store) -> CleanIngest:
    """Have every usable patient of some folders, each a database, in the store.

    Raises:
        ValueError: two folders hold one database or patient, or no patient can be used.
    """
    patients = patients_of(folders)
    windows = clean_key()
    made = []
    items = [_item(patient) for patient in patients]
    for row in each_on_ray(items, ingest_patient, windows=windows, root=store.root):
        made.append(row)
        print(f"  patient {len(made)}/{len(patients)}: {_line(row)}", flush=True)
    made.sort(key=lambda row: str(row["patient"]))
    rows = tuple(map(_manifest_row, made))
    manifest = f"clean/{windows}/ingest.csv"
    store.files.write(manifest, as_csv(rows))
    usable = tuple(CleanPatient.from_json(row["footer"]) for row in made if row["footer"])
    if not usable:
        raise ValueError(
            f"None of the {len(rows)} patients can be used; the first: {rows[0]['reason']} "
            f"All reasons are in {store.root}/{manifest}."
        )
    return CleanIngest(windows, usable, rows, f"{store.root}/{manifest}")


def ingest_noise(folder: Path, store: Store) -> str:
    """Have the noise of a folder (bw, em, ma) in the store; the digest that names it."""
    folder = Path(folder)
    digest = digest_of(NOISE, [folder / f"{kind}.hea" for kind in sorted(KINDS)])
    path = noise_path(digest)
    with suppress(ValueError, FileNotFoundError), store.files.opened(path) as file:
        if read_noise_digest(file) == digest:
            return digest
    noise = read_noise(folder)
    with store.files.writing(path) as local:
        write_noise(local, noise, digest, _versions())
    return digest


def ingest_patient(row: dict[str, Any], windows: str, root: str) -> dict[str, Any]:
    """Read and write one patient; what became of it.

    What is wrong with the records is the row's reason; what is wrong with the storage is raised.
    """
    headers = tuple(map(Path, json.loads(row["headers"])))
    patient = PatientRecords(row["database"], row["person"], headers)
    store, path = Store(root), clean_path(windows, patient.name)
    there = _there(path, store)
    leads = None
    try:
        digest = digest_of(patient.name, headers)
    except OSError as error:
        if there is not None:
            raise unreachable(patient.name, error) from None
        return _refused(patient, error)
    try:
        if there is None or (there.name, there.digest) != (patient.name, digest):
            leads, unreadable = read_patient_leads(patient)
    except (ValueError, OSError) as error:
        return _refused(patient, error)
    if leads:
        with store.files.writing(path) as local:  # a full disk is no fault of the patient
            write_leads(local, leads, digest, _versions(), unreadable)
            there = read_patient(local)
    assert there is not None
    return {
        "patient": patient.name,
        "status": "written" if leads else "kept",
        "reason": " ".join(there.unreadable.values()),
        "footer": there.as_json(),
    }


def _refused(patient: PatientRecords, error: Exception) -> dict[str, Any]:
    reason = " ".join(str(error).split())
    return {"patient": patient.name, "status": "refused", "reason": reason, "footer": ""}


def _item(patient: PatientRecords) -> dict[str, Any]:
    """A patient in plain values, which a task can be given."""
    return asdict(patient) | {"headers": json.dumps([str(p.resolve()) for p in patient.headers])}


def _there(path: str, store: Store) -> CleanPatient | None:
    """The patient that is in the store already, from the footer; None if there is none to use."""
    with suppress(ValueError, FileNotFoundError), store.files.opened(path) as file:
        return read_patient(file)  # a file that is no patient is written anew
    return None


def _manifest_row(row: dict[str, Any]) -> dict[str, Any]:
    known = json.loads(row["footer"] or "{}")
    for name in ("records", "leads"):
        known[name] = " ".join(known.get(name, ()))
    left_out = known.get("left_out", {})
    known["left_out"] = "; ".join(f"{count} {reason}" for reason, count in left_out.items())
    return {name: row.get(name, known.get(name, "")) for name in COLUMNS}


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in ("wfdb", "soxr", "numpy", "pyarrow")}
    return {"ecg-sleep-distillation": datasets.__version__, **libraries}


def _line(row: dict[str, Any]) -> str:
    if row["status"] == "refused":
        return f"{row['patient']} refused: {row['reason']}"
    there = CleanPatient.from_json(row["footer"])
    line = f"{there.name} {row['status']}, {there.segments} segments of {' '.join(there.leads)}"
    return f"{line}; without {row['reason']}" if row["reason"] else line
