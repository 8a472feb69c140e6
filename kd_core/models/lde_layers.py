"""What U-Lde-net is made of besides BatchNorm: its convolution, local extremes, upsampling.

Activations are (B, C, 1, L), channels last in memory, as in `convolutions`. No result depends on
where a signal begins, so a chunk with enough of its surroundings gives what the whole gives.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


def zeros_beyond(kernel: int, stride: int = 1, dilation: int = 1) -> int:
    """Zeros on either side of L samples from which a convolution makes exactly L / stride."""
    return (dilation * (kernel - 1) - stride + 2) // 2


class SlimConvolution(nn.Conv1d):
    """Zero pad -> convolution without bias, (B, C, 1, L) -> (B, C', 1, L / stride)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        groups: int = 1,
        stride: int = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__(
            inputs, outputs, kernel, stride, dilation=dilation, groups=groups, bias=False
        )
        self.zeros = zeros_beyond(kernel, stride, dilation)

    def forward(self, x: Tensor) -> Tensor:
        kernel, zeros = self.weight.unsqueeze(2), (0, self.zeros)
        stride, dilation = (1, *self.stride), (1, *self.dilation)
        return F.conv2d(x, kernel, None, stride, zeros, dilation, self.groups)


class ChannelSum(nn.Conv1d):
    """A 1x1 convolution to one channel as the product it is, (B, C, 1, L) -> (B, 1, L)."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.permute(0, 2, 3, 1)  # (B, C, 1, L) -> (B, 1, L, C), without a copy
        return F.linear(rows, self.weight.squeeze(2), self.bias).squeeze(3)


class LocalExtremes(nn.Conv1d):
    """x + a mix a channel of (x, its local maximum, its local minimum), (B, C, 1, L) -> same."""

    def __init__(self, channels: int, window: int) -> None:
        super().__init__(3 * channels, channels, 1, groups=channels)
        self.window = window  # odd; positions, centred

    def forward(self, x: Tensor) -> Tensor:
        own, high, low = self.weight.view(-1, 3).t().unsqueeze(-1).unsqueeze(-1)  # (C, 1, 1) each
        assert self.bias is not None
        mixed = torch.addcmul(self.bias[:, None, None], x, 1 + own)
        mixed = torch.addcmul(mixed, local_maximum(x, self.window), high)
        return torch.addcmul(mixed, local_maximum(-x, self.window), -low)


def local_maximum(x: Tensor, window: int) -> Tensor:
    """The largest value within `window` positions around each, an odd number; none lie beyond.

    A maximum over n*m positions is one over m maxima over n, so a window's prime factors do.
    Shapes: (B, C, 1, L) -> (B, C, 1, L).
    """
    x = F.pad(x, (window // 2, window // 2), value=-torch.inf).squeeze(2)
    if not x.requires_grad:
        x = x.contiguous()  # 20 times as fast on a CPU, but for a pool that keeps no indices
    passed = 1
    for factor in _prime_factors(window):
        x = F.max_pool1d(x, factor, stride=1, dilation=passed)
        passed *= factor
    return x.unsqueeze(2)


def upsampled(x: Tensor, factor: int) -> Tensor:
    """Linear interpolation to `factor` times as many positions, whose centres are those of x.

    As `F.interpolate` with align_corners=False, but right at any length: that finds its place by
    float32 numbers, which do not tell the samples of a night apart.
    Shapes: (B, C, 1, L) -> (B, C, 1, L * factor).
    """
    rows = x.permute(0, 2, 3, 1)  # (B, C, 1, L) -> (B, 1, L, C), without a copy
    before = torch.cat([rows[:, :, :1], rows[:, :, :-1]], 2)
    after = torch.cat([rows[:, :, 1:], rows[:, :, -1:]], 2)
    phases = []
    for phase in range(factor):
        place = (phase + 0.5) / factor - 0.5  # in coarse positions from the middle of one
        phases.append(torch.lerp(rows, before if place < 0 else after, abs(place)))
    return torch.stack(phases, 3).flatten(2, 3).permute(0, 3, 1, 2)


def _prime_factors(number: int) -> Iterator[int]:
    factor = 2
    while number > 1:
        while number % factor == 0:
            yield factor
            number //= factor
        factor += 1
