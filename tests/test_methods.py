"""Every row of the tables keeps its promises; a new row is tested on arrival."""

from typing import Any

import pytest
import torch

from kd_core.batch import Batch
from kd_core.learner import VIEWS, make_learner
from kd_core.methods import DENOISING, METHODS, OBJECTIVES, STAGING, Step
from kd_core.objectives import Objective
from tests.toy import ToyNet, toy_batch

VALUES: dict[str, Any] = {
    "alpha": 0.5,
    "beta": 0.1,
    "temperature": 2.0,
    "layers": ("encoder1", "bottleneck"),
    "variant": "paper",
}
STEPS = sorted({step for steps in METHODS.values() for step in steps}, key=str)


def made(name: str) -> Objective:
    parameters = {key: VALUES[key] for key in OBJECTIVES[name].parameters}
    return OBJECTIVES[name].make(class_weights=torch.ones(3), **parameters)


def batch_for(name: str) -> Batch:
    """Classes to tell apart; a signal to give back for objectives that compare signals."""
    batch = toy_batch(0)
    if OBJECTIVES[name].uses_labels or not made(name).needs_logits:
        return batch
    like = ToyNet(1)(batch.student_view).logits
    assert like is not None
    return batch._replace(target=torch.zeros_like(like))


def terms_of(objective: Objective, batch: Batch) -> dict[str, torch.Tensor]:
    return make_learner(ToyNet(1), objective, "student_view", ToyNet(2), False).terms(batch)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_gives_finite_scalars_and_a_loss_with_a_gradient(name: str) -> None:
    terms = terms_of(made(name), batch_for(name))
    assert all(term.ndim == 0 and term.isfinite() for term in terms.values())
    assert terms["loss"].requires_grad


@pytest.mark.parametrize("name", [name for name, row in OBJECTIVES.items() if row.uses_labels])
def test_every_objective_bears_a_batch_without_scored_segments(name: str) -> None:
    batch = toy_batch(0)
    terms = terms_of(made(name), batch._replace(target=torch.full_like(batch.target, -1)))
    assert terms["loss"].isfinite()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_asks_for_taps_or_logits_and_selects_by_what_it_has(name: str) -> None:
    objective = made(name)
    assert objective.taps or objective.needs_logits
    labels = OBJECTIVES[name].uses_labels
    assert (objective.selects_by == "score") == labels
    if not isinstance(objective.selects_by, str):
        assert terms_of(objective.selects_by, batch_for(name))["loss"].isfinite()


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_every_step_agrees_with_its_objective(step: Step) -> None:
    assert step.view in VIEWS
    assert step.needs_teacher == made(step.objective).needs_teacher


@pytest.mark.parametrize("name", METHODS)
def test_every_method_ends_in_a_network_that_answers(name: str) -> None:
    assert made(METHODS[name][-1].objective).needs_logits


@pytest.mark.parametrize("name", METHODS)
def test_a_teacher_is_trained_first_where_a_step_needs_one(name: str) -> None:
    first, *rest = METHODS[name]
    assert not first.needs_teacher
    assert not first.continues
    if any(step.needs_teacher for step in rest):
        assert first.phase == "teacher"


def test_the_methods_are_the_five_of_the_paper() -> None:
    assert list(STAGING) == ["EEG baseline", "ECG baseline", "SD+CL", "AT+CL", "AT+SD+CL"]


def test_denoisers_are_rows_of_the_same_table() -> None:
    assert METHODS == STAGING | DENOISING
    assert METHODS["denoiser + KD"][0] == METHODS["denoiser teacher"][0]
    assert METHODS["denoiser + KD"][1].needs_teacher


def test_methods_share_the_teacher_and_the_attention_step() -> None:
    shared = METHODS["AT+CL"][:2]
    assert METHODS["AT+SD+CL"][:2] == shared
    assert METHODS["EEG baseline"] == METHODS["SD+CL"][:1] == shared[:1]


def test_only_the_students_of_attention_transfer_continue() -> None:
    continuing = {name for name, steps in METHODS.items() if steps[-1].continues}
    assert continuing == {"AT+CL", "AT+SD+CL"}
