"""Convolutions along time that keep its length, laid out as CPUs and GPUs run them fastest.

Activations are (B, C, 1, L), channels last in memory: a position's channels lie side by side.
What is plain in one formula and slow to run is written as its exact equal: a convolution after an
upsampling runs before it, a convolution of joined maps is the sum of one of each. The parameters
are those of the plain formula.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from kd_core.models.long_rows import convolve


def padding(kernel: int, dilation: int = 1, stride: int = 1) -> tuple[int, int]:
    """Zeros before and after L samples from which a convolution makes exactly L / stride."""
    beyond = dilation * (kernel - 1) + 1 - stride  # what a position sees besides its own samples
    return beyond // 2, beyond - beyond // 2  # an even kernel looks one further ahead


def channels_last(x: Tensor) -> Tensor:
    """One channel (B, 1, L) as (B, 1, 1, L) whose strides say channels last, without a copy.

    `contiguous` would leave one channel as it is, and every map after it channels first.
    """
    return x.reshape(x.shape[0], 1, -1, 1).permute(0, 3, 1, 2)


class Convolution(nn.Conv1d):
    """Zero pad -> convolution, (B, C, 1, L) -> (B, C', 1, L / stride)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, dilation: int = 1, stride: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, dilation=dilation)
        self.zeros = padding(kernel, dilation, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self._of(x, self.weight, self.bias)

    def _of(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        left, right = self.zeros
        if left != right:  # else the convolution pads itself, without a copy
            x = F.pad(x, (0, right - left))
        (stride,), (dilation,) = self.stride, self.dilation
        return convolve(x, weight.unsqueeze(2), bias, left, stride=stride, dilation=dilation)


class JoinedConvolution(Convolution):
    """A convolution of two maps whose channels are joined, without the joined map."""

    def forward(self, maps: tuple[Tensor, Tensor]) -> Tensor:  # type: ignore[override]
        first, second = maps
        C = first.shape[1]
        joined = self._of(first, self.weight[:, :C], self.bias)
        return joined.add_(self._of(second, self.weight[:, C:], None))


class UpsampledConvolution(Convolution):
    """Nearest upsampling by `pool` -> zero pad -> convolution, (B, C, 1, L) -> (B, C', 1, L*pool).

    Output p*i + left + phase, of p = pool, begins to look in coarse sample i, and all phases of
    it see the same few of them. So one convolution of the coarse map with p*C' channels, whose
    kernel holds for each phase the sums of the weights that fall on a coarse sample, gives all of
    them. In memory its channels already lie in the order of time.
    """

    phases: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, pool: int) -> None:
        super().__init__(inputs, outputs, kernel)
        self.pool, left = pool, self.zeros[0]
        self.seen = (kernel + pool - 2) // pool + 1  # coarse samples that any output looks at
        before, after = -(-left // pool), self.seen - 1 - left // pool  # zeros that outputs see
        self.coarse_zeros = max(before, after)
        self.skipped = pool * self.coarse_zeros - left  # outputs before the first that is wanted
        sample = (torch.arange(pool).unsqueeze(1) + torch.arange(kernel)) // pool
        phases = F.one_hot(sample, self.seen).transpose(1, 2).float()  # (phase, sample, weight)
        self.register_buffer("phases", phases, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.repeat(self.pool)
        fine = convolve(x, self._coarse_weight(), bias, self.coarse_zeros)
        rows = fine.permute(0, 2, 3, 1).reshape(x.shape[0], 1, -1, self.out_channels)
        wanted = rows.narrow(2, self.skipped, self.pool * x.shape[-1])
        return wanted.permute(0, 3, 1, 2)  # (B, 1, L*p, C') -> (B, C', 1, L*p)

    def _coarse_weight(self) -> Tensor:
        """The kernel for the coarse map, (p*C', C, 1, seen)."""
        outputs, inputs, kernel = self.weight.shape
        weight = self.weight.permute(2, 0, 1).reshape(kernel, -1)
        summed = self.phases.flatten(0, 1) @ weight  # (p*seen, kernel) x (kernel, C'*C)
        summed = summed.reshape(self.pool, self.seen, outputs, inputs)
        return summed.permute(0, 2, 3, 1).reshape(-1, inputs, 1, self.seen)
