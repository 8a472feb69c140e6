"""The denoising loss by hand and against the formula, what it refuses, and `fit` with it."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kd_core.batch import Batch, Outputs
from kd_core.fit import Training, fit
from kd_core.learner import make_learner
from kd_core.models import build_model, denoiser_spec, tap_lengths
from kd_core.models.lde_spec import LdeSpec
from kd_core.objectives import Denoising, Objective
from kd_core.objectives.attention import attention_transfer
from kd_core.objectives.layers import layers_of
from kd_core.passes import validated

LIGHT = denoiser_spec("u-lde-net")
WIDE = replace(LIGHT, channels=(8, 8, 16, 24))
SMALL = LdeSpec(  # two levels: quick to train
    channels=(4, 6),
    kernels=(9, 5),
    groups=(2, 2),
    dilations=(1, 1),
    grouped_dilations=(1, 1),
    strides=(5,),
    compress_kernels=(5,),
    windows=(9,),
)
LARGE = replace(SMALL, channels=(8, 12))
TAPS = ("encoder1", "decoder1")
BOTH = Denoising(alpha=0.25, beta=2.0, layers=TAPS)
SAMPLES, NOISE = 360, 0.7


def signal(*values: float) -> Tensor:
    return torch.tensor([[values]])  # (1, 1, N)


def some_outputs(seed: int, channels: int = 3) -> Outputs:
    drawn = torch.Generator().manual_seed(seed)
    taps = {name: torch.randn(2, channels, 5, generator=drawn).double() for name in TAPS}
    return Outputs(torch.randn(2, 1, 10, generator=drawn).double(), taps)


def noisy_batch(seed: int, windows: int = 8) -> Batch:
    """Sines of many frequencies and phases in as much noise."""
    drawn = torch.Generator().manual_seed(seed)
    hz, phase = torch.rand(2, windows, 1, 1, generator=drawn)
    clean = torch.sin(2 * torch.pi * ((2 + 4 * hz) * torch.arange(SAMPLES) / 360 + phase))
    noisy = clean + NOISE * torch.randn(clean.shape, generator=drawn)
    return Batch(noisy, noisy, clean)


def test_the_terms_are_those_worked_out_by_hand() -> None:
    student = Outputs(signal(1.0, 2.0), {"encoder1": signal(0.0, 2.0)})
    teacher = Outputs(signal(1.0, 4.0), {"encoder1": signal(3.0, 0.0)})
    terms = Denoising(0.25, 3.0, ("encoder1",))(student, teacher, signal(0.0, 0.0))
    at = 2**0.5  # unit maps that lie at right angles
    found = {name: term.item() for name, term in terms.items()}
    assert found == pytest.approx(
        {"loss": 0.75 * 2.5 + 0.25 * 2.0 + 3 * at, "mse": 2.5, "kd": 2.0, "at": at}
    )


@pytest.mark.parametrize("variant", ["paper", "squared", "reference"])
def test_attention_is_compared_as_asked(variant: str) -> None:
    student, teacher = some_outputs(1), some_outputs(2, channels=7)
    terms = replace(BOTH, variant=variant)(student, teacher, torch.zeros(2, 1, 10))
    wanted = attention_transfer(student.taps, teacher.taps, TAPS, variant)
    assert terms["at"] == wanted
    assert terms["loss"] == 0.75 * terms["mse"] + 0.25 * terms["kd"] + 2 * wanted


def test_identical_networks_that_are_right_lose_nothing() -> None:
    outputs = some_outputs(1)
    assert outputs.logits is not None
    terms = BOTH(outputs, outputs, outputs.logits)
    assert all(term == 0 for term in terms.values())
    assert set(terms) == {"loss", "mse", "kd", "at"}


@pytest.mark.parametrize(
    ("objective", "needs_teacher", "taps", "terms"),
    [
        (Denoising(), False, (), {"loss", "mse"}),
        (Denoising(layers=TAPS), False, (), {"loss", "mse"}),
        (Denoising(alpha=1.0), True, (), {"loss", "mse", "kd"}),
        (Denoising(beta=1.0, layers=("encoder1",) * 2), True, ("encoder1",), None),
        (BOTH, True, TAPS, None),
    ],
)
def test_it_asks_for_no_more_than_it_compares(
    objective: Denoising, needs_teacher: bool, taps: tuple[str, ...], terms: set[str] | None
) -> None:
    assert (objective.needs_teacher, objective.taps) == (needs_teacher, taps)
    assert (objective.needs_logits, objective.selects_by) == (True, Denoising())
    found = objective(
        some_outputs(1), some_outputs(2) if needs_teacher else None, torch.zeros(2, 1, 10)
    )
    assert set(found) == (terms or {"loss", "mse", "kd", "at"})


@pytest.mark.parametrize(
    ("objective", "weights"), [(Denoising(alpha=1.0), (0, 1)), (Denoising(), (1, 0))]
)
def test_alpha_moves_from_the_clean_signal_to_the_teachers(
    objective: Denoising, weights: tuple[int, int]
) -> None:
    student, teacher, clean = some_outputs(1), some_outputs(2), torch.zeros(2, 1, 10)
    mse, kd = (student.logits.square().mean(), (student.logits - teacher.logits).square().mean())  # type: ignore[union-attr, operator]
    assert objective(student, teacher, clean)["loss"] == weights[0] * mse + weights[1] * kd


def test_a_gradient_reaches_the_student_alone() -> None:
    student, teacher = build_model(LIGHT, seed=0), build_model(WIDE, seed=1)
    layers = layers_of("all", tap_lengths(LIGHT), tap_lengths(WIDE))
    learner = make_learner(
        student, Denoising(0.5, 1.0, layers), "student_view", teacher, bf16=False
    )
    torch.autograd.backward(learner.terms(noisy_batch(0))["loss"])
    assert all(w.grad is not None and w.grad.any() for w in student.parameters())
    assert all(w.grad is None for w in teacher.parameters())


def test_validation_compares_with_the_clean_signal_and_asks_no_teacher() -> None:
    student, batch = build_model(LIGHT, seed=0), noisy_batch(0)
    learner = make_learner(student, BOTH, "student_view", teacher=None, bf16=False)
    found = validated(learner, [batch], ())
    denoised = student(batch.student_view).logits
    mse = (denoised - batch.target).double().square().mean().item()
    assert found == {"loss": pytest.approx(mse, rel=1e-6), "mse": pytest.approx(mse, rel=1e-6)}


def test_the_loss_passes_gradcheck() -> None:
    given, teacher = some_outputs(1), some_outputs(2)
    clean = torch.zeros(2, 1, 10, dtype=torch.float64)

    def loss(logits: Tensor, *maps: Tensor) -> Tensor:
        return BOTH(Outputs(logits, dict(zip(TAPS, maps, strict=True))), teacher, clean)["loss"]

    assert given.logits is not None
    inputs = [given.logits, *(given.taps[tap] for tap in TAPS)]
    assert torch.autograd.gradcheck(loss, [x.requires_grad_() for x in inputs])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": -0.1}, "alpha must lie between 0 and 1"),
        ({"alpha": 1.1}, "alpha must lie between 0 and 1"),
        ({"alpha": float("nan")}, "alpha must lie between 0 and 1"),
        ({"beta": -1.0}, "beta must be 0 or more and finite"),
        ({"beta": float("inf")}, "beta must be 0 or more and finite"),
        ({"beta": float("nan")}, "beta must be 0 or more and finite"),
        ({"layers": ()}, "not empty with beta 2.0"),
        ({"layers": ["encoder1"]}, "must be a tuple of tap names"),
        ({"variant": "cubed"}, "no variant 'cubed'; there are"),
    ],
)
def test_hyperparameters_out_of_range_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(BOTH, **change)


def test_a_target_of_another_shape_is_refused_rather_than_broadcast() -> None:
    with pytest.raises(ValueError, match=r"\(2, 1, 10\) cannot be compared .* \(2, 10\)"):
        Denoising()(some_outputs(1), None, torch.zeros(2, 10))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_target_of_any_float_type_can_be_learned_from(dtype: torch.dtype) -> None:
    found = torch.zeros(2, 1, 10, requires_grad=True)
    torch.autograd.backward(
        Denoising()(Outputs(found, {}), None, torch.ones(2, 1, 10, dtype=dtype))["loss"]
    )
    assert found.grad is not None
    assert torch.equal(found.grad, torch.full((2, 1, 10), -0.1))


def trained(
    model: nn.Module, objective: Objective, teacher: nn.Module | None
) -> dict[str, list[float]]:
    """Name -> a term at each epoch of `fit` on noisy sines; "validation" is the error there."""

    def train(epoch: int) -> list[Batch]:
        return [noisy_batch(10 * epoch + number) for number in range(10)]

    reports = fit(
        model,
        objective,
        train,
        lambda: [noisy_batch(0)],
        Training(epochs=3, learning_rate=1e-2),
        view="student_view",
        classes=(),
        teacher=teacher,
    )
    found = [report.terms | {"validation": report.validation["mse"]} for report in reports]
    return {name: [terms[name] for terms in found] for name in found[0]}


def test_fit_trains_a_denoiser_and_its_student() -> None:
    teacher, student = build_model(LARGE, seed=0), build_model(SMALL, seed=1)
    layers = layers_of("ends", tap_lengths(SMALL), tap_lengths(LARGE))
    clean = trained(teacher, Denoising(), None)
    taught = trained(student, Denoising(0.5, 0.1, layers), teacher)
    assert set(taught) == {"loss", "mse", "kd", "at", "validation"}
    for terms in (clean, taught):
        assert terms["loss"][-1] < terms["loss"][0]
        assert terms["validation"][-1] < terms["validation"][0]
        assert terms["validation"][-1] < 0.6 * NOISE**2
