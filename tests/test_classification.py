"""Eq. 1 against a loop written from the formula, scikit-learn and numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from kd_core.batch import Outputs
from kd_core.objectives.classification import (
    Classification,
    class_weights,
    weighted_cross_entropy,
)

WEIGHTS = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
TARGET = torch.tensor([[0, 1, -1, 2], [2, -1, 2, 0]])


def some_logits() -> Tensor:
    return torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def loop(logits: Tensor, target: Tensor, weights: Tensor) -> float:
    above = below = 0.0
    for b, t in ((b, t) for b in range(len(target)) for t in range(target.shape[1])):
        y = int(target[b, t])
        if y == -1:
            continue
        powers = [math.exp(value) for value in logits[b, :, t].tolist()]
        above += -float(weights[y]) * math.log(powers[y] / sum(powers))
        below += float(weights[y])
    return above / below


def test_cross_entropy_is_the_loop_of_equation_1() -> None:
    found = weighted_cross_entropy(some_logits(), TARGET, WEIGHTS).item()
    assert found == pytest.approx(loop(some_logits(), TARGET, WEIGHTS), rel=1e-12)


def test_cross_entropy_is_the_one_of_pytorch() -> None:
    logits = some_logits().requires_grad_()
    ours = weighted_cross_entropy(logits, TARGET, WEIGHTS)
    theirs = F.cross_entropy(logits, TARGET, WEIGHTS, ignore_index=-1)
    torch.testing.assert_close(ours, theirs)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def test_cross_entropy_of_two_even_logits_is_log_two_whatever_the_weights() -> None:
    found = weighted_cross_entropy(torch.zeros(1, 2, 3), torch.tensor([[0, 1, 1]]), WEIGHTS[:2])
    assert found.item() == pytest.approx(math.log(2))


def test_cross_entropy_passes_gradcheck() -> None:
    logits = some_logits().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: weighted_cross_entropy(x, TARGET, WEIGHTS), logits)


def test_ignored_segments_get_no_gradient() -> None:
    logits = some_logits().requires_grad_()
    torch.autograd.backward(weighted_cross_entropy(logits, TARGET, WEIGHTS))
    assert logits.grad is not None
    per_segment = logits.grad.abs().sum(1)  # (B, K, T) -> (B, T)
    assert ((per_segment == 0) == (TARGET == -1)).all()


def test_a_batch_without_scored_segments_has_loss_zero_and_no_nan_gradient() -> None:
    logits = some_logits().requires_grad_()
    loss = weighted_cross_entropy(logits, torch.full_like(TARGET, -1), WEIGHTS)
    torch.autograd.backward(loss)
    assert loss.item() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_class_weights_are_those_scikit_learn_calls_balanced() -> None:
    labels = [0] * 5 + [1] * 20 + [2] * 75
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    found = class_weights(torch.tensor([5, 20, 75]))
    assert found.tolist() == pytest.approx(theirs.tolist())


def test_the_mean_class_weight_over_samples_is_one() -> None:
    counts = torch.tensor([31_184, 127_289, 30_383, 40_184])
    assert (class_weights(counts) * counts).sum() / counts.sum() == pytest.approx(1.0)


def test_a_class_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 0, 5\]"):
        class_weights(torch.tensor([3, 0, 5]))


def test_weights_that_are_not_positive_are_refused() -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        Classification(torch.tensor([1.0, 0.0]))


def test_the_objective_names_its_terms() -> None:
    objective = Classification(WEIGHTS)
    terms = objective(Outputs(some_logits(), {}), None, TARGET)
    assert set(terms) == {"loss", "ce"}
    assert terms["loss"] == terms["ce"]
