"""What is known of a denoiser's checkpoint: how it is fed, what it costs, where it comes from."""

import json
import math
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
from kd_core.checkpoint import Checkpoint
from kd_core.models import DENOISERS, count, macs
from kd_core.models.lde_field import halo
from kd_core.models.lde_spec import LdeSpec
from orchestration.keys import key_of
from orchestration.portable.source import SCORES, SPEC, check_name
from orchestration.staging.denoiser_spec import DenoiserSpec

PACKAGES = ("torch", "onnx", "onnxruntime")


def spec_of(
    stored: Checkpoint, folder: Path, files: Mapping[str, bytes], name: str, trained_on: str
) -> DenoiserSpec:
    """The config.json of an exported denoiser, but for how far its file is from torch.

    Args:
        files: spec.json and scores.json of the checkpoint's folder, what there is of them.
        name: what to call it; made from its phase and preset if left out.
        trained_on: in a person's words; what the checkpoint says if left out.

    Raises:
        ValueError: the network is no denoiser, or a file is damaged.
    """
    network = stored.spec
    if not isinstance(network, LdeSpec):
        raise ValueError(f"a network of kind {network.kind!r} is no denoiser; export it as it is.")
    told = {file: _read_json(folder / file, content) for file, content in files.items()}
    phase, scores = told.get(SPEC, {}), told.get(SCORES, {})
    presets = (preset for preset, made in DENOISERS.items() if made() == network)
    model = next(presets, network.kind)
    return DenoiserSpec(
        name=check_name(name or " ".join([model, *_without_point(phase)])),
        hz=network.hz,
        stride=network.stride,
        halo=halo(network),
        segment_samples=network.segment_samples,
        parameters=count(network),
        macs=macs(network),
        origin={
            "model": model,
            "phase": str(phase.get("phase", "")),
            "data": key_of(phase["data"]) if phase.get("data") else "",
            "trained_on": trained_on or str(stored.extra.get("trained_on", "")),
            "parameters": phase.get("parameters", {}),
            "noise_turn": phase.get("turn"),
            "scores": _numbers(scores) or _numbers(stored.extra.get("validation", {})),
            "versions": {
                "ecg-sleep-distillation": datasets.__version__,
                "python": platform.python_version(),
                **{package: version(package) for package in PACKAGES},
            },
        },
    )


def _without_point(phase: Mapping[str, Any]) -> list[str]:
    """The words of a phase's name without its hyperparameters, which are told beside it."""
    return [word for word in str(phase.get("phase", "")).split() if "=" not in word]


def _read_json(path: Path, content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}. Fetch the folder again.") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds no JSON object. Fetch the folder again.")
    return values


def _numbers(values: object) -> dict[str, float]:
    """The finite numbers of an object; those of objects in it as "outer inner"."""
    found: dict[str, float] = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, dict):
            found |= {f"{name} {inner}": number for inner, number in _numbers(value).items()}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found |= {str(name): value} if math.isfinite(value) else {}
    return found
