"""Whether probabilities mean what they say: calibration errors, reliability, ROC and PR curves.

Takes true labels (n,) and probabilities (n, K); curves are thinned to what a drawing can show.
"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

BINS = 15  # Guo et al. 2017, Table 1
LEAST = 1e-12  # probability that a class is given at least, or one sure error were infinite
POINTS = 200  # of a drawn curve


class Reliability(NamedTuple):
    """Segments binned by their largest probability; an empty bin's means are NaN."""

    centre: np.ndarray
    """(B,) middle of each bin."""
    confidence: np.ndarray
    """(B,) mean largest probability."""
    accuracy: np.ndarray
    """(B,) share named rightly."""
    counts: np.ndarray
    """(B,) int64 segments."""


class Curve(NamedTuple):
    """A curve of one class against the rest; empty, of area NaN, if it never or always occurs."""

    x: np.ndarray
    """(P,) false positive rate, or recall; rising."""
    y: np.ndarray
    """(P,) true positive rate, or precision."""
    area: float
    """Area under the ROC curve, or average precision; of all points, not only those kept."""


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """Mean gap between the confidence and the accuracy of equally wide bins, weighted by segments.

    Source: top-label expected calibration error, Eq. 3 of Guo et al., ICML 2017, arXiv:1706.04599.
    """
    found = reliability(labels, probabilities, bins)
    full = found.counts > 0
    gaps = np.abs(found.accuracy[full] - found.confidence[full])
    return float(np.average(gaps, weights=found.counts[full]))


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> Reliability:
    """What a reliability diagram draws: accuracy against confidence in equally wide bins."""
    edges = np.linspace(0, 1, bins + 1)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bin_of = np.digitize(confidence, edges[1:-1], right=True)  # a bin holds its upper edge
    counts = np.bincount(bin_of, minlength=bins)
    return Reliability(
        centre=(edges[:-1] + edges[1:]) / 2,
        confidence=_mean_in(bin_of, confidence, counts),
        accuracy=_mean_in(bin_of, right, counts),
        counts=counts,
    )


def nll(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean negative log of the true class's probability, in nats; no probability below LEAST."""
    of_truth = np.take_along_axis(probabilities, labels[:, None], axis=1)
    return float(-np.log(np.maximum(of_truth, LEAST)).mean())


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance to the one-hot truth, summed over classes: 0 at best, 2 at worst.

    Source: Brier, Monthly Weather Review 78 (1950) 1-3.
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def roc(labels: np.ndarray, probabilities: np.ndarray) -> list[Curve]:
    """The ROC curve of each of the K classes against the rest, and its area."""
    return [_roc(labels == k, of_class) for k, of_class in enumerate(probabilities.T)]


def precision_recall(labels: np.ndarray, probabilities: np.ndarray) -> list[Curve]:
    """Precision over recall of each of the K classes, and its average precision."""
    return [_precision_recall(labels == k, of_class) for k, of_class in enumerate(probabilities.T)]


def _roc(true: np.ndarray, score: np.ndarray) -> Curve:
    if true.all() or not true.any():
        return _no_curve()
    x, y, _ = roc_curve(true, score)
    return Curve(*_thin(x, y, along=x + y), float(roc_auc_score(true, score)))


def _precision_recall(true: np.ndarray, score: np.ndarray) -> Curve:
    if true.all() or not true.any():
        return _no_curve()
    precision, recall, _ = precision_recall_curve(true, score)
    x, y = recall[::-1], precision[::-1]  # recall rises
    return Curve(*_thin(x, y, along=x), float(average_precision_score(true, score)))


def _no_curve() -> Curve:
    return Curve(np.empty(0), np.empty(0), np.nan)


def _thin(x: np.ndarray, y: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most POINTS points, both ends among them, evenly spread over the rising `along`."""
    if len(x) <= POINTS:
        return x, y
    wanted = np.linspace(along[0], along[-1], POINTS - 1)
    kept = np.unique([*np.searchsorted(along, wanted), len(x) - 1])
    return x[kept], y[kept]


def _mean_in(bin_of: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(B,): mean of the values of each bin, NaN of an empty one."""
    sums = np.bincount(bin_of, weights=values, minlength=len(counts))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
