"""The networks as tables: named presets, and what each kind of spec is built and measured with.

A new architecture is one file with its spec, network and receptive field, and a row in
ARCHITECTURES; a new preset is a function and a row in MODELS. `python -m kd_core.models` prints
what every preset costs and sees.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

import torch
from torch import nn

from kd_core.models import presets, utime_field
from kd_core.models.counting import multiply_accumulates, trainable_parameters
from kd_core.models.utime import UTime
from kd_core.models.utime_spec import UTimeSpec

__all__ = [
    "ARCHITECTURES",
    "MODELS",
    "ModelSpec",
    "build_model",
    "count",
    "macs",
    "model_spec",
    "receptive_field",
    "spec_from_dict",
    "tap_lengths",
    "tap_names",
]

ModelSpec = UTimeSpec  # the union of all kinds of spec


class Architecture(NamedTuple):
    """What there is to know of one kind of spec."""

    spec: type[ModelSpec]
    """A frozen dataclass of JSON values, with `kind`, `hz`, `stride` and `tap_lengths`."""

    network: Callable[[ModelSpec], nn.Module]
    """Builds the network; its weights are drawn from torch's global generator."""

    receptive_field: Callable[[ModelSpec, str], int]
    """Samples that a position of the named tap depends on."""


ARCHITECTURES: dict[str, Architecture] = {
    "utime": Architecture(UTimeSpec, UTime, utime_field.receptive_field),
}

MODELS: dict[str, Callable[[int], ModelSpec]] = {
    "reference": presets.reference,
    "context": presets.context,
    "context-half": presets.context_half,
    "compact": presets.compact,
    "tiny": presets.tiny,
}


def model_spec(name: str, classes: int) -> ModelSpec:
    """The preset of that name for so many classes."""
    if name not in MODELS:
        raise ValueError(f"no model {name!r}; allowed: {', '.join(MODELS)}.")
    return MODELS[name](classes)


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
    return cls(**settings)


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


def tap_names(spec: ModelSpec) -> tuple[str, ...]:
    """Names of the maps a network can hand out, in the order they are computed."""
    return spec.tap_names


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


def receptive_field(spec: ModelSpec, tap: str = "dense") -> int:
    """Samples that a position of the named tap depends on; a segment's logits average many."""
    if tap not in spec.tap_names:
        raise ValueError(f"no tap {tap!r}; allowed: {spec.tap_names}.")
    return _architecture(spec.kind).receptive_field(spec, tap)


def _architecture(kind: object) -> Architecture:
    if not isinstance(kind, str) or kind not in ARCHITECTURES:
        raise ValueError(f"no model of kind {kind!r}; allowed: {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[kind]
