"""A window for training, and a whole night: ours against a compressed Parquet file.

    python -m benchmarks.reading [--out FILE]

The other side is what tables of a data lake look like: FixedSizeList<float32>, zstd, row groups
of one window. Both give float32 tensors of the same numbers; pages of both files are in memory.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from benchmarks.side_by_side import Compared, Way, compare, put_results, with_settings, within
from datasets.windows import ScaledNight, WindowRef
from orchestration.night_files import FOLDER, NightFiles
from orchestration.rows import HostRows

SEGMENTS, SAMPLES, T = 960, 6000, 35  # of a night of eight hours; of a window
WINDOWS = 200  # a round
NAME = "night"


def main() -> None:
    """Windows at random places, then whole nights."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.reading")
    words.add_argument("--out", default="", help="file for the results")
    given = words.parse_args()
    with_settings("benchmarks.reading")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ[FOLDER] = str(folder / "nights")
        night = a_night()
        NightFiles().keep(NAME, night)
        parquet = folder / "night.parquet"
        write_lists(parquet, night)
        put_results([windows(parquet), whole(parquet)], given.out)


def windows(parquet: Path) -> Compared:
    """The same windows of EEG and ECG, one after another."""
    night = NightFiles().read(NAME, "subject")
    assert night
    starts = np.random.default_rng(1).integers(0, SEGMENTS - T, WINDOWS)
    sides = [HostRows([rows]) for rows in (night.eeg, night.ecg)]

    def ours() -> list[Tensor]:
        refs = [[WindowRef(0, int(start), T, T)] for start in starts]
        return [side.cut(ref, T).flatten().float() for ref in refs for side in sides]

    def other() -> list[Tensor]:
        file = pq.ParquetFile(parquet)
        return [tensor for start in starts for tensor in window_of(file, int(start))]

    return compare(
        f"{WINDOWS} random windows of {T} segments",
        Way("float16, mapped", ours),
        Way("FixedSizeList<float32> zstd", other),
        20,
        same,
    )


def whole(parquet: Path) -> Compared:
    """A night as tensors of float32."""

    def ours() -> list[Tensor]:
        night = NightFiles().read(NAME, "subject")
        assert night
        return [torch.from_numpy(np.array(x)).float() for x in (night.eeg, night.ecg)]

    def other() -> list[Tensor]:
        table = pq.read_table(parquet)
        return [_rows(table[name]) for name in ("eeg", "ecg")]

    return compare(
        "a night of eight hours",
        Way("float16, mapped", ours),
        Way("FixedSizeList<float32> zstd", other),
        3,
        same,
    )


def a_night() -> ScaledNight:
    """Noise, as float16 can hold it."""
    random = np.random.default_rng(0)
    eeg, ecg = random.standard_normal((2, SEGMENTS, SAMPLES), np.float32).astype(np.float16)
    order = np.arange(SEGMENTS, dtype=np.int32)
    return ScaledNight("subject", eeg, ecg, np.zeros(SEGMENTS, np.int64), order)


def write_lists(path: Path, night: ScaledNight) -> None:
    """The same night as a table of lists."""
    columns = {
        name: pa.FixedSizeListArray.from_arrays(
            pa.array(rows.astype(np.float32).reshape(-1)), SAMPLES
        )
        for name, rows in (("eeg", night.eeg), ("ecg", night.ecg))
    }
    pq.write_table(pa.table(columns), path, row_group_size=T, compression="zstd")


def window_of(file: pq.ParquetFile, start: int) -> list[Tensor]:
    """The rows of a window, out of the one or two row groups that hold them."""
    first, last = start // T, (start + T - 1) // T
    table = file.read_row_groups(list(range(first, last + 1))).slice(start - first * T, T)
    return [_rows(table[name]).flatten() for name in ("eeg", "ecg")]


def same(ours: list[Tensor], other: list[Tensor]) -> str:
    """Not a bit may differ."""
    worst = max(float((a - b).abs().max()) for a, b in zip(ours, other, strict=True))
    return within(worst, 0, "of any sample")


def _rows(column: pa.ChunkedArray) -> Tensor:
    rows = column.combine_chunks()
    return torch.from_numpy(np.array(rows.flatten())).reshape(len(rows), -1)


if __name__ == "__main__":
    main()
