"""A sweep is named by all that it trains and searches, and by nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from datasets.parquet import Subject
from kd_core.fit import Training
from orchestration.experiment import phases_of
from orchestration.plan import Plan, Runtime, Search
from orchestration.sweeps import Sweep, make_sweep
from tests.small import small_plan

NIGHTS = tuple(
    Subject(f"01-01-000{n}", "SS1", f"person {n}", f"hash {n}", (9, 9, 9, 9, 9), "EEG", "ECG", 30)
    for n in range(1, 7)
)
BASELINE = small_plan(methods=("ECG baseline",))  # only the search uses what is changed below
CHANGES: list[dict[str, Any]] = [
    {"teacher": "compact", "student": "compact"},
    {"alpha": 0.7},
    {"temperature": 2.0},
    {"layers": "encoder"},
    {"variant": "reference"},
    {"weighted": False},
    {"scaling": "segment"},
    {"segments": 9},
    {"seed": 43},
    {"seeds": 2},
    {"folds": 3},
    {"use_folds": 1},
    {"schemes": ("W-L-D-R",)},
    {"training": Training(epochs=2, batch=4)},
    {"search": Search(trials=3, layers=("bottleneck",), startup=1)},
]


def made(plan: Plan, nights: tuple[Subject, ...] = NIGHTS) -> Sweep:
    return make_sweep(plan, "w", nights)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_what_the_search_trains_is_in_the_name(change: dict[str, Any]) -> None:
    assert made(replace(BASELINE, **change)).name != made(BASELINE).name


def test_further_seeds_train_the_methods_on_the_same_folds() -> None:
    sweep = made(replace(BASELINE, seeds=3))
    assert [(other.plan.seed, other.folds) for other in sweep.repeats] == [
        (sweep.plan.seed + n, sweep.folds) for n in (1, 2)
    ]
    keys = {phases_of(e)[-1].key for one in (sweep, *sweep.repeats) for e in one.of_methods()}
    assert len(keys) == 3 * len(sweep.of_methods())


def test_who_is_tested_is_in_the_name() -> None:
    sweep = made(BASELINE)
    fewer = [replace(fold, test=fold.test[:1]) for fold in sweep.folds]
    assert replace(sweep, folds=tuple(fewer)).name != sweep.name


def test_what_nothing_uses_is_not_in_the_name() -> None:
    plan = replace(BASELINE, search=Search(trials=0))
    assert made(replace(plan, alpha=0.7, layers="encoder")).name == made(plan).name
    assert made(replace(plan, search=Search(trials=0, startup=3))).name == made(plan).name


def test_how_many_trials_run_at_once_is_not_in_the_name() -> None:
    plans = [replace(BASELINE, search=Search(trials=3, concurrent=n)) for n in (0, 2)]
    assert made(plans[0]).name == made(plans[1]).name


@pytest.mark.parametrize(
    "runtime",
    [Runtime(workers=2, cpus=2.0), Runtime(gpus=0.5), Runtime(groups=7, retries=0)],
    ids=str,
)
def test_machines_are_not_in_the_name(runtime: Runtime) -> None:
    assert made(replace(BASELINE, runtime=runtime)).name == made(BASELINE).name


def test_a_night_made_from_another_recording_changes_the_data_of_those_who_learn_from_it() -> None:
    other = (replace(NIGHTS[0], source_hash="another"), *NIGHTS[1:])
    point, name = BASELINE.point("ECG baseline"), NIGHTS[0].name
    pairs = zip(
        made(BASELINE).over_folds("W-N-R", point),
        made(BASELINE, other).over_folds("W-N-R", point),
        strict=True,
    )
    changed = {ours.fold.index: ours.data != theirs.data for ours, theirs in pairs}
    assert changed == {f.index: name not in f.test for f in made(BASELINE).folds}
    assert made(BASELINE, other).name != made(BASELINE).name


def test_the_order_of_the_nights_changes_nothing() -> None:
    assert made(BASELINE, NIGHTS[::-1]).name == made(BASELINE).name
