"""Eq. 4, 6 and 7 against loops written from the formulas, SciPy and numbers worked out by hand."""

import math

import pytest
import torch
from scipy.special import rel_entr, softmax
from torch import Tensor

from kd_core.batch import Outputs
from kd_core.objectives.classification import weighted_cross_entropy
from kd_core.objectives.softmax import SoftmaxDistillation, softmax_distillation

WEIGHTS = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
TARGET = torch.tensor([[0, 1, -1, 2], [2, -1, 2, 0]])


def some_logits(seed: int) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, 4, generator=rng, dtype=torch.float64)


def softened(logits: list[float], temperature: float) -> list[float]:
    powers = [math.exp(value / temperature) for value in logits]
    return [power / sum(powers) for power in powers]


def loop(student: Tensor, teacher: Tensor, temperature: float) -> float:
    total, scored = 0.0, 0
    for b, t in ((b, t) for b in range(2) for t in range(4) if TARGET[b, t] != -1):
        p = softened(teacher[b, :, t].tolist(), temperature)
        q = softened(student[b, :, t].tolist(), temperature)
        total += sum(p[k] * math.log(p[k] / q[k]) for k in range(3))
        scored += 1
    return temperature**2 * total / scored


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_distillation_is_the_loop_of_equations_4_and_6(temperature: float) -> None:
    student, teacher = some_logits(1), some_logits(2)
    found = softmax_distillation(student, teacher, temperature, TARGET).item()
    assert found == pytest.approx(loop(student, teacher, temperature), rel=1e-12)


def test_distillation_is_scipys_relative_entropy() -> None:
    student, teacher = some_logits(1), some_logits(2)
    p, q = softmax(teacher.numpy() / 2, axis=1), softmax(student.numpy() / 2, axis=1)
    theirs = 4 * rel_entr(p, q).sum(1)[(TARGET != -1).numpy()].mean()
    assert softmax_distillation(student, teacher, 2, TARGET).item() == pytest.approx(theirs)


def test_distillation_of_a_sure_teacher_and_an_even_student_is_by_hand() -> None:
    teacher, student = torch.tensor([[[math.log(3.0)], [0.0]]]), torch.zeros(1, 2, 1)
    by_hand = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    found = softmax_distillation(student, teacher, 1, torch.tensor([[0]])).item()
    assert found == pytest.approx(by_hand)


def test_distillation_of_identical_networks_is_zero_with_zero_gradient() -> None:
    student = some_logits(1).requires_grad_()
    loss = softmax_distillation(student, some_logits(1), 3, TARGET)
    torch.autograd.backward(loss)
    assert loss.item() == pytest.approx(0, abs=1e-15)
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-15


def test_t_squared_keeps_the_gradient_size_as_temperature_grows() -> None:
    sizes = []
    for temperature in (20.0, 200.0):
        student = some_logits(1).requires_grad_()
        torch.autograd.backward(softmax_distillation(student, some_logits(2), temperature, TARGET))
        assert student.grad is not None
        sizes.append(student.grad.norm().item())
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)


def test_distillation_passes_gradcheck() -> None:
    student, teacher = some_logits(1).requires_grad_(), some_logits(2)
    assert torch.autograd.gradcheck(
        lambda x: softmax_distillation(x, teacher, 2.0, TARGET), student
    )


def test_the_loss_is_the_mix_of_equation_7() -> None:
    student, teacher = some_logits(1), some_logits(2)
    objective = SoftmaxDistillation(WEIGHTS, alpha=0.3, temperature=2.0)
    terms = objective(Outputs(student, {}), Outputs(teacher, {}), TARGET)
    ce = weighted_cross_entropy(student, TARGET, WEIGHTS).item()
    assert terms["loss"].item() == pytest.approx(0.7 * ce + 0.3 * loop(student, teacher, 2.0))
    assert set(terms) == {"loss", "ce", "kd"}


def test_alpha_zero_is_classification_alone() -> None:
    objective = SoftmaxDistillation(WEIGHTS, alpha=0.0)
    terms = objective(Outputs(some_logits(1), {}), Outputs(some_logits(2), {}), TARGET)
    assert terms["loss"] == weighted_cross_entropy(some_logits(1), TARGET, WEIGHTS)


@pytest.mark.parametrize(("alpha", "temperature"), [(1.5, 1.0), (-0.1, 1.0), (0.5, 0.0)])
def test_hyperparameters_out_of_range_are_refused(alpha: float, temperature: float) -> None:
    with pytest.raises(ValueError, match=r"alpha|temperature"):
        SoftmaxDistillation(WEIGHTS, alpha, temperature)
