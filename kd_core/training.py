"""How a network is trained, and where a training run stands so that it can be taken up again."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

Weights = list[nn.Parameter]

WARM_UP = 0.1  # share of the epochs in which a schedule's rate rises; our choice
SCORES = ("accuracy", "weighted_f1", "macro_f1", "kappa")  # what the best epoch can be chosen by


def constant(passed: float) -> float:
    """The whole rate, always."""
    return 1.0


def cosine(passed: float) -> float:
    """A straight line up, then half a cosine down to 0.

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts; warm-up is ours.
    """
    if passed < WARM_UP:
        return passed / WARM_UP
    return (1 + math.cos(math.pi * (passed - WARM_UP) / (1 - WARM_UP))) / 2


def soap(weights: Weights, rate: float, decay: float) -> Optimizer:
    """Adam in the eigenbases of Shampoo's preconditioner, by pytorch_optimizer.

    Source: Vyas et al. 2024, arXiv:2409.11321. Ours: .99, not .95, for the second moment and for
        the preconditioner, as small batches ask for.
    """
    from pytorch_optimizer import SOAP  # it imports for half a second, and few choose it

    return SOAP(weights, lr=rate, betas=(0.95, 0.99), weight_decay=decay)


def _fused(kind: type[Adam], weights: Weights, rate: float, decay: float) -> Optimizer:
    fused = all(weight.device.type in ("cpu", "cuda") for weight in weights)
    return kind(weights, lr=rate, weight_decay=decay, fused=fused)


# name -> what makes an optimizer of weights, learning rate and weight decay
OPTIMIZERS: dict[str, Callable[[Weights, float, float], Optimizer]] = {
    "adam": partial(_fused, Adam),
    "adamw": partial(_fused, AdamW),
    "soap": soap,
}

# share of the training that has passed, 0 to 1 -> share of the learning rate
SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine}


@dataclass(frozen=True, kw_only=True)
class Training:
    """The choices of one training run that are neither data, network nor objective."""

    epochs: int = 150  # arXiv:2112.07252, a step
    batch: int = 64  # windows a step, over all workers together
    learning_rate: float = 1e-3  # arXiv:2112.07252
    schedule: str = "constant"  # a key of SCHEDULES: how the rate moves over the epochs
    optimizer: str = "adam"  # a key of OPTIMIZERS
    weight_decay: float = 0.0
    patience: int | None = None  # stop after so many epochs without a better one; None: never
    bf16: bool = False  # run the networks in bfloat16; losses and weights stay float32
    augment: bool = False  # random gain and polarity, see kd_core.augment
    validate_every: int = 1  # epochs; the last one is always validated
    select: str = "weighted_f1"  # one of SCORES; an objective without classes goes by its loss

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"no optimizer {self.optimizer!r}; there are {sorted(OPTIMIZERS)}.")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"no schedule {self.schedule!r}; there are {sorted(SCHEDULES)}.")
        if self.select not in SCORES:
            raise ValueError(f"select must be one of {SCORES}, but is {self.select!r}.")
        for name in ("epochs", "batch", "learning_rate", "validate_every"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, but is {getattr(self, name)}.")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, but is {self.weight_decay}.")
        if self.patience is not None and (
            self.patience < 1 or self.patience % self.validate_every
        ):
            raise ValueError(
                f"patience must be None or a multiple of validate_every ({self.validate_every}), "
                f"but is {self.patience}; a run would end between two validations."
            )


@dataclass
class FitState:
    """Everything a resume needs; randomness is drawn from (seed, epoch), so it has no state."""

    epoch: int = 0
    """Epochs finished."""

    best_epoch: int = 0
    """The epoch whose weights are kept; 0 before the first validation."""

    best_score: float = float("-inf")
    """Its score; higher is better."""

    weights: dict[str, Tensor] | None = None
    """The network's state after `epoch`."""

    best_weights: dict[str, Tensor] | None = None
    """The network's state after `best_epoch`."""

    optimizer: dict[str, Any] | None = None
    """The optimizer's state after `epoch`."""

    def state_dict(self) -> dict[str, Any]:
        """A copy on the CPU that `torch.save` writes and a later training step cannot change."""
        return {field.name: _copied(getattr(self, field.name)) for field in fields(self)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become the state that `state_dict` gave."""
        for field in fields(self):
            setattr(self, field.name, _copied(state[field.name]))

    def restore(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Take network and optimizer back to the last finished epoch, if there is one."""
        if self.weights is not None and self.optimizer is not None:
            model.load_state_dict(self.weights)
            optimizer.load_state_dict(self.optimizer)

    def restore_best(self, model: nn.Module) -> None:
        """Give the network the weights of the best epoch, if there is one."""
        if self.best_weights is not None:
            model.load_state_dict(self.best_weights)

    def advance(self, model: nn.Module, optimizer: Optimizer, score: float) -> bool:
        """Note a finished epoch and its score, NaN if it was not validated; whether it is best."""
        self.epoch += 1
        self.weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.optimizer = optimizer.state_dict()  # live; state_dict() copies
        best = score > self.best_score
        if best:
            self.best_epoch, self.best_score, self.best_weights = self.epoch, score, self.weights
        return best

    def waited(self, patience: int | None) -> bool:
        """Whether so many epochs have passed since the best one that training should stop."""
        return patience is not None and self.epoch - self.best_epoch >= patience


def make_optimizer(model: nn.Module, training: Training) -> Optimizer:
    """The optimizer over all trainable weights; those that get no gradient do not move."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    return OPTIMIZERS[training.optimizer](weights, training.learning_rate, training.weight_decay)


def set_rate(optimizer: Optimizer, training: Training, epoch: int) -> None:
    """Give the optimizer the learning rate of the middle of an epoch; epochs count from 1."""
    share = SCHEDULES[training.schedule]((epoch - 0.5) / training.epochs)
    for group in optimizer.param_groups:
        group["lr"] = share * training.learning_rate


def _copied(value: Any) -> Any:
    """The same tree of dicts and lists with its tensors copied to the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(item) for item in value)
    return value
