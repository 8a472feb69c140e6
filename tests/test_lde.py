"""U-Lde-net: published sizes, its maps, how deep it runs, what a sample sees, chunks, ONNX."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.flop_counter import FlopCounterMode

from kd_core.batch import Outputs
from kd_core.models import (
    DENOISERS,
    build_model,
    count,
    denoiser_spec,
    macs,
    receptive_field,
    tap_lengths,
)
from kd_core.models.lde_field import halo, samples_seen
from kd_core.models.lde_layers import ChannelSum, LocalExtremes, local_maximum, upsampled
from kd_core.models.lde_spec import LdeSpec
from kd_core.models.normalisation import Normalisation
from orchestration.portable.formats import program_of, write_onnx

LIGHT, STRIDE = LdeSpec(), LdeSpec().stride
UNEVEN = replace(
    LIGHT,
    kernels=(5, 3, 5, 1),
    dilations=(2, 1, 3, 2),
    grouped_dilations=(1, 3, 2, 5),
    strides=(3, 4, 1),
    compress_kernels=(5, 7, 1),
)
SMALL = LdeSpec(  # two levels: a third of the time to export
    channels=(4, 4),
    kernels=(5, 3),
    groups=(2, 1),
    dilations=(1, 2),
    grouped_dilations=(2, 3),
    strides=(5,),
    compress_kernels=(6,),
    windows=(9,),
)
EVERY_DENOISER = pytest.mark.parametrize("name", DENOISERS)


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def settled(spec: LdeSpec) -> nn.Module:
    """A network of which no weight or statistic is as it was made, in eval mode."""
    model, drawn = build_model(spec, seed=0), torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, LocalExtremes | ChannelSum):  # both begin as 0
            layer.weight.data.normal_(0, 0.3, generator=drawn)
        if isinstance(layer, Normalisation):
            layer.momentum = 1.0  # what it saw last is what it knows
    with torch.no_grad():
        model(noise(8, 1, 3600))
    return model.eval()


@torch.no_grad()
def denoised(model: nn.Module, x: Tensor) -> Tensor:
    logits: Tensor = model(x).logits
    return logits


@pytest.mark.parametrize(
    ("name", "parameters", "operations"),
    [("u-lde-net", 6_895, 6_615_360), ("u-lde-net-teacher", 190_241, 197_012_160)],
)
def test_the_sizes_are_the_published_ones(name: str, parameters: int, operations: int) -> None:
    """6.9 K and 6.6 M are the paper's, of 10 s; the teacher's are this design's."""
    spec = denoiser_spec(name)
    assert (spec.hz, spec.segment_samples) == (360, 3600)
    assert (count(spec), macs(spec)) == (parameters, operations)


@EVERY_DENOISER
def test_torch_counts_the_convolutions_alike(name: str) -> None:
    """Two operations an accumulation; it does not see the mixes, which run as sums."""
    spec = denoiser_spec(name)
    with FlopCounterMode(display=False) as counter:
        build_model(spec, seed=0).eval()(torch.ones(1, 1, 3600))
    mixes = sum(3 * c * n for c, n in zip(spec.channels, (3600, 720, 360), strict=False))
    assert macs(spec) == counter.get_total_flops() / 2 + mixes


@EVERY_DENOISER
def test_it_gives_a_signal_as_long_as_its_input_and_its_maps_by_name(name: str) -> None:
    spec = denoiser_spec(name)
    outputs: Outputs = build_model(spec, seed=0)(noise(2, 1, 3600), taps=spec.tap_names)
    assert outputs.logits is not None
    assert outputs.logits.shape == (2, 1, 3600)
    assert spec.tap_names == (
        *("encoder1", "encoder2", "encoder3", "bottleneck"),
        *("decoder3", "decoder2", "decoder1"),
    )
    assert {tap: map.shape[-1] for tap, map in outputs.taps.items()} == tap_lengths(spec)
    assert {map.stride(1) for map in outputs.taps.values()} == {1}  # channels last


@pytest.mark.parametrize(
    ("asked", "convolutions"),
    [
        ({"taps": ("encoder1",), "logits": False}, 2),
        ({"taps": ("encoder2",), "logits": False}, 5),
        ({"taps": ("bottleneck", "encoder1"), "logits": False}, 11),
        ({"taps": ("decoder3",), "logits": False}, 14),
        ({"taps": ("encoder1",), "logits": True}, 21),
        ({"taps": (), "logits": False}, 0),
    ],
)
def test_it_runs_only_as_deep_as_it_is_asked(asked: Any, convolutions: int) -> None:
    model = build_model(LIGHT, seed=0)
    calls: list[nn.Module] = []
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            layer.register_forward_hook(lambda layer, *_: calls.append(layer))
    outputs = model(noise(1, 1, 60), **asked)
    assert len(calls) == convolutions
    assert set(outputs.taps) == set(asked["taps"])
    assert (outputs.logits is not None) == asked["logits"]


def test_a_network_begins_by_saying_nothing() -> None:
    assert not build_model(LIGHT, seed=0)(noise(2, 1, 600)).logits.any()


def test_a_gradient_reaches_every_weight() -> None:
    model = settled(LIGHT).train()
    torch.autograd.backward(model(noise(4, 1, 600)).logits.square().sum())
    assert all(w.grad is not None and w.grad.any() for w in model.parameters())


@pytest.mark.parametrize("window", [1, 3, 5, 9, 15, 25, 7 * 9])
@pytest.mark.parametrize("learning", [False, True])
def test_a_local_maximum_is_the_largest_around_each_position(window: int, learning: bool) -> None:
    x = noise(2, 3, 1, 40).requires_grad_(learning)
    wide = np.pad(x.detach().numpy(), [(0, 0)] * 3 + [(window // 2,) * 2], constant_values=-np.inf)
    wanted = np.lib.stride_tricks.sliding_window_view(wide, window, axis=3).max(-1)
    assert np.array_equal(local_maximum(x, window).detach().numpy(), wanted)


def test_local_extremes_are_a_grouped_convolution_of_the_three_maps() -> None:
    layer, x = LocalExtremes(4, 9), noise(2, 4, 1, 50)
    low = -F.max_pool1d(-x.squeeze(2), 9, 1, 4)
    maps = torch.stack([x.squeeze(2), F.max_pool1d(x.squeeze(2), 9, 1, 4), low], 2)
    mix = F.conv1d(maps.flatten(1, 2), layer.weight, layer.bias, groups=4)
    torch.testing.assert_close(layer(x).squeeze(2), x.squeeze(2) + mix)


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
def test_upsampling_is_the_interpolation_of_torch(factor: int) -> None:
    x = noise(2, 3, 1, 7).double()
    wanted = F.interpolate(x.squeeze(2), scale_factor=factor, mode="linear")
    torch.testing.assert_close(upsampled(x, factor).squeeze(2), wanted, rtol=0, atol=1e-14)


@pytest.mark.parametrize("spec", [LIGHT, UNEVEN])
def test_a_map_depends_on_the_samples_in_its_receptive_field_and_no_others(spec: LdeSpec) -> None:
    """An impulse shows where all weights are positive, so that nothing cancels."""
    model = build_model(spec, seed=0).double().eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            layer.weight.data.abs_().add_(0.1)
    touched = range(1200, 1200 + spec.stride)
    x = torch.zeros(len(touched), 1, 2400, dtype=torch.float64)
    x[range(len(touched)), 0, touched] = 1.0
    with torch.no_grad():
        taps = model(x, taps=spec.tap_names, logits=False).taps
    for tap, map in taps.items():
        first, last = samples_seen(spec, tap, np.arange(map.shape[-1]))
        expected = [(first <= sample) & (sample <= last) for sample in touched]
        assert np.array_equal((map != 0).any(1).numpy(), expected), tap
        assert (last - first).max() + 1 == receptive_field(spec, tap)


@EVERY_DENOISER
@pytest.mark.parametrize(("dtype", "allowed"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
def test_chunks_with_a_halo_give_what_the_whole_signal_gives(
    name: str, dtype: torch.dtype, allowed: float
) -> None:
    spec = denoiser_spec(name)
    model, around = settled(spec).to(dtype), halo(spec)
    x = noise(1, 1, 3 * 600 + 2 * around).to(dtype)
    whole = denoised(model, x)[..., around:-around]
    for start in range(0, 3 * 600, 600):
        chunk = x[..., start : start + 600 + 2 * around]
        found = denoised(model, chunk)[..., around:-around]
        assert (found - whole[..., start : start + 600]).abs().max() < allowed
    assert around % STRIDE == 0
    assert receptive_field(spec) <= 2 * around + 1 < receptive_field(spec) + 2 * 2 * STRIDE


def test_upsampling_is_right_where_float32_no_longer_tells_samples_apart() -> None:
    fine = upsampled(torch.arange(8.0).repeat(100_000).view(1, 1, 1, -1), 5)
    assert torch.equal(fine[..., -80:-40], fine[..., 40:80])


@pytest.mark.slow
def test_onnx_of_any_length_agrees(tmp_path: Path) -> None:
    model = settled(SMALL)
    write_onnx(program_of(OnlySignal(model).eval(), SMALL.stride), tmp_path / "lde.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "lde.onnx")
    for shape in ((1, 1, 3600), (3, 1, 5), (2, 1, 7205)):
        (found,) = session.run(None, {"samples": noise(*shape).numpy()})
        assert np.abs(found - denoised(model, noise(*shape)).numpy()).max() < 1e-4


class OnlySignal(nn.Module):
    """A denoiser whose answer is a tensor, as other runtimes want it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        signal: Tensor = self.network(samples).logits
        return signal


def test_half_precision_gives_about_the_same_signal() -> None:
    model, x = settled(LIGHT), noise(2, 1, 1200)
    with torch.autocast("cpu", torch.bfloat16):
        rough = denoised(model, x)
    torch.testing.assert_close(rough.float(), denoised(model, x), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("shape", [(1, 3600), (2, 2, 3600), (2, 1, 3610), (2, 1, 0)])
def test_an_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"found input of shape .* N is a multiple of 20"):
        build_model(LIGHT)(torch.zeros(shape))


def test_an_unknown_tap_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no taps \['dense'\]; allowed: .*'encoder1'"):
        build_model(LIGHT)(noise(1, 1, 20), taps=["dense", "decoder1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": (6, 8, 16)}, "have .3, 4, 4, 4, 4. levels"),
        ({"windows": (25,)}, "and the others one fewer"),
        ({"channels": (), "kernels": (), "groups": ()}, "at least two"),
        ({"channels": (6, 8, 16, 10)}, r"groups .* must divide the channels"),
        ({"kernels": (9, 7, 3, 2)}, "must be odd"),
        ({"windows": (25, 15, 8)}, "must be odd"),
        ({"compress_kernels": (4, 3, 3)}, "leave positions unseen"),
        ({"strides": (5, 2, 7), "compress_kernels": (5, 3, 7)}, "must divide the 3600 samples"),
        ({"channels": [6, 8, 16, 16]}, "not whole numbers"),
        ({"hz": 0}, "not whole numbers of at least 1"),
        ({"kernels": (9, 7, 3, 3.0)}, "not whole numbers of at least 1"),
    ],
)
def test_a_spec_that_cannot_be_built_is_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LIGHT, **change)
