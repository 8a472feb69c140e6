"""Two worker processes against one, on two cores: the ingest of nights, and phases.

    python -m benchmarks.workers [--folder DIR] [--out FILE]

One Ray serves both sides: for the one worker, an actor that does nothing holds the other's core.
Ingest is the product's on Ray Data; phases are an experiment each, as a trial trains one. Both
sides make the same: footers of nights, validation scores. The machine has to be quiet: both cores
are used. A process that has not done such work yet takes a second longer for the first of it, so
each has done one. The storage lies in memory where that can be, so that no disk is measured.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import count
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
from orchestration.ingest import Ingest, ingest, ingest_night, windows_key
from orchestration.plans import smoke
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep

NIGHTS = 62  # a round, as many as subset SS3 of MASS
NIGHT_BYTES = 46e6
MEMORY = Path("/dev/shm")  # a file system in memory, on Linux
PHASES = 8  # a round
GOAL = 1.8
UNUSED = 1_000_000  # seeds from here on are not timed

Work = Callable[[], object]


class Cores:
    """The two cores of a Ray, one of which can be held so that nobody else is given it."""

    def __init__(self) -> None:
        self.holder: Any = None

    def leave(self, workers: int, work: Iterator[Work]) -> None:
        """Leave so many to others, each with a process that has done some of the work."""
        if self.holder:
            ray.kill(self.holder)
            self.holder = None
        while ray.available_resources().get("CPU", 0) < 2:
            time.sleep(0.1)
        if workers == 1:
            self.holder = ray.remote(num_cpus=1)(Holder).remote()
            ray.get(self.holder.is_there.remote())
        ray.get([ray.remote(num_cpus=1)(_warm).remote(next(work)) for _ in range(workers)])


class Holder:
    """An actor that does nothing."""

    def is_there(self) -> bool:
        """Whether it has its core."""
        return True


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
        cores = Cores()
        results = [ingests(folder, cores), phases(folder, cores)]
        ray.shutdown()
    put_results(results, given.out)


def ingests(folder: Path, cores: Cores) -> Compared:
    """Whole nights of 24 channels, the same recording under many names."""
    ref = a_night(folder / "night")
    refs = [replace(ref, subject=f"{ref.subject}-{number}") for number in range(NIGHTS)]
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        storage, aside = Path(name, "storage"), Path(name, "aside")

        def ready(workers: int) -> None:
            for place in (storage, aside):
                shutil.rmtree(place, ignore_errors=True)
            root = Store.open(str(aside)).root
            others = (asdict(each) for each in refs)  # a night that is there would not be made
            windows = windows_key(ref.source)
            cores.leave(workers, (partial(ingest_night, each, windows, root) for each in others))

        return compare(
            f"ingest of {NIGHTS} nights",
            Way("two workers", partial(_ingested, refs, storage), partial(ready, 2)),
            Way("one worker", partial(_ingested, refs, storage), partial(ready, 1)),
            GOAL,
            _alike,
        )


def phases(folder: Path, cores: Cores) -> Compared:
    """ECG baselines of the smoke plan, of a seed and fold each; the same ones on both sides."""
    recordings = folder / "short"
    write_synthetic_mass(recordings, 12, pages=72, seed=1)

    def way(name: str, workers: int) -> Way:
        storage = folder / f"phases-{workers}"
        shutil.rmtree(storage, ignore_errors=True)  # an earlier run's phases would not be trained
        store = Store.open(str(storage))
        nights = ingest(find_recordings(recordings), store)
        seeds = count(step=PHASES // smoke().folds)
        others = (_experiments(nights, seed, 1) for seed in count(UNUSED))
        work = (partial(_train, experiment, store.root) for of in others for experiment in of)
        train = partial(_trained, nights, store, seeds)
        return Way(name, train, partial(cores.leave, workers, work))

    return compare(
        f"{PHASES} phases of the smoke plan",
        way("two workers", 2),
        way("one worker", 1),
        GOAL,
        _alike,
    )


def _warm(work: Work) -> None:
    """Do some work, and stay long enough for the other worker to start."""
    work()
    time.sleep(3)


def _ingested(refs: list[RecordingRef], storage: Path) -> list[object]:
    """The manifest of a new storage: what was cut from each recording."""
    rows = ingest(refs, Store.open(str(storage))).rows
    return [(row["subject"], row["footer"]) for row in rows]


def _trained(nights: Ingest, store: Store, seeds: Iterator[int]) -> list[float]:
    """The validation scores of some experiments, none of which has been trained before."""
    experiments = _experiments(nights, next(seeds), PHASES // smoke().folds)
    train = ray.remote(num_cpus=1)(_train)
    scores: list[float] = ray.get([train.remote(e, store.root) for e in experiments])
    return scores


def _experiments(nights: Ingest, seed: int, seeds: int) -> list[Experiment]:
    """The baselines of some seeds, in all folds."""
    sweeps = [
        make_sweep(replace(smoke(), seed=seed + n), nights.windows, nights.subjects)
        for n in range(seeds)
    ]
    return [e for sweep in sweeps for e in _baselines(sweep)]


def _baselines(sweep: Sweep) -> list[Experiment]:
    scheme = sweep.plan.schemes[0]
    return sweep.over_folds(scheme, sweep.plan.point("ECG baseline"))


def _train(experiment: Experiment, root: str) -> float:
    """Build one experiment, in a worker."""
    (outcome,) = walk([experiment], Store(root), lambda phase: lambda epoch: None, lambda m: None)
    assert outcome.built == 1
    return float(outcome.validation["score"])


def _alike(ours: list[object], other: list[object]) -> str:
    """Both must have made the same."""
    if ours != other:
        raise SystemExit(f"two workers made {ours}, one made {other}")
    return f"all {len(ours)} the same"


def _memory() -> Path | None:
    """A file system in memory that a round fits; else the usual one."""
    fits = MEMORY.exists() and shutil.disk_usage(MEMORY).free > 2 * NIGHTS * NIGHT_BYTES
    return MEMORY if fits else None


if __name__ == "__main__":
    main()
