"""A stager whose network is drawn, not trained: its answers mean nothing, but differ."""

from functools import cache

import numpy as np
import torch

from kd_core.by_second import sight_of_a_second
from kd_core.models import ModelSpec, model_spec
from orchestration.staging.pieces import Network
from orchestration.staging.spec import StagingSpec
from orchestration.staging.stager import Stager
from tests.exported import settled

CLASSES = ("W", "L", "D", "R")


@cache
def a_stager(
    model: str = "tiny", scaling: str = "night", dtype: torch.dtype = torch.float32
) -> Stager:
    """A network of that preset whose answers vary over a night."""
    spec = model_spec(model, len(CLASSES))
    return Stager(staging_spec(spec, scaling), network_of(spec, dtype))


def staging_spec(spec: ModelSpec, scaling: str) -> StagingSpec:
    """How it is fed."""
    sight = sight_of_a_second(spec)
    return StagingSpec(
        name="drawn",
        classes=CLASSES,
        hz=spec.hz,
        segment_samples=spec.segment_samples,
        scaling=scaling,
        limit=20.0,
        before_samples=sight.before,
        after_samples=sight.after,
    )


def network_of(spec: ModelSpec, dtype: torch.dtype) -> Network:
    """Its logits a second, by torch, for one night."""
    model = settled(spec).to(dtype)

    @torch.inference_mode()
    def logits(samples: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(np.ascontiguousarray(samples)).reshape(1, 1, -1).to(dtype)
        found: np.ndarray = model(x, output_s=1).logits[0].numpy()
        return found

    return logits
