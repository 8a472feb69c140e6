"""Training steps on a CPU: the network against its plain form, and what a known teacher saves.

    python -m benchmarks.steps [--batches 1 4] [--segments 35] [--rounds 5] [--out FILE]

A step is the product's own, forth, back and optimizer, in float32 on one thread. What the network
gives in float64 is compared with what the plain one gives; of a step, the losses.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.naive_utime import NaiveUTime
from benchmarks.side_by_side import (
    ROUNDS,
    Compared,
    Way,
    compare,
    put_results,
    with_settings,
    within,
)
from kd_core.batch import Batch
from kd_core.learner import make_learner
from kd_core.models import build_model, model_spec
from kd_core.objectives import AttentionTransfer, Classification, Objective, SoftmaxDistillation
from kd_core.objectives.layers import LAYER_SETS
from kd_core.passes import train_pass
from kd_core.taught import as_outputs, said
from kd_core.training import Training, make_optimizer

CLASSES = 4
WEIGHTS = torch.ones(CLASSES)
EXACT = 1e-12  # of the largest value, in float64
FLOAT32 = 1e-4  # the same, of a float32 network that trains
LOSS = 1e-3  # between losses of float32 steps, and of float16 maps


@dataclass(frozen=True)
class Cost:
    """What is trained, and on what."""

    batch: Batch
    rounds: int


def main(argv: Sequence[str] | None = None) -> None:
    with_settings("benchmarks.steps")
    args = parse_args(argv)
    results = []
    for windows in args.batches:
        cost = Cost(some_windows(windows, args.segments), args.rounds)
        words = f"batch {windows}"
        results += [
            plain_step(cost, words),
            *known_teacher(cost, f"step 1, every map, {words}", "context", attention("all"), 1.3),
            *known_teacher(cost, f"step 2, {words}", "context", distillation(), 1.3),
            encoder_alone(cost, words),
            *known_teacher(cost, f"step 2, {words}", "context-half", distillation(), 1.8),
            *known_teacher(cost, f"step 2, {words}", "compact", distillation(), 1.8),
        ]
    put_results(results, args.out)


def plain_step(cost: Cost, words: str) -> Compared:
    """The network against its plain form."""
    ours, plain = networks("context")
    return compare(
        f"a step of `context`, {words}",
        Way("UTime", steps(ours, Classification(WEIGHTS), cost.batch)),
        Way("plain torch layers", steps(plain, Classification(WEIGHTS), cost.batch)),
        1.4,
        lambda a, b: (
            f"{float64_error('context')}; {float32_error('context', cost)}; {loss_error(a, b)}"
        ),
        cost.rounds,
    )


def known_teacher(
    cost: Cost, what: str, student: str, objective: Objective, asked: float
) -> list[Compared]:
    """A step with what the teacher says at hand: against ours and the plain one that ask it."""
    teacher, plain_teacher = networks("context", seed=1)
    ours, plain = networks(student)
    others = {
        "teacher asked": steps(ours, objective, cost.batch, teacher),
        "plain, teacher asked": steps(plain, objective, cost.batch, plain_teacher),
    }
    return [
        compare(
            f"{what}, student `{student}`",
            Way(
                "teacher known",
                known_steps(networks(student)[0], teacher, objective, cost.batch),
            ),
            Way(name, other),
            asked,
            loss_error,
            cost.rounds,
        )
        for name, other in others.items()
    ]


def encoder_alone(cost: Cost, words: str) -> Compared:
    """Attention on the encoder's maps, against both plain networks, which always run whole."""
    (student, plain), (teacher, plain_teacher) = networks("context"), networks("context", seed=1)
    encoder = attention("encoder")
    return compare(
        f"step 1, the encoder's maps, {words}",
        Way("no decoder, teacher known", known_steps(student, teacher, encoder, cost.batch)),
        Way("plain, both whole", steps(plain, encoder, cost.batch, plain_teacher)),
        3.5,
        loss_error,
        cost.rounds,
    )


def steps(
    network: nn.Module, objective: Objective, batch: Batch, teacher: nn.Module | None = None
) -> Callable[[], float]:
    """Does the next training step and gives its loss."""
    learner = make_learner(network, objective, "student_view", teacher, bf16=False)
    optimizer = make_optimizer(network, Training())
    return lambda: train_pass(learner, [batch], optimizer, augmented=False)["loss"]


def known_steps(
    network: nn.Module, teacher: nn.Module, objective: Objective, batch: Batch
) -> Callable[[], float]:
    """The same with what the teacher says read from memory, where it lies in float16."""
    learner = make_learner(network, objective, "student_view", None, bf16=False)
    optimizer = make_optimizer(network, Training())
    segments = said(teacher, batch, objective.taps, objective.needs_logits, bf16=False)

    def step() -> float:
        known = batch._replace(taught=as_outputs(segments))
        return train_pass(learner, [known], optimizer, augmented=False)["loss"]

    return step


def loss_error(found: float, wanted: float) -> str:
    """How far a loss is from the one it should be, in parts of that."""
    return within(abs(found - wanted) / abs(wanted), LOSS, "of the loss")


def float64_error(name: str) -> str:
    """How far outputs, maps and gradients of both forms are apart in float64, in eval mode."""
    x = some_windows(2, 3).student_view.double()
    found, wanted = (everything(network.double().eval(), x) for network in networks(name))
    errors = [
        float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, wanted, strict=True)
    ]
    return within(max(errors), EXACT, "of the largest value, in float64")


def float32_error(name: str, cost: Cost) -> str:
    """How far logits in training are from the plain network's in float64, on one window."""
    x = cost.batch.student_view[:1]
    ours, plain = networks(name)
    with torch.no_grad():
        found, wanted = ours.train()(x).logits, plain.double().train()(x.double()).logits
    error = float((found - wanted).abs().max() / wanted.abs().max())
    return within(error, FLOAT32, "in float32 of float64, in training")


def everything(network: nn.Module, x: Tensor) -> list[Tensor]:
    """Logits, every map, the gradients of all weights."""
    names = model_spec("context", CLASSES).tap_names
    logits, taps = network(x, taps=names)
    maps = torch.stack([taps[name].square().mean() for name in names])
    torch.autograd.backward(logits.square().sum() + maps.sum())
    weights = [weight for _, weight in sorted(network.named_parameters())]
    gradients = [weight.grad.flatten() for weight in weights if weight.grad is not None]
    return [logits.detach(), *(taps[name].detach() for name in names), torch.cat(gradients)]


def networks(name: str, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """Ours and the plain form of it, with the same weights."""
    spec = model_spec(name, CLASSES)
    ours, plain = build_model(spec, seed), NaiveUTime(spec)
    plain.load_state_dict(ours.state_dict())
    return ours, plain


def attention(layers: str) -> AttentionTransfer:
    """Attention transfer of a layer set."""
    return AttentionTransfer(LAYER_SETS[layers](model_spec("context", CLASSES).tap_names))


def distillation() -> SoftmaxDistillation:
    """Softmax distillation beside the classes."""
    return SoftmaxDistillation(WEIGHTS)


def some_windows(windows: int, segments: int) -> Batch:
    """Noise in both views, and any targets."""
    draw = torch.Generator().manual_seed(0)
    shape = (windows, 1, segments * model_spec("context", CLASSES).segment_samples)
    eeg, ecg = (torch.randn(shape, generator=draw) for _ in range(2))
    return Batch(eeg, ecg, torch.randint(CLASSES, (windows, segments), generator=draw))


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4], help="windows a step")
    parser.add_argument("--segments", type=int, default=35, help="a window")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", default="", help="a file for the results")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
