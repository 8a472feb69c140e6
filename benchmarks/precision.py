"""What bfloat16 changes in weighted F1, against float32, over seeds.

    python -m benchmarks.precision --folder DIR [--recordings DIR] [--plan smoke] [--seeds 5]
        [--folds 2] [--out FILE]

Each seed trains the EEG teacher and the distilled student once in either precision, on the same
folds; differences are of test subjects, folds averaged, with Student's t interval over seeds.
Without recordings the cohort is generated. The same command goes on where it was interrupted.
"""

import argparse
import statistics
from dataclasses import asdict, replace
from pathlib import Path

from scipy import stats

from benchmarks.racing import tested
from benchmarks.side_by_side import machine, with_settings
from benchmarks.tables import put, table
from datasets.mass import find_recordings
from datasets.parquet import subjects_in
from datasets.synthetic import write_synthetic_mass
from orchestration.build import walk
from orchestration.ingest import ingest_night
from orchestration.plan import Plan
from orchestration.plans import PLANS
from orchestration.store import Store
from orchestration.sweeps import make_sweep

METHODS = ("EEG baseline", "SD+CL")
LEVEL = 0.95
BOTH = (False, True)  # whether in bfloat16


def main() -> None:
    """Train, compare, print."""
    given = arguments()
    if given.seeds < 2:
        raise SystemExit("an interval over seeds needs 2 of them or more.")
    with_settings("benchmarks.precision")
    store = prepared(given.folder, given.recordings)
    plan = replace(PLANS[given.plan](), schemes=("W-N-R",), use_folds=given.folds)
    rows = [row(plan, method, given.seeds, store) for method in METHODS]
    put(f"{machine()}\n\n{table(rows)}", given.out)


def arguments() -> argparse.Namespace:
    """What a person may scale."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.precision")
    words.add_argument("--folder", type=Path, required=True, help="for recordings and storage")
    words.add_argument("--recordings", type=Path, help="a cohort in MASS's layout")
    words.add_argument("--plan", default="smoke", choices=sorted(PLANS))
    words.add_argument("--seeds", type=int, default=5)
    words.add_argument("--folds", type=int, default=2)
    words.add_argument("--out", default="", help="file for the table")
    return words.parse_args()


def prepared(folder: Path, recordings: Path | None) -> Store:
    """A store with the cohort's nights."""
    storage = str(folder / "storage")
    if recordings is None:
        recordings = folder / "recordings"
        write_synthetic_mass(recordings, 12, pages=72, seed=1)
    for ref in find_recordings(recordings):
        ingest_night(asdict(ref), "nights", storage)
    return Store.open(storage)


def row(plan: Plan, method: str, seeds: int, store: Store) -> dict[str, object]:
    """One method in both precisions."""
    found = {bf16: [f1(plan, method, seed, bf16, store) for seed in range(seeds)] for bf16 in BOTH}
    gains = [half - full for full, half in zip(found[False], found[True], strict=True)]
    low, high = interval(gains)
    return {
        "method": method,
        "seeds": seeds,
        "float32": f"{statistics.mean(found[False]):.3f} ± {statistics.stdev(found[False]):.3f}",
        "bfloat16": f"{statistics.mean(found[True]):.3f} ± {statistics.stdev(found[True]):.3f}",
        "difference": f"{statistics.mean(gains):+.3f} [{low:+.3f}, {high:+.3f}]",
    }


def f1(plan: Plan, method: str, seed: int, bf16: bool, store: Store) -> float:
    """Weighted F1 of test subjects, the mean of the folds."""
    plan = replace(plan, seed=seed, training=replace(plan.training, bf16=bf16))
    subjects = subjects_in(Path(store.root, "windows", "nights"))
    sweep = make_sweep(plan, "nights", subjects)
    experiments = sweep.over_folds("W-N-R", plan.point(method))
    walk(experiments, store, lambda phase: lambda epoch: None, lambda mean: None)
    return statistics.mean(tested(sweep, store, experiment) for experiment in experiments)


def interval(gains: list[float]) -> tuple[float, float]:
    """Student's t over seeds."""
    half = stats.sem(gains) * stats.t.ppf((1 + LEVEL) / 2, len(gains) - 1)
    mean = statistics.mean(gains)
    return mean - half, mean + half


if __name__ == "__main__":
    main()
