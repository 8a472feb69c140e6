"""Rows of samples in a Parquet file, each of its own length, and what the footer says of them.

Columns in, a file out, and back. Plain Arrow types, so pandas and polars read the files too.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datasets.clean_records import CLEAN_HZ
from datasets.parquet_schema import read_schema

COMPRESSION = "zstd"  # MIT-BIH's 11 bits in 32 become 8
UNIT = "mV"


def write_rows(
    path: Path,
    columns: Sequence[pa.Array],
    schema: pa.Schema,
    known: Mapping[str, str],
    versions: Mapping[str, str],
) -> None:
    """A file of these columns.

    Args:
        known: text for the footer, by name.
        versions: of the programs that made the rows, by name.
    """
    made = {"hz": f"{CLEAN_HZ:g}", "unit": UNIT, "versions": json.dumps(dict(versions))}
    pq.write_table(
        pa.Table.from_arrays(columns, schema=schema.with_metadata({**known, **made})),
        path,
        compression=COMPRESSION,
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    )


def read_footer(file: Path | BinaryIO, schema: pa.Schema) -> dict[str, str]:
    """The text of a footer; raises ValueError where the file has not this schema."""
    path = file if isinstance(file, Path) else getattr(file, "name", "the file")
    found = read_schema(file, _AGAIN)
    known = {key.decode(): value.decode() for key, value in (found.metadata or {}).items()}
    if not found.equals(schema) or "versions" not in known:
        raise ValueError(
            f"{path} has columns {found.names}; it should have {schema.names}, of the types that "
            f"this version writes, and metadata. {_AGAIN}"
        )
    return known


def read_rows(path: Path, schema: pa.Schema) -> Iterator[dict[str, Any]]:
    """Each row's Arrow scalars by column; raises ValueError where the file is not sound."""
    read_footer(path, schema)
    try:
        table = pq.read_table(path, columns=schema.names, page_checksum_verification=True)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: {reason} {_AGAIN}") from None
    for row in range(len(table)):
        yield {name: table[name][row] for name in schema.names}


def lists_of(rows: Sequence[np.ndarray], kind: pa.DataType) -> pa.ListArray:
    """Arrays (n_k,), one at least, as Arrow lists of the given kind."""
    values = pa.array(np.concatenate(rows))
    if values.type != kind.value_type:  # Arrow would round them without a word
        raise ValueError(f"samples are {values.type}; a column of {kind.value_type} is written.")
    offsets = np.cumsum([0, *map(len, rows)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, kind)


def array_in(row: pa.ListScalar) -> np.ndarray:
    """The numbers of one list, one's own to change. Shapes: returns (n,)."""
    return np.array(row.values)


_AGAIN = "Remove it and ingest again."
