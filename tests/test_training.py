"""Choices are checked where they are made; a state survives a file and later training steps."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from kd_core.training import OPTIMIZERS, FitState, Training, make_optimizer


def one_step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    torch.autograd.backward(model(torch.ones(1, 2)).square().sum())
    optimizer.step()


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"learning_rate": -1e-3},
        {"optimizer": "lion"},
        {"select": "luck"},
        {"validate_every": 0},
        {"patience": 0},
        {"patience": 2, "validate_every": 3},
        {"patience": 4, "validate_every": 3},
        {"weight_decay": -1.0},
    ],
    ids=str,
)
def test_a_choice_that_cannot_be_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Training(**wrong)


def test_training_makes_the_way_through_a_dict() -> None:
    training = Training(epochs=3, bf16=True)
    assert Training(**asdict(training)) == training


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_without_a_gradient_do_not_move(name: str) -> None:
    used, unused = nn.Linear(2, 2), nn.Linear(2, 2)
    before = unused.weight.detach().clone()
    both = nn.ModuleList([used, unused])
    optimizer = make_optimizer(both, Training(optimizer=name, weight_decay=0.1))
    one_step(used, optimizer)
    one_step(used, optimizer)
    assert torch.equal(unused.weight, before)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_state_is_the_same_after_a_file_and_goes_on_alike(name: str, tmp_path: Path) -> None:
    training = Training(optimizer=name, learning_rate=0.1)
    model = nn.Linear(2, 2)
    optimizer, state = make_optimizer(model, training), FitState()
    for _ in range(12):  # SOAP turns its bases after ten
        one_step(model, optimizer)
    state.advance(model, optimizer, 0.5)
    torch.save(state.state_dict(), tmp_path / "state.pt")
    again = FitState()
    again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert str(again) == str(state)
    other = nn.Linear(2, 2)
    resumed = make_optimizer(other, training)
    again.restore(other, resumed)
    for _ in range(12):
        one_step(model, optimizer)
        one_step(other, resumed)
    assert torch.equal(other.weight, model.weight)


def test_a_saved_state_does_not_change_with_later_steps() -> None:
    model = nn.Linear(2, 2)
    optimizer, state = make_optimizer(model, Training()), FitState()
    one_step(model, optimizer)
    state.advance(model, optimizer, 0.5)
    saved = state.state_dict()
    text = str(saved)
    one_step(model, optimizer)
    state.advance(model, optimizer, 0.7)
    assert str(saved) == text


def test_an_epoch_that_was_not_validated_is_never_the_best() -> None:
    model, state = nn.Linear(2, 2), FitState()
    optimizer = make_optimizer(model, Training())
    assert not state.advance(model, optimizer, float("nan"))
    assert state.advance(model, optimizer, -5.0)
    assert not state.advance(model, optimizer, float("nan"))
    assert (state.epoch, state.best_epoch, state.best_score) == (3, 2, -5.0)
