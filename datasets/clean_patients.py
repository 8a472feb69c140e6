"""The patients of a WFDB folder: which records are whose, what tells them apart, their leads.

A folder in, a PatientRecords a patient out; small, so that a cluster can share patients out and
read each where there is room.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from datasets.clean_annotations import ANNOTATOR
from datasets.clean_records import CleanLead, Database, database_of, find_records, read_leads
from datasets.recording import UnusableRecording
from datasets.wfdb_header import check_name, read_wfdb_header

DIGEST_DIGITS = 16  # hexadecimal, of SHA-256
_NAME = re.compile(r"\w[\w.+ -]{0,99}")  # one that can be part of a file's name anywhere
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class PatientRecords:
    """Where the records of one patient lie."""

    database: str
    person: str
    """Unique in the database."""
    headers: tuple[Path, ...]
    """Of the records, sorted."""

    def __post_init__(self) -> None:
        for name in (self.database, self.person):
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot name a database or a patient; allowed are 1 to 100 "
                    "letters, digits, spaces and . + - _, the first a letter or digit. Rename "
                    "the folder or the record."
                )

    @property
    def name(self) -> str:
        """Unique over databases, such as "mitdb/201"; as CleanLead.patient."""
        return f"{self.database}/{self.person}"


def find_patients(folder: Path) -> tuple[PatientRecords, ...]:
    """The patients of a folder by name, before anything but names is read.

    Raises ValueError where the folder has no record, or two records of one name.
    """
    folder = Path(folder)
    records = find_records(folder)
    if not records:
        raise ValueError(
            f"folder {folder.name} holds no record but those of the noise stress test, whose ECG "
            "is not clean. Give a folder of clean ECG."
        )
    database = database_of(folder, records)
    headers: dict[str, Path] = {}
    of: dict[str, list[Path]] = defaultdict(list)
    for path in records:
        if path.stem in headers:
            one, other = (file.relative_to(folder) for file in (headers[path.stem], path))
            raise ValueError(
                f"folder {folder.name} holds record {path.stem!r} twice, {one} and {other}. "
                "Remove one, or rename it if it is another recording."
            )
        headers[path.stem] = path
        of[database.patient(path.stem)].append(path)
    return tuple(PatientRecords(database.name, person, tuple(of[person])) for person in sorted(of))


def patients_of(folders: Sequence[Path]) -> tuple[PatientRecords, ...]:
    """The patients of several folders, each a database of its own.

    Raises ValueError where two folders hold one database, or two patients would be one file.
    """
    patients: list[PatientRecords] = []
    folder_of: dict[str, Path] = {}
    for folder in map(Path, folders):
        found = find_patients(folder)
        database = found[0].database
        if database in folder_of:
            raise ValueError(
                f"folders {folder_of[database]} and {folder} both hold the database {database!r}. "
                "Give it once; if they are two databases, rename one of the folders."
            )
        folder_of[database] = folder
        patients += found
    seen: dict[str, str] = {}
    for name in (patient.name for patient in patients):
        other = seen.setdefault(name.replace("/", "-"), name)  # as the store names their files
        if other != name:
            raise ValueError(f"patients {other!r} and {name!r} are named alike; rename a folder.")
    return tuple(patients)


def read_patient_leads(patient: PatientRecords) -> tuple[list[CleanLead], dict[str, str]]:
    """All leads of a patient, and the records that cannot be read by their reasons.

    Raises UnusableRecording where none can be read.
    """
    database = Database(patient.database, "", lambda record: patient.person)
    leads: list[CleanLead] = []
    unreadable: dict[str, str] = {}
    for path in patient.headers:
        try:
            leads += read_leads(path, database)
        except UnusableRecording as error:
            unreadable[path.stem] = " ".join(str(error).split())
    if not leads:
        raise UnusableRecording(" ".join(unreadable.values()))
    return leads, unreadable


def digest_of(name: str, headers: Iterable[Path]) -> str:
    """What tells records, under this name, from any others: of names and content of their files.

    Returns the first 16 hexadecimal digits of a SHA-256; folders leave no trace in it.
    """
    digest = hashlib.sha256(name.encode())
    for file in (file for header in headers for file in _files_of(header)):
        digest.update(f"\n{file.name}:{file.stat().st_size}\n".encode())
        with file.open("rb") as content:
            while piece := content.read(_PIECE_BYTES):
                digest.update(piece)
    return digest.hexdigest()[:DIGEST_DIGITS]


def _files_of(header: Path) -> list[Path]:
    """A record's header, signals and annotations, as far as they are there."""
    names = {header.with_suffix(f".{ANNOTATOR}").name}
    with suppress(UnusableRecording):  # its reason is told when it is read
        for name in getattr(read_wfdb_header(header), "file_name", None) or []:
            check_name(header, name)
            names.add(name)
    files = [header, *(header.with_name(name) for name in sorted(names))]
    return [file for file in files if file.is_file()]
