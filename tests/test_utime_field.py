"""The receptive field that is computed is the one an impulse shows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from kd_core.models import MODELS, build_model, model_spec, receptive_field
from kd_core.models.utime_field import samples_seen
from kd_core.models.utime_spec import UTimeSpec

S = 6000
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


def narrow(spec: UTimeSpec) -> UTimeSpec:
    """The same shape with two channels a level: quick, and it sees as much."""
    return replace(spec, filters=(2,) * spec.depth, bottleneck=2)


@EVERY_MODEL
@pytest.mark.parametrize("tap", ["encoder1", "bottleneck", "dense"])
def test_a_map_depends_on_the_samples_in_its_receptive_field_and_no_others(
    name: str, tap: str
) -> None:
    spec = narrow(model_spec(name, 4))
    T = -(-2 * receptive_field(spec) // S) + 2  # room for a whole field on either side
    touched = T * S // 2 + 17  # one sample that is not zero
    reached = responses(spec, T, touched)[tap]
    first, last = samples_seen(spec, tap, np.arange(len(reached)))
    expected = (first <= touched) & (touched <= last)
    assert 0 < expected.sum() < len(reached)
    assert np.array_equal(reached, expected)
    assert (last - first).max() + 1 == receptive_field(spec, tap)


def responses(spec: UTimeSpec, segments: int, touched: int) -> dict[str, np.ndarray]:
    """Where an impulse shows in each map if all weights are positive, so that nothing cancels."""
    model = build_model(spec, seed=0).double().eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            layer.weight.data.abs_()
    x = torch.zeros(1, 1, segments * S, dtype=torch.float64)
    x[0, 0, touched] = 1.0
    with torch.no_grad():
        taps = model(x, taps=spec.tap_names, logits=False).taps
    return {name: (tap[0] != 0).any(0).numpy() for name, tap in taps.items()}
