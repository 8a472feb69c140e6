"""A search whose phases train nothing: what do Tune, Train, the leases and the store cost a phase?

    python -m benchmarks.scheduler --folder DIR [--trials 100] [--folds 10] [--nights 200]
        [--groups 2] [--workers 1] [--phase-s 0] [--driver-profile FILE] [--out FILE]

Everything but the phases is the product's: search(), train_all(), Tune, Train, the store. Racing
is off (--search.prune-p 0), so that each trial walks all folds.
"""

import argparse
import cProfile
import os
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # of a Ray of its own, on loopback, for minutes
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import ray

from benchmarks.no_phase import PHASE_S, install
from benchmarks.requests import fake_sweep
from benchmarks.tables import put, table
from orchestration.cluster import WORKER_ENV
from orchestration.plan import Runtime, Search
from orchestration.search import search
from orchestration.store import RUN, Store, this_run
from orchestration.sweeps import Sweep
from orchestration.training import train_all

MINUTE_S = 60.0


def main() -> None:
    """Run the fixed points' phases, then the search; print what each phase cost."""
    given = _arguments()
    sweep = _sweep(given)
    _start(given)
    with tempfile.TemporaryDirectory(dir=given.folder) as root:
        store, profile = Store.open(root), cProfile.Profile() if given.driver_profile else None
        with profile or nullcontext():
            rows = _rows(sweep, store, given.groups, given.phase_s)
        if profile:
            profile.dump_stats(given.driver_profile)
    ray.shutdown()
    put(table(rows), given.out)


def _rows(sweep: Sweep, store: Store, groups: int, phase_s: float) -> list[dict[str, object]]:
    """Teachers first, as the main job does, then the search; a row for each."""
    plan, scheme = sweep.plan, sweep.plan.schemes[0]
    teachers = sweep.over_folds(scheme, plan.point("EEG baseline"))
    started = time.perf_counter()
    train_all(teachers, plan.runtime, store)
    fixed = _row("train_all", store, 0, started, groups, phase_s)
    started, before = time.perf_counter(), len(store.phase_keys())
    trials = search(sweep, scheme, store)
    assert all(trial.folds_done == len(sweep.folds) for trial in trials), trials[-1]
    return [fixed, _row("search", store, before, started, groups, phase_s)]


def _row(
    name: str, store: Store, before: int, started: float, groups: int, phase_s: float
) -> dict[str, object]:
    """Wall time that is not a phase's, for each phase of a slot, and its share of minutes."""
    wall_s, phases = time.perf_counter() - started, len(store.phase_keys()) - before
    lost_s = wall_s * groups / phases - phase_s  # a slot's
    return {
        "what": name,
        "phases": phases,
        "slots": groups,
        "wall s": wall_s,
        "s a phase and slot": lost_s,
        "share at phases of a minute": f"{100 * lost_s / (lost_s + MINUTE_S):.2f} %",
    }


def _sweep(given: argparse.Namespace) -> Sweep:
    search = Search(
        trials=given.trials,
        methods=("SD+CL", "AT+SD+CL"),  # of continuous parameters, so that no point repeats
        prune_p=0.0,
        round=given.round,
    )
    runtime = Runtime(groups=given.groups, workers=given.workers, gpus=0.0)
    return fake_sweep(given.nights, given.folds, search=search, runtime=runtime)


def _start(given: argparse.Namespace) -> None:
    """The Ray that a sweep would embed, whose workers find phases that train nothing."""
    env = {**WORKER_ENV, RUN: this_run(), PHASE_S: str(given.phase_s)}
    env["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])  # the hook comes before sys.path
    runtime_env: dict[str, Any] = {"env_vars": env, "worker_process_setup_hook": install}
    ray.init(
        address="local",
        num_cpus=given.groups * given.workers,
        include_dashboard=given.workers > 1,
        runtime_env=runtime_env,
        log_to_driver=False,
        logging_level="WARNING",
    )


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m benchmarks.scheduler")
    words.add_argument("--folder", type=Path, required=True, help="where the store may lie")
    words.add_argument("--trials", type=int, default=100)
    words.add_argument("--folds", type=int, default=10)
    words.add_argument("--nights", type=int, default=200, help="in the keys; none is read")
    words.add_argument("--groups", type=int, default=2, help="slots: trials at a time")
    words.add_argument("--round", type=int, default=4, help="trials drawn together")
    words.add_argument("--workers", type=int, default=1, help="a slot; of 2 each trial is a group")
    words.add_argument("--phase-s", type=float, default=0.0, help="how long a phase sleeps")
    words.add_argument("--driver-profile", default="", help="file for a cProfile of the driver")
    words.add_argument("--out", default="", help="file for the table")
    return words.parse_args()


if __name__ == "__main__":
    main()
