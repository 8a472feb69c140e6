"""What every objective is: a frozen dataclass that compares a student with what it should be.

A new objective is one file with such a class and a row in `kd_core.methods.OBJECTIVES`.
"""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, Protocol, TypeVar, cast

import torch
from torch import Tensor

from kd_core.batch import Outputs


class Objective(Protocol):
    """A loss that says what it needs, so that no network runs deeper than it must."""

    @property
    def needs_teacher(self) -> bool:
        """Whether a teacher's outputs must be given."""

    @property
    def taps(self) -> tuple[str, ...]:
        """The activations that both networks must give, each once."""

    @property
    def needs_logits(self) -> bool:
        """Whether the networks must run as far as their logits."""

    @property
    def selects_by(self) -> "Literal['score'] | Objective":
        """What names the best epoch: a score of the classes, or what has the least loss there."""

    def __call__(
        self, student: Outputs, teacher: Outputs | None, target: Tensor
    ) -> dict[str, Tensor]:
        """Named scalars; "loss" is the one to minimise."""


O = TypeVar("O", bound=Objective)  # noqa: E741


def on_device(objective: O, device: torch.device) -> O:
    """The same objective with its tensors on `device`, so that no step has to move them."""
    if not is_dataclass(objective):
        return objective
    values = {field.name: getattr(objective, field.name) for field in fields(objective)}
    moved = {name: v.to(device) for name, v in values.items() if isinstance(v, Tensor)}
    return cast(O, replace(cast(Any, objective), **moved))
