"""Small changes of a signal that leave its sleep stage as it is, and an epoch's randomness."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

GAIN = 1.25  # ours: electrode contact changes an amplitude by about this factor


def augment(view: Tensor) -> Tensor:
    """Each window times a random gain of 1/GAIN to GAIN and a random sign (a swapped lead).

    Draws from torch's own generator, which `seeded` sets.
    Shapes: (B, 1, L) -> (B, 1, L), floating point.
    """
    exponent = 2 * torch.rand(len(view), 1, 1, device=view.device, dtype=view.dtype) - 1
    sign = 2 * torch.randint(2, (len(view), 1, 1), device=view.device) - 1
    return view * sign * GAIN**exponent


@contextmanager
def seeded(device: torch.device, *numbers: int) -> Iterator[None]:
    """Within: torch draws as these numbers say. After: its generators are as they were before.

    Args:
        numbers: not negative, such as seed, epoch and rank.
    """
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
        torch.default_generator.manual_seed(seed)  # the CPU's, and of the GPUs this one's alone
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
