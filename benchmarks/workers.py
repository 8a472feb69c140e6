"""Two worker processes against one, on two cores: the ingest of nights, and phases.

    python -m benchmarks.workers [--folder DIR] [--out FILE]

One Ray serves both sides: for the one worker, a task that sleeps holds the other's core. Ingest is
the product's on Ray Data; phases are an experiment each, as a trial trains one. Each side gives
what it made, which must be the same. The machine has to be quiet: both cores are used. The storage
lies in memory where that can be, so that no disk is measured; Ray Data takes a second until both
workers are at work, so a round is of many nights.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # of a Ray of its own, on loopback, for minutes

import ray

from benchmarks.preprocessing import a_night
from benchmarks.side_by_side import Compared, Way, compare, put_results, with_settings
from datasets.mass import find_recordings
from datasets.recording import RecordingRef
from datasets.synthetic import write_synthetic_mass
from orchestration.build import walk
from orchestration.cluster import WORKER_ENV
from orchestration.experiment import Experiment
from orchestration.ingest import Ingest, ingest
from orchestration.plans import smoke
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep

NIGHTS = 96  # a round
MEMORY = Path("/dev/shm")  # a file system in memory, on Linux
PHASES = 8  # a round
GOAL = 1.8


def main() -> None:
    """Ingest, then phases."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.workers")
    words.add_argument("--folder", type=Path, help="where nights may lie; else a temporary one")
    words.add_argument("--out", default="", help="file for the results")
    given = words.parse_args()
    with_settings("benchmarks.workers")
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            runtime_env={"env_vars": WORKER_ENV},
            log_to_driver=False,
            logging_level="WARNING",
        )
        results = [ingests(folder), phases(folder)]
        ray.shutdown()
    put_results(results, given.out)


def ingests(folder: Path) -> Compared:
    """Whole nights of 24 channels, the same recording under many names."""
    ref = a_night(folder / "night")
    refs = [replace(ref, subject=f"{ref.subject}-{number}") for number in range(NIGHTS)]
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as storage:
        ours, other = _both(partial(_ingested, refs, Path(storage, "storage")))
        return compare(
            f"ingest of {NIGHTS} nights",
            Way("two workers", ours),
            Way("one worker", other),
            GOAL,
            _alike,
        )


def phases(folder: Path) -> Compared:
    """ECG baselines of the smoke plan, of a seed and fold each."""
    recordings = folder / "short"
    write_synthetic_mass(recordings, 12, pages=72, seed=1)
    store = Store.open(str(folder / "phases"))
    nights = ingest(find_recordings(recordings), store)
    seeds = iter(range(1, 10_000, PHASES))
    ours, other = _both(partial(_trained, nights, store, seeds))
    return compare(
        f"{PHASES} phases of the smoke plan",
        Way("two workers", ours),
        Way("one worker", other),
        GOAL,
        _alike,
    )


def _both(do: Callable[[], Any]) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The work with two workers, and with one."""

    def alone() -> Any:
        with _one_core_held():
            return do()

    return do, alone


@contextmanager
def _one_core_held() -> Iterator[None]:
    """A core that nobody else is given."""
    holder = ray.remote(num_cpus=1)(_hold).remote()
    try:
        yield
    finally:
        ray.cancel(holder, force=True)


def _hold() -> None:
    time.sleep(3600)


def _ingested(refs: list[RecordingRef], storage: Path) -> list[object]:
    """The manifest of a new storage."""
    shutil.rmtree(storage, ignore_errors=True)
    return [
        (row["subject"], row["segments"]) for row in ingest(refs, Store.open(str(storage))).rows
    ]


def _trained(nights: Ingest, store: Store, seeds: Iterator[int]) -> list[int]:
    """How many phases each of some experiments built; none of them has been trained before."""
    seed = next(seeds)
    sweeps = [
        make_sweep(replace(smoke(), seed=seed + n), nights.windows, nights.subjects)
        for n in range(PHASES // smoke().folds)
    ]
    experiments = [e for sweep in sweeps for e in _baselines(sweep)]
    train = ray.remote(num_cpus=1)(_train)
    built: list[int] = ray.get([train.remote(e, store.root) for e in experiments])
    return built


def _baselines(sweep: Sweep) -> list[Experiment]:
    scheme = sweep.plan.schemes[0]
    return sweep.over_folds(scheme, sweep.plan.point("ECG baseline"))


def _train(experiment: Experiment, root: str) -> int:
    """Build one experiment, in a worker."""
    (outcome,) = walk([experiment], Store(root), lambda phase: lambda epoch: None, lambda m: None)
    return outcome.built


def _alike(ours: list[object], other: list[object]) -> str:
    """Both must have made the same."""
    if ours != other:
        raise SystemExit(f"two workers made {ours}, one made {other}")
    return f"{len(ours)} of {len(other)} the same"


if __name__ == "__main__":
    main()
