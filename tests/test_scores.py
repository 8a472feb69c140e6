"""Scores of stacked confusion matrices, against scikit-learn and the confusion that adds up."""

import warnings

import numpy as np
import pytest
from sklearn import metrics

from kd_core.confusion import Confusion
from orchestration.evidence.scores import (
    SCORES,
    class_f1,
    class_precision,
    class_recall,
)

K = 4


def some_labels(seed: int, present: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true, guess = rng.integers(present, size=(2, 200))
    return true, np.where(rng.random(200) < 0.4, true, guess)


def counts_of(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return np.asarray(metrics.confusion_matrix(true, predicted, labels=range(K)))


def scikit_learns(name: str, true: np.ndarray, predicted: np.ndarray) -> float:
    f1 = {"labels": range(K), "zero_division": 0}
    table = {
        "accuracy": lambda: metrics.accuracy_score(true, predicted),
        "weighted_f1": lambda: metrics.f1_score(true, predicted, average="weighted", **f1),
        "macro_f1": lambda: metrics.f1_score(true, predicted, average="macro", **f1),
        "kappa": lambda: metrics.cohen_kappa_score(true, predicted),
        "mcc": lambda: metrics.matthews_corrcoef(true, predicted),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(true, predicted),
    }
    return float(table[name]())


@pytest.mark.parametrize("present", [2, 3, 4])
@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_that_of_scikit_learn(name: str, present: int) -> None:
    true, predicted = some_labels(present, present)
    ours = SCORES[name](counts_of(true, predicted))
    assert float(ours) == pytest.approx(scikit_learns(name, true, predicted), abs=1e-12)


@pytest.mark.parametrize("present", [1, 2, 4])
def test_class_scores_are_those_of_scikit_learn(present: int) -> None:
    true, predicted = some_labels(present, present)
    theirs = metrics.precision_recall_fscore_support(
        true, predicted, labels=range(K), zero_division=0
    )
    counts = counts_of(true, predicted)
    for score, expected in zip((class_precision, class_recall, class_f1), theirs, strict=False):
        assert score(counts).tolist() == pytest.approx(expected.tolist())


def test_recall_of_a_class_predicted_but_never_true_is_left_out_of_balanced_accuracy() -> None:
    true, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 2, 1, 3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn wonders at classes that are never true
        theirs = metrics.balanced_accuracy_score(true, predicted)
    ours = SCORES["balanced_accuracy"](counts_of(true, predicted))
    assert float(ours) == pytest.approx(theirs) == pytest.approx((2 / 3 + 1 / 2) / 2)


@pytest.mark.parametrize("name", SCORES)
def test_a_stack_scores_like_its_matrices_one_by_one(name: str) -> None:
    counts = np.random.default_rng(0).integers(9, size=(2, 3, K, K))
    ours = SCORES[name](counts)
    assert ours.shape == (2, 3)
    assert ours.dtype == np.float64
    alone = [[float(SCORES[name](matrix)) for matrix in row] for row in counts]
    assert ours.tolist() == alone


@pytest.mark.parametrize("name", ["accuracy", "weighted_f1", "macro_f1", "kappa"])
def test_the_confusion_that_adds_up_scores_the_same(name: str) -> None:
    counts = np.random.default_rng(1).integers(9, size=(K, K))
    confusion = Confusion(("W", "L", "D", "R"), counts)
    assert float(SCORES[name](counts)) == pytest.approx(getattr(confusion, name))


@pytest.mark.parametrize("name", SCORES)
def test_nothing_counted_scores_zero_and_a_lone_class_is_no_agreement_beyond_chance(
    name: str,
) -> None:
    assert float(SCORES[name](np.zeros((K, K), np.int64))) == 0
    one_class = np.zeros((K, K), np.int64)
    one_class[0, 0] = 7
    if name in ("kappa", "mcc"):
        assert float(SCORES[name](one_class)) == 0


@pytest.mark.parametrize("name", SCORES)
def test_counts_of_a_large_cohort_do_not_overflow(name: str) -> None:
    assert float(SCORES[name](np.diag([10**9] * K))) == pytest.approx(1)
