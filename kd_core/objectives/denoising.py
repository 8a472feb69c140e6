"""Denoising, and its distillation: a student learns a clean signal and how its teacher cleans it.

Takes the denoised signals (B, 1, N) of both networks, their taps, and the clean signal as target.
All samples count alike.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from kd_core.batch import Outputs
from kd_core.objectives.attention import VARIANTS, attention_transfer


@dataclass(frozen=True)
class Denoising:
    """(1 - alpha) MSE(clean) + alpha MSE(teacher) + beta AT; without both, the first alone.

    Ours: the paper on U-Lde-net says that knowledge is distilled, but its text is not public. This
    is the mix of Eq. 7 of Joshi et al., arXiv:2112.07252, for signals, and its Eq. 3.
    """

    alpha: float = 0.0
    """The share of the teacher's signal, 0 to 1."""

    beta: float = 0.0
    """The weight of attention transfer, 0 or more."""

    layers: tuple[str, ...] = ()
    """Taps whose attention maps are compared, from `layers_of`; with beta 0 none are."""

    variant: str = "paper"
    """How they are compared, a key of VARIANTS."""

    needs_logits: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha must lie between 0 and 1, but is {self.alpha}.")
        if not 0 <= self.beta < math.inf:
            raise ValueError(f"beta must be 0 or more and finite, but is {self.beta}.")
        if not isinstance(self.layers, tuple) or (self.beta and not self.layers):
            raise ValueError(
                f"layers must be a tuple of tap names, and not empty with beta {self.beta}, but "
                f"is {self.layers!r}. Make it with layers_of(name, student, teacher)."
            )
        if self.variant not in VARIANTS:
            raise ValueError(f"no variant {self.variant!r}; there are {sorted(VARIANTS)}.")

    @property
    def needs_teacher(self) -> bool:
        """Whether there is anything to learn from one."""
        return self.alpha > 0 or self.beta > 0

    @property
    def selects_by(self) -> "Denoising":
        """The error against the clean signal, whatever is learned; it asks no teacher."""
        return Denoising()

    @property
    def taps(self) -> tuple[str, ...]:
        """The layers, each once, where their distance counts."""
        return tuple(dict.fromkeys(self.layers)) if self.beta else ()

    def __call__(
        self, student: Outputs, teacher: Outputs | None, target: Tensor
    ) -> dict[str, Tensor]:
        """ "loss" and "mse"; with a teacher "kd", its signal's MSE; with beta "at"."""
        assert student.logits is not None
        terms = {"mse": mean_squared_error(student.logits, target)}
        loss = (1 - self.alpha) * terms["mse"]
        if self.needs_teacher:
            assert teacher is not None
            assert teacher.logits is not None
            terms["kd"] = mean_squared_error(student.logits, teacher.logits)
            loss = loss + self.alpha * terms["kd"]
        if self.beta:
            assert teacher is not None
            terms["at"] = attention_transfer(student.taps, teacher.taps, self.layers, self.variant)
            loss = loss + self.beta * terms["at"]
        return {"loss": loss, **terms}


def mean_squared_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean over all samples of the squared difference; shapes must be equal, nothing broadcasts.

    Shapes: (B, 1, N) both; returns a scalar.
    """
    if found.shape != wanted.shape:
        raise ValueError(
            f"a signal of shape {tuple(found.shape)} cannot be compared with a target of shape "
            f"{tuple(wanted.shape)}. Give targets as (B, 1, N), as the network gives signals."
        )
    return F.mse_loss(found, wanted.to(found.dtype))
