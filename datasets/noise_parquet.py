"""Recorded noise as one Parquet file: a row a kind, stretch and lead, continuous at 360 Hz.

Takes and gives a Noise, to the last bit.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from datasets.lead_rows import array_in, lists_of, read_footer, read_rows, write_rows
from datasets.noise import Noise
from datasets.parquet import SAMPLES

LAYOUT = 2  # raise it when the same records would be read or written otherwise
NOISE = f"noise {LAYOUT}"  # what its digest begins with
ROWS = pa.schema(
    [
        ("kind", pa.string()),
        ("first", pa.int64()),  # which sample of the record the row begins with
        pa.field("samples", SAMPLES, nullable=False),
    ]
)


def write_noise(path: Path, noise: Noise, digest: str, versions: Mapping[str, str]) -> None:
    """All leads of all kinds; that the file appears whole is the store's care.

    Args:
        digest: names the records that the noise was read from.
        versions: of the programs that read them, by name.
    """
    rows = [
        (kind, first, lead)
        for kind in noise.signals
        for (first, _), leads in zip(noise.spans[kind], noise.stretches(kind), strict=True)
        for lead in leads
    ]
    columns = [
        pa.array([kind for kind, _, _ in rows]),
        pa.array([first for _, first, _ in rows], pa.int64()),
        lists_of([lead for _, _, lead in rows], SAMPLES),
    ]
    write_rows(path, columns, ROWS, {"layout": str(LAYOUT), "digest": digest}, versions)


def read_noise_file(path: Path) -> Noise:
    """What write_noise wrote; anything else is refused."""
    read_noise_digest(path)
    found: dict[str, dict[int, list[np.ndarray]]] = {}
    for row in read_rows(path, ROWS):
        stretches = found.setdefault(row["kind"].as_py(), {})
        stretches.setdefault(row["first"].as_py(), []).append(array_in(row["samples"]))
    return Noise(
        {
            kind: np.concatenate([np.stack(leads) for leads in stretches.values()], axis=1)
            for kind, stretches in found.items()
        },
        {
            kind: tuple((first, first + len(leads[0])) for first, leads in stretches.items())
            for kind, stretches in found.items()
        },
    )


def read_noise_digest(file: Path | BinaryIO) -> str:
    """What the noise was read from, from the footer; a file that holds no noise is refused."""
    known = read_footer(file, ROWS)
    if known.get("layout") != str(LAYOUT):
        raise ValueError(f"the noise has layout {known.get('layout')}; ingest it again.")
    return known["digest"]
