"""U-Time's forward pass: its maps, how deep it runs, finer scores, inputs that are refused."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from benchmarks.naive_utime import NaiveUTime
from kd_core.batch import Outputs
from kd_core.models import MODELS, build_model, model_spec, tap_lengths
from kd_core.models.convolutions import UpsampledConvolution, padding
from kd_core.models.normalisation import Normalisation
from kd_core.models.utime_spec import UTimeSpec

S = 6000
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


def narrow(spec: UTimeSpec) -> UTimeSpec:
    """The same shape with two channels a level: quick, and it sees as much."""
    return replace(spec, filters=(2,) * spec.depth, bottleneck=2)


def run(spec: UTimeSpec, x: Tensor, **asked: Any) -> Outputs:
    """What a new network in eval mode gives."""
    with torch.no_grad():
        outputs: Outputs = build_model(spec, seed=0).eval()(x, **asked)
    return outputs


def scores(spec: UTimeSpec, x: Tensor, **asked: Any) -> Tensor:
    """Its logits alone."""
    logits = run(spec, x, **asked).logits
    assert logits is not None
    return logits


def noise(windows: int, segments: int) -> Tensor:
    return torch.randn(windows, 1, segments * S, generator=torch.Generator().manual_seed(1))


@EVERY_MODEL
@pytest.mark.parametrize("classes", [3, 4, 5])
def test_every_model_scores_every_segment_and_names_its_maps(name: str, classes: int) -> None:
    spec = narrow(model_spec(name, classes))
    outputs = run(spec, noise(2, 3), taps=spec.tap_names)
    assert outputs.logits is not None
    assert outputs.logits.shape == (2, classes, 3)
    assert {k: v.shape[-1] / 3 for k, v in outputs.taps.items()} == tap_lengths(spec)
    assert outputs.taps["dense"].shape[1] == classes


def both(spec: UTimeSpec) -> tuple[nn.Module, nn.Module]:
    """The network and the plain one, with the same weights and statistics, in float64."""
    ours, plain = build_model(spec, seed=0).double(), NaiveUTime(spec).double()
    drawn = torch.Generator().manual_seed(0)
    for name, buffer in ours.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5, generator=drawn)
    plain.load_state_dict(ours.state_dict())
    return ours, plain


def everything(network: nn.Module, x: Tensor, **asked: Any) -> dict[str, Tensor]:
    """Logits, maps, gradients and statistics after one pass forth and back, by name."""
    logits, taps = network(x, **asked)
    maps = torch.stack([tap.square().mean() for tap in taps.values()])
    torch.autograd.backward(logits.square().sum() + maps.sum())
    weights = [weight for _, weight in sorted(network.named_parameters())]
    gradients = [weight.grad.flatten() for weight in weights if weight.grad is not None]
    statistics = [v.flatten() for k, v in sorted(network.state_dict().items()) if "running" in k]
    return {
        **taps,
        "logits": logits,
        "gradients": torch.cat(gradients),
        "statistics": torch.cat(statistics),
    }


@pytest.mark.parametrize("name", ["reference", "context", "compact"])
@pytest.mark.parametrize(("training", "allowed"), [(False, 1e-12), (True, 1e-11)])
def test_what_it_gives_and_learns_is_what_the_plain_network_does(
    name: str, training: bool, allowed: float
) -> None:
    """In training the batch's statistics amplify rounding; the input's last bit does as much."""
    spec = replace(model_spec(name, 4), filters=(3, 4, 3, 5, 4), bottleneck=4)
    ours, plain = (network.train(training) for network in both(spec))
    found = everything(ours, noise(2, 3).double(), taps=spec.tap_names)
    wanted = everything(plain, noise(2, 3).double())
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert found[key].shape == value.shape
        assert (found[key] - value).abs().max() <= allowed * value.abs().max(), key


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 10, 11])
@pytest.mark.parametrize("pool", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("length", [1, 7])
def test_a_convolution_before_the_upsampling_equals_one_after_it(
    kernel: int, pool: int, length: int
) -> None:
    layer = UpsampledConvolution(3, 2, kernel, pool).double()
    x = torch.randn(2, 3, length, generator=torch.Generator().manual_seed(0)).double()
    fine = F.pad(x.repeat_interleave(pool, -1), padding(kernel))
    wanted = F.conv1d(fine, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x.unsqueeze(2)).squeeze(2), wanted, rtol=0, atol=1e-14)


@pytest.mark.parametrize("positions", [2, 7, 210_000])
def test_float32_statistics_of_any_number_of_positions_are_those_of_float64(
    positions: int,
) -> None:
    """Torch's own of channels-last maps are wrong by 7e-4 at 210,000 positions."""
    drawn = torch.Generator().manual_seed(0)
    x = torch.rand(2, 1, positions, 3, generator=drawn).permute(0, 3, 1, 2)  # channels last
    upstream = torch.randn(x.shape, generator=drawn)
    ours, wanted = Normalisation(3), nn.BatchNorm2d(3).double()
    given, wide = x.clone().requires_grad_(), x.double().requires_grad_()
    torch.autograd.backward(ours(given), upstream)
    torch.autograd.backward(wanted(wide), upstream.double())
    close = partial(torch.testing.assert_close, rtol=1e-5, atol=1e-5, check_dtype=False)
    close(ours(given), wanted(wide))
    close(given.grad, wide.grad)
    for name, value in ours.state_dict().items():
        close(value, wanted.state_dict()[name])
    for (_, weight), (_, other) in zip(
        ours.named_parameters(), wanted.named_parameters(), strict=True
    ):
        close(weight.grad, other.grad, rtol=1e-4, atol=1e-2)


@EVERY_MODEL
def test_every_map_lies_channels_last(name: str) -> None:
    spec = narrow(model_spec(name, 4))
    taps = run(spec, noise(1, 1), taps=spec.tap_names).taps
    assert {tap: map.stride(1) for tap, map in taps.items()} == dict.fromkeys(taps, 1)


@EVERY_MODEL
def test_a_gradient_reaches_every_weight(name: str) -> None:
    model = build_model(narrow(model_spec(name, 4)), seed=0).double()
    drawn = torch.Generator().manual_seed(0)
    for weight in model.parameters():  # positive, so that nothing dies in a ReLU; small, so that
        nn.init.uniform_(weight, 0.02, 0.04, generator=drawn)  # nothing saturates in the tanh
    torch.autograd.backward(model(noise(4, 3).double()).logits.square().sum())
    assert all(w.grad is not None and w.grad.any() for w in model.parameters())


@pytest.mark.parametrize(
    ("asked", "convolutions"),
    [
        ({"taps": ("encoder2",), "logits": False}, 4),
        ({"taps": ("encoder1", "encoder5"), "logits": False}, 10),
        ({"taps": ("bottleneck",), "logits": False}, 12),
        ({"taps": ("decoder5", "encoder1"), "logits": False}, 15),
        ({"taps": ("dense",), "logits": False}, 28),
        ({"taps": ("encoder1",), "logits": True}, 29),
        ({"taps": (), "logits": False}, 0),
    ],
)
def test_a_network_runs_only_as_deep_as_it_is_asked(asked: Any, convolutions: int) -> None:
    model = build_model(narrow(model_spec("reference", 4)), seed=0)
    calls: list[nn.Module] = []
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            layer.register_forward_hook(lambda layer, *_: calls.append(layer))
    outputs = model(noise(1, 1), **asked)
    assert len(calls) == convolutions
    assert set(outputs.taps) == set(asked["taps"])
    assert (outputs.logits is not None) == asked["logits"]


@EVERY_MODEL
def test_finer_scores_average_to_the_score_of_the_segment(name: str) -> None:
    spec, x = narrow(model_spec(name, 4)), noise(2, 3)
    segments, seconds = scores(spec, x), scores(spec, x, output_s=1)
    assert torch.equal(scores(spec, x, output_s=30.0), segments)
    assert seconds.shape == (2, 4, 90)
    torch.testing.assert_close(seconds.reshape(2, 4, 3, 30).mean(-1), segments)


def test_two_segments_hold_three_scores_of_twenty_seconds() -> None:
    spec = model_spec("tiny", 4)
    assert scores(spec, noise(1, 2), output_s=20).shape == (1, 4, 3)
    with pytest.raises(ValueError, match="output_s 20 does not cut a window of 30 s evenly"):
        run(spec, noise(1, 1), output_s=20)


@pytest.mark.parametrize("output_s", [0, -30, 0.05, 7, 60, float("nan"), float("inf")])
def test_scores_that_do_not_fit_the_window_are_refused(output_s: float) -> None:
    with pytest.raises(ValueError, match=r"allowed are its divisors .* multiples of 0\.1 s"):
        run(model_spec("tiny", 4), noise(1, 1), output_s=output_s)


def test_context_crosses_segments_but_not_windows() -> None:
    spec, x = model_spec("tiny", 4), noise(2, 3)
    changed = x.clone()
    changed[1, 0, :S] += 1.0  # the first segment of the second window
    before, after = scores(spec, x), scores(spec, changed)
    assert torch.equal(before[0], after[0])
    assert (before[1] != after[1]).any(0).all()  # in every segment of the window


def test_half_precision_gives_about_the_same_scores() -> None:
    spec, x = model_spec("tiny", 4), noise(2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        rough = scores(spec, x)
    torch.testing.assert_close(rough.float(), scores(spec, x), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("shape", [(1, S), (2, 2, S), (2, 1, S - 1), (2, 1, 0)])
def test_an_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"found input of shape .* allowed is \(B, 1, T\*6000\)"):
        run(model_spec("tiny", 4), torch.zeros(shape))


def test_an_unknown_tap_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no taps \['encoder9'\]; allowed: .*'encoder1'"):
        run(model_spec("tiny", 4), noise(1, 1), taps=["encoder9", "dense"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pools": (7, 2, 2, 2, 2)}, "must divide the 6000 samples"),
        ({"pools": (3, 2)}, "differ in length"),
        ({"filters": (), "pools": ()}, "a number for each level"),
        ({"classes": 0}, "not a whole number of at least 1"),
        ({"kernel": 2.5}, "not a whole number of at least 1"),
        ({"stem_stride": 5}, "leaves samples unseen"),
        ({"activation": "sine"}, "allowed: .'elu', 'relu'."),
    ],
)
def test_a_spec_that_cannot_be_built_is_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(model_spec("reference", 4), **change)
