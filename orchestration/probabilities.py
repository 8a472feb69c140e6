"""What a network said of a test subject: class probabilities of every scored segment, as Parquet.

Every table and plot derives from these files, so none of them needs a network again.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datasets.stages import SCHEMES
from kd_core.confusion import Confusion
from orchestration.store import Store

SOURCE = "source_hash"


def path_of(key: str, subject: str) -> str:
    """Where the probabilities of a subject under the phase `key` lie in a store."""
    return f"scores/{key}/{subject}.parquet"


def write_probabilities(
    store: Store,
    path: str,
    scheme: str,
    probabilities: np.ndarray,
    labels: np.ndarray,
    source_hash: str,
) -> None:
    """Write one subject's night, one row a scored segment in time order.

    Shapes: probabilities (n, K), labels (n,).
    Columns: label int8 (index of the true class), then one float32 column a class.

    Args:
        source_hash: digits of that of the night, so that a night ingested anew is scored anew.
    """
    columns = {"label": pa.array(labels, pa.int8())}
    for index, name in enumerate(SCHEMES[scheme].classes):
        columns[name] = pa.array(probabilities[:, index], pa.float32())
    table = pa.table(columns).replace_schema_metadata({SOURCE: source_hash})
    content = io.BytesIO()
    pq.write_table(table, content)
    store.files.write(path, content.getvalue())


def is_scored(store: Store, path: str, source_hash: str) -> bool:
    """Whether the probabilities are there, of the night as it is now."""
    try:
        content = store.files.read(path)
    except FileNotFoundError:
        return False
    found = pq.read_schema(io.BytesIO(content)).metadata or {}
    return bool(found.get(SOURCE.encode()) == source_hash.encode())


def read_confusion(store: Store, key: str, subject: str, scheme: str) -> Confusion:
    """A subject's confusion under the phase `key`: the likeliest class against the true one."""
    classes = SCHEMES[scheme].classes
    table = pq.read_table(io.BytesIO(store.files.read(path_of(key, subject))))
    probabilities = np.stack([table[name].to_numpy() for name in classes], axis=1)
    return Confusion.of(classes, table["label"].to_numpy(), probabilities.argmax(axis=1))
