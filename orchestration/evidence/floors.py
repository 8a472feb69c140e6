"""What needs no network: always naming the commonest class, and guessing by how common each is."""

from collections.abc import Mapping

import numpy as np


def majority(support: np.ndarray) -> Mapping[str, float]:
    """Scores of always naming the commonest class; support (K,)."""
    shares = support / support.sum()
    top = float(shares.max())
    f1 = 2 * top / (1 + top)  # of the class that is named: precision is its share, recall is 1
    return {
        "accuracy": top,
        "weighted_f1": top * f1,
        "macro_f1": f1 / len(support),
        "kappa": 0.0,
        "mcc": 0.0,
        "balanced_accuracy": 1.0 / np.count_nonzero(support),
    }


def prior(support: np.ndarray) -> Mapping[str, float]:
    """Expected scores of guessing each class as often as it occurs; support (K,).

    Each class is guessed rightly with its own share, so precision, recall and F1 are that share.
    """
    shares = support / support.sum()
    squares = float(shares @ shares)
    return {
        "accuracy": squares,
        "weighted_f1": squares,
        "macro_f1": 1.0 / len(support),
        "kappa": 0.0,
        "mcc": 0.0,
        "balanced_accuracy": 1.0 / np.count_nonzero(support),
    }
