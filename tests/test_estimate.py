"""How much a sweep trains: bounds that hold for what is really drawn, cut and written."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasets.folds import Fold
from datasets.parquet import subjects_in
from orchestration.cohort import segments_of, stated
from orchestration.estimate import (
    count_by_kind,
    first_stop,
    least_subjects,
    needs_of,
    size_of,
    steps_of,
    windows,
)
from orchestration.experiment import Point, phases_of
from orchestration.footprint import cache_bytes, phases_bytes, scores_bytes, windows_bytes
from orchestration.plan import Search
from orchestration.plans import default, paper, smoke
from orchestration.race import chance
from orchestration.space import inside, point_in
from orchestration.sweeps import Sweep, make_sweep
from tests.phase_runs import batches_of, experiment_on, run_phases, store_of

NIGHTS = stated(nights=12, hours=1)


def sweep_of(search: Search, methods: Sequence[str] = default().methods, folds: int = 4) -> Sweep:
    plan = replace(smoke(), folds=folds, search=search, methods=tuple(methods))
    return make_sweep(plan, "w", NIGHTS.subjects)


def drawn(sweep: Sweep, seed: int) -> list[Point]:
    """A search: the plan's own points as far as they lie in what is searched, then any."""
    rng, plan, search = random.Random(seed), sweep.plan, sweep.plan.search
    points = []
    for number in range(search.trials):
        own = number < len(search.methods)
        method = search.methods[number] if own else rng.choice(search.methods)
        values: dict[str, Any] = {"alpha": rng.random(), "temperature": 1 + rng.random()}
        values |= {"method": method, "layers": rng.choice(search.layers)}
        values |= inside(plan.point(method), search) if own else {}
        points.append(point_in(values, plan))
    return points


def test_the_fixed_methods_share_their_teacher_and_their_attention_phase() -> None:
    sweep = sweep_of(Search(trials=0), folds=2)
    needs = needs_of(sweep, set(), {}, best=False)
    assert count_by_kind(needs) == {"teacher": 2, "attention": 2, "final": 8}


def test_what_the_paper_trains_is_counted_by_hand() -> None:
    sweep = make_sweep(paper(), "w", NIGHTS.subjects)
    needs = needs_of(sweep, set(), {}, best=False)
    assert count_by_kind(needs) == {"teacher": 2, "attention": 2, "final": 8}  # two schemes


@pytest.mark.parametrize(
    "methods", [("SD+CL", "AT+CL", "AT+SD+CL"), ("AT+CL",), ("SD+CL", "AT+CL"), ("ECG baseline",)]
)
@pytest.mark.parametrize("fixed", [("ECG baseline",), default().methods])
@pytest.mark.parametrize("layers", [("encoder", "bottleneck", "deep"), ("all", "encoder")])
@pytest.mark.parametrize("trials", [1, 5, 9])
def test_no_search_trains_more_than_is_said_at_most(
    methods: tuple[str, ...], fixed: tuple[str, ...], layers: tuple[str, ...], trials: int
) -> None:
    search = Search(trials=trials, methods=methods, layers=layers)
    sweep = sweep_of(search, fixed, folds=2)
    most = count_by_kind(needs_of(sweep, set(), {}, best=False))
    for seed in range(5):
        points = [*map(sweep.plan.point, fixed), *drawn(sweep, seed)]
        experiments = [e for point in points for e in sweep.over_folds("W-N-R", point)]
        phases = {phase.key: phase for e in experiments for phase in phases_of(e)}
        trained = Counter(phase.step.phase for phase in phases.values())
        assert all(count <= most[kind] for kind, count in trained.items())


@pytest.mark.parametrize(("baseline", "unraced"), [(("ECG baseline",), 0), ((), 4)])
def test_racing_at_best_stops_every_trial_with_a_rival_at_the_first_fold_it_can(
    baseline: tuple[str, ...], unraced: int
) -> None:
    methods = (*baseline, "SD+CL", "AT+CL", "AT+SD+CL")
    sweep = sweep_of(Search(trials=12, round=4, prune_p=0.1, layers=("all", "encoder")), methods)
    assert [len(fold.validation) for fold in sweep.folds] == [3, 3, 3, 3]
    assert first_stop(sweep) == 2
    finals = [count_by_kind(needs_of(sweep, set(), {}, best))["final"] for best in (False, True)]
    fixed, own = 4 * len(methods), 3  # final phases on four folds; points drawn first
    later, free = 12 - max(own, unraced), max(0, unraced - own)
    assert finals == [fixed + 4 * (12 - own), fixed + 4 * free + 2 * later]


def test_a_search_that_never_prunes_has_one_bound() -> None:
    sweep = sweep_of(Search(trials=12, prune_p=0.0))
    assert first_stop(sweep) is None
    assert needs_of(sweep, set(), {}, True) == needs_of(sweep, set(), {}, False)


@pytest.mark.parametrize("prune_p", [0.3, 0.1, 0.05, 0.01])
def test_with_one_subject_less_the_test_decides_nothing(prune_p: float) -> None:
    least = int(least_subjects(Search(prune_p=prune_p)))
    pairs = [(0.1 * n, 1.0) for n in range(least)]  # every subject does worse
    assert chance(pairs) < prune_p
    assert chance(pairs[:-1]) >= prune_p


def test_what_is_in_the_storage_is_not_counted() -> None:
    sweep = sweep_of(Search(trials=6))
    teacher = phases_of(sweep.over_folds("W-N-R", sweep.plan.point("EEG baseline"))[0])[0]
    some, all_ = (needs_of(sweep, done, {}, False) for done in ({teacher.key}, set[str]()))
    assert (count_by_kind(some)["teacher"], count_by_kind(all_)["teacher"]) == (3, 4)
    assert not needs_of(sweep, {need.phase.key for need in all_}, {"W-N-R": 6}, False)


def test_no_pass_has_more_batches_than_is_said(nights: Path, tmp_path: Path) -> None:
    subjects = {subject.name: subject for subject in subjects_in(nights)}
    for segments in (1, 7, 16):
        phase = phases_of(experiment_on(nights, segments=segments))[0]
        size = size_of(phase, subjects, best=False)
        store = store_of(nights, tmp_path / str(segments))
        train, validation = (batches_of(phase, store, part) for part in ("train", "validation"))
        steps = [sum(1 for _ in train.shuffled(0, epoch)) for epoch in range(9)]
        assert 0.7 * size.batches <= max(steps) <= size.batches
        assert sum(1 for _ in validation.in_order()) <= size.checks


def test_patience_bounds_epochs_from_below() -> None:
    plan = replace(default(), search=Search(trials=0))
    sweep = make_sweep(plan, "w", stated(20, 1).subjects)
    subjects = {subject.name: subject for subject in sweep.subjects}
    phase = needs_of(sweep, set(), {}, False)[0].phase
    assert [size_of(phase, subjects, best).epochs for best in (False, True)] == [60, 9]


def test_steps_are_phases_times_epochs_times_batches() -> None:
    sweep = sweep_of(Search(trials=0), folds=2)
    subjects = {subject.name: subject for subject in sweep.subjects}
    needs = needs_of(sweep, set(), {}, False)
    training = sweep.plan.training
    trained = windows([120] * len(sweep.folds[0].train), sweep.plan.segments, True)
    assert steps_of(needs, subjects, False) == 12 * training.epochs * -(-trained // training.batch)


def test_bytes_are_about_those_of_real_files(nights: Path, tmp_path: Path) -> None:
    subjects = {subject.name: subject for subject in subjects_in(nights)}
    segments = sum(map(segments_of, subjects.values()))
    written = sum(path.stat().st_size for path in nights.glob("*.parquet"))
    assert windows_bytes(segments) == pytest.approx(written, rel=0.05)
    assert cache_bytes(segments) == pytest.approx(windows_bytes(segments) / 2, rel=0.01)
    plan = replace(smoke(), search=Search(trials=0))
    sweep = make_sweep(plan, "w", subjects_in(nights))
    again = replace(sweep, plan=replace(plan, seeds=3))
    assert scores_bytes(sweep) < scores_bytes(again) < 0.1 * written
    store = store_of(nights, tmp_path / "store")
    done = run_phases(experiment_on(nights, fold=fold_of(nights)), store, tmp_path / "out")
    for phase, folder in done.values():
        size = sum(path.stat().st_size for path in folder.iterdir())
        need = needs_of(sweep, set(), {}, False)[0]._replace(phase=phase)
        assert 0.5 * size < phases_bytes([need], subjects) < 2 * size


def fold_of(nights: Path) -> Fold:
    names = tuple(subject.name for subject in subjects_in(nights))
    return Fold(0, names[:4], names[4:6], names[6:])
