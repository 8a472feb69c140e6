"""A trained network where filters go: for scaled segments, and for whole recordings."""

import numpy as np
import torch
from torch import nn

from kd_core.models import count, macs
from kd_core.models.lde_field import halo
from kd_core.models.lde_spec import LdeSpec
from kd_core.predict import moved_to, outputs_of
from orchestration.denoising.classical import Denoiser, Whole
from orchestration.staging.denoiser import Denoiser as WholeDenoiser
from orchestration.staging.denoiser_spec import DenoiserSpec

ROWS = 128  # segments at a time


def network_denoiser(model: nn.Module) -> Denoiser:
    """What the network says of segments that are scaled as it was trained; it goes to eval."""

    @torch.no_grad()
    def denoise(noisy: np.ndarray, hz: float) -> np.ndarray:
        model.eval()
        blocks = [_said(model, noisy[k : k + ROWS]) for k in range(0, len(noisy), ROWS)]
        return np.concatenate([np.zeros((0, noisy.shape[-1]), noisy.dtype), *blocks])

    return denoise


def _said(model: nn.Module, rows: np.ndarray) -> np.ndarray:
    """(m, S) to the same."""
    x = moved_to(model, torch.from_numpy(np.ascontiguousarray(rows)).unsqueeze(1))
    signal = outputs_of(model, x, (), True, False).logits
    assert signal is not None
    return np.asarray(signal.squeeze(1).cpu().numpy(), rows.dtype)


def whole_network(model: nn.Module, spec: LdeSpec) -> Whole:
    """The network for recordings of any rate and length, as an exported denoiser is used."""
    segments = network_denoiser(model)
    known = DenoiserSpec(
        name=spec.kind,
        hz=spec.hz,
        stride=spec.stride,
        halo=halo(spec),
        segment_samples=spec.segment_samples,
        parameters=count(spec),
        macs=macs(spec),
    )
    return WholeDenoiser(known, lambda samples: segments(samples[None], spec.hz), "").whole
