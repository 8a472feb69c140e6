"""A network that answers every second: samples (B, 1, T*S) -> logits (B, K, s), and its sight.

The head is affine over a mean of the dense map, so the logits of a segment are the mean of the
logits of its seconds, and those of any other stretch of whole seconds are too.
"""

from math import lcm
from typing import NamedTuple

import numpy as np
from torch import Tensor, nn

from kd_core.models import ModelSpec
from kd_core.models.utime_field import samples_seen
from kd_core.models.utime_spec import UTimeSpec


class BySecond(nn.Module):
    """A network whose answer is a tensor of logits a second, as other runtimes want it."""

    def __init__(self, network: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        scoring_spec(spec)
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        """(B, 1, T*S) -> (B, K, T * S / hz)."""
        logits: Tensor = self.network(samples, output_s=1).logits
        return logits


class Sight(NamedTuple):
    """How far beyond a second the network sees when it answers for it, at most."""

    before: int
    """Samples before the second's first one."""
    after: int
    """Samples behind the second's last one."""


def sight_of_a_second(spec: ModelSpec) -> Sight:
    """The most that any second sees; what each of them sees repeats with the network's stride."""
    spec = scoring_spec(spec)
    starts = np.arange(0, lcm(spec.hz, spec.stride), spec.hz)  # first sample of each second
    positions = np.arange(len(starts) * spec.hz // spec.stem_stride)
    seen = samples_seen(spec, "dense", positions)
    first = seen.first.reshape(len(starts), -1).min(1)  # (seconds, positions) -> (seconds,)
    last = seen.last.reshape(len(starts), -1).max(1)
    return Sight(int((starts - first).max()), int((last - (starts + spec.hz - 1)).max()))


def scoring_spec(spec: ModelSpec) -> UTimeSpec:
    """The spec of a network that scores classes every second; a ValueError if it is none."""
    if not isinstance(spec, UTimeSpec):
        raise ValueError(
            f"a network of kind {spec.kind!r} gives a signal, not the scores of classes. Give one "
            "that was trained to stage."
        )
    if spec.hz % spec.stem_stride or spec.segment_samples % spec.hz:
        raise ValueError(
            f"a network at {spec.hz} Hz with stem_stride {spec.stem_stride} and segments of "
            f"{spec.segment_samples} samples cannot answer every second: its stride must divide "
            "the samples of a second, and a segment must last whole seconds."
        )
    return spec
