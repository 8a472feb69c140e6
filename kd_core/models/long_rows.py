"""Convolutions along long rows, whose weights learn from short ones: exact, and faster on CPUs.

oneDNN takes up to four times as long for the gradient of the weights of one row of 20,000 to
200,000 positions as of the same positions in rows of a few hundred. That gradient is a sum over
positions, so the row is cut, with the samples that its pieces see beyond their ends. All else is
torch's own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812

LONG = 10_000  # positions of a row from which cutting pays
SHORT = 200  # of a piece, whose end alone sees zeros; as fast up to 1000
WIDE = 16  # channels below which it does not pay


def convolve(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    zeros: int,
    *,
    stride: int = 1,
    dilation: int = 1,
) -> Tensor:
    """Convolution along time, between as many zeros on both sides.

    Shapes: (B, C, 1, L), (C', C, 1, k), (C',) to (B, C', 1, L').
    """
    if stride == 1 and zeros <= SHORT and _pays(x, kernel):
        if kernel.shape[-1] == 1:  # for few outputs torch's own takes twice as long
            rows = F.linear(x.permute(0, 2, 3, 1), kernel[:, :, 0, 0], bias)
            return rows.permute(0, 3, 1, 2)
        of_long_rows: Callable[..., Tensor] = _OfLongRows.apply
        return of_long_rows(x, kernel, bias, zeros, dilation)
    return F.conv2d(x, kernel, bias, (1, stride), (0, zeros), (1, dilation))


def _pays(x: Tensor, kernel: Tensor) -> bool:
    """Whether the kernel is to learn, on a CPU, in its own precision, from rows that are long."""
    learns = torch.is_grad_enabled() and kernel.requires_grad
    large = x.shape[-1] >= LONG and kernel.shape[1] >= WIDE
    plain = x.dtype == kernel.dtype and not torch.is_autocast_enabled("cpu")
    eager = x.device.type == "cpu" and not torch.compiler.is_compiling()
    return learns and large and plain and eager


class _OfLongRows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, kernel: Tensor, bias: Tensor | None, zeros: int, dilation: int
    ) -> Tensor:
        ctx.save_for_backward(x, kernel)
        ctx.zeros, ctx.dilation = zeros, dilation
        return F.conv2d(x, kernel, bias, 1, (0, zeros), (1, dilation))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, kernel = ctx.saved_tensors
        of_x, *of_weights = ctx.needs_input_grad[:3]
        conv = _Between(kernel, ctx.zeros, ctx.dilation)
        dx = conv.gradients(gradient, x, (of_x, False, False))[0] if of_x else None
        without = conv._replace(zeros=0)  # the pieces have what they see
        parts = [
            without.gradients(out, seen, (False, *of_weights))[1:]
            for out, seen in _pieces(gradient, x, conv)
        ]
        dkernel, dbias = (_sum(of_one) for of_one in zip(*parts, strict=True))
        return dx, dkernel, dbias, None, None


class _Between(NamedTuple):
    """A convolution between zeros."""

    kernel: Tensor
    zeros: int
    dilation: int

    @property
    def beyond(self) -> int:
        """Positions that an output sees besides one."""
        return self.dilation * (self.kernel.shape[-1] - 1)

    def gradients(
        self, out: Tensor, x: Tensor, asked: Sequence[bool]
    ) -> tuple[Tensor | None, ...]:
        """Torch's own, of the input, the kernel and the bias, given that of the output."""
        padding, dilation = (0, self.zeros), (1, self.dilation)
        where = (self.kernel.shape[:1], (1, 1), padding, dilation, False, (0, 0), 1)
        found: tuple[Tensor | None, ...] = torch.ops.aten.convolution_backward(
            out, x, self.kernel, *where, asked
        )
        return found


def _pieces(gradient: Tensor, x: Tensor, conv: _Between) -> Iterator[tuple[Tensor, Tensor]]:
    """Gradients of outputs, (B', C', 1, L'), each beside all that these outputs see.

    The first and the last piece of a row are apart, as they see its zeros too.
    """
    zeros, beyond = conv.zeros, conv.beyond
    first, last = SHORT, (gradient.shape[-1] // SHORT - 1) * SHORT
    begins, ends = first - zeros, last - zeros  # what the pieces between them see
    yield gradient[..., :first], F.pad(x[..., : begins + beyond], (zeros, 0))
    between = _cut(x[..., begins : ends + beyond], SHORT + beyond)
    yield _cut(gradient[..., first:last], SHORT), between
    yield gradient[..., last:], F.pad(x[..., ends:], (0, zeros))


def _cut(x: Tensor, length: int) -> Tensor:
    """Pieces that begin every SHORT positions, (B, C, 1, L) -> (B * n, C, 1, length)."""
    rows = x.permute(0, 2, 3, 1).squeeze(1)  # (B, L, C)
    pieces = rows.unfold(1, length, SHORT).transpose(2, 3)  # (B, n, length, C), overlapping
    apart = pieces.contiguous().flatten(0, 1).unsqueeze(1)  # (B * n, 1, length, C)
    return apart.permute(0, 3, 1, 2)


def _sum(parts: Iterable[Tensor | None]) -> Tensor | None:
    """Of all, or None where nothing was asked for."""
    known = [part for part in parts if part is not None]
    return torch.stack(known).sum(0) if known else None
