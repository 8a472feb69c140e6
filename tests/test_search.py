"""The search: Optuna hears what a trial reached; a point that fails ends nothing but itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from kd_core.fit import Training
from orchestration.experiment import Point, phases_of
from orchestration.plan import Search
from orchestration.search import Trial, _rank, _searcher, best_of, search
from tests.small import small_plan, small_sweep


def told(results: list[dict[str, Any]], folds: int, error: bool = False) -> FrozenTrial:
    """What Optuna's study holds of a trial that reported `results`, the last one at its end."""
    searcher = _searcher(small_plan(), folds)
    searcher.suggest("t")
    for result in results[:-1]:
        searcher.on_trial_result("t", result)
    searcher.on_trial_complete("t", results[-1], error)
    (trial,) = (t for t in searcher._ot_study.trials if t.state != TrialState.WAITING)
    assert isinstance(trial, FrozenTrial)
    return trial


def after(fold: int, score: float) -> dict[str, Any]:
    return {"score": score, "folds_done": fold, "training_iteration": fold}


def test_a_trial_stopped_before_its_last_fold_is_pruned_with_what_it_had_reached() -> None:
    trial = told([after(1, 0.5), after(2, 0.4)], folds=5)
    assert trial.state == TrialState.PRUNED
    assert trial.intermediate_values == {1: 0.5, 2: 0.4}


def test_a_trial_of_all_folds_is_complete_with_its_last_mean() -> None:
    trial = told([after(1, 0.5), after(2, 0.4)], folds=2)
    assert (trial.state, trial.value) == (TrialState.COMPLETE, 0.4)


def test_a_trial_that_failed_is_told_as_failed() -> None:
    assert told([{}], folds=2, error=True).state == TrialState.FAIL


def trial(score: float | None, folds: int = 2, method: str = "SD+CL") -> Trial:
    return Trial(Point(method=method), folds, score, "" if score else "diverged")


def test_the_best_is_the_highest_score_over_all_folds() -> None:
    found = [trial(0.9, folds=1), trial(None, folds=0), trial(0.6), trial(0.7)]
    assert best_of(found, 2) == trial(0.7)
    assert best_of(found[:2], 2) is None
    assert best_of([], 2) is None


def test_equal_scores_are_told_apart_by_name() -> None:
    equal = [trial(0.7, method=m) for m in ("SD+CL", "AT+SD+CL", "AT+CL")]
    ordered = sorted(equal, key=_rank)
    assert [t.point.method for t in ordered] == ["AT+CL", "AT+SD+CL", "SD+CL"]
    assert best_of(equal, 2) == best_of(equal[::-1], 2) == ordered[0]


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_a_point_that_diverges_fails_alone(nights: Path, tmp_path: Path) -> None:
    plan = small_plan(search=Search(trials=2, methods=("SD+CL", "ECG baseline")))
    sweep, store = small_sweep(nights, tmp_path, plan)
    _, last = sweep.over_folds("W-N-R", plan.point("SD+CL"))
    store.keep_failure(phases_of(last)[-1].key, "final: the loss became NaN")
    fine, failed = search(sweep, "W-N-R", store)
    assert (failed.point.method, failed.score) == ("SD+CL", None)
    assert "the loss became NaN" in failed.reason
    assert (fine.point.method, fine.folds_done, fine.reason) == ("ECG baseline", 2, "")
    assert best_of([failed, fine], 2) == fine


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_a_search_in_which_every_point_diverges_ends_without_a_best(
    nights: Path, tmp_path: Path
) -> None:
    plan = small_plan(
        search=Search(trials=1, methods=("ECG baseline",)),
        training=Training(epochs=1, batch=4, learning_rate=1e30),
    )
    plan = replace(plan, runtime=replace(plan.runtime, retries=0))
    sweep, store = small_sweep(nights, tmp_path, plan)
    (failed,) = search(sweep, "W-N-R", store)
    assert "NaN or infinite" in failed.reason
    assert list(store.failures().values()) == [failed.reason.removeprefix("RuntimeError: ")]
    assert best_of([failed], 2) is None
