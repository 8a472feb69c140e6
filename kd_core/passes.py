"""One pass over the training windows, one over the validation windows.

Take a learner and batches; give the means of its objective's terms, or the scores of the classes.
The batches are this rank's part of the data, what is given is of the whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.optim import Optimizer

from kd_core.batch import IGNORED, Batch
from kd_core.confusion import Confusion
from kd_core.distributed import average_gradients, gathered, share_buffers
from kd_core.learner import Learner


def train_pass(
    learner: Learner, batches: Iterable[Batch], optimizer: Optimizer, augmented: bool
) -> dict[str, float]:
    """One step for each batch; the means of the objective's terms over the scored segments."""
    learner.model.train()
    sums: dict[str, Tensor] = {}
    for batch in batches:
        terms, scored = learner.terms(batch, augmented), _scored(learner, batch)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(terms["loss"])
        average_gradients(learner.model, scored)
        optimizer.step()
        _add(sums, terms, scored)
    share_buffers(learner.model)
    return _means(sums)


def validated(
    learner: Learner, batches: Iterable[Batch], classes: tuple[str, ...]
) -> dict[str, float]:
    """What the objective selects by: scores of the classes, or the terms of an objective.

    A teacher speaks only if that objective asks for one.
    """
    wanted = learner.objective.selects_by
    if isinstance(wanted, str):
        return validation_scores(learner, batches, classes)
    return validation_losses(replace(learner, objective=wanted), batches)


@torch.no_grad()
def validation_losses(learner: Learner, batches: Iterable[Batch]) -> dict[str, float]:
    """The means of the objective's terms over the scored validation segments."""
    learner.model.eval()
    sums: dict[str, Tensor] = {}
    for batch in batches:
        _add(sums, learner.terms(batch), _scored(learner, batch))
    return _means(sums)


@torch.no_grad()
def validation_scores(
    learner: Learner, batches: Iterable[Batch], classes: tuple[str, ...]
) -> dict[str, float]:
    """The scores of the classes over the scored validation segments."""
    learner.model.eval()
    confusion = Confusion.zeros(classes)
    for batch in batches:
        predicted = learner.predicted(batch).cpu().numpy()
        confusion += Confusion.of(classes, batch.target.cpu().numpy(), predicted)
    whole = sum(gathered(confusion), Confusion.zeros(classes))
    _check_scored(whole.total)
    return whole.scores()


def _scored(learner: Learner, batch: Batch) -> Tensor:
    """How many segments of the batch count, on the device: all where no label is learned from."""
    labels = learner.objective.selects_by == "score"
    scored = (batch.target != IGNORED).sum() if labels else torch.tensor(batch.target.numel())
    return scored.to(learner.device)


def _add(sums: dict[str, Tensor], terms: Mapping[str, Tensor], scored: Tensor) -> None:
    """Add terms times the segments they are means of, and those; on the device, so no step waits.

    In place: a tensor kept a step would lie between the activations and hold their memory apart.
    """
    parts = {name: term.detach().double() * scored for name, term in terms.items()}
    for name, part in {**parts, "scored": scored.double()}.items():
        sums[name] = sums[name].add_(part) if name in sums else part


def _means(own: Mapping[str, Tensor]) -> dict[str, float]:
    """Means over the sums of all ranks; a rank may have none."""
    sums: dict[str, float] = defaultdict(float)
    for part in gathered({name: float(value) for name, value in own.items()}):
        for name, value in part.items():
            sums[name] += value
    scored = sums.pop("scored", 0.0)
    _check_scored(scored)
    return {name: value / scored for name, value in sums.items()}


def _check_scored(segments: float) -> None:
    if segments == 0:
        raise ValueError("the windows hold no scored segment. Choose other subjects.")
