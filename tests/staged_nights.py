"""Staged nights made of dice: for tests of what is computed from them."""

import numpy as np

from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.staged import StagedNight


def staged_night(
    seed: int, classes: tuple[str, ...] = ("W", "N", "R"), skill: float = 0.6, n: int = 200
) -> StagedNight:
    """A night whose scorer and network agree more often, the greater the skill."""
    dice, K = np.random.default_rng(seed), len(classes)
    labels = np.repeat(dice.integers(0, K, n // 10), 10)
    labels[:K] = range(K)  # each class occurs
    probabilities = dice.dirichlet(np.ones(K), len(labels)) * (1 - skill)
    probabilities[np.arange(len(labels)), labels] += skill * dice.random(len(labels))
    return StagedNight(
        subject=f"01-0{1 + seed % 5}-{seed:04d}",
        subset=f"SS{1 + seed % 5}",
        person=f"person {seed}",
        classes=classes,
        page_s=30.0 if seed % 2 else 20.0,
        segment=np.arange(len(labels), dtype=np.int32),
        labels=labels,
        probabilities=probabilities / probabilities.sum(1, keepdims=True),
    )


def evidence_row(
    name: str = "SD+CL", scheme: str = "W-N-R", skill: float = 0.6, folds: int = 2
) -> EvidenceRow:
    """A row of so many folds of four nights each; the same nights whatever the skill."""
    classes = tuple(scheme.split("-"))
    nights = [[staged_night(4 * f + i, classes, skill) for i in range(4)] for f in range(folds)]
    return EvidenceRow(
        scheme=scheme, name=name, point="alpha=0.5", folds=tuple(map(tuple, nights))
    )
