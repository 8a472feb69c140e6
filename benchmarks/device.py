"""Training on the GPU, or the CPU: steps, how near the limits, how many trials side by side.

    python -m benchmarks.device [--network context] [--nights 8] [--trials 1 2 4] [--seconds 10]
        [--sweep smoke] [--out FILE]

1. A step of the product's own pass (`kd_core.passes`) on the product's own batches, in float32 and
   bfloat16, nights held on the host and on the device, compiled (CUDA graphs) and not.
2. Trials side by side: as many processes, each training; windows a second of all together, and
   how busy nvidia-smi says the GPU was.
3. The hours that the paper's experiments take at this pace: both schemes, one fold, 200 nights.
4. A sweep of its own, and how busy the GPU was over all of it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.requests import fake_sweep
from benchmarks.side_by_side import machine
from benchmarks.tables import put, table
from datasets.synthetic import write_synthetic_mass
from datasets.windows import ScaledNight
from kd_core.batch import Batch
from kd_core.learner import make_learner
from kd_core.models import build_model, macs, model_spec
from kd_core.objectives import Classification
from kd_core.passes import train_pass
from kd_core.predict import device_at_hand
from kd_core.training import Training, make_optimizer
from orchestration.batches import Batches
from orchestration.estimate import needs_of
from orchestration.pace import hours_of, one_of_each
from orchestration.plan import Runtime
from orchestration.rows import DeviceRows, HostRows
from orchestration.timing import measure

SEGMENTS, SAMPLES, T, BATCH, CLASSES = 960, 6000, 35, 8, 4
PEAKS = {  # dense bf16 FLOP/s and bytes/s, from NVIDIA's data sheets
    "H200": (989e12, 4.8e12),
    "H100": (989e12, 3.35e12),
    "A100": (312e12, 2.0e12),
    "L40S": (362e12, 0.864e12),
}


class Way(NamedTuple):
    """How a step is made."""

    bf16: bool
    held: str
    """Where the nights lie: "host" or "device"."""
    compiled: bool


def main() -> None:
    """All four tables."""
    given = arguments()
    torch.set_num_threads(1)
    if given.one:
        print(json.dumps(windows_a_second(given, Way(*json.loads(given.one)), _told)))
        return
    rows = [steps(given, way) for way in ways(given.compile)]
    best = max(rows, key=lambda row: float(str(row["windows a second"])))
    parts = [table(rows), table([beside(given, best, trials) for trials in given.trials])]
    parts.append(table([paper(given)]))
    if given.sweep:
        parts.append(table([whole_sweep(given.sweep)]))
    put("\n\n".join([f"{machine()} {name()}", *parts]), given.out)


def arguments() -> argparse.Namespace:
    """What a person may scale."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.device")
    words.add_argument("--network", default="context")
    words.add_argument("--nights", type=int, default=8, help="of eight hours, of noise")
    words.add_argument("--trials", type=int, nargs="+", default=side_by_side())
    words.add_argument("--seconds", type=float, default=10, help="that a way is measured")
    words.add_argument("--compile", action="store_true", help="with torch.compile too")
    words.add_argument("--sweep", default="", help="a plan to run as a sweep of generated nights")
    words.add_argument("--one", default="", help="measure this way, print windows a second")
    words.add_argument("--out", default="", help="file for the tables")
    return words.parse_args()


def side_by_side() -> list[int]:
    """How many trials at once are tried."""
    return [1, 2, 4] if torch.cuda.is_available() else sorted({1, os.cpu_count() or 1})


def name() -> str:
    """What trains."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "No GPU."


def ways(compiling: bool) -> Iterator[Way]:
    """All that differ here: a CPU has no memory of its own."""
    places = ("host", "device") if torch.cuda.is_available() else ("host",)
    for bf16, held, compiled in product((False, True), places, (False, True)):
        if compiling or not compiled:
            yield Way(bf16, held, compiled)


def steps(given: argparse.Namespace, way: Way) -> dict[str, object]:
    """One way alone."""
    pace = windows_a_second(given, way)
    flops = 6 * T * macs(model_spec(given.network, CLASSES)) * pace  # forward, and twice backward
    peak = next((peaks for key, peaks in PEAKS.items() if key in name()), None)
    moved = traffic(given.network, 2 if way.bf16 else 4) * pace
    return {
        **way._asdict(),
        "ms a step": 1e3 * BATCH / pace,
        "windows a second": pace,
        "TFLOP/s": flops / 1e12,
        "of the bf16 peak": f"{flops / peak[0]:.1%}" if peak else "",
        "of the bandwidth, at least": f"{moved / peak[1]:.1%}" if peak else "",
    }


def windows_a_second(
    given: argparse.Namespace, way: Way, begin: Callable[[], object] = lambda: None
) -> float:
    """Windows that one process trains a second, from when `begin` returns."""
    device = device_at_hand()
    model = build_model(model_spec(given.network, CLASSES), seed=0).to(device)
    if way.compiled:
        model.compile(mode="reduce-overhead")
    hold = partial(DeviceRows, device=device) if way.held == "device" else HostRows
    batches = Batches(list(noise(given.nights)), T, BATCH, hold=hold)
    learner = make_learner(
        model, Classification(torch.ones(CLASSES)), "student_view", None, way.bf16
    )
    optimizer = make_optimizer(model, Training(batch=BATCH))
    seen = 0

    def until(ends: Callable[[], bool]) -> Iterator[Batch]:
        nonlocal seen
        epoch = 0
        while True:
            epoch += 1
            for batch in batches.shuffled(0, epoch):
                if len(batch.target) == BATCH:  # a graph takes one size
                    if ends():
                        return
                    seen += BATCH
                    yield batch

    train_pass(learner, until(lambda: seen >= 3 * BATCH), optimizer, augmented=False)  # warms up
    begin()
    seen, began = 0, time.perf_counter()
    over = lambda: time.perf_counter() - began > given.seconds  # noqa: E731
    train_pass(learner, until(over), optimizer, augmented=False)  # ends by reading the losses
    return seen / (time.perf_counter() - began)


def beside(given: argparse.Namespace, best: dict[str, object], trials: int) -> dict[str, object]:
    """The fastest way in several processes at once."""
    way = json.dumps([best[field] for field in Way._fields])
    words = [sys.executable, "-m", "benchmarks.device", "--one", way, "--network", given.network]
    words += ["--nights", str(given.nights), "--seconds", str(given.seconds)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(words, **pipes) for _ in range(trials)]
    for child in children:
        assert child.stdout
        child.stdout.readline()  # it is ready
    with busy() as shares:
        for child in children:
            print("begin", file=child.stdin, flush=True)
        paces = [float(json.loads(child.communicate()[0])) for child in children]
    return {"trials": trials, "windows a second": sum(paces), "GPU busy": _mean(shares)}


def paper(given: argparse.Namespace) -> dict[str, object]:
    """Hours of the five experiments at the pace of the default plan's own phases here."""
    sweep = fake_sweep(
        200,
        5,
        schemes=("W-N-R", "W-L-D-R"),
        use_folds=1,
        teacher=given.network,
        student=given.network,
        runtime=Runtime(groups=1, gpus=float(torch.cuda.is_available())),
    )
    needs = [need for need in needs_of(sweep, set(), {}, best=False) if not need.searched]
    subjects = {subject.name: subject for subject in sweep.subjects}
    phases = one_of_each(need.phase for need in needs)
    timing = measure(phases, model_spec(given.network, CLASSES), 1)
    hours = hours_of(needs, subjects, False, sweep.plan, timing.paces)
    return {
        "both schemes, one fold, 200 nights, all epochs": sweep.plan.student,
        "phases": sum(need.times for need in needs),
        "hours, one after another": hours,
    }


def whole_sweep(plan: str) -> dict[str, object]:
    """A sweep of generated nights, as `make sweep` has it."""
    with tempfile.TemporaryDirectory() as folder:
        recordings = Path(folder, "recordings")
        write_synthetic_mass(recordings, 12, pages=72, seed=1)
        words = [sys.executable, "-m", "orchestration.sweep", "--plan", plan]
        words += ["--recordings", str(recordings), "--storage", f"{folder}/storage"]
        began = time.perf_counter()
        with busy() as shares:
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        return {"sweep": plan, "s": time.perf_counter() - began, "GPU busy": _mean(shares)}


def noise(nights: int) -> Iterator[ScaledNight]:
    """Whole nights of noise with drawn stages."""
    random, order = np.random.default_rng(0), np.arange(SEGMENTS, dtype=np.int32)
    for night in range(nights):
        eeg, ecg = random.standard_normal((2, SEGMENTS, SAMPLES), np.float32).astype(np.float16)
        yield ScaledNight(str(night), eeg, ecg, random.integers(0, CLASSES, SEGMENTS), order)


@torch.no_grad()
def traffic(network: str, size: int) -> int:
    """Bytes that a step must move for each window: every layer's output written and read, thrice.

    In the forward pass once, and twice in the backward pass; what a cache keeps is not left out.
    """
    moved: list[int] = []
    model = build_model(model_spec(network, CLASSES), seed=0).eval()
    layers = [layer for layer in model.modules() if not list(layer.children())]
    for layer in layers:
        layer.register_forward_hook(lambda *given: moved.append(given[2].numel()))
    model(torch.zeros(1, 1, SAMPLES))
    return 6 * T * size * sum(moved)


def _told() -> None:
    """Say that this process is ready, and wait to be told to begin."""
    print("ready", flush=True)
    sys.stdin.readline()


@contextmanager
def busy() -> Iterator[list[float]]:
    """The GPU's utilisation, sampled meanwhile; nothing where there is none."""
    shares: list[float] = []
    over = threading.Event()
    words = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]

    def sample() -> None:
        while torch.cuda.is_available() and not over.wait(0.5):
            with suppress(OSError, ValueError):
                said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
                shares.append(float(said.splitlines()[0]))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield shares
    finally:
        over.set()
        thread.join()


def _mean(shares: list[float]) -> str:
    return f"{statistics.mean(shares):.0f} %" if shares else ""


if __name__ == "__main__":
    main()
