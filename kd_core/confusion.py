"""The confusion matrix: adds up over subjects, workers and folds; every score derives from it.

Takes true and predicted class labels; gives accuracy, F1, Cohen's kappa and the majority floor.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from kd_core.batch import IGNORED


@dataclass(frozen=True, eq=False)
class Confusion:
    """How often each class was taken for each; a score whose denominator is 0 is 0."""

    classes: tuple[str, ...]
    """Names of the K classes."""

    counts: np.ndarray
    """(K, K) int64: rows are true classes, columns predicted ones."""

    def __post_init__(self) -> None:
        K = len(self.classes)
        if self.counts.shape != (K, K):
            raise ValueError(
                f"counts have shape {self.counts.shape}; the {K} classes {self.classes} "
                f"need {(K, K)}."
            )

    @classmethod
    def zeros(cls, classes: tuple[str, ...]) -> Self:
        """Nothing counted yet: what a sum starts from."""
        return cls(classes, np.zeros((len(classes), len(classes)), np.int64))

    @classmethod
    def of(cls, classes: tuple[str, ...], true: np.ndarray, predicted: np.ndarray) -> Self:
        """Count pairs of labels, of any one shape, whose true label is not IGNORED."""
        true, predicted = np.asarray(true), np.asarray(predicted)
        if true.shape != predicted.shape:
            raise ValueError(f"{true.shape} true labels, but {predicted.shape} predicted ones.")
        K, scored = len(classes), true != IGNORED
        pairs = np.stack([true[scored], predicted[scored]]).astype(np.int64)
        if pairs.size and not 0 <= pairs.min() <= pairs.max() < K:
            found = np.unique(pairs).tolist()
            raise ValueError(
                f"labels must be 0 to {K - 1} for classes {classes} ({IGNORED} where not scored), "
                f"but are {found}. Check the class scheme."
            )
        flat = np.bincount(pairs[0] * K + pairs[1], minlength=K * K)
        return cls(classes, flat.reshape(K, K).astype(np.int64))

    def __add__(self, other: Self) -> Self:
        if self.classes != other.classes:
            raise ValueError(f"cannot add counts of {other.classes} to counts of {self.classes}.")
        return type(self)(self.classes, self.counts + other.counts)

    @property
    def total(self) -> int:
        """Segments counted."""
        return int(self.counts.sum())

    @property
    def support(self) -> np.ndarray:
        """(K,): how many segments truly are of each class."""
        support: np.ndarray = self.counts.sum(axis=1)
        return support

    @property
    def accuracy(self) -> float:
        """Share of segments named rightly."""
        return float(_ratio(np.trace(self.counts), self.total))

    @property
    def floor(self) -> float:
        """The accuracy of always naming the commonest class."""
        return float(_ratio(self.support.max(), self.total))

    @property
    def class_f1(self) -> np.ndarray:
        """(K,): 2 TP / (2 TP + FP + FN) of each class."""
        return _ratio(2 * np.diag(self.counts), self.support + self.counts.sum(axis=0))

    @property
    def weighted_f1(self) -> float:
        """Class F1 averaged by support."""
        return float(_ratio(self.class_f1 @ self.support, self.total))

    @property
    def macro_f1(self) -> float:
        """Class F1 averaged over all K classes, also those that never occur."""
        return float(self.class_f1.mean())

    @property
    def kappa(self) -> float:
        """Cohen's kappa: agreement beyond chance; 0 where chance alone agrees everywhere."""
        by_chance = int(self.support @ self.counts.sum(axis=0))  # times total**2, so exact
        agreed = int(np.trace(self.counts)) * self.total
        return float(_ratio(agreed - by_chance, self.total**2 - by_chance))

    def scores(self) -> dict[str, float]:
        """Every score by name; the F1 of class W is "f1_W"."""
        names = [f"f1_{name}" for name in self.classes]
        return {
            "accuracy": self.accuracy,
            "weighted_f1": self.weighted_f1,
            "macro_f1": self.macro_f1,
            "kappa": self.kappa,
            **dict(zip(names, self.class_f1.tolist(), strict=True)),
            "floor": self.floor,
        }


def _ratio(numerator: np.ndarray | float, denominator: np.ndarray | float) -> np.ndarray:
    """numerator / denominator, and 0 where the denominator is 0."""
    below = np.asarray(denominator, dtype=np.float64)
    quotient: np.ndarray = np.asarray(numerator) / np.where(below == 0, 1.0, below)
    return np.where(below == 0, 0.0, quotient)
