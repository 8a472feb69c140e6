"""Convolutions along long rows, whose kernels learn by products of matrices: exact, and faster.

The gradient of a kernel's sample is such a product: the gradients of the outputs, and the inputs
that the sample was laid on. On CPUs oneDNN, which does not see it so, takes up to five times as
long along one row of 20,000 to 200,000 positions. Of few channels a product is slow as well; there
the row is cut into pieces, with which oneDNN is fast, and products add what lies across the cuts.
All else is torch's own.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812

LARGE = 150_000  # values of a row from which it pays, in channels and positions
WIDE = 8  # channels below which it does not
NARROW = 32  # channels up to which a row is cut
PIECE = 300  # positions, as many as a segment has at 10 Hz; from 100 to 500 as fast

Pair = tuple[Tensor, Tensor]


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
    if stride == 1 and _pays(x, kernel):
        if kernel.shape[-1] == 1:  # for few outputs torch's own takes twice as long
            rows = F.linear(x.permute(0, 2, 3, 1), kernel[:, :, 0, 0], bias)
            return rows.permute(0, 3, 1, 2)
        of_long_rows: Callable[..., Tensor] = _OfLongRows.apply
        return of_long_rows(x, kernel, bias, zeros, dilation)
    return F.conv2d(x, kernel, bias, (1, stride), (0, zeros), (1, dilation))


def _pays(x: Tensor, kernel: Tensor) -> bool:
    """Whether the kernel is to learn, on a CPU, in its own precision, from rows that are long."""
    learns = torch.is_grad_enabled() and kernel.requires_grad
    large = x.shape[1] >= WIDE and x.shape[1] * x.shape[-1] >= LARGE
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
        dkernel, dbias = conv.of_weights(gradient, x, of_weights)
        return dx, dkernel, dbias, None, None


class _Between(NamedTuple):
    """A convolution between zeros."""

    kernel: Tensor
    zeros: int
    dilation: int

    @property
    def ahead(self) -> list[int]:
        """How far after its own position an output sees, for each sample of the kernel."""
        return [sample * self.dilation - self.zeros for sample in range(self.kernel.shape[-1])]

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

    def of_weights(
        self, out: Tensor, x: Tensor, asked: Sequence[bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Those of the kernel and the bias."""
        told, seen = _rows(out), _rows(x)
        if self._cuts(out.shape[-1]):
            told, seen = (
                rows.reshape(len(rows), -1, PIECE, rows.shape[2]) for rows in (told, seen)
            )
            _, within, dbias = self.gradients(_maps(told), _maps(seen), (False, *asked))
            if within is not None:
                within += self._products(_beyond, told, seen)
            return within, dbias
        dkernel = self._products(_within, told, seen) if asked[0] else None
        return dkernel, out.sum((0, 2, 3)) if asked[1] else None

    def _cuts(self, outputs: int) -> bool:
        """Whether pieces are faster than products, and each has as many inputs as outputs."""
        few = max(self.kernel.shape[:2]) <= NARROW
        near = -self.ahead[0] == self.ahead[-1] <= PIECE
        return few and near and outputs % PIECE == 0

    def _products(self, pairs: Callable[..., Pair], told: Tensor, seen: Tensor) -> Tensor:
        """Of outputs' gradients and what these saw, for each sample; (C', C, 1, k)."""
        found = [_product(*pairs(told, seen, ahead)) for ahead in self.ahead]
        return torch.stack(found).permute(1, 2, 0).unsqueeze(2)


def _within(told: Tensor, seen: Tensor, ahead: int) -> Pair:
    """The outputs of (B, L', C') that have an input of (B, L, C) so far ahead, and these."""
    first = max(0, -ahead)
    last = max(first, min(told.shape[1], seen.shape[1] - ahead))
    return told[:, first:last], seen[:, first + ahead : last + ahead]


def _beyond(told: Tensor, seen: Tensor, ahead: int) -> Pair:
    """The same of pieces (B, n, PIECE, C), where the input is in the piece before or after."""
    if ahead < 0:
        return told[:, 1:, :-ahead], seen[:, :-1, ahead:]
    return told[:, :-1, PIECE - ahead :], seen[:, 1:, :ahead]


def _product(told: Tensor, seen: Tensor) -> Tensor:
    """Sum over positions, (B, ..., C') and (B, ..., C) -> (C', C)."""
    told, seen = (rows.flatten(1, -2) for rows in (told, seen))
    return torch.bmm(told.transpose(1, 2), seen).sum(0)


def _rows(x: Tensor) -> Tensor:
    """(B, C, 1, L) -> (B, L, C), without a copy where channels lie last."""
    return x.permute(0, 2, 3, 1).squeeze(1)


def _maps(pieces: Tensor) -> Tensor:
    """(B, n, L, C) -> (B * n, C, 1, L), without a copy."""
    return pieces.flatten(0, 1).unsqueeze(1).permute(0, 3, 1, 2)
