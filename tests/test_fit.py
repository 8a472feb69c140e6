"""What fit promises: the best epoch kept, a frozen teacher, equal losses for equal seeds."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kd_core.batch import IGNORED, Batch, Outputs
from kd_core.fit import Diverged, EpochReport, FitState, Training, fit
from kd_core.learner import make_learner
from kd_core.models import MODELS, build_model, tap_lengths
from kd_core.objectives import (
    AttentionTransfer,
    Classification,
    Objective,
    SoftmaxDistillation,
)
from kd_core.objectives.layers import layers_of
from tests.toy import CLASSES, ToyNet, toy_batch, toy_epoch

WEIGHTS = torch.tensor([1.0, 1.5, 0.8])
CL = Classification(WEIGHTS)
SD = SoftmaxDistillation(WEIGHTS, alpha=0.5, temperature=2.0)
AT = AttentionTransfer(("encoder1", "bottleneck"))
TRAINING = Training(epochs=4, learning_rate=1e-2)
STILL = Training(epochs=1, learning_rate=1e-30)  # the weights do not move


def validation() -> list[Batch]:
    return [toy_batch(seed) for seed in (991, 992)]


def run(
    model: nn.Module, objective: Objective = CL, training: Training = TRAINING, **options: Any
) -> Iterator[EpochReport]:
    """Reports of a fit on toy data, unless the options say otherwise."""
    teacher = ToyNet(9) if objective.needs_teacher else None
    usual = {"train": toy_epoch, "validation": validation, "view": "student_view"}
    chosen: dict[str, Any] = usual | {"teacher": teacher} | options
    data = chosen.pop("train"), chosen.pop("validation")
    return fit(model, objective, *data, training, classes=CLASSES, **chosen)


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def scripted(model: nn.Module, shares: list[float]) -> Callable[[], Iterator[Batch]]:
    """Validation windows of which the model names the given share rightly, epoch by epoch."""
    plan = iter(shares)

    def batches() -> Iterator[Batch]:
        batch = toy_batch(5)
        named = model(batch.student_view).logits.argmax(1)
        wrong = torch.arange(named.numel()).view_as(named) >= next(plan) * named.numel()
        yield batch._replace(target=torch.where(wrong, (named + 1) % 3, named))

    return batches


@pytest.mark.parametrize("objective", [CL, SD, AT], ids=["CL", "SD+CL", "AT"])
def test_every_objective_is_learned(objective: Objective) -> None:
    training = replace(TRAINING, epochs=30, learning_rate=0.03)
    reports = list(run(ToyNet(), objective, training, train=lambda _: toy_epoch()))
    assert reports[-1].terms["loss"] < 0.9 * reports[0].terms["loss"]
    assert [report.epoch for report in reports] == list(range(1, 31))


def test_the_best_epoch_is_kept_when_the_score_peaks_in_the_middle() -> None:
    model, kept = ToyNet(), []
    script = scripted(model, [0.25, 0.5, 0.875, 0.5, 0.375])
    reports = []
    training = Training(epochs=5, select="accuracy")
    for report in run(model, training=training, validation=script):
        reports.append(report)
        kept.append(weights_of(model))
    assert [report.score for report in reports] == [0.25, 0.5, 0.875, 0.5, 0.375]
    assert [report.best for report in reports] == [True, True, True, False, False]
    assert same(weights_of(model), kept[2])
    assert not same(weights_of(model), kept[4])


def test_a_fit_that_is_closed_early_leaves_its_best_epoch_too() -> None:
    model, kept = ToyNet(), []
    reports = run(model, training=TRAINING, validation=scripted(model, [0.5, 0.75, 0.25]))
    for _ in range(3):
        next(reports)
        kept.append(weights_of(model))
    reports.close()  # type: ignore[attr-defined]
    assert same(weights_of(model), kept[1])


def test_an_objective_without_classes_keeps_the_epoch_of_lowest_validation_loss() -> None:
    reports = list(run(ToyNet(), AT, replace(TRAINING, learning_rate=0.3, epochs=8)))
    losses = [report.validation["loss"] for report in reports]
    best = [report for report in reports if report.best][-1]
    assert best.epoch == 1 + losses.index(min(losses))
    assert best.score == -min(losses)
    assert set(best.validation) == {"loss", "at"}


@pytest.mark.parametrize("objective", [SD, AT], ids=["SD+CL", "AT"])
def test_the_teacher_never_changes_not_even_its_batchnorm(objective: Objective) -> None:
    teacher = ToyNet(9).train()
    before = weights_of(teacher)
    list(run(ToyNet(), objective, teacher=teacher))
    assert same(weights_of(teacher), before)
    assert not teacher.training
    assert all(not w.requires_grad and w.grad is None for w in teacher.parameters())


def test_the_same_seed_gives_the_same_losses_whatever_the_global_generator() -> None:
    def losses(seed: int, ambient: int) -> list[float]:
        torch.manual_seed(ambient)
        training = replace(TRAINING, augment=True)
        return [report.terms["loss"] for report in run(ToyNet(), training=training, seed=seed)]

    assert losses(1, ambient=5) == losses(1, ambient=6)
    assert losses(1, ambient=5) != losses(2, ambient=5)


def test_fit_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    list(run(ToyNet(), training=replace(TRAINING, augment=True)))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("objective", [CL, SD, AT], ids=["CL", "SD+CL", "AT"])
@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_resumed_run_ends_bitwise_where_an_uninterrupted_one_does(
    objective: Objective, killed_after: int
) -> None:
    training = replace(TRAINING, epochs=5, augment=True)
    whole, killed, resumed = ToyNet(), ToyNet(), ToyNet(seed=77)
    expected = list(run(whole, objective, training))
    state, again = FitState(), FitState()
    reports = run(killed, objective, training, state=state)
    first = [next(reports) for _ in range(killed_after)]
    again.load_state_dict(state.state_dict())
    rest = list(run(resumed, objective, training, state=again))
    assert same(weights_of(resumed), weights_of(whole))
    assert [report.terms for report in first + rest] == [report.terms for report in expected]
    assert [report.best for report in first + rest] == [report.best for report in expected]


def test_resuming_a_finished_run_trains_no_further() -> None:
    model, state = ToyNet(), FitState()
    list(run(model, state=state))
    fresh = ToyNet(seed=77)
    assert list(run(fresh, state=state)) == []
    assert same(weights_of(fresh), weights_of(model))


def test_attention_transfer_runs_and_trains_no_deeper_than_its_deepest_tap() -> None:
    model, teacher = ToyNet(), ToyNet(9)
    before = weights_of(model)
    list(run(model, AttentionTransfer(("encoder1",)), teacher=teacher))
    moved = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert {name.split(".")[0] for name in moved} == {"encoder", "norm"}
    assert model.deepest == teacher.deepest == "encoder1"


def test_patience_stops_a_run_that_gets_no_better() -> None:
    model = ToyNet()
    script = scripted(model, [0.5, 0.75, 0.25, 0.25, 0.25])
    training = Training(epochs=50, patience=2)
    assert len(list(run(model, training=training, validation=script))) == 4


def test_validation_is_every_so_many_epochs_and_at_the_end() -> None:
    reports = list(run(ToyNet(), training=replace(TRAINING, epochs=5, validate_every=2)))
    assert [bool(report.validation) for report in reports] == [False, True, False, True, True]
    assert math.isnan(reports[0].score)
    assert not reports[0].best


def test_terms_are_means_over_scored_segments() -> None:
    few, many = toy_batch(1), toy_batch(2)  # 31 scored segments each
    few.target[1:] = IGNORED  # 3 are left
    model, teacher = ToyNet(norm=False), ToyNet(9)
    learner = make_learner(model, SD, "student_view", teacher, False)
    one, two = learner.terms(few), learner.terms(many)
    both = next(run(model, SD, STILL, teacher=teacher, train=lambda _: [few, many])).terms
    for name in ("loss", "ce", "kd"):
        expected = (3 * one[name].item() + 31 * two[name].item()) / 34
        assert both[name] == pytest.approx(expected)


def test_augmentation_differs_from_epoch_to_epoch() -> None:
    training = replace(STILL, epochs=3, augment=True)
    reports = run(ToyNet(norm=False), training=training, train=lambda _: [toy_batch(1)])
    assert len({report.terms["loss"] for report in reports}) == 3


def test_a_loss_that_becomes_nan_raises_and_names_epoch_and_terms() -> None:
    def train(epoch: int) -> list[Batch]:
        batch = toy_batch(epoch)
        return [batch._replace(student_view=batch.student_view / (epoch != 2))]

    model = ToyNet()
    with pytest.raises(Diverged, match=r"epoch 2: .*loss=nan.*learning_rate"):
        list(run(model, train=train))
    assert all(value.isfinite().all() for value in model.state_dict().values())


def test_bfloat16_is_near_float32() -> None:
    full, half = (
        list(run(ToyNet(), SD, replace(TRAINING, bf16=bf16)))[-1].terms for bf16 in (False, True)
    )
    assert half["loss"] == pytest.approx(full["loss"], rel=0.05)
    assert half["loss"] != full["loss"]


def test_half_precision_windows_train_a_float32_network() -> None:
    batch = toy_batch(1)
    half = Batch(batch.teacher_view.half(), batch.student_view.half(), batch.target)
    model = ToyNet()
    assert math.isfinite(next(run(model, SD, train=lambda _: [half])).terms["loss"])
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_a_missing_teacher_is_refused() -> None:
    with pytest.raises(ValueError, match="SoftmaxDistillation needs a teacher"):
        next(run(ToyNet(), SD, teacher=None))


@pytest.mark.parametrize("objective", [SD, AT], ids=["SD+CL", "AT"])
def test_what_a_teacher_said_before_teaches_as_it_does_live(objective: Objective) -> None:
    teacher = ToyNet(9).eval()

    def told(batch: Batch) -> Batch:
        with torch.no_grad():
            said = teacher(batch.teacher_view, taps=objective.taps)
        return batch._replace(taught=said)

    live, before = ToyNet(), ToyNet()
    expected = list(run(live, objective, teacher=teacher))
    data: dict[str, Any] = {
        "train": lambda epoch: map(told, toy_epoch(epoch)),
        "validation": lambda: map(told, validation()),
    }
    reports = list(run(before, objective, teacher=None, **data))
    assert [report.terms for report in reports] == [report.terms for report in expected]
    assert same(weights_of(live), weights_of(before))


def test_a_teacher_is_not_asked_what_a_batch_knows_already() -> None:
    class Mute(ToyNet):
        def forward(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("the teacher was asked")

    batch = toy_batch(1)
    known = batch._replace(taught=Outputs(torch.zeros(8, 3, 4, dtype=torch.float16), {}))
    learner = make_learner(ToyNet(), SD, "student_view", Mute(), False)
    assert learner.terms(known, augmented=True)["kd"].dtype == torch.float32
    with pytest.raises(AssertionError, match="was asked"):
        learner.terms(batch)


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(ValueError, match="'nose_view'"):
        next(run(ToyNet(), view="nose_view"))


@pytest.mark.parametrize("objective", [CL, AT], ids=["CL", "AT"])
def test_windows_without_a_scored_segment_are_refused(objective: Objective) -> None:
    with pytest.raises(ValueError, match="no scored segment"):
        next(run(ToyNet(), objective, validation=list))


@pytest.mark.parametrize("kind", ["SD+CL", "AT"])
def test_the_real_network_learns_from_itself(kind: str) -> None:
    spec = MODELS["tiny"](len(CLASSES))
    model, teacher = build_model(spec, seed=0), build_model(spec, seed=1)
    lengths = tap_lengths(spec)
    objective = SD if kind == "SD+CL" else AttentionTransfer(layers_of("all", lengths, lengths))
    samples = 2 * spec.segment_samples
    views = torch.randn(2, 3, 1, samples, generator=torch.Generator().manual_seed(0))
    batch = Batch(views[0], views[1], torch.tensor([[0, 1], [2, IGNORED], [1, 0]]))
    options: dict[str, Any] = {"train": lambda _: [batch], "validation": lambda: [batch]}
    reports = list(run(model, objective, TRAINING, teacher=teacher, **options))
    assert reports[-1].terms["loss"] < reports[0].terms["loss"]
