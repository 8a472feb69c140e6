"""A test subject's night as a network staged it, beside its scorer: what evidence is made of."""

from dataclasses import dataclass

import numpy as np

from kd_core.confusion import Confusion


@dataclass(frozen=True, kw_only=True, eq=False)
class StagedNight:
    """What a network said of a test subject's scored segments."""

    subject: str
    subset: str
    """SS1 to SS5 of MASS."""
    person: str
    classes: tuple[str, ...]
    """Names of the K classes."""
    page_s: float
    """30 or 20: how far apart scored pages are."""
    segment: np.ndarray
    """(n,) int32, rising; position in pages from the first scored one; a gap is unscored time."""
    labels: np.ndarray
    """(n,) int64, the true class."""
    probabilities: np.ndarray
    """(n, K) float64; a row sums to 1."""

    def __post_init__(self) -> None:
        n, K = len(self.labels), len(self.classes)
        assert self.segment.shape == self.labels.shape == (n,)
        assert self.probabilities.shape == (n, K)
        assert n > 0
        assert (np.diff(self.segment) > 0).all(), "segments must rise"

    @property
    def predicted(self) -> np.ndarray:
        """(n,): the likeliest class."""
        predicted: np.ndarray = self.probabilities.argmax(axis=1)
        return predicted

    @property
    def confusion(self) -> Confusion:
        """How often each class was taken for each."""
        return Confusion.of(self.classes, self.labels, self.predicted)
