"""Calibration errors against loops and scikit-learn; curves that keep their shape when thinned."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from orchestration.evidence.calibration import (
    POINTS,
    Curve,
    brier,
    calibration_error,
    nll,
    precision_recall,
    reliability,
    roc,
)

K = 4
Curves = Callable[[np.ndarray, np.ndarray], list[Curve]]


def some(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities, so these are calibrated."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(K, 0.5), size=n)
    labels = (rng.random((n, 1)) > probabilities.cumsum(1)).sum(1).clip(max=K - 1)
    return labels, probabilities


def error_by_loop(labels: np.ndarray, probabilities: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        inside = [
            (float(max(p)), bool(np.argmax(p) == y))
            for y, p in zip(labels, probabilities, strict=True)
            if b / bins < max(p) <= (b + 1) / bins
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            total += abs(right - confidence) * len(inside) / len(labels)
    return total


@pytest.mark.parametrize("bins", [5, 15])
def test_the_calibration_error_is_that_of_a_loop_over_bins(bins: int) -> None:
    labels, probabilities = some(400)
    expected = error_by_loop(labels, probabilities, bins)
    assert calibration_error(labels, probabilities, bins) == pytest.approx(expected)


def test_calibrated_probabilities_have_a_small_error_and_overconfident_ones_a_large() -> None:
    labels, probabilities = some(20_000)
    sharpened = probabilities**3 / (probabilities**3).sum(1, keepdims=True)
    assert calibration_error(labels, probabilities) < 0.02
    assert calibration_error(labels, sharpened) > 0.1


def test_a_reliability_diagram_is_scikit_learns_where_bins_are_full() -> None:
    labels, probabilities = some(2000)
    right = probabilities.argmax(1) == labels
    accuracy, confidence = calibration_curve(right, probabilities.max(1), n_bins=10)
    found = reliability(labels, probabilities, bins=10)
    full = found.counts > 0
    assert found.accuracy[full] == pytest.approx(accuracy)
    assert found.confidence[full] == pytest.approx(confidence)
    assert np.isnan(found.accuracy[~full]).all()
    assert found.counts.sum() == 2000
    assert found.centre[:2].tolist() == pytest.approx([0.05, 0.15])


def test_being_sure_falls_into_the_last_bin() -> None:
    found = reliability(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert found.counts.tolist() == [0] * 14 + [2]
    assert found.accuracy[-1] == 0.5


def test_log_likelihood_and_brier_are_those_of_scikit_learn() -> None:
    labels, probabilities = some(300)
    log_loss = metrics.log_loss(labels, probabilities, labels=range(K))
    squared = np.mean(
        [
            ((p - (np.arange(K) == y)) ** 2).sum()
            for y, p in zip(labels, probabilities, strict=True)
        ]
    )
    assert nll(labels, probabilities) == pytest.approx(log_loss)
    assert brier(labels, probabilities) == pytest.approx(squared)
    assert brier(labels, probabilities) == pytest.approx(
        metrics.brier_score_loss(labels, probabilities, labels=range(K), scale_by_half=False)
    )


def test_being_surely_wrong_is_finite() -> None:
    labels, probabilities = np.array([0]), np.array([[0.0, 1.0]])
    assert nll(labels, probabilities) == pytest.approx(-np.log(1e-12))
    assert brier(labels, probabilities) == 2


def test_areas_are_those_of_scikit_learn() -> None:
    labels, probabilities = some(500)
    for k, (area, precision) in enumerate(
        zip(roc(labels, probabilities), precision_recall(labels, probabilities), strict=True)
    ):
        pair = (labels == k, probabilities[:, k])
        assert area.area == pytest.approx(metrics.roc_auc_score(*pair))
        assert precision.area == pytest.approx(metrics.average_precision_score(*pair))


@pytest.mark.parametrize("curves", [roc, precision_recall])
def test_a_thinned_curve_keeps_its_ends_and_its_area(curves: Curves) -> None:
    for curve in curves(*some(20_000)):
        assert 150 < len(curve.x) <= POINTS
        assert (curve.x[0], curve.x[-1]) == (0, 1)
        assert (np.diff(curve.x) >= 0).all()
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=0.003)


def test_a_small_cohort_keeps_every_point() -> None:
    labels, probabilities = some(50)
    x, y, _ = metrics.roc_curve(labels == 1, probabilities[:, 1])
    found = roc(labels, probabilities)[1]
    assert (found.x.tolist(), found.y.tolist()) == (x.tolist(), y.tolist())


@pytest.mark.parametrize("curves", [roc, precision_recall])
def test_a_class_that_never_or_always_occurs_has_no_curve(curves: Curves) -> None:
    _, probabilities = some(20)
    found = curves(np.zeros(20, np.int64), probabilities)
    assert all(len(curve.x) == 0 and np.isnan(curve.area) for curve in found)
