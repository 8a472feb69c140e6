"""Training as a generator: one report for each pass over the data, the best epoch kept.

Takes a network, an objective and two callables that give batches; yields EpochReports. Whoever
iterates prints, saves or stops. Under torch.distributed every rank calls `fit` with its own part
of each training batch, and all take the same decisions.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import nn

from kd_core.augment import seeded
from kd_core.batch import Batch
from kd_core.distributed import rank, share_weights
from kd_core.learner import Learner, make_learner
from kd_core.objectives.objective import Objective
from kd_core.passes import train_pass, validated
from kd_core.training import FitState, Training, make_optimizer, set_rate

__all__ = ["Diverged", "EpochReport", "FitState", "Training", "fit"]


class EpochReport(NamedTuple):
    """What one pass over the training windows came to."""

    epoch: int
    """Counts from 1."""

    terms: dict[str, float]
    """Means of the objective's terms over the scored training segments: "loss", "ce", ..."""

    validation: dict[str, float]
    """What the objective selects by, scores or terms; empty where it was not validated."""

    score: float
    """What chooses the best epoch, higher is better; NaN where it was not validated."""

    best: bool
    """Whether it is the best epoch so far."""

    seconds: float
    """Wall time of training and validation."""


class Diverged(RuntimeError):  # noqa: N818 - it reads as what happened
    """The loss or the weights became NaN or infinite."""


def fit(
    model: nn.Module,
    objective: Objective,
    train: Callable[[int], Iterable[Batch]],
    validation: Callable[[], Iterable[Batch]],
    training: Training,
    *,
    view: str,
    classes: tuple[str, ...],
    teacher: nn.Module | None = None,
    state: FitState | None = None,
    seed: int = 0,
) -> Iterator[EpochReport]:
    """Train `model` and leave it with the weights of its best epoch, also when closed early.

    Args:
        train: epoch, from 1 -> this rank's part of its training batches, as many on every rank.
        validation: this rank's part of the validation batches.
        view: which view of a Batch the model sees; the teacher sees "teacher_view".
        classes: names of the K classes; none for an objective that has no score of them.
        teacher: frozen here; needed where the objective says so and batches are not `taught`.
        state: where to go on from; kept up to date, so that its state_dict() can be saved.
        seed: decides augmentation and dropout; torch's global generators are left alone.

    Raises:
        Diverged: an epoch's loss or weights became NaN or infinite.
    """
    state = FitState() if state is None else state
    learner = make_learner(model, objective, view, teacher, training.bf16)
    optimizer = make_optimizer(model, training)
    state.restore(model, optimizer)
    share_weights(model)
    try:
        while state.epoch < training.epochs and not state.waited(training.patience):
            epoch, started = state.epoch + 1, time.perf_counter()
            set_rate(optimizer, training, epoch)
            with seeded(learner.device, seed, epoch, rank()):
                terms = train_pass(learner, train(epoch), optimizer, training.augment)
            found: dict[str, float] = {}
            if epoch % training.validate_every == 0 or epoch == training.epochs:
                found = validated(learner, validation(), classes)
            values = terms | {f"validation_{name}": value for name, value in found.items()}
            _check_finite(epoch, values, model, training)
            score = _score(learner, found, training.select)
            best = state.advance(model, optimizer, score)
            yield EpochReport(epoch, terms, found, score, best, time.perf_counter() - started)
    finally:
        state.restore_best(model)


def _score(learner: Learner, found: Mapping[str, float], select: str) -> float:
    """What chooses the best epoch, higher is better."""
    if not found:
        return math.nan  # not validated: better than no other
    return found[select] if learner.objective.selects_by == "score" else -found["loss"]


def _check_finite(
    epoch: int, values: Mapping[str, float], model: nn.Module, training: Training
) -> None:
    weights = torch.stack([weight.isfinite().all() for weight in model.parameters()])
    if not bool(weights.all()) or not all(map(math.isfinite, values.values())):
        shown = ", ".join(f"{name}={value:.4g}" for name, value in values.items())
        raise Diverged(
            f"epoch {epoch}: the loss or the weights became NaN or infinite ({shown}). "
            f"Lower learning_rate (now {training.learning_rate:g}) or check the windows for them."
        )
