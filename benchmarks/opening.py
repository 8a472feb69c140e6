"""What it costs a machine to open a night: fetched from the storage, and from then on.

    python -m benchmarks.opening [--nights 8]

The nights are whole: eight hours of noise, on a local storage.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.tables import table
from datasets.night import Night
from datasets.parquet import write_night
from orchestration.night_files import FOLDER
from orchestration.nights import HASH_DIGITS, open_nights
from orchestration.store import Store

SEGMENTS, SAMPLES = 960, 6000  # of a night of eight hours
SOURCE = "0" * 64


def main() -> None:
    """Open the same nights twice; print what each cost."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.opening")
    words.add_argument("--nights", type=int, default=8)
    nights = words.parse_args().nights
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = f"{folder}/nights"
        store = Store.open(f"{folder}/storage")
        sources = {_write(store, number): SOURCE[:HASH_DIGITS] for number in range(nights)}
        rows = []
        for what in ("fetched", "from this machine's file"):
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            open_nights(store, "windows", sources, "W-N-R", "night")
            wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            each = {"wall ms a night": 1e3 * wall_s / nights, "CPU ms": 1e3 * cpu_s / nights}
            rows.append({"opened": what, **each})
    print(table(rows))


def _write(store: Store, number: int) -> str:
    """A night of noise in the store; its subject."""
    random, subject = np.random.default_rng(number), f"01-01-{number:04d}"
    order = np.arange(SEGMENTS, dtype=np.int32)
    eeg, ecg = random.standard_normal((2, SEGMENTS, SAMPLES), dtype=np.float32)
    night = Night(
        subject=subject,
        subset="SS1",
        person=subject,
        page_s=30.0,
        eeg_channel="C4",
        ecg_channel="I",
        segment=order,
        onset_s=order * 30.0,
        stage=random.integers(0, 5, SEGMENTS).astype(np.int8),
        eeg=eeg,
        ecg=ecg,
    )
    with store.files.writing(f"windows/windows/{subject}.parquet") as path:
        write_night(Path(path), night, SOURCE, {})
    return subject


if __name__ == "__main__":
    main()
