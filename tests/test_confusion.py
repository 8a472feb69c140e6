"""Every score against scikit-learn, and the sums that make scores comparable."""

import numpy as np
import pytest
from sklearn import metrics

from kd_core.confusion import Confusion

CLASSES = ("W", "L", "D", "R")


def some_labels(seed: int, present: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true, guess = rng.integers(present, size=(2, 30, 7))
    return true, np.where(rng.random(true.shape) < 0.5, true, guess)


@pytest.mark.parametrize("present", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_scikit_learn(seed: int, present: int) -> None:
    true, predicted = some_labels(seed, present)
    scores = Confusion.of(CLASSES, true, predicted).scores()
    pair, labels = (true.ravel(), predicted.ravel()), range(len(CLASSES))
    f1 = metrics.f1_score(*pair, labels=labels, average=None, zero_division=0)
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(*pair))
    assert [scores[f"f1_{name}"] for name in CLASSES] == pytest.approx(f1.tolist())
    for average in ("macro", "weighted"):
        theirs = metrics.f1_score(*pair, labels=labels, average=average, zero_division=0)
        assert scores[f"{average}_f1"] == pytest.approx(theirs)
    if present > 1:  # scikit-learn's kappa of a single class is NaN
        assert scores["kappa"] == pytest.approx(metrics.cohen_kappa_score(*pair))


def test_counts_are_those_of_scikit_learn_with_true_classes_in_rows() -> None:
    true, predicted = some_labels(0)
    theirs = metrics.confusion_matrix(true.ravel(), predicted.ravel())
    assert (Confusion.of(CLASSES, true, predicted).counts == theirs).all()


def test_a_class_that_is_predicted_but_never_true_scores_zero_and_counts_in_the_macro_mean() -> (
    None
):
    confusion = Confusion.of(("W", "N", "R"), np.array([0, 0, 1]), np.array([0, 2, 1]))
    assert confusion.class_f1.tolist() == pytest.approx([2 / 3, 1, 0])
    assert confusion.macro_f1 == pytest.approx(5 / 9)
    assert confusion.weighted_f1 == pytest.approx(7 / 9)


def test_kappa_by_hand() -> None:
    confusion = Confusion(("a", "b"), np.array([[20, 5], [10, 15]]))
    assert confusion.kappa == pytest.approx((0.7 - 0.5) / (1 - 0.5))


def test_always_naming_one_class_has_kappa_zero_and_the_floor_as_accuracy() -> None:
    true, _ = some_labels(1)
    commonest = np.bincount(true.ravel()).argmax()
    confusion = Confusion.of(CLASSES, true, np.full_like(true, commonest))
    assert confusion.kappa == 0
    assert confusion.accuracy == confusion.floor


def test_parts_add_up_to_the_whole() -> None:
    true, predicted = some_labels(2)
    parts = (Confusion.of(CLASSES, *rows) for rows in zip(true, predicted, strict=True))
    whole = sum(parts, Confusion.zeros(CLASSES))
    assert whole.scores() == Confusion.of(CLASSES, true, predicted).scores()


def test_ignored_labels_are_not_counted_whatever_was_predicted() -> None:
    confusion = Confusion.of(CLASSES, np.array([0, -1, 3]), np.array([0, 2, 3]))
    assert confusion.total == 2
    assert confusion.support.tolist() == [1, 0, 0, 1]


def test_nothing_counted_scores_zero_everywhere() -> None:
    assert set(Confusion.zeros(CLASSES).scores().values()) == {0.0}


def test_counts_of_a_large_cohort_do_not_overflow() -> None:
    confusion = Confusion(("a", "b"), np.array([[10**9, 0], [0, 10**9]]))
    assert confusion.kappa == 1.0


@pytest.mark.parametrize("label", [4, -2])
def test_labels_beyond_the_classes_are_refused(label: int) -> None:
    with pytest.raises(ValueError, match="labels must be 0 to 3"):
        Confusion.of(CLASSES, np.array([0, label]), np.array([0, 1]))


def test_counts_of_other_classes_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="cannot add"):
        Confusion.zeros(("W", "N")) + Confusion.zeros(("W", "R"))
