"""A denoiser whose network is drawn, not trained: what it gives means nothing, but differs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from kd_core import checkpoint
from kd_core.models import build_model, denoiser_spec
from kd_core.models.lde_field import halo
from kd_core.models.lde_layers import ChannelSum
from kd_core.models.normalisation import Normalisation
from orchestration.portable.denoiser import export_denoiser
from orchestration.staging.denoiser import Denoiser
from orchestration.staging.denoiser_spec import DenoiserSpec

NAME = "u-lde-net"


def settled_denoiser() -> nn.Module:
    """The light network, whose norms have seen something and whose head says something."""
    model = build_model(denoiser_spec(NAME), seed=1)
    drawn = torch.Generator().manual_seed(1)
    for weight in model.get_submodule("head").parameters():  # 0 before training
        nn.init.uniform_(weight, -0.5, 0.5, generator=drawn)
    for module in model.modules():
        if isinstance(module, ChannelSum):  # begins as 0
            module.weight.data.normal_(0, 0.3, generator=torch.Generator().manual_seed(1))
        if isinstance(module, Normalisation):
            module.momentum = 1.0  # what they saw last is what they know
    with torch.no_grad():
        model(torch.randn(4, 1, 3600, generator=torch.Generator().manual_seed(0)))
    return model.eval()


def a_denoisers_checkpoint(folder: Path, **extra: Any) -> Path:
    """A bare checkpoint in a folder."""
    checkpoint.save(folder, denoiser_spec(NAME), settled_denoiser(), extra)
    return folder


def an_exported_denoiser(folder: Path) -> None:
    """The checkpoint of a phase, and "denoiser", its export: it takes ten seconds."""
    made = a_denoisers_checkpoint(folder / "checkpoint", trained_on="101 <b>")
    (made / "spec.json").write_text(
        json.dumps({"phase": "distilled", "data": {"a": "b"}, "turn": 2})
    )
    scores = {"score": 1.5, "group 1": {"SNR": 10.25, "bad": None}}
    (made / "scores.json").write_text(json.dumps(scores))
    export_denoiser(made, folder / "denoiser")


@cache
def a_denoiser() -> Denoiser:
    """The same by torch, without a folder."""
    spec, model = denoiser_spec(NAME), settled_denoiser()

    @torch.inference_mode()
    def network(samples: np.ndarray) -> np.ndarray:
        found: np.ndarray = model(torch.from_numpy(samples)[None, None]).logits[0].numpy()
        return found

    told = DenoiserSpec(
        name="drawn",
        hz=spec.hz,
        stride=spec.stride,
        halo=halo(spec),
        segment_samples=spec.segment_samples,
        parameters=6895,
        macs=6615360,
    )
    return Denoiser(told, network, "0123456789abcdef")
