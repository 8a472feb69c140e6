"""Attention transfer: a student learns where in time its teacher's activations are strong (Eq. 3).

Takes the taps (B, C, L) of both networks by name; an attention map is the energy over channels,
(B, L). Windows are compared whole: targets play no part. `VARIANTS` names the ways to compare.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812

from kd_core.batch import Outputs
from kd_core.objectives.layers import LAYER_SETS, layers_of

__all__ = [
    "LAYER_SETS",
    "VARIANTS",
    "AttentionTransfer",
    "attention_map",
    "attention_transfer",
    "layers_of",
]

EPS = 1e-12  # a norm below this divides as this, so an all-zero map stays zero
BETA = 1e3  # Zagoruyko & Komodakis, arXiv:1612.03928, the weight in their official code


class Variant(NamedTuple):
    """A way to compare attention maps: a distance for a pair, and how the pairs are weighed."""

    distance: Callable[[Tensor, Tensor], Tensor]
    """Two maps (B, L) -> scalar."""

    pair_weights: Callable[[Sequence[str]], list[float]]
    """Layer names -> one weight each; the loss is the weighted sum over the pairs."""


@dataclass(frozen=True)
class AttentionTransfer:
    """The objective "AT": the distance between attention maps alone, without any label."""

    layers: tuple[str, ...]
    """Taps to compare, from `layers_of`; a tap named twice counts twice."""

    variant: str = "paper"
    """A key of VARIANTS."""

    needs_teacher: ClassVar[bool] = True
    needs_logits: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.layers or not isinstance(self.layers, tuple):
            raise ValueError(
                f"layers must be a tuple of tap names, but is {self.layers!r}. "
                "Make it with layers_of(name, student, teacher)."
            )
        if self.variant not in VARIANTS:
            raise ValueError(f"no variant {self.variant!r}; there are {sorted(VARIANTS)}.")

    @property
    def selects_by(self) -> "AttentionTransfer":
        """Itself, as it has no other measure."""
        return self

    @property
    def taps(self) -> tuple[str, ...]:
        """The layers, each once."""
        return tuple(dict.fromkeys(self.layers))

    def __call__(
        self, student: Outputs, teacher: Outputs | None, target: Tensor
    ) -> dict[str, Tensor]:
        assert teacher is not None
        at = attention_transfer(student.taps, teacher.taps, self.layers, self.variant)
        return {"loss": at, "at": at}


def attention_transfer(
    student: Mapping[str, Tensor],
    teacher: Mapping[str, Tensor],
    layers: Sequence[str],
    variant: str = "paper",
) -> Tensor:
    """Distance between the attention maps of two networks.

    Shapes: taps (B, C, L), one a layer, C may differ between the networks; returns a scalar.
    Source: Eq. 3 of Joshi et al., arXiv:2112.07252, for `paper`; see the functions below.
    """
    distance, pair_weights = VARIANTS[variant]
    pairs = [
        weight * distance(attention_map(student[layer]), attention_map(teacher[layer]))
        for layer, weight in zip(layers, pair_weights(layers), strict=True)
    ]
    return torch.stack(pairs).sum()


def attention_map(tap: Tensor) -> Tensor:
    """Energy over the channels at each time."""
    energy: Callable[..., Tensor] = _Energy.apply
    return energy(tap)  # (B, C, L) -> (B, L)


class _Energy(torch.autograd.Function):
    """Sum of squares in one pass, and its gradient in another.

    Torch would pass over it once for the squares, once for the sum, and twice on the way back.
    """

    @staticmethod
    def forward(ctx: Any, tap: Tensor) -> Tensor:
        ctx.save_for_backward(tap)
        exact = torch.promote_types(tap.dtype, torch.float32)
        norm: Tensor = torch.linalg.vector_norm(tap, dim=1, dtype=exact)
        return norm.square()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (tap,) = ctx.saved_tensors
        dtap: Tensor = tap * (2 * gradient).unsqueeze(1).to(tap.dtype)
        return dtap


def paper_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """l2 norm of the difference of maps of unit l2 norm over time, mean over the batch (Eq. 3)."""
    difference = F.normalize(student, dim=1, eps=EPS) - F.normalize(teacher, dim=1, eps=EPS)
    distance: Tensor = torch.linalg.vector_norm(difference, dim=1)  # (B, L) -> (B,)
    return distance.mean()


def squared_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """BETA times the mean squared difference of the same unit maps, over batch and time.

    Source: the official attention-transfer code, github.com/szagoruyko/attention-transfer.
    """
    difference = F.normalize(student, dim=1, eps=EPS) - F.normalize(teacher, dim=1, eps=EPS)
    return BETA * difference.square().mean()


def released_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean absolute difference of maps of which each time has unit l2 norm over the batch.

    A batch of one window therefore gives 0, and the loss depends on who shares a batch.
    Source: the authors' released code, github.com/acrophase/Sleep_Staging_KD, FEAT_TRAINING.py.
    """
    difference = F.normalize(student, dim=0, eps=EPS) - F.normalize(teacher, dim=0, eps=EPS)
    return difference.abs().mean()


def equal_weights(layers: Sequence[str]) -> list[float]:
    """Each pair counts 1: the loss is a sum."""
    return [1.0] * len(layers)


def grouped_weights(layers: Sequence[str]) -> list[float]:
    """Mean within each kind of layer, then over kinds; a map named again is a kind of its own.

    Source: the released code averages encoder, bottleneck, decoder, last decoder map, dense map.
    """
    kinds = [
        f"{layer} again" if layer in layers[:position] else layer.rstrip("0123456789")
        for position, layer in enumerate(layers)
    ]
    return [1 / (kinds.count(kind) * len(set(kinds))) for kind in kinds]


VARIANTS: dict[str, Variant] = {
    "paper": Variant(paper_distance, equal_weights),
    "squared": Variant(squared_distance, equal_weights),
    "reference": Variant(released_distance, grouped_weights),
}
