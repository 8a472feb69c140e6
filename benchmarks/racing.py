"""How much training a raced search saves, and what it loses by it, on a generated cohort.

    python -m benchmarks.racing --folder DIR [--nights 25] [--trials 32] [--folds 5] [--out FILE]

The search runs as the product runs it. Then its points are trained on every fold without a race,
in the same store, so that it is known what racing left out and whether the best was among it. The
best point is trained again with other seeds: a difference smaller than theirs means nothing.
Networks are tiny and nights short, so scores say nothing about people. The same command goes on
where it was interrupted, or where --search-alone had it stop.
"""

import argparse
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.effort import effort
from benchmarks.tables import put, table
from datasets.mass import find_recordings
from datasets.parquet import subjects_in
from datasets.synthetic import write_synthetic_mass
from kd_core.training import Training
from orchestration.build import walk
from orchestration.chosen import BASELINE
from orchestration.experiment import Experiment, Point, phases_of
from orchestration.ingest import ingest_night
from orchestration.plan import Plan, Runtime, Search
from orchestration.plans import smoke
from orchestration.probabilities import read_confusion
from orchestration.scoring import score
from orchestration.search import Trial, best_of, search
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep

SCHEME = "W-N-R"
LAYERS = (  # eight sets of what the tiny networks share
    *("all", "encoder", "bottleneck", "decoder", "deep"),
    *("encoder1", "encoder3+bottleneck", "bottleneck+decoder1"),
)


def main() -> None:
    """Search, train what the race left out, compare."""
    given = arguments()
    sweep, store = made(given)
    validation(sweep, store, sweep.plan.point(BASELINE))  # the first rival
    began = time.monotonic()
    trials = raced(sweep, store, given.concurrent)
    print(f"search {time.monotonic() - began:.0f} s", flush=True)
    put(table(effort(sweep, SCHEME, store, trials)), given.out)
    if given.search_alone:
        return
    points = {trial.number: trial.point for trial in trials}
    began = time.monotonic()
    scores = {number: validation(sweep, store, point) for number, point in points.items()}
    print(f"what it left out {time.monotonic() - began:.0f} s", flush=True)
    tables = [
        effort(sweep, SCHEME, store, trials),
        regret(sweep, store, trials, scores, given.seeds),
        ends(trials, scores),
    ]
    put("\n\n".join(map(table, tables)), given.out)


def arguments() -> argparse.Namespace:
    """What a person may scale."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.racing")
    words.add_argument("--folder", type=Path, required=True, help="for recordings and storage")
    words.add_argument("--nights", type=int, default=25)
    words.add_argument("--pages", type=int, default=60, help="scored 30 s pages a night")
    words.add_argument("--trials", type=int, default=32)
    words.add_argument("--folds", type=int, default=5)
    words.add_argument("--epochs", type=int, default=20)
    words.add_argument("--patience", type=int, default=5)
    words.add_argument("--seeds", type=int, default=3, help="trainings of the best point")
    words.add_argument("--concurrent", type=int, default=1, help="trials at a time")
    words.add_argument("--search-alone", action="store_true", help="not what it left out")
    words.add_argument("--out", default="", help="file for the tables")
    return words.parse_args()


def made(given: argparse.Namespace) -> tuple[Sweep, Store]:
    """A sweep on generated nights, and its store."""
    recordings, storage = given.folder / "recordings", str(given.folder / "storage")
    write_synthetic_mass(recordings, given.nights, pages=given.pages, seed=1)
    for ref in find_recordings(recordings):
        ingest_night(asdict(ref), "nights", storage)
    training = Training(epochs=given.epochs, patience=given.patience, batch=8, learning_rate=3e-3)
    plan: Plan = replace(
        smoke(),
        folds=given.folds,
        training=training,
        search=Search(trials=given.trials, layers=LAYERS),
        runtime=Runtime(groups=given.concurrent, gpus=0.0),
    )
    subjects = subjects_in(Path(storage, "windows", "nights"))
    return make_sweep(plan, "nights", subjects), Store.open(storage)


def raced(sweep: Sweep, store: Store, concurrent: int) -> list[Trial]:
    """The search as it is."""
    import ray

    ray.init(address="local", num_cpus=concurrent, include_dashboard=False, log_to_driver=False)
    try:
        return search(sweep, SCHEME, store)
    finally:
        ray.shutdown()


def validation(sweep: Sweep, store: Store, point: Point) -> float:
    """A point's mean score over all folds, trained as far as it is not there yet."""
    outcomes = walk(
        sweep.over_folds(SCHEME, point), store, lambda p: lambda e: None, lambda m: None
    )
    return statistics.mean(float(outcome.validation["score"]) for outcome in outcomes)


def test_score(sweep: Sweep, store: Store, point: Point) -> float:
    """The same, of the test subjects."""
    return statistics.mean(tested(sweep, store, e) for e in sweep.over_folds(SCHEME, point))


def tested(sweep: Sweep, store: Store, experiment: Experiment) -> float:
    """Of one experiment, all of its test subjects together."""
    names, key = experiment.fold.test, phases_of(experiment)[-1].key
    score(experiment, [s for s in sweep.subjects if s.name in names], store.root)
    confusions = [read_confusion(store, key, name) for name in names]
    together = sum(confusions[1:], confusions[0])
    return float(together.scores()[experiment.training.select])


def regret(
    sweep: Sweep, store: Store, trials: list[Trial], scores: dict[int, float], seeds: int
) -> list[dict[str, Any]]:
    """What the raced search's choice scores, and the best of all points, and chance alone."""
    chosen = best_of(trials, len(sweep.folds))
    assert chosen, "every trial was beaten by the ECG baseline"
    points = {trial.number: trial.point for trial in trials}
    best = max(scores, key=lambda number: scores[number])
    again = [replace(sweep, plan=replace(sweep.plan, seed=seed)) for seed in range(seeds)]
    repeats = [
        (validation(other, store, points[best]), test_score(other, store, points[best]))
        for other in again
    ]
    tests = {number: test_score(sweep, store, points[number]) for number in {best, chosen.number}}
    rows = {
        "validation": (scores[chosen.number], scores[best], [v for v, _ in repeats]),
        "test": (tests[chosen.number], tests[best], [t for _, t in repeats]),
    }
    return [
        {
            "subjects": name,
            f"raced: {points[chosen.number]}": ours,
            f"best of all: {points[best]}": theirs,
            "regret": theirs - ours,
            f"sd over {seeds} seeds": statistics.stdev(repeated) if seeds > 1 else 0.0,
        }
        for name, (ours, theirs, repeated) in rows.items()
    ]


def ends(trials: list[Trial], scores: dict[int, float]) -> list[dict[str, Any]]:
    """What became of every trial, and what it would have scored."""
    order = sorted(scores, key=lambda number: -scores[number])
    return [
        {
            "trial": trial.number,
            "point": str(trial.point),
            "folds": trial.folds_done,
            "all folds": scores[trial.number],
            "place": order.index(trial.number) + 1,
            "why it stopped": trial.reason,
        }
        for trial in sorted(trials, key=lambda trial: trial.number)
    ]


if __name__ == "__main__":
    main()
