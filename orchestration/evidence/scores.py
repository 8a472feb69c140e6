"""Scores of many confusion matrices at once: counts (..., K, K) in, scores (...) out.

Rows of counts are true classes, columns predicted ones. A score whose denominator is 0 is 0, as in
`kd_core.confusion`, whose scores these equal; vectors make thousands of resamples affordable.
"""

from collections.abc import Callable

import numpy as np

Score = Callable[[np.ndarray], np.ndarray]


def accuracy(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (...): share of segments named rightly."""
    return _ratio(_right(counts).sum(-1), _total(counts))


def weighted_f1(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (...): class F1 averaged by support."""
    return _ratio((class_f1(counts) * _support(counts)).sum(-1), _total(counts))


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (...): class F1 averaged over all K classes, also those that never occur."""
    mean: np.ndarray = class_f1(counts).mean(-1)
    return mean


def kappa(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (...): Cohen's kappa; 0 where chance alone agrees everywhere."""
    total, right = _total(counts), _right(counts).sum(-1)
    by_chance = (_support(counts) * _predicted(counts)).sum(-1)  # times total**2, so exact
    return _ratio(right * total - by_chance, total**2 - by_chance)


def mcc(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (...): Matthews correlation coefficient of K classes.

    Source: R_K of Gorodkin, Computational Biology and Chemistry 28 (2004) 367-374.
    """
    total, true, predicted = _total(counts), _support(counts), _predicted(counts)
    covariance = _right(counts).sum(-1) * total - (true * predicted).sum(-1)
    true_variance = total**2 - (true**2).sum(-1)
    predicted_variance = total**2 - (predicted**2).sum(-1)
    return _ratio(covariance, np.sqrt(true_variance) * np.sqrt(predicted_variance))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (...): mean recall over the classes that occur, as in scikit-learn."""
    return _ratio(class_recall(counts).sum(-1), (_support(counts) > 0).sum(-1))


def class_f1(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (..., K): 2 TP / (2 TP + FP + FN) of each class."""
    return _ratio(2 * _right(counts), _support(counts) + _predicted(counts))


def class_precision(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (..., K): share of each class's predictions that are right."""
    return _ratio(_right(counts), _predicted(counts))


def class_recall(counts: np.ndarray) -> np.ndarray:
    """(..., K, K) -> (..., K): share of each class's segments that are found."""
    return _ratio(_right(counts), _support(counts))


SCORES: dict[str, Score] = {
    "accuracy": accuracy,
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
    "kappa": kappa,
    "mcc": mcc,
    "balanced_accuracy": balanced_accuracy,
}


def _right(counts: np.ndarray) -> np.ndarray:
    """(..., K): segments of each class named rightly."""
    return np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)


def _support(counts: np.ndarray) -> np.ndarray:
    """(..., K): segments truly of each class."""
    support: np.ndarray = counts.sum(-1, dtype=np.float64)
    return support


def _predicted(counts: np.ndarray) -> np.ndarray:
    """(..., K): segments taken for each class."""
    predicted: np.ndarray = counts.sum(-2, dtype=np.float64)
    return predicted


def _total(counts: np.ndarray) -> np.ndarray:
    """(...): all segments."""
    total: np.ndarray = counts.sum((-2, -1), dtype=np.float64)
    return total


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """numerator / denominator, and 0 where the denominator is 0."""
    quotient: np.ndarray = numerator / np.where(denominator == 0, 1.0, denominator)
    return np.where(denominator == 0, 0.0, quotient)
