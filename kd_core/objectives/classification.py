"""Weighted cross-entropy: learning the stages themselves, with rare classes weighted up (Eq. 1).

Takes logits (B, K, T) and targets (B, T); segments whose target is IGNORED take no part.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from kd_core.batch import IGNORED, Outputs
from kd_core.distributed import summed, world_size

TINY = 1e-12  # keeps a batch without scored segments at a loss of 0 instead of 0 / 0


@dataclass(frozen=True, eq=False)
class Classification:
    """The objective "CL": weighted cross-entropy alone."""

    weights: Tensor
    """(K,): one positive weight a class, from the training subjects; see `class_weights`."""

    needs_teacher: ClassVar[bool] = False
    taps: ClassVar[tuple[str, ...]] = ()
    needs_logits: ClassVar[bool] = True
    selects_by: ClassVar[Literal["score"]] = "score"

    def __post_init__(self) -> None:
        check_weights(self.weights)

    def __call__(
        self, student: Outputs, teacher: Outputs | None, target: Tensor
    ) -> dict[str, Tensor]:
        assert student.logits is not None
        ce = weighted_cross_entropy(student.logits, target, self.weights)
        return {"loss": ce, "ce": ce}


def weighted_cross_entropy(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Sum of w_y (-log p_y) over the scored segments, divided by the sum of their w_y.

    Shapes: logits (B, K, T), target (B, T) int64, weights (K,); returns a scalar. Where several
    workers train, the mean of what they get, by their scored segments, is that of the whole batch.
    Source: Eq. 1 of Joshi et al., arXiv:2112.07252.
    Differs: the paper prints a minus in the normaliser, a misprint.
    """
    label = target.clamp_min(0)  # an index that exists; its weight is 0 where it is not scored
    scored = target != IGNORED
    weight = weights[label] * scored
    log_p = logits.log_softmax(1).gather(1, label.unsqueeze(1)).squeeze(1)  # (B, K, T) -> (B, T)
    return -(weight * log_p).sum() / _sum_of(weight, scored).clamp_min(TINY)


def _sum_of(weight: Tensor, scored: Tensor) -> Tensor:
    """The sum of the weights; in training, this rank's share of that of all ranks, by segments.

    Windows are of one stage for the most part, so a rank's own sum would weigh its stages alike.
    """
    own = weight.sum()
    if world_size() == 1 or not torch.is_grad_enabled():  # every rank takes every training step
        return own
    segments = scored.sum().to(own.dtype)
    whole, all_segments = summed(torch.stack([own, segments])).unbind()
    return whole * segments / all_segments.clamp_min(1)


def class_weights(counts: Tensor) -> Tensor:
    """Inverse class frequency, scaled so that the mean weight over the samples is 1.

    The weight of class k is N / (K n_k) for N samples of K classes, n_k of them of class k.

    Args:
        counts: (K,) how many segments of each class the training subjects have, all positive.
    """
    if counts.ndim != 1 or not bool((counts > 0).all()):
        raise ValueError(
            f"class counts must be positive, one a class, but are {counts.tolist()}. "
            "Give the training list a subject that has the missing class, or merge classes."
        )
    numbers = counts.to(torch.float64)
    return (numbers.sum() / (len(numbers) * numbers)).float()


def check_weights(weights: Tensor) -> None:
    """Refuses weights that are not one positive finite number a class."""
    if weights.ndim != 1 or not bool(((weights > 0) & weights.isfinite()).all()):
        raise ValueError(
            f"class weights must be positive and finite, one a class, but are "
            f"{weights.tolist()}. Make them with class_weights(counts)."
        )
