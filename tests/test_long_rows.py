"""Convolutions whose kernels learn by products: held to torch's own gradients, in float64."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from kd_core.models.long_rows import LARGE, NARROW, PIECE, WIDE, convolve

LONG = -(-LARGE // WIDE // PIECE) * PIECE  # positions, whole pieces


def rows(batch: int, channels: int, length: int) -> Tensor:
    """Random ones, channels last."""
    return torch.randn(batch, 1, length, channels, dtype=torch.float64).permute(0, 3, 1, 2)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("length", [LONG, LONG + 1, LONG + PIECE - 1, 2 * LONG + 77])
@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "zeros", "dilation"),
    [
        (WIDE, WIDE, 5, 2, 1),
        (16, 16, 5, 18, 9),
        (NARROW, 3, 3, 1, 1),
        (NARROW + 1, 3, 3, 1, 1),
        (20, 7, 2, 1, 1),
        (16, 4, 1, 0, 1),
        (17, 3, 9, 0, 2),
    ],
)
@pytest.mark.parametrize("learns", ["all", "no bias", "weights alone"])
def test_all_learn_what_they_learn_from_the_whole_row(
    batch: int,
    length: int,
    inputs: int,
    outputs: int,
    kernel: int,
    zeros: int,
    dilation: int,
    learns: str,
) -> None:
    torch.manual_seed(length)
    x = rows(batch, inputs, length).requires_grad_(learns != "weights alone")
    weight = torch.randn(outputs, inputs, 1, kernel, dtype=torch.float64).requires_grad_()
    bias = torch.randn(outputs, dtype=torch.float64).requires_grad_(learns != "no bias")
    given = None if learns == "no bias" else bias
    asked = [part for part in (x, weight, bias) if part.requires_grad]
    expected = F.conv2d(x, weight, given, 1, (0, zeros), (1, dilation))
    found = convolve(x, weight, given, zeros, dilation=dilation)
    assert found.grad_fn is not None
    assert type(found.grad_fn) is not type(expected.grad_fn)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    gradient = torch.randn_like(expected)
    for ours, other in zip(
        torch.autograd.grad(found, asked, gradient),
        torch.autograd.grad(expected, asked, gradient),
        strict=True,
    ):
        torch.testing.assert_close(ours, other, rtol=0, atol=1e-12 * float(other.abs().max()))


@pytest.mark.parametrize("dilation", [PIECE // 2, PIECE // 2 + 1, 400])
def test_outputs_that_see_further_than_a_piece_learn_the_same(dilation: int) -> None:
    torch.manual_seed(dilation)
    x, weight = rows(1, 16, LONG), torch.randn(16, 16, 1, 5, dtype=torch.float64).requires_grad_()
    found = convolve(x, weight, None, 2 * dilation, dilation=dilation)
    expected = F.conv2d(x, weight, None, 1, (0, 2 * dilation), (1, dilation))
    gradient = torch.randn_like(expected)
    (ours,), (other,) = (torch.autograd.grad(of, weight, gradient) for of in (found, expected))
    torch.testing.assert_close(ours, other, rtol=0, atol=1e-12 * float(other.abs().max()))


def test_float32_gradients_err_no_more_than_torchs_own() -> None:
    torch.manual_seed(0)
    x, gradient = rows(2, 32, 21_000), rows(2, 32, 21_000)
    weight = torch.randn(32, 32, 1, 5, dtype=torch.float64)

    def learnt(dtype: torch.dtype, ours: bool) -> Tensor:
        kernel = weight.to(dtype).requires_grad_()
        seen = x.to(dtype)
        out = convolve(seen, kernel, None, 2) if ours else F.conv2d(seen, kernel, padding=(0, 2))
        return torch.autograd.grad(out, kernel, gradient.to(dtype))[0].double()

    exact = learnt(torch.float64, ours=False)
    ours, other = (float((learnt(torch.float32, o) - exact).abs().max()) for o in (True, False))
    assert ours <= 2 * other


def test_bfloat16_and_what_does_not_learn_are_left_to_torch() -> None:
    x, weight = rows(1, 16, LONG).float(), torch.randn(16, 16, 1, 5)
    assert convolve(x, weight, None, 2).grad_fn is None
    weight.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        half = convolve(x, weight, None, 2)
    assert half.dtype == torch.bfloat16
    (learnt,) = torch.autograd.grad(half.sum(), weight)
    assert learnt.dtype == torch.float32
