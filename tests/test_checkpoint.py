"""A checkpoint comes back as it was saved, and a damaged one does not come back at all."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from kd_core import checkpoint
from kd_core.models import build_model, model_spec

SPEC = model_spec("tiny", 4)
EXTRA = {"scores": {"kappa": 0.5, "class_f1": [0.1, None]}, "classes": ["W", "L", "D", "R"]}


@pytest.fixture
def model() -> nn.Module:
    """A network whose BatchNorm has seen something."""
    model = build_model(SPEC, seed=3)
    model(torch.randn(2, 1, 6000, generator=torch.Generator().manual_seed(0)))
    return model


@pytest.fixture
def folder(tmp_path: Path, model: nn.Module) -> Path:
    """A folder in which it was saved."""
    checkpoint.save(tmp_path / "best", SPEC, model, EXTRA)
    return tmp_path / "best"


def edit(folder: Path, **changes: Any) -> None:
    """Change fields of the description."""
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_network_comes_back_as_it_was_saved(folder: Path, model: nn.Module) -> None:
    loaded = checkpoint.load(folder)
    x = torch.randn(1, 1, 12000, generator=torch.Generator().manual_seed(1))
    assert not loaded.model.training
    assert loaded.spec == SPEC
    assert loaded.extra == EXTRA
    assert torch.equal(loaded.model(x).logits, model.eval()(x).logits)


def test_loading_leaves_the_global_generator_alone(folder: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    checkpoint.load(folder)
    assert torch.equal(torch.rand(1), expected)


def test_saving_again_replaces_and_leaves_nothing_aside(folder: Path, model: nn.Module) -> None:
    checkpoint.save(folder, SPEC, model, {"epoch": 2})
    assert checkpoint.load(folder).extra == {"epoch": 2}
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]


def test_equal_networks_make_equal_files(folder: Path, tmp_path: Path, model: nn.Module) -> None:
    checkpoint.save(tmp_path / "twin", SPEC, model, EXTRA)
    for path in folder.iterdir():
        assert (tmp_path / "twin" / path.name).read_bytes() == path.read_bytes()


def test_a_write_that_fails_leaves_the_old_checkpoint(
    folder: Path, model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(folder, SPEC, model, {})
    assert checkpoint.load(folder).extra == EXTRA
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"has no {name}; a checkpoint is a folder with"):
        checkpoint.load(folder)


def cut(weights: bytes) -> bytes:
    return weights[:-4]


def flip(weights: bytes) -> bytes:
    return weights[:-1] + bytes([weights[-1] ^ 1])


@pytest.mark.parametrize("damage", [cut, flip])
def test_changed_weights_are_refused(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="was changed or cut; fetch the folder again"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spec": {"kind": "oracle"}}, "no model of kind 'oracle'; allowed: utime"),
        ({"spec": {"kind": []}}, r"no model of kind \[\]"),
        ({"spec": {"kind": "utime"}}, "found a UTimeSpec without .*'classes'"),
        ({"format": 99}, "has format 99; this version reads 1"),
        ({"sha256": None}, "is no description of a network"),
    ],
)
def test_a_description_that_cannot_be_followed_is_refused(
    folder: Path, changes: dict[str, Any], message: str
) -> None:
    edit(folder, **changes)
    with pytest.raises(ValueError, match=message):
        checkpoint.load(folder)


def test_a_description_that_is_not_json_is_refused(folder: Path) -> None:
    (folder / "model.json").write_text('{"format": 1')
    with pytest.raises(ValueError, match=r"model\.json is not JSON"):
        checkpoint.load(folder)


def test_weights_of_another_network_are_refused(tmp_path: Path, model: nn.Module) -> None:
    checkpoint.save(tmp_path, replace(SPEC, bottleneck=24), model, {})
    with pytest.raises(ValueError, match=r"holds no network this version can build: .*bottleneck"):
        checkpoint.load(tmp_path)


def test_weights_that_are_no_safetensors_are_never_executed(folder: Path) -> None:
    torch.save({"weights": 1}, folder / "model.safetensors")
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    edit(folder, sha256=digest)
    with pytest.raises(ValueError, match="holds no network this version can build"):
        checkpoint.load(folder)
