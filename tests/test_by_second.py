"""A network's logits a second: their mean is the segment's, and they see what is said they see."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from kd_core.by_second import BySecond, Sight, sight_of_a_second
from kd_core.models import ModelSpec, build_model, model_spec
from kd_core.models.normalisation import Normalisation
from tests.test_utime_field import narrow

S, HZ = 6000, 200
MODELS = pytest.mark.parametrize("name", ["tiny", "compact", "context-half"])


def settled(spec: ModelSpec) -> nn.Module:
    """A network in float64 whose norms have seen something."""
    model = build_model(spec, seed=1).double()
    for module in model.modules():
        if isinstance(module, Normalisation):
            module.momentum = 1.0
    with torch.no_grad():
        model(noise(4))
    return model.eval()


def noise(segments: int, nights: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(nights, 1, segments * S, generator=generator, dtype=torch.float64)


@MODELS
@torch.no_grad()
def test_a_segments_logits_are_the_mean_of_its_seconds(name: str) -> None:
    spec = narrow(model_spec(name, 4))
    model, x = settled(spec), noise(3, nights=2)
    seconds = BySecond(model, spec)(x)
    assert seconds.shape == (2, 4, 90)
    means = seconds.reshape(2, 4, 3, 30).mean(-1)
    torch.testing.assert_close(means, model(x).logits, rtol=0, atol=1e-14)


@MODELS
def test_a_second_sees_to_the_last_sample_of_its_sight(name: str) -> None:
    spec = narrow(model_spec(name, 4))
    sight = sight_of_a_second(spec)
    assert reached(spec, Sight(sight.before, sight.after)) == (True, True)


@MODELS
def test_a_second_sees_nothing_beyond_its_sight(name: str) -> None:
    spec = narrow(model_spec(name, 4))
    sight = sight_of_a_second(spec)
    assert reached(spec, Sight(sight.before + 1, sight.after + 1)) == (False, False)


def reached(spec: ModelSpec, distance: Sight) -> tuple[bool, bool]:
    """Whether an impulse so far before a second, and one so far behind it, changes any second.

    All seconds of a period are tried. All weights are positive, so that nothing cancels.
    """
    model = build_model(spec, seed=0).double().eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            layer.weight.data.abs_()
    before, after = -(-distance.before // S) + 1, -(-distance.after // S) + 1  # segments of room
    period = math.lcm(spec.hz, spec.stride) // HZ
    seconds = before * S // HZ + torch.arange(period)
    x = torch.zeros(2, period, (before + period * HZ // S + 1 + after) * S, dtype=torch.float64)
    x[0, torch.arange(period), seconds * HZ - distance.before] = 1.0
    x[1, torch.arange(period), (seconds + 1) * HZ - 1 + distance.after] = 1.0
    with torch.no_grad():
        logits = BySecond(model, spec)(x.reshape(2 * period, 1, -1))
    changed = logits.ne(0).any(1).reshape(2, period, -1)  # (2 * period, K, s) -> (2, period, s)
    early, late = (changed[side, torch.arange(period), seconds].any() for side in (0, 1))
    return bool(early), bool(late)


def test_a_stride_that_divides_no_second_is_refused() -> None:
    spec = replace(model_spec("compact", 4), stem_stride=15, stem_kernel=30, pools=(5, 5, 2, 2, 2))
    with pytest.raises(
        ValueError, match=r"200 Hz with stem_stride 15 .* cannot answer every second"
    ):
        sight_of_a_second(spec)
