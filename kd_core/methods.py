"""The methods as tables: the training steps of each, a step's objective.

A method is the steps that lead to its network, in order; equal steps of two methods are the same
training. A new objective is one file and a row in OBJECTIVES, a new method a row in STAGING or in
DENOISING; METHODS has both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from kd_core.objectives import (
    AttentionTransfer,
    Classification,
    Denoising,
    Objective,
    SoftmaxDistillation,
)


@dataclass(frozen=True)
class Step:
    """One training run of a method."""

    phase: str
    """What is trained: "teacher", "attention" (step 1 of the paper's AT) or "final"."""

    view: str
    """What the network sees: "teacher_view" or "student_view" of a Batch."""

    objective: str
    """A key of OBJECTIVES."""

    needs_teacher: bool = False
    """Whether the method's teacher must be at hand."""

    continues: bool = False
    """Whether it starts from the weights of the step before, not from fresh ones."""


@dataclass(frozen=True)
class ObjectiveRow:
    """How to make an objective and what it depends on."""

    parameters: tuple[str, ...]
    """Hyperparameters that `make` takes beside class weights; a phase's key holds these alone."""

    uses_labels: bool
    """Whether labels count: their weights, and a score of the classes to select by."""

    make: Callable[..., Objective]
    """make(class_weights=Tensor (K,), **parameters) -> Objective."""


def _classification(class_weights: Tensor) -> Objective:
    return Classification(class_weights)


def _softmax_distillation(class_weights: Tensor, alpha: float, temperature: float) -> Objective:
    return SoftmaxDistillation(class_weights, alpha, temperature)


def _attention_transfer(class_weights: Tensor, layers: Sequence[str], variant: str) -> Objective:
    assert not isinstance(layers, str), "layers_of() turns the name of a layer set into taps"
    return AttentionTransfer(tuple(layers), variant)  # compares maps alone: no classes, no weights


def _mean_squared_error(class_weights: Tensor) -> Objective:
    return Denoising()  # a signal has no classes


def _denoising(
    class_weights: Tensor, alpha: float, beta: float, layers: Sequence[str], variant: str
) -> Objective:
    assert not isinstance(layers, str), "layers_of() turns the name of a layer set into taps"
    return Denoising(alpha, beta, tuple(layers), variant)


OBJECTIVES: dict[str, ObjectiveRow] = {
    "CL": ObjectiveRow((), True, _classification),
    "SD+CL": ObjectiveRow(("alpha", "temperature"), True, _softmax_distillation),
    "AT": ObjectiveRow(("layers", "variant"), False, _attention_transfer),
    "MSE": ObjectiveRow((), False, _mean_squared_error),
    "MSE+KD+AT": ObjectiveRow(("alpha", "beta", "layers", "variant"), False, _denoising),
}

TEACHER = Step("teacher", "teacher_view", "CL")
ATTENTION = Step("attention", "student_view", "AT", needs_teacher=True)

STAGING: dict[str, tuple[Step, ...]] = {  # the rows of the tables of arXiv:2112.07252
    "EEG baseline": (TEACHER,),
    "ECG baseline": (Step("final", "student_view", "CL"),),
    "SD+CL": (TEACHER, Step("final", "student_view", "SD+CL", needs_teacher=True)),
    "AT+CL": (TEACHER, ATTENTION, Step("final", "student_view", "CL", continues=True)),
    "AT+SD+CL": (
        TEACHER,
        ATTENTION,
        Step("final", "student_view", "SD+CL", needs_teacher=True, continues=True),
    ),
}

LARGE = Step("teacher", "teacher_view", "MSE")

DENOISING: dict[str, tuple[Step, ...]] = {  # after Physiol. Meas. 43(11) 115004
    "denoiser teacher": (LARGE,),
    "denoiser": (Step("final", "student_view", "MSE"),),
    "denoiser + KD": (LARGE, Step("final", "student_view", "MSE+KD+AT", needs_teacher=True)),
}

METHODS = STAGING | DENOISING
