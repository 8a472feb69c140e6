"""Softmax distillation: a student learns the stages and its teacher's softened opinion of them.

Takes the logits (B, K, T) of both networks and targets (B, T); segments whose target is IGNORED
take no part in either term.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from kd_core.batch import IGNORED, Outputs
from kd_core.objectives.classification import check_weights, weighted_cross_entropy


@dataclass(frozen=True, eq=False)
class SoftmaxDistillation:
    """The objective "SD+CL": (1 - alpha) cross-entropy + alpha distillation (Eq. 7)."""

    weights: Tensor
    """(K,): one positive weight a class, for the cross-entropy alone."""

    alpha: float = 0.5  # the paper; 0 is classification alone, 1 the teacher alone
    """The share of the distillation term, 0 to 1."""

    temperature: float = 1.0  # the paper
    """What both networks' logits are divided by; larger is softer."""

    needs_teacher: ClassVar[bool] = True
    taps: ClassVar[tuple[str, ...]] = ()
    needs_logits: ClassVar[bool] = True
    selects_by: ClassVar[Literal["score"]] = "score"

    def __post_init__(self) -> None:
        check_weights(self.weights)
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha must lie between 0 and 1, but is {self.alpha}.")
        if not self.temperature > 0:
            raise ValueError(f"temperature must be positive, but is {self.temperature}.")

    def __call__(
        self, student: Outputs, teacher: Outputs | None, target: Tensor
    ) -> dict[str, Tensor]:
        assert student.logits is not None
        assert teacher is not None
        assert teacher.logits is not None
        ce = weighted_cross_entropy(student.logits, target, self.weights)
        kd = softmax_distillation(student.logits, teacher.logits, self.temperature, target)
        return {"loss": (1 - self.alpha) * ce + self.alpha * kd, "ce": ce, "kd": kd}


def softmax_distillation(
    student_logits: Tensor, teacher_logits: Tensor, temperature: float, target: Tensor
) -> Tensor:
    """T^2 KL(teacher || student) of the softmaxes of logits / T, mean over the scored segments.

    Shapes: logits (B, K, T), target (B, T) int64; returns a scalar.
    Source: Eq. 4 and 6 of Joshi et al., arXiv:2112.07252.
    Differs: the paper prints a log inside p and the term of one class alone, a misprint; the
        released code's reduction "mean" also divides by K, so its term is K times weaker.
    """
    log_student = (student_logits / temperature).log_softmax(1)
    log_teacher = (teacher_logits / temperature).log_softmax(1)
    divergence = F.kl_div(log_student, log_teacher, reduction="none", log_target=True)
    scored = target != IGNORED
    total = (divergence.sum(1) * scored).sum()  # (B, K, T) -> (B, T) -> scalar
    return temperature**2 * total / scored.sum().clamp_min(1)
