"""The race: the same decisions as Optuna's WilcoxonPruner, on the subjects that both have seen."""

import warnings
from collections.abc import Sequence

import numpy as np
import optuna
import pytest

from orchestration.build import Outcome
from orchestration.race import Scores, beaten, chance, over, pairs_of

Pairs = list[tuple[float, float]]
SUBJECTS = (*range(2, 9), *range(14, 30))  # of 9 to 13 that tie, SciPy tries up to 8192 signs


def optunas_verdict(pairs: Pairs, prune_p: float) -> bool:
    """What WilcoxonPruner says of a trial whose best rival has seen the same subjects."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        pruner = optuna.pruners.WilcoxonPruner(p_threshold=prune_p)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    theirs = {step: rival for step, (_, rival) in enumerate(pairs)}
    mean = sum(theirs.values()) / max(1, len(theirs))
    study.add_trial(optuna.trial.create_trial(value=mean, intermediate_values=theirs))
    trial = study.ask()
    for step, (ours, _) in enumerate(pairs):
        trial.report(ours, step)
    return trial.should_prune()


def drawn(seed: int) -> Pairs:
    """Up to 30 subjects' scores, some equal, of a trial that is a little worse or better."""
    rng = np.random.default_rng(seed)
    rival = rng.uniform(0.3, 0.9, rng.choice(SUBJECTS))
    ours = rival + rng.normal(rng.uniform(-0.08, 0.03), 0.05, len(rival))
    digits = int(rng.integers(1, 4))  # few digits: ties, and differences of zero
    return [(float(a), float(b)) for a, b in np.round(np.stack([ours, rival], 1), digits)]


def as_folds(pairs: Pairs) -> tuple[Scores, Scores]:
    """The pairs as the subjects of two folds."""
    half = len(pairs) // 2
    folds = [dict(enumerate(part)) for part in (pairs[:half], pairs[half:])]
    ours, rival = (
        [{f"s{i}": pair[side] for i, pair in fold.items()} for fold in folds] for side in (0, 1)
    )
    return ours, rival


@pytest.mark.parametrize("prune_p", [0.0, 0.05, 0.1, 0.5])
def test_the_verdict_is_optunas(prune_p: float) -> None:
    draws = [drawn(seed) for seed in range(100)]
    verdicts = [beaten(*as_folds(pairs), prune_p) for pairs in draws]
    assert verdicts == [optunas_verdict(pairs, prune_p) for pairs in draws]
    assert any(verdicts) == (prune_p > 0)
    assert not all(verdicts)


def test_the_p_value_of_four_subjects_that_all_are_worse_is_one_in_sixteen() -> None:
    pairs = [(0.5, 0.5 + step) for step in (0.1, 0.2, 0.3, 0.4)]
    assert chance(pairs) == pytest.approx(1 / 16)
    assert beaten([dict(zip("abcd", [0.5] * 4, strict=True))], [dict.fromkeys("abcd", 0.9)], 0.1)


def test_one_subject_decides_nothing() -> None:
    assert chance([(0.1, 0.9)]) == 1.0
    assert not beaten([{"a": 0.1}], [{"a": 0.9}], 0.9)


def test_the_same_point_is_not_beaten_by_itself() -> None:
    scores = [{f"s{i}": 0.5 + i / 100 for i in range(20)}]
    assert not beaten(scores, scores, 0.1)


def test_worse_on_most_subjects_but_better_on_average_goes_on() -> None:
    ours = [{f"s{i}": 0.5 for i in range(9)} | {"easy": 1.0}]
    rival = [{f"s{i}": 0.51 for i in range(9)} | {"easy": 0.1}]
    assert chance(pairs_of(ours, rival)) < 0.1
    assert not beaten(ours, rival, 0.1)


def test_only_folds_and_subjects_that_both_have_seen_are_compared() -> None:
    ours = [{"a": 0.1, "b": 0.2}]
    rival = [{"b": 0.3, "c": 0.4}, {"a": 0.5}]
    assert pairs_of(ours, rival) == [(0.2, 0.3)]
    assert not beaten(ours, [], 0.5)


def outcomes(*folds: Sequence[float], failed: str = "") -> list[Outcome]:
    scored = [{f"s{i}": {"score": score} for i, score in enumerate(fold)} for fold in folds]
    found = [Outcome("key", {"score": 0.5, "subjects": subjects}, 1, 0) for subjects in scored]
    return [*found, Outcome("key", {}, 0, 0, failed)] if failed else found


def test_a_trial_is_over_when_it_is_beaten_or_has_diverged() -> None:
    rival = [{f"s{i}": 0.8 for i in range(4)}] * 2
    assert over(outcomes([0.5, 0.6, 0.7, 0.7]), rival, 0.1)
    assert not over(outcomes([0.5, 0.6, 0.7, 0.9]), rival, 0.1)
    assert over(outcomes([0.9] * 4, failed="diverged"), rival, 0.1)
    assert not over(outcomes([0.1] * 4), [], 0.1)
