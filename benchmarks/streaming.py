"""Training on a cohort larger than memory: mapped from files against held in memory.

    python -m benchmarks.streaming --folder DIR [--nights 8 32 128] [--limit-mb 1024] [--out FILE]
    python -m benchmarks.streaming --folder DIR --layers all --beyond-mb 32 --nights 8 48

Each row is a process of its own that makes one pass over a cohort of whole nights of noise: it
measures how windows come to the network, not what it learns. The process may hold no more
anonymous memory than the limit (RLIMIT_DATA); pages of files that are mapped do not count, because
the kernel drops them when it needs the room. "pass" trains the network; "cut" only cuts batches.

With layers it is the pass of an attention phase on one grid of windows. Its nights are mapped both
ways; what is mapped or held are its teacher's maps. "ask" has the teacher say them.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from benchmarks.noise import NIGHT_BYTES, make_nights, noise_batches
from benchmarks.processes import anonymous_bytes, peak_bytes
from benchmarks.tables import put, table
from kd_core.fit import Training
from kd_core.learner import make_learner
from kd_core.models import build_model, model_spec, tap_lengths
from kd_core.objectives import AttentionTransfer, Classification, Objective
from kd_core.objectives.layers import layers_of
from kd_core.passes import train_pass
from kd_core.taught import said
from kd_core.training import make_optimizer
from orchestration.batches import Batches
from orchestration.cluster import WORKER_ENV
from orchestration.night_files import FOLDER
from orchestration.room import Room

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
    make_nights(nights)
    network = _Network(given.model, given.layers)
    network.train(network.batches(1, "mapped"))  # what a first pass allocates once
    before, limit = anonymous_bytes(), _limit(given)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    row: dict[str, object] = {
        "nights": nights,
        "cohort MB": nights * NIGHT_BYTES / MB,
        "way": given.way,
    }
    try:
        batches = network.batches(nights, given.way)
        asked_s = _asked(batches)
        cut_s, windows = _cut(batches)
        pass_s = network.train(batches)
    except (MemoryError, RuntimeError, OSError) as error:
        return row | dict.fromkeys(COLUMNS, "-") | {"anonymous MB grew": _reason(error)}
    seconds = {"ask": asked_s, "cut": cut_s, "pass": pass_s}
    return row | {
        "maps MB": sum(maps.nbytes for said in batches.said.values() for maps in said.values())
        / MB,
        **{f"{what} ms a window": 1e3 * taken / windows for what, taken in seconds.items()},
        "anonymous MB grew": (anonymous_bytes() - before) / MB,
        "peak MB with file pages": peak_bytes() / MB,
    }


COLUMNS = (
    "maps MB",
    "ask ms a window",
    "cut ms a window",
    "pass ms a window",
    "anonymous MB grew",
    "peak MB with file pages",
)


class _Network:
    """A student that learns classes, as the baseline does, or the maps of some layers."""

    def __init__(self, model: str, layers: str) -> None:
        spec = model_spec(model, 3)
        lengths = tap_lengths(spec)
        self.layers = layers_of(layers, lengths, lengths) if layers else ()
        weights = torch.ones(3)
        objective: Objective = Classification(weights)
        if self.layers:
            objective = AttentionTransfer(self.layers)
        self.teacher = build_model(spec, seed=1)
        self.learner = make_learner(build_model(spec, 0), objective, "student_view", None, False)
        self.optimizer = make_optimizer(self.learner.model, Training())

    def batches(self, nights: int, way: str) -> Batches:
        """The nights, or with layers what the teacher says of them, mapped or held."""
        if not self.layers:
            return noise_batches(nights, way)
        room = Room(math.inf if way == "held" else 0)
        ask = partial(said, self.teacher, taps=self.layers, logits=False, bf16=False)
        return noise_batches(nights, "mapped").asking(ask, 1, room)

    def train(self, batches: Batches) -> float:
        """Seconds of one pass."""
        started = time.perf_counter()
        train_pass(self.learner, batches.shuffled(seed=1, epoch=1), self.optimizer, False)
        return time.perf_counter() - started


def _asked(batches: Batches) -> float:
    """Seconds until the first batch is there: the teacher has then said all it is asked."""
    started = time.perf_counter()
    next(batches.in_order())
    return time.perf_counter() - started


def _cut(batches: Batches) -> tuple[float, int]:
    """Seconds of cutting all batches of a pass, and their windows."""
    started = time.perf_counter()
    windows = sum(len(batch.target) for batch in batches.shuffled(seed=2, epoch=1))
    return time.perf_counter() - started, windows


def _limit(given: argparse.Namespace) -> int:
    """Bytes that are no file's: in all, or beyond what the process has taken so far."""
    if given.beyond_mb is None:
        return int(given.limit_mb * MB)
    pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stack
    return pages * resource.getpagesize() + int(given.beyond_mb * MB)


def _reason(error: BaseException) -> str:
    return f"over the limit ({type(error).__name__})"


def _apart(given: argparse.Namespace, nights: int, way: str) -> dict[str, object]:
    """One row, measured in a process of its own."""
    flags: Sequence[object] = (
        *("--folder", given.folder, "--nights", nights, "--way", way, "--model", given.model),
        *("--layers", given.layers, "--limit-mb", given.limit_mb, "--one"),
        *(() if given.beyond_mb is None else ("--beyond-mb", given.beyond_mb)),
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
    words.add_argument("--beyond-mb", type=float, help="instead: beyond what a first pass takes")
    words.add_argument("--layers", default="", help="of which maps are learnt, if not classes")
    words.add_argument("--model", default="tiny", help="the network of a pass")
    words.add_argument("--out", default="", help="file for the table")
    words.add_argument("--way", choices=("mapped", "held"), default="mapped")
    words.add_argument("--one", action="store_true", help="measure in this process; prints JSON")
    return words.parse_args()


if __name__ == "__main__":
    main()
