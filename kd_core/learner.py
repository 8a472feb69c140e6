"""The network that learns, together with all it learns from.

Takes batches on any device and in any float type; gives the terms of an objective, or classes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kd_core.augment import augment
from kd_core.batch import Batch, Outputs
from kd_core.objectives.objective import Objective, on_device
from kd_core.predict import moved_to, outputs_of

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
    """Frozen and in eval mode; sees the `teacher_view` of batches without `taught`."""

    bf16: bool
    """Whether both networks run in bfloat16."""

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise ValueError(f"view must be one of {VIEWS}, but is {self.view!r}.")
        if self.teacher is self.model:
            raise ValueError("the teacher is the model itself. Give a network of its own.")

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device

    def terms(self, batch: Batch, augmented: bool = False) -> dict[str, Tensor]:
        """The objective's terms for a batch; both networks run only as deep as it asks."""
        if augmented and batch.target.is_floating_point():
            raise ValueError(
                "augment changes what a network sees and not the signal it is to give. "
                "Set augment=False; change noisy and clean signals alike when batches are made."
            )
        student = self._asked(self.model, self._seen(batch, self.view, augmented))
        taught = self._taught(batch, augmented) if self.objective.needs_teacher else None
        return self.objective(student, taught, batch.target.to(self.device))

    def predicted(self, batch: Batch) -> Tensor:
        """The most likely class of each segment, (B, T)."""
        x = self._seen(batch, self.view)
        logits = outputs_of(self.model, x, (), True, self.bf16).logits
        assert logits is not None
        return logits.argmax(1)  # (B, K, T) -> (B, T)

    def _taught(self, batch: Batch, augmented: bool) -> Outputs:
        """What is known of the teacher's outputs for a batch; else the teacher says it now."""
        if batch.taught is not None:
            logits, taps = batch.taught
            known = {name: moved_to(self.model, tap) for name, tap in taps.items()}
            return Outputs(None if logits is None else moved_to(self.model, logits), known)
        if self.teacher is None:
            raise ValueError(
                f"{type(self.objective).__name__} needs a teacher, but fit() was given none, and "
                "a batch does not hold what one says. Pass teacher=, or batches with `taught`."
            )
        with torch.no_grad():
            return self._asked(self.teacher, self._seen(batch, "teacher_view", augmented))

    def _asked(self, network: nn.Module, x: Tensor) -> Outputs:
        """All that the objective compares of a network's outputs."""
        return outputs_of(network, x, self.objective.taps, self.objective.needs_logits, self.bf16)

    def _seen(self, batch: Batch, view: str, augmented: bool = False) -> Tensor:
        """A view on the model's device, (B, 1, T*S)."""
        x = moved_to(self.model, getattr(batch, view))
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
