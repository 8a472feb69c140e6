"""Training on a cohort larger than memory: nights mapped from files against nights held in memory.

    python -m benchmarks.streaming --folder DIR [--nights 8 32 128] [--limit-mb 1024] [--out FILE]

Each row is a process of its own that makes one pass over a cohort of whole nights of noise: it
measures how windows come to the network, not what it learns. The process may hold no more
anonymous memory than the limit (RLIMIT_DATA); pages of files that are mapped do not count, because
the kernel drops them when it needs the room. "pass" trains the network; "cut" only cuts batches.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.processes import anonymous_bytes, peak_bytes
from benchmarks.tables import put, table
from datasets.windows import ScaledNight
from kd_core.fit import Training
from kd_core.learner import make_learner
from kd_core.methods import OBJECTIVES
from kd_core.models import build_model, model_spec
from kd_core.passes import train_pass
from kd_core.training import make_optimizer
from orchestration.batches import Batches
from orchestration.cluster import WORKER_ENV
from orchestration.night_files import FOLDER, NightFiles

SEGMENTS, SAMPLES = 960, 6000  # of a night of eight hours
WINDOW, BATCH = 35, 8  # segments a window, windows a batch: the default plan's
MB = 1e6


def main() -> None:
    """Measure each cohort mapped and held, then print the table."""
    given = _arguments()
    os.environ[FOLDER] = str(given.folder / "nights")
    if given.one:
        print(json.dumps(measured(given)))
        return
    rows = [_apart(given, nights, way) for nights in given.nights for way in ("mapped", "held")]
    put(table(rows), given.out)


def measured(given: argparse.Namespace) -> dict[str, object]:
    """Seconds and memory of one pass over one cohort."""
    nights = given.nights[0]
    _make(nights)
    network = _Network(given.model)
    network.train(_open(1, "mapped"))  # what a first pass allocates once
    before, limit = anonymous_bytes(), int(given.limit_mb * MB)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    row: dict[str, object] = {
        "nights": nights,
        "cohort MB": nights * SEGMENTS * SAMPLES * 4 / MB,
        "way": given.way,
    }
    try:
        batches = _open(nights, given.way)
        cut_s, windows = _cut(batches)
        pass_s = network.train(batches)
    except (MemoryError, RuntimeError, OSError) as error:
        return row | dict.fromkeys(COLUMNS, "-") | {"anonymous MB grew": _reason(error)}
    return row | {
        "cut ms a window": 1e3 * cut_s / windows,
        "pass ms a window": 1e3 * pass_s / windows,
        "anonymous MB grew": (anonymous_bytes() - before) / MB,
        "peak MB with file pages": peak_bytes() / MB,
    }


COLUMNS = ("cut ms a window", "pass ms a window", "anonymous MB grew", "peak MB with file pages")


class _Network:
    """A student that is trained by cross-entropy, as the baseline is."""

    def __init__(self, model: str) -> None:
        objective = OBJECTIVES["CL"].make(class_weights=torch.ones(3))
        network = build_model(model_spec(model, 3), seed=0)
        self.learner = make_learner(network, objective, "student_view", None, False)
        self.optimizer = make_optimizer(network, Training())

    def train(self, batches: Batches) -> float:
        """Seconds of one pass."""
        started = time.perf_counter()
        train_pass(self.learner, batches.shuffled(seed=1, epoch=1), self.optimizer, False)
        return time.perf_counter() - started


def _cut(batches: Batches) -> tuple[float, int]:
    """Seconds of cutting all batches of a pass, and their windows."""
    started = time.perf_counter()
    windows = sum(len(batch.target) for batch in batches.shuffled(seed=2, epoch=1))
    return time.perf_counter() - started, windows


def _make(nights: int) -> None:
    """Have the files of so many nights of noise."""
    files, random = NightFiles(), np.random.default_rng(0)
    noise = random.standard_normal((2, SEGMENTS, SAMPLES), dtype=np.float32).astype(np.float16)
    labels = random.integers(0, 3, SEGMENTS)
    for number in range(nights):
        name = f"night-{number:04d}"
        if files.read(name, name) is None:
            eeg, ecg = (np.roll(side, number, axis=0) for side in noise)
            order = np.arange(SEGMENTS, dtype=np.int32)
            night = ScaledNight(subject=name, eeg=eeg, ecg=ecg, labels=labels, segment=order)
            files.keep(name, night)


def _open(nights: int, way: str) -> Batches:
    """The nights as the product opens them, or copied into memory."""
    files, opened = NightFiles(), []
    for number in range(nights):
        night = files.read(f"night-{number:04d}", f"night-{number:04d}")
        assert night is not None
        opened.append(night if way == "mapped" else _copied(night))
    return Batches(opened, WINDOW, BATCH)


def _copied(night: ScaledNight) -> ScaledNight:
    return ScaledNight(
        subject=night.subject,
        eeg=night.eeg.copy(),
        ecg=night.ecg.copy(),
        labels=night.labels,
        segment=night.segment,
    )


def _reason(error: BaseException) -> str:
    return f"over the limit ({type(error).__name__})"


def _apart(given: argparse.Namespace, nights: int, way: str) -> dict[str, object]:
    """One row, measured in a process of its own."""
    flags: Sequence[object] = (
        *("--folder", given.folder, "--nights", nights, "--way", way, "--model", given.model),
        *("--limit-mb", given.limit_mb, "--one"),
    )
    command = [sys.executable, "-m", "benchmarks.streaming", *map(str, flags)]
    env = {**os.environ, **WORKER_ENV}  # the allocator's settings decide what memory it keeps
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    row: dict[str, object] = json.loads(said.splitlines()[-1])
    return row


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m benchmarks.streaming")
    words.add_argument("--folder", type=Path, required=True, help="where the nights may lie")
    words.add_argument("--nights", type=int, nargs="+", default=[8, 32, 128])
    words.add_argument("--limit-mb", type=float, default=1024, help="of anonymous memory")
    words.add_argument("--model", default="tiny", help="the network of a pass")
    words.add_argument("--out", default="", help="file for the table")
    words.add_argument("--way", choices=("mapped", "held"), default="mapped")
    words.add_argument("--one", action="store_true", help="measure in this process; prints JSON")
    return words.parse_args()


if __name__ == "__main__":
    main()
