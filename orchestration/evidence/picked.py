"""Segments to look at, picked by rule: where distillation moved the network's opinion the most.

Of the segments of a case, the one whose true class differs most in probability between student
and baseline; of equals, the first by subject's name, then by position. It is the most extreme
segment of its case, not a typical one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestration.evidence.likeness import GAINED, LOST

CASES = (GAINED, LOST)  # a segment is picked of each


@dataclass(frozen=True, kw_only=True, eq=False)
class Pick:
    """One test segment as three networks see it."""

    case: str
    """GAINED or LOST."""
    subject: str
    segment: int
    """Position in pages from the first scored one."""
    label: int
    """The true class."""
    probabilities: Mapping[str, Sequence[float]]
    """Role -> probability of each class, (K,)."""
    maps: Mapping[str, np.ndarray]
    """Role -> bottleneck features (C, T*L) float32 of the window that the segment is scored in; C
    and L may differ between networks."""
    within: int
    """Which of the window's segments it is."""
    of: int
    """T, segments of the window."""

    @property
    def moved(self) -> float:
        """By how much student and baseline differ about the true class."""
        baseline, student = (self.probabilities[role] for role in ("baseline", "student"))
        return abs(student[self.label] - baseline[self.label])


def moved_most(
    labels: np.ndarray, baseline: np.ndarray, student: np.ndarray, among: np.ndarray
) -> int | None:
    """Index of the segment to pick, the first of equals; None if there is none.

    Shapes: labels (n,), probabilities (n, K), among (n,) bool: which may be picked.
    """
    if not among.any():
        return None
    rows = np.arange(len(labels))
    moved = np.abs(student[rows, labels] - baseline[rows, labels])
    return int(np.where(among, moved, -1.0).argmax())


def picked(picks: Iterable[Pick]) -> dict[str, Pick]:
    """Case -> the pick among those of several folds or nights, by the same rule."""
    ordered = sorted(picks, key=lambda pick: (-pick.moved, pick.subject, pick.segment))
    found = {case: [pick for pick in ordered if pick.case == case] for case in CASES}
    return {case: mine[0] for case, mine in found.items() if mine}
