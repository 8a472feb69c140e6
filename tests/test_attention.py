"""Eq. 3 and its variants against loops written from the formulas and numbers done by hand."""

import math

import pytest
import torch
from torch import Tensor

from kd_core.batch import Outputs
from kd_core.objectives.attention import (
    BETA,
    VARIANTS,
    AttentionTransfer,
    attention_map,
    attention_transfer,
)

LAYERS = ("encoder1", "encoder2", "bottleneck", "decoder1")
Maps = list[list[float]]  # [window][time]


def some_taps(seed: int, channels: int = 3) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {
        layer: torch.randn(2, channels, length, generator=rng, dtype=torch.float64)
        for layer, length in zip(LAYERS, (6, 3, 2, 6), strict=True)
    }


def energies(tap: Tensor) -> Maps:
    """Q of each window: the sum over channels of squares."""
    return [
        [sum(value**2 for value in column) for column in zip(*window, strict=True)]
        for window in tap.tolist()
    ]


def unit(values: list[float]) -> list[float]:
    norm = math.sqrt(sum(value**2 for value in values))
    return [value / norm for value in values]


def transposed(maps: Maps) -> Maps:
    return [list(column) for column in zip(*maps, strict=True)]


def paper_loop(student: Tensor, teacher: Tensor) -> float:
    norms = []
    for q_student, q_teacher in zip(energies(student), energies(teacher), strict=True):
        pairs = zip(unit(q_student), unit(q_teacher), strict=True)
        norms.append(math.sqrt(sum((a - b) ** 2 for a, b in pairs)))
    return sum(norms) / len(norms)


def squared_loop(student: Tensor, teacher: Tensor) -> float:
    squares = []
    for q_student, q_teacher in zip(energies(student), energies(teacher), strict=True):
        pairs = zip(unit(q_student), unit(q_teacher), strict=True)
        squares += [(a - b) ** 2 for a, b in pairs]
    return BETA * sum(squares) / len(squares)


def released_loop(student: Tensor, teacher: Tensor) -> float:
    differences = []
    times = zip(transposed(energies(student)), transposed(energies(teacher)), strict=True)
    for q_student, q_teacher in times:  # one time, all windows
        pairs = zip(unit(q_student), unit(q_teacher), strict=True)
        differences += [abs(a - b) for a, b in pairs]
    return sum(differences) / len(differences)


def test_the_paper_variant_is_the_loop_of_equation_3_summed_over_pairs() -> None:
    student, teacher = some_taps(1), some_taps(2)
    by_loop = sum(paper_loop(student[layer], teacher[layer]) for layer in LAYERS)
    found = attention_transfer(student, teacher, LAYERS).item()
    assert found == pytest.approx(by_loop, rel=1e-12)


def test_the_squared_variant_is_the_loop_of_the_official_code() -> None:
    student, teacher = some_taps(1), some_taps(2)
    by_loop = sum(squared_loop(student[layer], teacher[layer]) for layer in LAYERS)
    found = attention_transfer(student, teacher, LAYERS, "squared").item()
    assert found == pytest.approx(by_loop, rel=1e-12)


def test_the_reference_variant_averages_within_groups_and_then_over_them() -> None:
    student, teacher = some_taps(1), some_taps(2)
    layers = ("encoder1", "encoder2", "bottleneck", "decoder1", "decoder1")
    one, two, three, four, again = (released_loop(student[x], teacher[x]) for x in layers)
    found = attention_transfer(student, teacher, layers, "reference").item()
    assert found == pytest.approx(((one + two) / 2 + three + four + again) / 4, rel=1e-12)


def test_the_reference_variant_of_a_single_window_is_zero() -> None:
    student = {name: tap[:1] for name, tap in some_taps(1).items()}
    teacher = {name: tap[:1] for name, tap in some_taps(2).items()}
    found = attention_transfer(student, teacher, LAYERS, "reference").item()
    assert found == pytest.approx(0, abs=1e-15)


def test_maps_that_look_at_different_times_are_root_two_apart() -> None:
    student, teacher = torch.tensor([[[2.0, 0.0]]]), torch.tensor([[[0.0, 5.0]]])
    found = attention_transfer({"a": student}, {"a": teacher}, ["a"])
    assert found.item() == pytest.approx(math.sqrt(2))


def test_a_map_by_hand() -> None:
    tap = torch.tensor([[[1.0, -2.0], [3.0, 0.5]]])  # (1, 2, 2): 1 + 9, 4 + 0.25
    assert attention_map(tap).tolist() == [[10.0, 4.25]]


def test_a_map_of_a_bfloat16_tap_is_as_exact_as_one_of_float32() -> None:
    tap = some_taps(0, channels=16)["encoder1"].bfloat16().requires_grad_()
    found = attention_map(tap)
    torch.testing.assert_close(found.double(), tap.double().square().sum(1), rtol=1e-6, atol=0)
    (gradient,) = torch.autograd.grad(found.sum(), tap)
    assert gradient.dtype == torch.bfloat16
    assert torch.equal(gradient, 2 * tap)


@pytest.mark.parametrize("variant", VARIANTS)
def test_identical_networks_have_loss_zero_and_gradient_zero(variant: str) -> None:
    student = {name: tap.requires_grad_() for name, tap in some_taps(1).items()}
    loss = attention_transfer(student, some_taps(1), LAYERS, variant)
    gradients = torch.autograd.grad(loss, list(student.values()))
    assert loss.item() == 0
    assert all(bool((gradient == 0).all()) for gradient in gradients)


@pytest.mark.parametrize("variant", ["paper", "squared"])
def test_loudness_and_number_of_channels_play_no_part(variant: str) -> None:
    student = some_taps(1)
    louder = {name: 7 * tap.repeat(1, 4, 1) for name, tap in student.items()}
    found = attention_transfer(louder, student, LAYERS, variant).item()
    assert found == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("variant", ["paper", "squared"])
def test_a_window_counts_the_same_whoever_shares_its_batch(variant: str) -> None:
    student, teacher = some_taps(1), some_taps(2)
    whole = attention_transfer(student, teacher, LAYERS, variant)
    alone = [
        attention_transfer(
            {name: tap[row : row + 1] for name, tap in student.items()},
            {name: tap[row : row + 1] for name, tap in teacher.items()},
            LAYERS,
            variant,
        )
        for row in range(2)
    ]
    torch.testing.assert_close(whole, torch.stack(alone).mean())


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_passes_gradcheck(variant: str) -> None:
    teacher = some_taps(2)["encoder1"]
    student = some_taps(1)["encoder1"].requires_grad_()

    def loss(tap: Tensor) -> Tensor:
        return attention_transfer({"encoder1": tap}, {"encoder1": teacher}, LAYERS[:1], variant)

    assert torch.autograd.gradcheck(loss, student)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("silent", ["student", "teacher", "both"])
def test_an_all_zero_map_gives_no_nan(variant: str, silent: str) -> None:
    student = torch.randn(2, 3, 5) * (silent == "teacher")
    teacher = torch.randn(2, 3, 5) * (silent == "student")
    student.requires_grad_()
    loss = attention_transfer({"a": student}, {"a": teacher}, ["a"], variant)
    torch.autograd.backward(loss)
    assert student.grad is not None
    assert loss.isfinite()
    assert student.grad.isfinite().all()


def test_the_objective_asks_for_each_tap_once_and_for_no_logits() -> None:
    objective = AttentionTransfer(("encoder1", "decoder1", "decoder1"))
    assert objective.taps == ("encoder1", "decoder1")
    assert not objective.needs_logits
    assert objective.needs_teacher


def test_the_objective_needs_no_labels() -> None:
    objective = AttentionTransfer(LAYERS)
    ignored = torch.full((2, 1), -1)
    terms = objective(Outputs(None, some_taps(1)), Outputs(None, some_taps(2)), ignored)
    assert terms["at"].item() > 0
    assert terms["loss"] == terms["at"]


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no variant 'cubed'; there are .*paper"):
        AttentionTransfer(LAYERS, "cubed")


@pytest.mark.parametrize("layers", [(), "encoder1"])
def test_layers_that_are_no_tuple_of_names_are_refused(layers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tuple of tap names"):
        AttentionTransfer(layers)
