"""BatchNorm whose float32 statistics are right of as many positions as a batch of windows has.

On a CPU torch adds the squares of a channels-last map one after the other in float32. Of 840,000
positions its 1 / deviation is wrong by 2e-3, and that grows with their number. Here positions are
first taken apart into many groups, whose means and variances are then put together; those of whole
segments always can be. In bfloat16 torch's own is used.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

GROUPS = 1200  # their sums fit a core's cache, and it divides the positions of most maps


class Normalisation(nn.BatchNorm2d):
    """BatchNorm over the positions of (B, C, 1, L)."""

    def forward(self, x: Tensor) -> Tensor:
        positions = x.numel() // x.shape[1]
        on_cpu = x.device.type == "cpu"  # a GPU adds up in pairs; in float64 nothing is lost
        float32 = x.dtype == self.weight.dtype == torch.float32
        if not (self.training and on_cpu and float32 and positions > 1):
            return super().forward(x)
        mean, variance = batch_statistics(x.detach())
        self._follow(mean, variance * positions / (positions - 1))
        normalised: Callable[..., Tensor] = _Normalised.apply
        return normalised(x, self.weight, self.bias, mean, variance, self.eps)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Let the running statistics follow a batch's mean and unbiased variance."""
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (divided by n) over all positions of (B, C, 1, L), (C,) each."""
    C = x.shape[1]
    rows = x.permute(0, 2, 3, 1)  # (B, C, 1, L) -> (B, 1, L, C), without a copy
    groups = math.gcd(rows.numel() // C, GROUPS)  # of every so-manieth position
    columns = rows.reshape(-1, groups * C)
    means, variances = torch.batch_norm_update_stats(columns, None, None, 0.0)
    means, variances = means.view(groups, C), variances.view(groups, C)
    mean = means.mean(0)
    return mean, variances.mean(0) + (means - mean).square().mean(0)


class _Normalised(torch.autograd.Function):
    """Torch's BatchNorm with statistics that it is given, and is to differentiate through."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor, eps: float
    ) -> Tensor:
        ctx.save_for_backward(x, weight, mean, (var + eps).rsqrt())
        ctx.eps = eps
        return F.batch_norm(x, mean, var, weight, bias, training=False, eps=eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, invstd = ctx.saved_tensors
        needed = ctx.needs_input_grad[:3]
        dx, dweight, dbias = torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, None, None, mean, invstd, True, ctx.eps, needed
        )
        return dx, dweight, dbias, None, None, None
