"""One night as one Parquet file: a row a scored segment, in time order.

Takes and gives a Night. Plain Arrow types without dictionaries, so pandas and polars read the
files too; what holds for the whole night (rate, units, channels, person, where it came from) is
text in the schema's metadata, so a folder of nights is listed by reading footers alone.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datasets.night import Night
from datasets.parquet_schema import read_schema
from datasets.signals import RATE_HZ
from datasets.stages import Stage

LAYOUT = 4  # raise it when the same recording would be cut or written otherwise
ROW_GROUP = 35  # rows; about one window, which can be read alone
COMPRESSION = "none"  # the noise in float32 signals does not compress
EEG_UNIT, ECG_UNIT = "uV", "mV"
# a list that may hold nulls is read half as fast
SAMPLES = pa.list_(pa.field("item", pa.float32(), nullable=False))
SCHEMA = pa.schema(
    [
        ("subject", pa.string()),
        ("subset", pa.string()),
        ("segment", pa.int32()),
        ("onset_s", pa.float64()),
        ("stage", pa.int8()),
        pa.field("eeg", SAMPLES, nullable=False),
        pa.field("ecg", SAMPLES, nullable=False),
    ]
)


@dataclass(frozen=True)
class Subject:
    """What the footer of a night's file tells."""

    name: str
    subset: str
    person: str
    source_hash: str
    """Of the recording that the night was cut from."""
    stages: tuple[int, ...]
    """Segments of each Stage."""
    eeg_channel: str
    """What the EEG was derived from."""
    ecg_channel: str
    page_s: float
    """Length of the pages that were scored, 20 or 30."""


def write_night(path: Path, night: Night, source_hash: str, versions: Mapping[str, str]) -> None:
    """One file, there whole or not at all.

    Args:
        path: `<subject>.parquet`; its folder must exist.
        source_hash: what tells whether the recording has changed since.
        versions: of the programs that made the night, by name.
    """
    metadata = _metadata(night, source_hash, versions)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(
            _table(night).replace_schema_metadata(metadata),
            beside,
            row_group_size=ROW_GROUP,
            compression=COMPRESSION,
            use_dictionary=False,
            write_statistics=False,
        )
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def read_night(path: Path) -> Night:
    """What write_night wrote; anything else is refused."""
    known = _read_metadata(path)
    try:
        table = pq.read_table(path, columns=SCHEMA.names[2:])
        return Night(
            subject=known["subject"],
            subset=known["subset"],
            person=known["person"],
            page_s=float(known["page_s"]),
            eeg_channel=known["eeg_channel"],
            ecg_channel=known["ecg_channel"],
            segment=table["segment"].to_numpy(),
            onset_s=table["onset_s"].to_numpy(),
            stage=table["stage"].to_numpy(),
            eeg=_rows(table["eeg"]),
            ecg=_rows(table["ecg"]),
        )
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: {error} Remove the file and prepare the night again.") from None


def subjects_in(folder: Path) -> tuple[Subject, ...]:
    """The nights of a folder by name, from their footers; none if it holds none."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder of nights. Prepare the recordings first.")
    return tuple(read_subject(path) for path in sorted(folder.glob("[!.]*.parquet")))


def read_subject(night: Path | BinaryIO) -> Subject:
    """What the footer of one night tells; a file that is no night is refused."""
    known = _read_metadata(night)
    return Subject(
        name=known["subject"],
        subset=known["subset"],
        person=known["person"],
        source_hash=known["source_hash"],
        stages=tuple(json.loads(known["stage_counts"])),
        eeg_channel=known["eeg_channel"],
        ecg_channel=known["ecg_channel"],
        page_s=float(known["page_s"]),
    )


def _metadata(night: Night, source_hash: str, versions: Mapping[str, str]) -> dict[str, str]:
    counts = np.bincount(night.stage, minlength=len(Stage))
    return {
        "subject": night.subject,
        "subset": night.subset,
        "person": night.person,
        "hz": str(RATE_HZ),
        "eeg_unit": EEG_UNIT,
        "ecg_unit": ECG_UNIT,
        "eeg_channel": night.eeg_channel,
        "ecg_channel": night.ecg_channel,
        "page_s": str(night.page_s),
        "source_hash": source_hash,
        "stage_counts": json.dumps(counts.tolist()),
        "versions": json.dumps(dict(versions)),
    }


def _read_metadata(night: Path | BinaryIO) -> dict[str, str]:
    """Text metadata of a night's file, from its footer."""
    path = night if isinstance(night, Path) else getattr(night, "name", "the file")
    schema = read_schema(night, "Remove it and prepare the night again.")
    known = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    if schema.names == SCHEMA.names and "source_hash" in known and not schema.equals(SCHEMA):
        raise ValueError(
            f"{path} was written by a version that stored samples as {schema.field('eeg').type}, "
            f"not {SAMPLES}. Remove it and prepare the night again."
        )
    if not schema.equals(SCHEMA) or "source_hash" not in known:
        raise ValueError(
            f"{path} is no night: it has columns {schema.names}, a night has {SCHEMA.names} and "
            "metadata. Remove it from the folder."
        )
    return known


def _table(night: Night) -> pa.Table:
    n = len(night.segment)
    return pa.Table.from_arrays(
        [
            pa.array([night.subject] * n),
            pa.array([night.subset] * n),
            pa.array(night.segment, pa.int32()),
            pa.array(night.onset_s, pa.float64()),
            pa.array(night.stage, pa.int8()),
            _lists(night.eeg),
            _lists(night.ecg),
        ],
        schema=SCHEMA,
    )


def _lists(samples: np.ndarray) -> pa.ListArray:
    """(n, S) -> n lists of S, without a copy."""
    n, width = samples.shape
    offsets = np.arange(0, (n + 1) * width, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(samples.reshape(-1)), SAMPLES)


def _rows(lists: pa.ChunkedArray) -> np.ndarray:
    """n lists of S -> (n, S)."""
    rows = lists.combine_chunks()
    widths = rows.value_lengths().unique().to_pylist()
    if len(widths) != 1:
        raise ValueError(f"its segments have {widths} samples; all must have the same number.")
    return np.asarray(rows.flatten()).reshape(len(rows), -1)
