"""What a network costs, counted on the network itself, whatever its architecture."""

from typing import Any

import torch
from torch import Tensor, nn


def trainable_parameters(network: nn.Module) -> int:
    """Numbers that training moves."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


@torch.no_grad()
def multiply_accumulates(network: nn.Module, x: Tensor) -> int:
    """Multiply-accumulates of every convolution and linear layer in one pass over x.

    Counted by the plain formula, whatever exact equal of it is run. What the layers between them
    do (normalise, activate, pool) is not counted, as usual.
    """
    counts: list[int] = []

    def add(layer: nn.Module, _: Any, output: Tensor) -> None:
        assert isinstance(layer, (nn.Conv1d, nn.Linear))
        counts.append(output.numel() * layer.weight[0].numel())  # one weight[0] for each output

    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv1d, nn.Linear))]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    network(x)
    for hook in hooks:
        hook.remove()
    return sum(counts)
