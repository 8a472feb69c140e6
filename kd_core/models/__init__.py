"""The networks as tables: named presets, and what each kind of spec is built and measured with.

A new architecture is one file with its spec, network and receptive field, and a row in
ARCHITECTURES; a new preset is a function and a row in MODELS, whose networks tell classes apart,
or in DENOISERS, whose networks give a signal back. `python -m kd_core.models` prints what every
preset costs and sees.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import nn

from kd_core.models import lde_field, presets, utime_field
from kd_core.models.counting import multiply_accumulates, trainable_parameters
from kd_core.models.lde import LdeNet
from kd_core.models.lde_spec import LdeSpec
from kd_core.models.utime import UTime
from kd_core.models.utime_spec import UTimeSpec

__all__ = [
    "ARCHITECTURES",
    "DENOISERS",
    "MODELS",
    "ModelSpec",
    "build_model",
    "count",
    "denoiser_spec",
    "macs",
    "model_spec",
    "receptive_field",
    "spec_from_dict",
    "tap_lengths",
]

ModelSpec = UTimeSpec | LdeSpec  # the union of all kinds of spec
Kind = TypeVar("Kind", UTimeSpec, LdeSpec)


class Architecture(NamedTuple, Generic[Kind]):
    """What there is to know of one kind of spec."""

    spec: type[Kind]
    """A frozen dataclass of JSON values, with `kind`, `hz`, `stride` and `tap_lengths`."""

    network: Callable[[Kind], nn.Module]
    """Builds the network; its weights are drawn from torch's global generator."""

    receptive_field: Callable[[Kind, str], int]
    """Samples that a position of the named tap depends on."""


ARCHITECTURES: dict[str, Architecture[Any]] = {
    "utime": Architecture(UTimeSpec, UTime, utime_field.receptive_field),
    "lde": Architecture(LdeSpec, LdeNet, lde_field.receptive_field),
}

MODELS: dict[str, Callable[[int], UTimeSpec]] = {  # by the number of classes
    "reference": presets.reference,
    "context": presets.context,
    "context-half": presets.context_half,
    "compact": presets.compact,
    "tiny": presets.tiny,
}

DENOISERS: dict[str, Callable[[], LdeSpec]] = {
    "u-lde-net": presets.u_lde_net,
    "u-lde-net-teacher": presets.u_lde_net_teacher,
}


def model_spec(name: str, classes: int) -> UTimeSpec:
    """The preset of that name for so many classes."""
    if name not in MODELS:
        raise ValueError(f"no model {name!r}; allowed: {', '.join(MODELS)}.")
    return MODELS[name](classes)


def denoiser_spec(name: str) -> LdeSpec:
    """The denoising preset of that name."""
    if name not in DENOISERS:
        raise ValueError(f"no denoiser {name!r}; allowed: {', '.join(DENOISERS)}.")
    return DENOISERS[name]()


def spec_from_dict(values: Mapping[str, Any]) -> ModelSpec:
    """The spec whose `dataclasses.asdict` this is, straight or by way of JSON."""
    cls = _architecture(values.get("kind")).spec
    names = {field.name for field in fields(cls)}
    if names != set(values):
        raise ValueError(
            f"found a {cls.__name__} without {sorted(names - set(values))} and with unknown "
            f"{sorted(set(values) - names)}; allowed are exactly {sorted(names)}."
        )
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    spec: ModelSpec = cls(**settings)
    return spec


def build_model(spec: ModelSpec, seed: int | None = None) -> nn.Module:
    """A new network on the CPU, in training mode.

    Args:
        spec: what to build.
        seed: gives the same weights every time and leaves torch's global generator as it was;
            None draws them from that generator.
    """
    network = _architecture(spec.kind).network
    if seed is None:
        return network(spec)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's alone
        return network(spec)


def tap_lengths(spec: ModelSpec) -> dict[str, int]:
    """Positions a segment of each map."""
    return spec.tap_lengths


def count(spec: ModelSpec) -> int:
    """Trainable parameters."""
    with torch.device("meta"):  # shapes without memory
        return trainable_parameters(build_model(spec))


def macs(spec: ModelSpec) -> int:
    """Multiply-accumulates of the convolutions for one segment."""
    x = torch.zeros(1, 1, spec.segment_samples)
    return multiply_accumulates(build_model(spec, seed=0).eval(), x)


def receptive_field(spec: ModelSpec, tap: str | None = None) -> int:
    """Samples that a position of the named tap depends on, or of the last and finest one.

    A class score averages many positions of that, a denoised sample is as one of them.
    """
    tap = spec.tap_names[-1] if tap is None else tap
    if tap not in spec.tap_names:
        raise ValueError(f"no tap {tap!r}; allowed: {spec.tap_names}.")
    return _architecture(spec.kind).receptive_field(spec, tap)


def _architecture(kind: object) -> Architecture[Any]:
    if not isinstance(kind, str) or kind not in ARCHITECTURES:
        raise ValueError(f"no model of kind {kind!r}; allowed: {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[kind]
