"""An exported model as small as they come: two levels, drawn weights, seconds to make."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from kd_core import checkpoint
from kd_core.models import ModelSpec, build_model
from kd_core.models.normalisation import Normalisation
from kd_core.models.utime_spec import UTimeSpec
from orchestration.portable.exported import export

CLASSES = ("W", "N", "R")
S = 6000


def small_spec(classes: int = len(CLASSES)) -> ModelSpec:
    """A network with a stem and every kind of convolution there is."""
    return UTimeSpec(
        classes=classes,
        stem_kernel=40,
        stem_stride=20,
        filters=(4, 4),
        bottleneck=4,
        pools=(5, 3),
        up_kernel=None,
    )


def settled(spec: ModelSpec) -> nn.Module:
    """A network whose norms have seen something, so that its answers differ."""
    model = build_model(spec, seed=1)
    for module in model.modules():
        if isinstance(module, Normalisation):
            module.momentum = 1.0  # what they saw last is what they know
    with torch.no_grad():
        model(torch.randn(2, 1, 4 * S, generator=torch.Generator().manual_seed(0)))
    return model.eval()


def a_checkpoint(folder: Path, **extra: Any) -> Path:
    """A bare checkpoint in a folder."""
    spec = small_spec()
    checkpoint.save(folder, spec, settled(spec), {"classes": list(CLASSES)} | extra)
    return folder


def an_export(folder: Path) -> Path:
    """An exported model in a folder of this one."""
    return export(a_checkpoint(folder / "checkpoint"), folder / "model").folder
