"""Workers that train one network: what they agree on; with one worker nothing is sent.

Takes the process group that whoever starts the workers has made (Ray Train, or a test); every rank
must call the same functions in the same order.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch import distributed as dist

T = TypeVar("T")


def rank() -> int:
    """This worker's number; 0 where there is one worker."""
    return dist.get_rank() if _is_running() else 0


def world_size() -> int:
    """How many workers train together."""
    return dist.get_world_size() if _is_running() else 1


def broadcast(value: T) -> T:
    """What rank 0 gives, on every rank."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, src=0)
    return values[0]


def from_rank_0(ask: Callable[[], T]) -> T:
    """What `ask` gives on rank 0, on every rank; nobody else asks.

    A rank on another machine that looks at a shared file too early may go on seeing it missing.
    """
    if world_size() == 1:
        return ask()
    values = [ask() if rank() == 0 else None]
    dist.broadcast_object_list(values, src=0)
    return cast(T, values[0])


def gathered(value: T) -> list[T]:
    """What every rank gives, in the order of ranks, on every rank."""
    if world_size() == 1:
        return [value]
    values = [value] * world_size()
    dist.all_gather_object(values, value)
    return values


def average_gradients(model: nn.Module, scored: Tensor) -> None:
    """Replace each gradient by its mean over ranks, weighted by the segments each has scored.

    One reduction of all gradients and the weight; parameters without a gradient are skipped.
    """
    if world_size() == 1:
        return
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    parts = [gradient.flatten() * scored for gradient in gradients]
    flat = torch.cat([*parts, scored.to(parts[0].dtype).reshape(1)])
    dist.all_reduce(flat)
    flat /= flat[-1].clamp_min(1)
    means = torch.split(flat[:-1], [gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))


@torch.no_grad()
def summed(values: Tensor) -> Tensor:
    """The sums over ranks of a few numbers."""
    if world_size() > 1:
        values = values.clone()
        dist.all_reduce(values)
    return values


@torch.no_grad()
def share_weights(model: nn.Module) -> None:
    """Give every rank the weights and buffers of rank 0."""
    if world_size() > 1:
        for weight in model.parameters():
            dist.broadcast(weight, src=0)
        share_buffers(model)


def share_buffers(model: nn.Module) -> None:
    """Give every rank the buffers of rank 0, such as BatchNorm's running statistics."""
    if world_size() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def _is_running() -> bool:
    return dist.is_available() and dist.is_initialized()
