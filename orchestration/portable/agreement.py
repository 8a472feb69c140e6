"""Whether a network says the same in every format; torch's logits are what is right."""

from collections.abc import Iterator, Mapping
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from orchestration.portable.signals import drawn_night
from orchestration.portable.words import ROUNDING
from orchestration.staging.pieces import Network
from orchestration.staging.spec import StagingSpec

SEGMENTS = (1, 4, 37)  # the lengths of nights that are compared
ALLOWED = 1e-4  # between logits
ROUNDED = 2.0  # times torch's own rounding, where that is more: nothing can be nearer to it


def check_agreement(
    exact: Network, expected: Network, others: Mapping[str, Network], spec: StagingSpec
) -> dict[str, float]:
    """The largest difference of each format's logits from those of torch, and torch's rounding.

    Args:
        exact: the network in torch in float64.
        expected: the network in torch.
        others: name of a format -> the network in it.

    Raises:
        ValueError: one is further away than ALLOWED, and than rounding can explain.
    """
    largest = dict.fromkeys([*others, ROUNDING], 0.0)
    for segments in SEGMENTS:
        for signal in signals(spec, segments):
            logits = expected(signal)
            largest[ROUNDING] = max(largest[ROUNDING], _apart(exact(signal), logits))
            for name, network in others.items():
                largest[name] = max(largest[name], _apart(network(signal), logits))
    for name in others:
        _check(name, largest[name], largest[ROUNDING])
    return largest


def in_double(module: nn.Module) -> Network:
    """A copy of a network of logits a second, in float64."""
    double = deepcopy(module).double().eval()

    @torch.inference_mode()
    def logits(samples: np.ndarray) -> np.ndarray:
        found: np.ndarray = double(torch.from_numpy(samples).double()[None, None])[0].numpy()
        return found

    return logits


def signals(spec: StagingSpec, segments: int) -> Iterator[np.ndarray]:
    """A drawn heart, noise, noise at the limits and silence, (segments * S,) float32 each."""
    rng, samples = np.random.default_rng(segments), segments * spec.segment_samples
    limit = spec.limit or 1.0
    noise = rng.standard_normal(samples, dtype=np.float32)
    yield drawn_night(spec, segments, seed=segments)
    yield noise
    yield np.clip(limit * noise, -limit, limit)
    yield np.zeros_like(noise)


def _apart(found: np.ndarray, logits: np.ndarray) -> float:
    return float(np.abs(found - logits).max())


def _check(name: str, difference: float, rounding: float) -> None:
    allowed = max(ALLOWED, ROUNDED * rounding)
    if not difference <= allowed:
        raise ValueError(
            f"the {name} file says something else than torch: logits differ by {difference:.2g}, "
            f"allowed are {allowed:.2g}. Nothing was exported. Install the versions of torch, "
            "onnx and onnxruntime that pyproject.toml names."
        )
