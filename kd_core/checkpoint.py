"""A trained network on disk: its weights, the spec that rebuilds it, and what is said about it.

A folder holds `model.safetensors` and `model.json`. Neither can execute anything when it is read,
and weights that are not the ones the JSON was written for are refused.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
from safetensors import SafetensorError
from torch import nn

from kd_core.models import ModelSpec, build_model, spec_from_dict

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
FORMAT = 1  # raise when the meaning of the files changes


class Checkpoint(NamedTuple):
    """What a folder held."""

    model: nn.Module
    """The trained network, on the CPU, in eval mode."""

    spec: ModelSpec
    """What it was built from."""

    extra: dict[str, Any]
    """What the writer had to say, JSON values only."""


def save(folder: Path, spec: ModelSpec, model: nn.Module, extra: Mapping[str, Any]) -> None:
    """Write a network into a folder, which is made if need be; an older one is replaced.

    Args:
        folder: gets the two files, each written aside and renamed, the description last.
        spec: what `model` was built from.
        model: on any device; its buffers are stored too.
        extra: JSON values to keep beside it, such as scores.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    weights = safetensors.torch.save(state)
    description = {
        "format": FORMAT,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "spec": asdict(spec),
        "extra": dict(extra),
    }
    text = json.dumps(description, indent=2) + "\n"
    _write(folder / WEIGHTS, weights)
    _write(folder / DESCRIPTION, text.encode())


def load(folder: Path) -> Checkpoint:
    """The network that `save` wrote; a ValueError says what is wrong with the folder."""
    description = _description(folder)
    weights = _read(folder / WEIGHTS)
    if (found := hashlib.sha256(weights).hexdigest()) != description["sha256"]:
        raise ValueError(
            f"{folder / WEIGHTS} has sha256 {found}, but {DESCRIPTION} was written for "
            f"{description['sha256']}. The file was changed or cut; fetch the folder again."
        )
    try:
        spec = spec_from_dict(description["spec"])
        model = build_model(spec, seed=0)
        model.load_state_dict(safetensors.torch.load(weights))
    except (ValueError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder} holds no network this version can build: {reason}") from error
    return Checkpoint(model.eval(), spec, description["extra"])


def _description(folder: Path) -> dict[str, Any]:
    """What `model.json` says, with the fields that `save` gives it."""
    path = folder / DESCRIPTION
    try:
        description = json.loads(_read(path))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON: {error}. Fetch the folder again.") from error
    types = {"format": int, "sha256": str, "spec": dict, "extra": dict}
    if not isinstance(description, dict) or not all(
        isinstance(description.get(name), kind) for name, kind in types.items()
    ):
        raise ValueError(f"{path} is no description of a network; it must have {sorted(types)}.")
    if description["format"] != FORMAT:
        raise ValueError(
            f"{path} has format {description['format']}; this version reads {FORMAT}. "
            "Read it with the version that wrote it."
        )
    return description


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(
            f"{path.parent} has no {path.name}; a checkpoint is a folder with {WEIGHTS} and "
            f"{DESCRIPTION}."
        )
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """All of the content under its name, or nothing."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
