"""What a network said of a test subject: class probabilities of every scored segment, as Parquet.

Every table and plot derives from these files, so none of them needs a network again.
"""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datasets.parquet import Subject
from datasets.parquet_schema import read_schema
from datasets.stages import UNSCORED
from kd_core.confusion import Confusion
from orchestration.evidence.staged import StagedNight
from orchestration.nights import source_of
from orchestration.store import Store

SOURCE = "source_hash"
FORMAT = "2"  # raise it when the columns change, so that nights are scored again
WORDS = ("subject", "subset", "person", "page_s")  # of a night, in the metadata
NUMBERS = ("segment", "label")  # the columns before those of the classes


def path_of(key: str, subject: str) -> str:
    """Where the probabilities of a subject under the phase `key` lie in a store."""
    return f"scores/{key}/{subject}.parquet"


def write_staged(
    store: Store,
    key: str,
    subject: Subject,
    classes: tuple[str, ...],
    segment: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
) -> None:
    """Write one subject's night, one row a scored segment in time order.

    Shapes: segment and labels (n,), probabilities (n, K); rows labelled UNSCORED are left out.
    Columns: segment int32, label int8 (index of the true class), then one float32 column a class.

    Args:
        key: what staged the night, a phase or a simpler method.
    """
    scored = labels != UNSCORED
    night = StagedNight(
        subject=subject.name,
        subset=subject.subset,
        person=subject.person,
        classes=classes,
        page_s=subject.page_s,
        segment=segment[scored],
        labels=labels[scored],
        probabilities=probabilities[scored],
    )
    columns = {
        "segment": pa.array(night.segment, pa.int32()),
        "label": pa.array(night.labels, pa.int8()),
    }
    for index, name in enumerate(night.classes):
        columns[name] = pa.array(night.probabilities[:, index], pa.float32())
    metadata = {name: str(getattr(night, name)) for name in WORDS}
    metadata |= {SOURCE: source_of(subject), "format": FORMAT}
    content = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), content)
    store.files.write(path_of(key, subject.name), content.getvalue())


def missing(store: Store, key: str, subjects: Sequence[Subject]) -> list[Subject]:
    """Subjects whose nights, as they are now, have no probabilities under `key`."""
    return [subject for subject in subjects if not _is_scored(store, key, subject)]


def read_staged(store: Store, key: str, subject: str) -> StagedNight:
    """A subject's night as the phase `key` staged it.

    Raises:
        ValueError: it was scored by another version, which kept less of it.
    """
    path = path_of(key, subject)
    table = pq.read_table(io.BytesIO(store.files.read(path)))
    metadata = table.schema.metadata or {}
    if not _is_ours(metadata):
        raise ValueError(
            f"{store.root}/{path} was written by another version. Type the command of its sweep "
            "again: it scores its test subjects anew, and trains nothing."
        )
    words = {name: metadata[name.encode()].decode() for name in WORDS}
    classes = tuple(name for name in table.column_names if name not in NUMBERS)
    probabilities = np.stack([table[name].to_numpy() for name in classes], axis=1)
    return StagedNight(
        subject=words["subject"],
        subset=words["subset"],
        person=words["person"],
        classes=classes,
        page_s=float(words["page_s"]),
        segment=table["segment"].to_numpy(),
        labels=table["label"].to_numpy().astype(np.int64),
        probabilities=probabilities.astype(np.float64),
    )


def read_confusion(store: Store, key: str, subject: str) -> Confusion:
    """A subject's confusion under the phase `key`: the likeliest class against the true one."""
    return read_staged(store, key, subject).confusion


def _is_scored(store: Store, key: str, subject: Subject) -> bool:
    try:
        content = store.files.read(path_of(key, subject.name))
        found = read_schema(io.BytesIO(content)).metadata or {}
    except (FileNotFoundError, ValueError):
        return False  # a damaged file is written anew
    return found.get(SOURCE.encode()) == source_of(subject).encode() and _is_ours(found)


def _is_ours(metadata: dict[bytes, bytes]) -> bool:
    return metadata.get(b"format") == FORMAT.encode()
