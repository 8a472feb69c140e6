"""What needs no network: always naming the commonest class, and guessing by how common each is.

Who guesses without looking names a class equally often whatever is true: that share is its recall,
and the class's own share of the segments is its precision.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np


class Floor(NamedTuple):
    """Expected scores of such a guesser; a class that is never named has precision and F1 0."""

    scores: Mapping[str, float]
    precision: np.ndarray
    """(K,), as are the following."""
    recall: np.ndarray
    f1: np.ndarray


def commonest(shares: np.ndarray) -> np.ndarray:
    """How often each class is named (K,): the commonest always; the first of equals."""
    named: np.ndarray = np.eye(len(shares))[shares.argmax()]
    return named


def by_prior(shares: np.ndarray) -> np.ndarray:
    """How often each class is named (K,): as often as it occurs."""
    return shares


FLOORS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {  # name of a row -> how it guesses
    "Floor: commonest class": commonest,
    "Floor: guess by prior": by_prior,
}


def floor_of(support: np.ndarray, name: str) -> Floor:
    """One of FLOORS on segments of which so many, or such a share, are of each class (K,)."""
    shares = support / support.sum()
    named = FLOORS[name](shares)
    right = shares * named
    f1 = 2 * right / np.where(right > 0, shares + named, 1.0)
    recall = np.where(shares > 0, named, 0.0)
    scores = {
        "accuracy": right.sum(),
        "weighted_f1": shares @ f1,
        "macro_f1": f1.mean(),
        "kappa": 0.0,
        "mcc": 0.0,
        "balanced_accuracy": recall.sum() / np.count_nonzero(shares),
    }
    precision = np.where(named > 0, shares, 0.0)
    return Floor({key: float(value) for key, value in scores.items()}, precision, recall, f1)


def majority(support: np.ndarray) -> Mapping[str, float]:
    """Scores of always naming the commonest class; support (K,)."""
    return floor_of(support, "Floor: commonest class").scores
