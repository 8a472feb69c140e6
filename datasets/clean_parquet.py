"""Clean ECG of one patient as one Parquet file: a row a lead, continuous at 360 Hz.

Takes and gives CleanLeads, to the last bit. What the file was made from and what it holds in all
is JSON in the schema's metadata, so patients are listed by reading footers alone.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from datasets.clean_ecg import cut
from datasets.clean_records import CLEAN_HZ, CleanLead
from datasets.lead_rows import array_in, lists_of, read_footer, read_rows, write_rows
from datasets.parquet import SAMPLES

LAYOUT = 2  # raise it when the same records would be read, cut or written otherwise
MOST_REASONS = 8  # that a byte a sample can tell
FAULT = pa.list_(pa.field("item", pa.uint8(), nullable=False))
LEADS = pa.schema(
    [
        ("database", pa.string()),
        ("patient", pa.string()),
        ("record", pa.string()),
        ("lead", pa.string()),
        pa.field("samples", SAMPLES, nullable=False),
        ("reasons", pa.list_(pa.string())),
        pa.field("fault", FAULT, nullable=False),  # bit k: unfit by the k-th reason
        ("beats", pa.list_(pa.int64())),  # null where nobody looked
    ]
)


@dataclass(frozen=True)
class CleanPatient:
    """What the footer of a patient's file tells."""

    name: str
    """Such as "mitdb/201"."""
    digest: str
    """Of the files that the leads were read from."""
    records: tuple[str, ...]
    leads: tuple[str, ...]
    """Names, each once."""
    segments: int
    """Of 10 s that clean_ecg.cut() keeps, over all leads."""
    left_out: Mapping[str, int]
    """Segments that it does not keep, by reason."""
    seconds: float
    """Length of all records."""
    annotated: bool
    """Whether experts marked the beats of every record."""
    unreadable: Mapping[str, str]
    """Further records, by the reason they are not here."""

    def as_json(self) -> str:
        """All of it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "CleanPatient":
        """What as_json() gave."""
        known = json.loads(text)
        lists = {name: tuple(known[name]) for name in ("records", "leads")}
        return cls(**known | lists)


def write_leads(
    path: Path,
    leads: Sequence[CleanLead],
    digest: str,
    versions: Mapping[str, str],
    unreadable: Mapping[str, str] | None = None,
) -> None:
    """All leads of one patient; that the file appears whole is the store's care.

    Args:
        digest: what tells whether the records have changed since.
        versions: of the programs that read them, by name.
        unreadable: records of the patient that could not be read, by reason.
    """
    patient = _summary(leads, digest, unreadable or {})
    columns = [
        *(pa.array([getattr(lead, name) for lead in leads]) for name in LEADS.names[:4]),
        lists_of([lead.samples for lead in leads], SAMPLES),
        pa.array([list(lead.faults) for lead in leads], LEADS.field("reasons").type),
        lists_of([_bits(lead) for lead in leads], FAULT),
        pa.array([lead.beats for lead in leads], LEADS.field("beats").type),
    ]
    known = {"layout": str(LAYOUT), "patient": patient.as_json()}
    write_rows(path, columns, LEADS, known, versions)


def read_leads_file(path: Path) -> list[CleanLead]:
    """What write_leads wrote; anything else is refused."""
    return [_lead(row) for row in read_rows(path, LEADS)]


def read_patient(file: Path | BinaryIO) -> CleanPatient:
    """What the footer of one patient tells; a file that is none is refused."""
    return CleanPatient.from_json(read_footer(file, LEADS)["patient"])


def _summary(
    leads: Sequence[CleanLead], digest: str, unreadable: Mapping[str, str]
) -> CleanPatient:
    names = sorted({lead.patient for lead in leads})
    if len(names) != 1:
        raise ValueError(f"a file holds the leads of one patient, not of {names}; write {names}.")
    lengths: dict[str, int] = {}
    left_out: Counter[str] = Counter()
    segments = 0
    for lead in leads:
        lengths[lead.record] = max(lengths.get(lead.record, 0), len(lead.samples))
        part = cut(lead)
        left_out.update(part.left_out)
        segments += len(part)
    return CleanPatient(
        name=names[0],
        digest=digest,
        records=tuple(lengths),
        leads=tuple(dict.fromkeys(lead.lead for lead in leads)),
        segments=segments,
        left_out=dict(left_out),
        seconds=sum(lengths.values()) / CLEAN_HZ,
        annotated=all(lead.beats is not None for lead in leads),
        unreadable=dict(unreadable),
    )


def _bits(lead: CleanLead) -> np.ndarray:
    """(n,) uint8: a bit a reason, in the order of the lead's faults."""
    if len(lead.faults) > MOST_REASONS:
        raise ValueError(f"{lead.record} has faults {list(lead.faults)}; 8 kinds have room.")
    bits = np.zeros(len(lead.samples), np.uint8)
    for place, fault in enumerate(lead.faults.values()):
        bits |= fault.astype(np.uint8) << np.uint8(place)
    return bits


def _lead(row: Mapping[str, Any]) -> CleanLead:
    bits = array_in(row["fault"])
    faults = {
        reason: (bits >> place & 1).astype(bool)
        for place, reason in enumerate(row["reasons"].as_py())
    }
    beats = row["beats"]
    return CleanLead(
        **{name: row[name].as_py() for name in LEADS.names[:4]},
        samples=array_in(row["samples"]),
        faults=faults,
        beats=array_in(beats) if beats.is_valid else None,
    )
