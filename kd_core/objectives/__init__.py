"""What a student can be trained for: one file a loss, each a frozen dataclass that is called."""

from kd_core.objectives.attention import AttentionTransfer
from kd_core.objectives.classification import Classification
from kd_core.objectives.denoising import Denoising
from kd_core.objectives.objective import Objective
from kd_core.objectives.softmax import SoftmaxDistillation

__all__ = [
    "AttentionTransfer",
    "Classification",
    "Denoising",
    "Objective",
    "SoftmaxDistillation",
]
