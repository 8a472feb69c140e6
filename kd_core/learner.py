"""The network that learns, together with all it learns from.

Takes batches on any device and in any float type; gives the terms of an objective, or classes.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kd_core.augment import augment
from kd_core.batch import Batch, Outputs
from kd_core.objectives.objective import Objective, on_device

VIEWS = ("teacher_view", "student_view")  # the fields of Batch that a network can see


@dataclass(frozen=True, eq=False)
class Learner:
    """The network that learns, what it sees, and whom it learns from."""

    model: nn.Module
    """Learns; decides the device and the float type."""

    objective: Objective
    """What it learns for, on the model's device."""

    view: str
    """The field of Batch that it sees."""

    teacher: nn.Module | None
    """Frozen and in eval mode; sees the `teacher_view`."""

    bf16: bool
    """Whether both networks run in bfloat16."""

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise ValueError(f"view must be one of {VIEWS}, but is {self.view!r}.")
        if self.objective.needs_teacher and self.teacher is None:
            name = type(self.objective).__name__
            raise ValueError(f"{name} needs a teacher, but fit() was given none. Pass teacher=.")
        if self.teacher is self.model:
            raise ValueError("the teacher is the model itself. Give a network of its own.")

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device

    def terms(self, batch: Batch, augmented: bool = False) -> dict[str, Tensor]:
        """The objective's terms for a batch; both networks run only as deep as it asks."""
        taps, logits = self.objective.taps, self.objective.needs_logits
        student = self.outputs(self.model, self._seen(batch, self.view, augmented), taps, logits)
        taught = None
        if self.objective.needs_teacher and self.teacher is not None:
            with torch.no_grad():
                seen = self._seen(batch, "teacher_view", augmented)
                taught = self.outputs(self.teacher, seen, taps, logits)
        return self.objective(student, taught, batch.target.to(self.device))

    def predicted(self, batch: Batch) -> Tensor:
        """The most likely class of each segment, (B, T)."""
        logits = self.outputs(self.model, self._seen(batch, self.view), (), True).logits
        assert logits is not None
        return logits.argmax(1)  # (B, K, T) -> (B, T)

    def outputs(
        self, network: nn.Module, x: Tensor, taps: Collection[str], logits: bool
    ) -> Outputs:
        """A network's outputs in the model's own float type, as its losses are."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            found: Outputs = network(x, taps=taps, logits=logits)
        scores = None if found.logits is None else found.logits.to(x.dtype)
        return Outputs(scores, {name: tap.to(x.dtype) for name, tap in found.taps.items()})

    def _seen(self, batch: Batch, view: str, augmented: bool = False) -> Tensor:
        """A view on the model's device, (B, 1, T*S)."""
        weight = next(self.model.parameters())
        x: Tensor = getattr(batch, view).to(weight.device, non_blocking=True)
        x = x.to(weight.dtype)  # a second step: half as many bytes travel to the device
        return augment(x) if augmented else x


def make_learner(
    model: nn.Module, objective: Objective, view: str, teacher: nn.Module | None, bf16: bool
) -> Learner:
    """A learner whose objective and teacher are on the model's device, the teacher frozen."""
    device = next(model.parameters()).device
    learner = Learner(model, on_device(objective, device), view, teacher, bf16)
    if teacher is not None:
        teacher.to(device).eval().requires_grad_(False)
    return learner
